"""Scenarios: for every documented status of every operation, requests that have to be answered with it, and where.

A fuzzer that draws at random comes by the common answers hundreds of times, and by the rare ones not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from endsession.contract.document import Document

from .hints import HINTS
from .inputs import SENT_HINTS, Inputs, fitting
from .targets import takes_hint


@dataclass(frozen=True)
class Scenario:
    """`inputs` are what differs from a request that works; with `alone` the request has no other fixtures."""

    inputs: Inputs
    target: str = "ordinary"
    mutation: str = ""
    alone: bool = False

    def whole(self, document: Document, path: str, method: str) -> Inputs:
        """The inputs of the whole request."""
        return self.inputs if self.alone else {**fitting(document, path, method), **self.inputs}


Scenarios = Mapping[int, list[Scenario]]


def _with(*inputs: Inputs, at: str = "ordinary") -> list[Scenario]:
    return [Scenario(item, at) for item in inputs]


def _hints(*names: str, at: str = "ordinary") -> list[Scenario]:
    return [Scenario({"hint": name}, at) for name in names]


def _redirects(*names: str, at: str = "ordinary") -> list[Scenario]:
    return [Scenario({"redirect": name}, at) for name in names]


_MALFORMED = [name for name in SENT_HINTS if HINTS[name].malformed]
_INVALID = [name for name in SENT_HINTS if HINTS[name].refused and not HINTS[name].malformed]
_FORGED_HANDLE = Scenario({"issuer": "acme", "forged handle": "any"}, alone=True)
_LIMITED = [Scenario({}, "limited")]

_WITH_HINT: Scenarios = {
    200: _redirects("absent"),
    303: _hints("good", "expired", "encrypted", "encrypted and expired"),
    400: _hints(*_MALFORMED, "absent", at="strict"),
    401: _hints(*_INVALID, "too old", at="strict"),
    403: [
        *_hints("of another user", "of another session", at="strict"),
        *_with({"hint": "of a disabled client", "client": "gone"}),
    ],
    422: _redirects("not registered", "of another client", "not absolute", "a script", at="strict"),
    429: _LIMITED,
}
_WITHOUT_HINT: Scenarios = {
    200: _redirects("absent"),
    303: _with({"cookie": "none"}),
    400: _with({"client": "absent"}),
    401: _with({"cookie": "none"}, {"cookie": "ended"}, at="strict"),
    403: _with({"client": "gone"}),
    422: _with({"redirect": "not registered"}, {"client": "nobody"}),
    429: _LIMITED,
}
_ASKS = [*_redirects("absent"), *_hints("forged", "of another user")]
_ENDPOINTS: dict[str, Scenarios] = {
    "plain": {
        200: [*_ASKS, *_hints("absent")],
        400: [*_with({"client": "other"}, {"client": "absent", "hint": "absent"}), *_WITH_HINT[400]],
        422: _redirects("not registered", "a script"),
    },
    "pingfederate": {
        200: [*_ASKS, *_redirects("not registered")],
        400: [*_with({"client": "other"}), *_WITH_HINT[400]],
    },
}
"""By the name of a logout endpoint: what is different at the ones that are always served."""
_NO_CLIENT = _with({"name": "new"}, {"issuer": "nobody"})
_OPERATIONS: dict[str, Scenarios] = {
    "getReference": {404: [Scenario({}, "nowhere")]},
    "getConfiguration": {503: [Scenario({}, "orphaned")]},
    "confirmLogout": {
        200: _with({}, {"question": "answered"}),
        303: _with({"question": "with a way back"}),
        400: [*_with({"browser": "another"}, {"question": "of another issuer"}), _FORGED_HANDLE],
        403: _with({"origin": "foreign"}),
    },
    "resumeLogout": {
        303: _with({"parked": "good"}, {"parked": "good", "cookie": "none"}),
        400: [_FORGED_HANDLE],
        401: _with({"parked": "forged"}, at="strict"),
        403: _with({"parked": "of a disabled client"}),
        422: _with({"parked": "not registered"}),
    },
    "logoutStatus": {400: [_FORGED_HANDLE]},
    "continueLogout": {400: [_FORGED_HANDLE]},
    "getSession": {404: _with({"sid": "new"}, {"issuer": "nobody"})},
    "putSession": {201: _with({"sid": "new"}), 409: _with({"sid": "ended"}), 422: _with({"participant": "nobody"})},
    "joinSession": {
        404: _with({"sid": "new"}, {"issuer": "nobody"}),
        409: _with({"sid": "ended"}),
        422: _with({"participant": "nobody"}),
    },
    "registerIdToken": {
        200: _with({"issued": "known"}),
        400: [*_with({"issued": "forged"}), Scenario({}, mutation="values")],
        422: _with({"issued": "of no client"}),
    },
    "hydraToken": {
        403: _with({"token": "keeper"}, {"hooked": "of an ended session"}),
        422: _with({"hooked": "of no client"}),
    },
    "redeliver": {404: _with({"delivery": "never"}, {"issuer": "nobody"})},
    "listClients": {403: _with({"token": "reader"}), 404: _NO_CLIENT},
    "putClient": {
        201: _with({"name": "new"}),
        400: [*_with({"name": "new", "metadata": "with a script"}), Scenario({}, mutation="values")],
        409: _with({"name": "of settings"}),
    },
    "deleteClient": {404: _NO_CLIENT, 409: _with({"name": "of settings"})},
}
_EVERYWHERE: Scenarios = {
    401: _with({"token": "nobody"}),
    403: _with({"token": "keeper"}),
    404: _with({"issuer": "nobody"}),
    429: [Scenario({"issuer": "acme", "forged handle": "any"}, "limited", alone=True)],
    500: [Scenario({}, "broken")],
    503: [Scenario({}, "unavailable")],
    **{
        status: [Scenario({}, mutation=mutation)]
        for status, mutation in {
            400: "values",
            405: "method",
            413: "body",
            414: "query",
            415: "type",
            421: "host",
        }.items()
    },
}
"""Of any operation; a status that is not here either is that of a request that works."""


def scenarios_of(document: Document, path: str, method: str) -> Iterator[tuple[int, list[Scenario]]]:
    """The scenarios of an operation, by each status that the document announces."""
    definition = document.raw["paths"][path][method]
    own = _OPERATIONS.get(definition["operationId"], {})
    if endpoint := document.endpoints.get(path):
        own = {**(_WITH_HINT if takes_hint(document, path) else _WITHOUT_HINT)}
        own |= {} if endpoint.issuer_from == "path" else {404: [Scenario({}, "nowhere")]}
        own |= _ENDPOINTS.get(endpoint.name or "plain", {})
    if "security" in definition:  # where it is wrong tokens that are limited
        own = {429: _with({"token": "nobody"}, at="limited"), **own}
    for status in map(int, definition["responses"]):
        yield status, own.get(status) or _EVERYWHERE.get(status) or [Scenario({})]
