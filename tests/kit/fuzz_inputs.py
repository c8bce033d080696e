"""Real inputs among the generated ones: puts parts of the cast into a case that schemathesis has generated.

Whatever a part does not concern stays as it was generated: `state`, languages, unknown parameters, members of bodies.
"""

from __future__ import annotations

from collections.abc import Callable

from schemathesis import Case

from endsession.contract.body import FORM
from endsession.contract.endpoint import ISSUER_PARAMETER

from .fuzz_cast import READERS, REDIRECTS, Cast
from .fuzz_kinds import ACCEPT, Parts

Put = Callable[[Cast, Case, str, Parts], None]


def put_parts(cast: Cast, case: Case, parts: Parts) -> None:
    """Put each part into its slot of the case."""
    cast.next_request()
    for slot, kind in parts.items():
        if put := _PUT.get(slot):
            put(cast, case, kind, parts)
    if isinstance(case.body, dict) and case.media_type == FORM:
        # One and the same parameter in both places is refused; a request that fits has it in one.
        case.query = {name: value for name, value in case.query.items() if name not in case.body}


def _parameter(case: Case, name: str, value: str | None, place: str = "form") -> None:
    """Set a parameter where the operation takes it, or take it away."""
    query = dict(case.query or {})
    form = dict(case.body) if isinstance(case.body, dict) else {}
    takes_form = bool(case.operation.body) and case.operation.body[0].media_type == FORM
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


def _standard(cast: Cast, case: Case, name: str, value: str | None, parts: Parts) -> None:
    """Set a parameter of the standard, under the name that it has at this endpoint."""
    endpoint = cast.endpoint(case.operation.path)
    _parameter(case, endpoint.vendor_name(name) if endpoint else name, value, parts["place"])


def _put_hint(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    _standard(cast, case, "id_token_hint", None if kind == "absent" else cast.hint(kind), parts)


def _put_redirect(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    _standard(cast, case, "post_logout_redirect_uri", REDIRECTS.get(kind), parts)


def _put_client(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    _standard(cast, case, "client_id", None if kind == "absent" else kind, parts)


def _put_question(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    handle, cookies = cast.question(kind)
    _parameter(case, "handle", handle)
    _parameter(case, "decision", None if parts["decision"] == "absent" else parts["decision"])
    case.cookies = cookies if parts["browser"] == "the same" else {}


def _put_parked(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    handle, cookies = cast.parked(kind)
    _parameter(case, "handle", handle)
    if parts["browser"] == "the same":
        case.cookies = {**case.cookies, **cookies}


def _put_handle(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    """A handle of the right form that nobody has sealed."""
    if "{handle}" in case.path:
        return  # generated ones are just that
    _parameter(case, "handle", "gAAAAABn" + "0" * 120)


def _put_origin(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    case.headers["Origin"] = "https://login.example" if kind == "own" else "https://evil.example"


def _put_participant(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    if not isinstance(case.body, dict):
        return
    if "{sid}/clients" in case.path:
        # To an app that knows the user as `sub`, the session is that user's: it must not be another one of the cast.
        case.body = {**case.body, "client_id": kind}
        case.body.pop("sub", None)
    else:
        # The rest of a registration is generated, but for what would make the session another user's or browser's.
        case.body = {**case.body, "sub": "alice", "clients": [{"client_id": kind}]}
        for name in ("cookie_sha256", "expires_at", "idle_seconds"):
            case.body.pop(name, None)


def _put_name(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    _parameter(case, "client_id", cast.client(kind))


def _put_metadata(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    if not isinstance(case.body, dict):
        return
    case.body = {name: value for name, value in case.body.items() if name != "client_id"}
    if kind != "generated":
        kept = {name: value for name, value in case.body.items() if name in ("client_name", "disabled")}
        uri = "https://kept.example/signed-out" if kind == "good" else REDIRECTS["a script"]
        case.body = {**kept, "post_logout_redirect_uris": [uri]}


def _put_endpoint(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    if isinstance(case.body, dict):
        case.body = {**case.body, "endpoint": "/{issuer_id}/logout" if kind == "one of ours" else "/elsewhere"}


def _put_header(name: str, values: dict[str, str]) -> Put:
    def put(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
        case.headers[name] = values[kind]

    return put


def _put_issuer(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    endpoint = cast.endpoint(case.operation.path)
    name = endpoint.issuer_parameter if endpoint else ISSUER_PARAMETER
    if f"{{{name}}}" in case.path:
        case.path_parameters = {**case.path_parameters, name: kind}


def _put_in_path(name: str, value: Callable[[Cast, str], str]) -> Put:
    def put(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
        if f"{{{name}}}" in case.path:
            case.path_parameters = {**case.path_parameters, name: value(cast, kind)}

    return put


_PUT: dict[str, Put] = {
    "issuer": _put_issuer,
    "hint": _put_hint,
    "redirect": _put_redirect,
    "client": _put_client,
    "cookie": lambda cast, case, kind, parts: setattr(case, "cookies", cast.cookies(kind)),
    "accept": _put_header("Accept", ACCEPT),
    "question": _put_question,
    "origin": _put_origin,
    "parked": _put_parked,
    "handle": _put_handle,
    "status": _put_in_path("handle", lambda cast, kind: cast.status()),
    "frames": _put_in_path("handle", lambda cast, kind: cast.frames()),
    "sid": _put_in_path("sid", lambda cast, kind: cast.sid(kind)),
    "delivery": _put_in_path("delivery_id", lambda cast, kind: cast.delivery(kind)),
    "token": _put_header("Authorization", {kind: f"Bearer {token}" for kind, token in READERS.items()}),
    "participant": _put_participant,
    "name": _put_name,
    "metadata": _put_metadata,
    "endpoint": _put_endpoint,
}
