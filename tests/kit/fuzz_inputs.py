"""Real inputs among the generated ones.

A generated case keeps most of what the fuzzer made of the document. Three of four are turned into a request that fits
together, as an app would send it, with up to two of its parts then spoiled: each kind of refusal is a spoiled part or
two away from a logout that works.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from endsession.contract.body import FORM
from endsession.contract.document import Document

from .flow import HTML, JSON
from .fuzz_cast import HINTS, READERS, Cast

Parts = dict[str, str]
"""What a request is made of: a kind for each slot."""

REDIRECTS = {
    "registered": "https://app.example/signed-out",
    "registered with a query": "https://app.example/bye?x=1",
    "of another client": "https://other.example/signed-out",
    "not registered": "https://evil.example/",
    "not absolute": "/signed-out",
    "a script": "javascript:alert(1)",
}
ACCEPT = {"any": "*/*", "html": HTML, "json": JSON}
ISSUERS = ("acme", "globex", "blind", "nobody")
CLIENTS = ("web", "other", "gone", "hmac", "nobody")
SIDS = ("live", "ended", "new", "unknown")

SHARE_LEFT_ALONE = 0.25

_ISSUER = {"issuer": ISSUERS}
_LOGOUT = {
    **_ISSUER,
    "hint": (*HINTS, "absent"),
    "redirect": (*REDIRECTS, "absent"),
    "client": (*CLIENTS, "absent"),
    "cookie": ("live", "ended", "of another user", "unknown", "none"),
    "accept": tuple(ACCEPT),
    "place": ("form", "query"),
}
_SESSION = {**_ISSUER, "sid": SIDS, "token": tuple(READERS), "participant": CLIENTS}
_KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "logout": _LOGOUT,
    "confirmLogout": {
        **_ISSUER,
        "question": ("open", "spent", "of another issuer"),
        "browser": ("the same", "another"),
        "decision": ("yes", "no", "absent"),
        "origin": ("own", "foreign"),
        "accept": tuple(ACCEPT),
    },
    "resumeLogout": {**_ISSUER, "parked": ("open",), "cookie": _LOGOUT["cookie"], "accept": tuple(ACCEPT)},
    "logoutStatus": {**_ISSUER, "status": ("open",), "accept": tuple(ACCEPT)},
    "sessions": _SESSION,
}
"""The kinds that each slot of an operation's requests can take, the one that fits first."""


def real_inputs(
    cast: Cast, document: Document, seed: int
) -> Callable[[Any, st.SearchStrategy[Case]], st.SearchStrategy[Case]]:
    """A hook for schemathesis (`before_generate_case`).

    Which parts a request gets is not drawn by Hypothesis, which likes to repeat with small changes what it drew before.
    """
    chance = random.Random(seed)

    def before_generate_case(context: Any, strategy: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
        kinds = _kinds(document, context.operation)
        return strategy.map(lambda case: _put(cast, case, _parts(kinds, chance))) if kinds else strategy

    return before_generate_case


def _kinds(document: Document, operation: Any) -> dict[str, tuple[str, ...]]:
    definition = document.raw["paths"][operation.path][operation.method.lower()]
    if operation.path in document.dialects:
        return _KINDS["logout"]
    one_of_its_own = _KINDS.get(definition["operationId"]) or _KINDS.get(definition["tags"][0])
    return one_of_its_own or (_ISSUER if "{issuer_id}" in operation.path else {})


def _parts(kinds: dict[str, tuple[str, ...]], chance: random.Random) -> Parts | None:
    """A request that fits together but for some of its parts; None leaves the generated one as it is."""
    if chance.random() < SHARE_LEFT_ALONE:
        return None
    good = {slot: options[0] for slot, options in kinds.items()}
    can_be_spoiled = [slot for slot, options in kinds.items() if len(options) > 1]
    count = min(chance.choice([0, 1, 1, 2]), len(can_be_spoiled))
    return good | {slot: chance.choice(kinds[slot][1:]) for slot in chance.sample(can_be_spoiled, count)}


def _put(cast: Cast, case: Case, parts: Parts | None) -> Case:
    """Put the parts into a case. One that is meant to violate the document stays as it is."""
    if parts is None or case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return case
    for slot, kind in parts.items():
        if put := _PUT.get(slot):
            put(cast, case, kind, parts)
    return case


def _parameter(case: Case, name: str, value: str | None, place: str = "form") -> None:
    """Set a parameter where the operation takes it, or take it away."""
    query = dict(case.query or {})
    form = dict(case.body) if isinstance(case.body, dict) else {}
    takes_form = bool(case.operation.body)
    query.pop(name, None)
    form.pop(name, None)
    if value is not None and takes_form and (place == "form" or name not in case.operation.query):
        form[name] = value
    elif value is not None and name in case.operation.query:
        query[name] = value
    case.query = query
    if takes_form:
        case.body, case.media_type = form, FORM


def _put_hint(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    _parameter(case, "id_token_hint", None if kind == "absent" else cast.hint(kind), parts["place"])


def _put_redirect(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    _parameter(case, "post_logout_redirect_uri", REDIRECTS.get(kind), parts["place"])


def _put_client(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    _parameter(case, "client_id", None if kind == "absent" else kind, parts["place"])


def _put_question(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    handle, cookies = cast.question(kind)
    _parameter(case, "handle", handle)
    _parameter(case, "decision", None if parts["decision"] == "absent" else parts["decision"])
    case.cookies = cookies if parts["browser"] == "the same" else {}


def _put_origin(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    case.headers["Origin"] = "https://login.example" if kind == "own" else "https://evil.example"


def _put_participant(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
    if not isinstance(case.body, dict):
        return
    if "client_id" in case.body:
        case.body = {**case.body, "client_id": kind}
    elif "clients" in case.body:
        case.body = {**case.body, "clients": [{"client_id": kind}]}


def _put_header(name: str, values: dict[str, str]) -> Callable[[Cast, Case, str, Parts], None]:
    def put(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
        case.headers[name] = values[kind]

    return put


def _put_in_path(name: str, value: Callable[[Cast, str], str]) -> Callable[[Cast, Case, str, Parts], None]:
    def put(cast: Cast, case: Case, kind: str, parts: Parts) -> None:
        if f"{{{name}}}" in case.path:
            case.path_parameters = {**case.path_parameters, name: value(cast, kind)}

    return put


_PUT: dict[str, Callable[[Cast, Case, str, Parts], None]] = {
    "issuer": _put_in_path("issuer_id", lambda cast, kind: kind),
    "hint": _put_hint,
    "redirect": _put_redirect,
    "client": _put_client,
    "cookie": lambda cast, case, kind, parts: setattr(case, "cookies", cast.cookies(kind)),
    "accept": _put_header("Accept", ACCEPT),
    "question": _put_question,
    "origin": _put_origin,
    "parked": lambda cast, case, kind, parts: _parameter(case, "handle", cast.parked()),
    "status": _put_in_path("handle", lambda cast, kind: cast.status()),
    "sid": _put_in_path("sid", lambda cast, kind: cast.sid(kind)),
    "token": _put_header("Authorization", {kind: f"Bearer {token}" for kind, token in READERS.items()}),
    "participant": _put_participant,
}
