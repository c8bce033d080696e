"""The answers that a front adds to the provider's at each kind of endpoint, as OpenAPI responses.

Made from the errors themselves, in the forms that `failures` gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..protocol.errors import (
    BodyTooLarge,
    EndsessionError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    ServiceUnavailable,
)
from ..protocol.front_errors import (
    AccessTokenEnded,
    BodyTooSlow,
    InvalidGrant,
    ProviderBroken,
    ProviderTooSlow,
)
from .endpoints import Kind
from .failures import BEARER_CODES, Form, form_of

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Described:
    """A kind of endpoint: its methods, what it is, what it answers as a success, and which errors the front adds."""

    methods: tuple[str, ...]
    summary: str
    description: str
    success: Mapping[str, Answer]
    errors: tuple[type[EndsessionError], ...]
    published: bool = False
    """Whether it is answered from what is kept here, rather than passed on."""


PROVIDERS_OWN: Answer = {"description": "Any other answer is the provider's own, and passes as it came."}
_PASSED: Answer = {"description": "The provider's own answer, as it came."}
_REDIRECT: Answer = {
    "description": "The provider's own redirect, to the app or on the way there. Cookies are set and deleted with it."
}
_TO_APP: Answer = {
    "description": "Instead of 502, 503 and 504, of a GET whose `redirect_uri` is registered: to the app, with the "
    "error `temporarily_unavailable` (RFC 6749, section 4.1.2.1). Or the provider's own redirect.",
    "headers": {"Location": {"$ref": "#/components/headers/Location"}},
}
_PASSING = (InvalidRequest, BodyTooSlow, BodyTooLarge, ProviderBroken, ServiceUnavailable, ProviderTooSlow)
_SAYS: Mapping[type[EndsessionError], str] = {
    InvalidGrant: "The refresh token's session has ended (`invalid_grant`). The provider was not asked, or its answer "
    "was not passed on.",
    AccessTokenEnded: "The access token's session has ended (`invalid_token`). The provider was not asked.",
    InvalidRequest: "A header or a parameter came twice, or the body is no form where it has to be one "
    "(`invalid_request`). Of a header, in the form that `Accept` prefers.",
    NotFound: "The provider has no metadata at this URL (`not_found`).",
    MethodNotAllowed: "The document can only be read; `Allow` names the methods.",
    BodyTooSlow: "The body of the request did not come in whole in time (`invalid_request`).",
    BodyTooLarge: "The body of the request is larger than this service reads (`invalid_request`).",
    ProviderBroken: "The provider cannot be reached, or what it sends is not usable (`temporarily_unavailable`).",
    ServiceUnavailable: "All connections to the provider are in use, what it publishes has never been read, or the "
    "storage cannot be reached (`temporarily_unavailable`).",
    ProviderTooSlow: "The provider did not answer in time (`temporarily_unavailable`). It may have acted.",
}
_HEADERS: Mapping[type[EndsessionError], Answer] = {
    MethodNotAllowed: {"Allow": {"$ref": "#/components/headers/Allow"}},
    ServiceUnavailable: {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}},
}
_CHALLENGE = {"WWW-Authenticate": {"$ref": "#/components/headers/WwwAuthenticate"}}


def _document(what: str, example: Mapping[str, Any]) -> Mapping[str, Answer]:
    content = {"application/json": {"schema": {"type": "object"}, "example": example}}
    return {
        "200": {"description": f"{what}, as new as the provider's `Cache-Control` asks for.", "content": content},
        "304": {"description": "What `If-None-Match` names is still right."},
    }


DESCRIBED: Mapping[Kind, Described] = {
    "discovery": Described(
        ("get",),
        "Read the provider's metadata",
        "The provider's metadata, with this service's logout in it (OpenID Connect Discovery 1.0, RFC 8414).",
        _document("The metadata", {"issuer": "https://login.example"}),
        (InvalidRequest, NotFound, MethodNotAllowed, ServiceUnavailable),
        published=True,
    ),
    "jwks": Described(
        ("get",),
        "Read the keys of the provider and of this service",
        "The provider's JWK Set, and after its keys those that this service signs logout tokens with.",
        _document("The JWK Set", {"keys": []}),
        (InvalidRequest, MethodNotAllowed, ServiceUnavailable),
        published=True,
    ),
    "authorization": Described(
        ("get", "post"),
        "Begin to sign in",
        "The provider's authorization endpoint (RFC 6749, section 3.1). Cookies of sessions that have ended are "
        "withheld from it and deleted, and the browser gets a cookie of this service.",
        {"302": _REDIRECT, "303": _TO_APP},
        _PASSING,
    ),
    "redirect": Described(
        ("get", "post"),
        "Go on signing in",
        "Pages of the provider that redirect to apps.",
        {"302": _REDIRECT},
        _PASSING,
    ),
    "token": Described(
        ("post",),
        "Get tokens",
        "The provider's token endpoint (RFC 6749, section 3.2). What it issues is learnt before the app gets it.",
        {"200": _PASSED},
        (InvalidGrant, *_PASSING),
    ),
    "par": Described(
        ("post",),
        "Push an authorization request",
        "The provider's endpoint for pushed authorization requests (RFC 9126).",
        {"201": _PASSED},
        _PASSING,
    ),
    "introspection": Described(
        ("post",),
        "Ask about a token",
        "The provider's introspection endpoint (RFC 7662).",
        {
            "200": {
                "description": "The provider's own answer; of a token whose session has ended, that it is not active.",
                "content": {"application/json": {"schema": {"type": "object"}, "example": {"active": False}}},
            }
        },
        _PASSING,
    ),
    "userinfo": Described(
        ("get", "post"),
        "Read claims about the user",
        "The provider's UserInfo endpoint (OpenID Connect Core 1.0, section 5.3).",
        {"200": _PASSED},
        (AccessTokenEnded, *_PASSING),
    ),
    "revocation": Described(
        ("post",),
        "Revoke a token",
        "The provider's revocation endpoint (RFC 7009).",
        {"200": _PASSED},
        _PASSING,
    ),
}
"""All kinds but `logout`, which is answered by this service's own operations, and `unknown`, which is no endpoint."""

