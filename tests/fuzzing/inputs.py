"""Inputs: the fields of each operation's requests, which fixtures can stand in them, and how they get into a case.

What no field is about stays as schemathesis generated it: `state`, languages, unknown parameters, members of bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schemathesis import Case

from endsession.contract.body import FORM
from endsession.contract.document import Document
from endsession.contract.endpoint import ISSUER_PARAMETER
from tests.kit.deployment import READER, TOKEN
from tests.kit.flow import HTML, JSON

from .fixtures import REDIRECTS, Fixtures
from .hints import HINTS
from .targets import KEEPER

Inputs = Mapping[str, str]
"""The name of a fixture for each field."""
Put = Callable[[Fixtures, Case[Any], str, Inputs], None]

ACCEPT = {"any": "*/*", "html": HTML, "json": JSON}
BEARERS = {"writer": TOKEN, "reader": READER, "keeper": KEEPER, "nobody": "a-token-of-nobody"}
ORIGINS = {"own": "https://login.example", "foreign": "https://evil.example"}
CLIENTS = ("web", "other", "gone", "hmac", "nobody")
SENT_HINTS = tuple(name for name in HINTS if name != "too long")
"""One that is too long for a hint is too long for a URI, too."""


def put_inputs(fixtures: Fixtures, case: Case[Any], inputs: Inputs) -> None:
    """Put each fixture into its field of the case."""
    fixtures.next_request()
    for field, name in inputs.items():
        if put := FIELDS[field].put:
            put(fixtures, case, name, inputs)
    if isinstance(case.body, dict) and case.media_type == FORM:
        # A parameter in both places is refused, so a request that fits has it in one.
        case.query = {name: value for name, value in case.query.items() if name not in case.body}


def _parameter(case: Case[Any], name: str, value: str | None, place: str = "form") -> None:
    """Set a parameter where the operation takes it, or leave it out."""
    takes_form = bool(case.operation.body) and case.operation.body[0].media_type == FORM
    query, form = dict(case.query or {}), dict(case.body) if isinstance(case.body, dict) else {}
    query.pop(name, None)
    if takes_form:
        form.pop(name, None)
    if value is not None and takes_form and (place == "form" or name not in case.operation.query):
        form[name] = value
    elif value is not None and name in case.operation.query:
        query[name] = value
    case.query = query
    if takes_form:
        case.body, case.media_type = form, FORM


def _standard(name: str, value: Callable[[Fixtures, str], str | None]) -> Put:
    """A parameter of the standard, under the name that it has at the endpoint."""

    def put(fixtures: Fixtures, case: Case[Any], choice: str, inputs: Inputs) -> None:
        endpoint = fixtures.document.endpoints[case.operation.path]
        sent = None if choice == "absent" else value(fixtures, choice)
        _parameter(case, endpoint.vendor_name(name), sent, inputs["place"])

    return put


def _in_path(name: str, value: Callable[[Fixtures, str], str]) -> Put:
    def put(fixtures: Fixtures, case: Case[Any], choice: str, inputs: Inputs) -> None:
        if f"{{{name}}}" in case.path:
            case.path_parameters = {**case.path_parameters, name: value(fixtures, choice)}

    return put


def _issuer(fixtures: Fixtures, case: Case[Any], choice: str, inputs: Inputs) -> None:
    endpoint = fixtures.document.endpoints.get(case.operation.path)
    name = endpoint.issuer_parameter if endpoint else ISSUER_PARAMETER
    _in_path(name, lambda _, choice: choice)(fixtures, case, choice, inputs)


def _question(fixtures: Fixtures, case: Case[Any], choice: str, inputs: Inputs) -> None:
    handle, cookies = fixtures.question(choice)
    _parameter(case, "handle", handle)
    _parameter(case, "decision", None if inputs["decision"] == "absent" else inputs["decision"])
    case.cookies = cookies if inputs["browser"] == "the same" else {}


def _parked(fixtures: Fixtures, case: Case[Any], choice: str, inputs: Inputs) -> None:
    _parameter(case, "handle", fixtures.parked(choice))


def _forged_handle(fixtures: Fixtures, case: Case[Any], choice: str, inputs: Inputs) -> None:
    if "{handle}" not in case.path:  # a generated one is one that nobody has sealed
        _parameter(case, "handle", "gAAAAABn" + "0" * 120)


def _participant(fixtures: Fixtures, case: Case[Any], choice: str, inputs: Inputs) -> None:
    """The rest of a registration is generated, but for what would make the session another user's or browser's."""
    if isinstance(case.body, dict) and "{sid}/clients" in case.path:
        case.body = {name: value for name, value in case.body.items() if name != "sub"} | {"client_id": choice}
    elif isinstance(case.body, dict):
        left_out = ("cookie_sha256", "expires_at", "idle_seconds")
        kept = {name: value for name, value in case.body.items() if name not in left_out}
        case.body = {**kept, "sub": "alice", "clients": [{"client_id": choice}]}


def _metadata(fixtures: Fixtures, case: Case[Any], choice: str, inputs: Inputs) -> None:
    if isinstance(case.body, dict):
        case.body = {name: value for name, value in case.body.items() if name != "client_id"}
        if choice != "generated":
            kept = {name: value for name, value in case.body.items() if name in ("client_name", "disabled")}
            uri = "https://kept.example/signed-out" if choice == "good" else REDIRECTS["a script"]
            case.body = {**kept, "post_logout_redirect_uris": [uri]}


def _issued(fixtures: Fixtures, case: Case[Any], choice: str, inputs: Inputs) -> None:
    if isinstance(case.body, dict):
        label = {name: value for name, value in case.body.items() if name == "user_label"}
        case.body = {**label, "id_token": fixtures.issued(choice)}


def _hooked(fixtures: Fixtures, case: Case[Any], choice: str, inputs: Inputs) -> None:
    if isinstance(case.body, dict):
        case.body = {**case.body, **fixtures.hooked(choice)}


def _endpoint(fixtures: Fixtures, case: Case[Any], choice: str, inputs: Inputs) -> None:
    if isinstance(case.body, dict):
        case.body = {**case.body, "endpoint": choice}


@dataclass(frozen=True)
class Field:
    """A field of a request: the names of what can stand there, first what fits, and how it is put into a case.

    One that is not put anywhere by itself says how others are.
    """

    names: tuple[str, ...]
    put: Put | None = None


FIELDS = {
    "issuer": Field(("acme", "globex", "blind", "nobody"), _issuer),
    "place": Field(("form", "query")),
    "hint": Field((*SENT_HINTS, "absent"), _standard("id_token_hint", Fixtures.hint)),
    "redirect": Field((*REDIRECTS, "absent"), _standard("post_logout_redirect_uri", lambda _, name: REDIRECTS[name])),
    "client": Field((*CLIENTS, "absent"), _standard("client_id", lambda _, name: name)),
    "cookie": Field(
        ("alice", "ended", "mallory", "unknown", "none"),
        lambda fixtures, case, name, _: setattr(case, "cookies", fixtures.cookies(name)),
    ),
    "accept": Field(tuple(ACCEPT), lambda _, case, name, __: case.headers.update({"Accept": ACCEPT[name]})),
    "browser": Field(("the same", "another")),
    "decision": Field(("yes", "no", "absent")),
    "question": Field(("open", "with a way back", "answered", "of another issuer"), _question),
    "origin": Field(tuple(ORIGINS), lambda _, case, name, __: case.headers.update({"Origin": ORIGINS[name]})),
    "parked": Field(("asked", "good", "forged", "of a disabled client", "not registered"), _parked),
    "forged handle": Field(("any",), _forged_handle),
    "status": Field(("open",), _in_path("handle", lambda fixtures, _: fixtures.status())),
    "frames": Field(("shown",), _in_path("handle", lambda fixtures, _: fixtures.frames())),
    "token": Field(
        tuple(BEARERS), lambda _, case, name, __: case.headers.update({"Authorization": f"Bearer {BEARERS[name]}"})
    ),
    "sid": Field(("alice", "ended", "new"), _in_path("sid", Fixtures.sid)),
    "participant": Field(CLIENTS, _participant),
    "delivery": Field(("settled", "never"), _in_path("delivery_id", Fixtures.delivery)),
    "name": Field(
        ("stored", "of settings", "new"),
        lambda fixtures, case, name, _: _parameter(case, "client_id", fixtures.client(name)),
    ),
    "metadata": Field(("good", "with a script", "generated"), _metadata),
    "issued": Field(("of a new session", "known", "of no client", "forged"), _issued),
    "hooked": Field(("of a new session", "of an ended session", "of no client"), _hooked),
    "endpoint": Field(("/{issuer_id}/logout", "/elsewhere"), _endpoint),
}
_LOGOUT = ("issuer", "hint", "redirect", "client", "cookie", "accept", "place")
_OF_OPERATIONS = {
    "confirmLogout": ("issuer", "question", "browser", "decision", "origin", "accept"),
    "resumeLogout": ("issuer", "cookie", "parked", "accept"),
    "logoutStatus": ("issuer", "status", "accept"),
    "continueLogout": ("issuer", "frames", "accept"),
    "redeliver": ("issuer", "token", "delivery"),
    "explainLogout": ("issuer", "token", "endpoint"),
    "registerIdToken": ("issuer", "token", "issued"),
    "hydraToken": ("issuer", "token", "hooked"),
}
_OF_TAGS = {
    "sessions": ("issuer", "token", "sid", "participant"),
    "deliveries": ("issuer", "token"),
    "clients": ("issuer", "token", "name", "metadata"),
    "discovery": ("issuer",),
}


def fields_of(document: Document, path: str, method: str) -> tuple[str, ...]:
    """The fields of an operation's requests."""
    definition: Any = document.raw["paths"][path][method]
    if path in document.endpoints:
        return _LOGOUT
    return _OF_OPERATIONS.get(definition["operationId"]) or _OF_TAGS.get(definition["tags"][0]) or ()


def fitting(document: Document, path: str, method: str) -> dict[str, str]:
    """The inputs of a request that works."""
    return {field: FIELDS[field].names[0] for field in fields_of(document, path, method)}
