"""What a client gets when the provider fails or a request is refused, in the form that its protocol has for it.

Nothing here repeats anything of the request or of the provider's response, but a `state` to the redirect URI that it
came with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode, urlsplit

from starlette.responses import Response

from ..contract.rendering import json_response, page_response
from ..pages import Pages
from ..protocol.errors import EndsessionError
from ..protocol.front_errors import ProviderBroken, ProviderBusy, ProviderTooSlow
from .endpoints import Kind
from .response_head import ProviderFailed

Form = Literal["json", "bearer", "page"]
"""`json` at token, PAR, revocation and introspection (RFC 6749, section 5.2), `bearer` at userinfo (RFC 6750, section
3), `page` where a browser stands: authorization and logout."""

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""RFC 6749, section 5.1, wants both."""
BEARER_CODES = {400: "invalid_request", 408: "invalid_request", 413: "invalid_request", 401: "invalid_token"}
"""The codes of RFC 6750, section 3.1, by status."""
_FORMS: Mapping[Kind, Form] = {"authorization": "page", "redirect": "page", "userinfo": "bearer"}
"""Others have JSON."""


def form_of(kind: Kind) -> Form:
    """The form of what is said at an endpoint."""
    return _FORMS.get(kind, "json")


def error_of(failure: ProviderFailed) -> EndsessionError:
    """The error that a failure of the provider is to the client, with its detail for the log."""
    detail = f"the provider is {failure.kind}: {failure.detail}"
    if failure.kind == "slow":
        return ProviderTooSlow(detail=detail)
    return ProviderBusy(detail=detail) if failure.kind == "busy" else ProviderBroken(detail=detail)


def failure(error: EndsessionError, form: Form, *, pages: Pages, reference: str, again: bool = False) -> Response:
    """The response that says `error`. `reference` finds the request in the log.

    `again` puts a link to the page's own URL on a page, for a request that was a GET.
    """
    if form == "page":
        response = page_response(pages.not_passed_on(error, reference, again=again), error.status)
    else:
        response = json_response({"error": error.code, "error_description": error.description}, error.status)
    response.headers.update(_NO_STORE | dict(error.headers))
    if form == "bearer" and (code := BEARER_CODES.get(error.status)):
        # RFC 6750 has no code for a provider that is not there, and a challenge would make clients drop the token.
        response.headers["WWW-Authenticate"] = f'Bearer error="{code}", error_description="{error.description}"'
    return response


def redirect_failure(
    error: EndsessionError,
    redirect_uri: str,
    *,
    state: str | None,
    response_mode: str | None,
    issuer: str | None = None,
) -> Response | None:
    """The error as an authorization response (RFC 6749, section 4.1.2.1); None where that needs a page.

    `redirect_uri` has to be one that the client has registered, and `response_mode` the effective one: `fragment`, or
    `query`, which None stands for. Other modes (`form_post`, `jwt`) cannot be kept to here. `issuer` is sent as `iss`
    where the provider says that it sends one (RFC 9207).
    """
    if response_mode not in (None, "query", "fragment"):
        return None
    code = error.code if error.status >= 429 else "invalid_request"
    parameters = {"error": code, "error_description": error.description, "state": state, "iss": issuer}
    answer = urlencode({name: value for name, value in parameters.items() if value is not None})
    if response_mode == "fragment":
        target = f"{redirect_uri.partition('#')[0]}#{answer}"
    else:
        target = f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{answer}"
    return Response(status_code=303, headers={"Location": target, **_NO_STORE})
