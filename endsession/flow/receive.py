"""Steps 1 and 4: the request in the standard's terms, and what its hint is worth."""

from __future__ import annotations

from dataclasses import dataclass

from ..contract.request import Request
from ..gateway import Issuer
from ..protocol.hint import Hint, NoHint
from ..protocol.policy import Policy
from ..protocol.request import STANDARD_PARAMETERS, LogoutRequest, merge_places, read_request


@dataclass(frozen=True, slots=True)
class Received:
    """A request whose hint has been read. `endpoint` is the path of the endpoint that was called."""

    issuer_id: str
    endpoint: str
    request: LogoutRequest
    hint: Hint


def receive(request: Request, policy: Policy) -> tuple[LogoutRequest, str | None]:
    """The request in the standard's terms, and the raw hint apart from it. Raises InvalidRequest."""
    assert request.endpoint is not None
    sent = merge_places(request.method, request.query, request.form, policy)
    name = request.endpoint.vendor_name
    parameters = {standard: sent[name(standard)] for standard in STANDARD_PARAMETERS if name(standard) in sent}
    return read_request("POST" if request.method == "POST" else "GET", parameters, policy)


async def read_hint(raw: str | None, request: LogoutRequest, policy: Policy, issuer: Issuer) -> Hint:
    """Verify the raw hint. Nothing downstream sees the raw token."""
    if raw is None:
        return NoHint()
    needs_client = policy.encrypted_hint == "require_client_id"
    return await issuer.hints.read(raw, request.client_id, encrypted_needs_client=needs_client)
