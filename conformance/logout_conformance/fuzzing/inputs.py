"""Real inputs among the generated ones: sessions, hints and URIs, valid and invalid.

A quarter of the generated cases stay as the fuzzer made them from the document. The others become a request as an app
would send it, in which up to two parts are then invalid: every kind of refusal is a part or two away from a logout that
works.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from ..context import Context
from ..endpoint import HTML, JSON, Endpoint
from ..exchange import FORM
from ..fixtures import Client, Session
from ..hints import INVALID_HINTS

SHARE_LEFT_ALONE = 0.25
_NOT_A_HINT = "contract.no.key"


def real_inputs(context: Context) -> Callable[[Any, st.SearchStrategy[Case[Any]]], st.SearchStrategy[Case[Any]]]:
    """A hook for schemathesis (`before_generate_case`)."""
    chance = random.Random(context.options.seed)  # noqa: S311  # the same requests for the same seed
    places = {(endpoint.operation.path, endpoint.operation.method): endpoint for endpoint in context.endpoints}

    def before_generate_case(info: Any, strategy: st.SearchStrategy[Case[Any]]) -> st.SearchStrategy[Case[Any]]:
        endpoint = places.get((info.operation.path, info.operation.method.upper()))

        def put(case: Case[Any]) -> Case[Any]:
            positive = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
            if positive and context.options.issuer and chance.random() >= SHARE_LEFT_ALONE:
                _put_issuer(case, context.options.issuer, endpoint)
                if endpoint is not None:
                    _put_logout(context, endpoint, case, chance)
            return case

        return strategy.map(put)

    return before_generate_case


def _put_issuer(case: Case[Any], issuer: str, endpoint: Endpoint | None) -> None:
    name = endpoint.extension.issuer_parameter if endpoint else "issuer_id"
    if f"{{{name}}}" in case.path:
        case.path_parameters = {**case.path_parameters, name: issuer}


def _put_logout(context: Context, endpoint: Endpoint, case: Case[Any], chance: random.Random) -> None:
    fixtures = context.fixtures
    app = fixtures.app or Client("contract-nobody")
    session = fixtures.session() if {"key", "token"} <= fixtures.available else fixtures.unregistered()
    invalid = chance.sample(("hint", "redirect", "client", "cookie"), chance.choice((0, 1, 1, 2)))
    evil = f"https://{context.unique('evil')}.example/"
    parameters = {
        "id_token_hint": _hint(context, session, chance if "hint" in invalid else None),
        "post_logout_redirect_uri": evil if "redirect" in invalid else next(iter(app.redirect_uris), None),
        "client_id": chance.choice(("contract-nobody", None)) if "client" in invalid else app.client_id,
        "state": chance.choice(("contract-state", "a b&c", None)),
    }
    pairs = dict(endpoint.named(parameters))
    names = {endpoint.extension.vendor_name(name) for name in parameters}
    before = case.query if endpoint.takes_query else case.body
    kept = {name: value for name, value in (before if isinstance(before, dict) else {}).items() if name not in names}
    if endpoint.takes_query:
        case.query = {**kept, **pairs}
    else:
        case.body, case.media_type = {**kept, **pairs}, FORM
    cookie = "" if "cookie" in invalid else session.cookie
    case.cookies = dict([cookie.split("=", 1)]) if cookie else {}
    case.headers["Accept"] = chance.choice((HTML, JSON, "*/*"))


def _hint(context: Context, session: Session, chance: random.Random | None) -> str | None:
    """A valid hint, or with `chance` one that must not be accepted, or none at all."""
    fixtures, signer = context.fixtures, context.options.signer
    if signer is None or "key" not in fixtures.available:
        return None if chance else _NOT_A_HINT
    if chance is None:
        return fixtures.hint(session)
    kind = chance.choice(("absent", *INVALID_HINTS))
    if kind == "absent":
        return None
    return context.redaction.keep_secret(INVALID_HINTS[kind](signer, fixtures.claims(session)), f"a hint: {kind}")