OPTIONS = Described(
    ("options",),
    "Ask whether a web app may read it",
    "The provider's own answer to a preflight request (Fetch, CORS protocol).",
    {"200": _PASSED, "4XX": {"description": "The provider's own refusal, as it came."}},
    (InvalidRequest, ProviderBroken, ServiceUnavailable, ProviderTooSlow),
)
"""At documents, where other methods are not passed on."""


def answers_of(described: Described, kind: Kind) -> dict[str, Answer]:
    """The responses of an operation by status, without `default`."""
    form = form_of(kind)
    errors: dict[str, Answer] = {}
    for error in described.errors:
        status, answer = str(error.status), _error(error, form)
        errors[status] = _either(errors[status], answer) if status in errors else answer
    return {**described.success, **dict(sorted(errors.items()))}


def _either(one: Answer, other: Answer) -> Answer:
    """One answer for two errors of a status, whose JSON shows both."""
    ours, theirs = (answer["content"]["application/json"] for answer in (one, other))
    examples = {part["example"]["error"]: {"value": part["example"]} for part in (ours, theirs)}
    both = {"application/json": {"schema": ours["schema"], "examples": examples}}
    described = f"{one['description']} Or: {other['description'][0].lower()}{other['description'][1:]}"
    return {**one, "description": described, "content": {**one["content"], **other["content"], **both}}


def _error(error: type[EndsessionError], form: Form) -> Answer:
    headers, content = dict(_HEADERS.get(error, {})), {}
    by_accept = error is InvalidRequest  # a repeated header is refused before the endpoint is known (`contract.edge`)
    if form == "bearer" and error.status in BEARER_CODES and not by_accept:
        headers |= _CHALLENGE
    if form != "page" or by_accept:
        schema = {"$ref": "#/components/schemas/OAuthError"}
        example = {"error": error.code, "error_description": error.description}
        content["application/json"] = {"schema": schema, "example": example}
    if form == "page" or by_accept:
        page = f"<!doctype html><title>Please try again</title><p>{error.description}</p>"
        content["text/html"] = {"schema": {"$ref": "#/components/schemas/Page"}, "example": page}
    return {"description": _SAYS[error], **({"headers": headers} if headers else {}), "content": content}
