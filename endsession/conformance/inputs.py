"""Real inputs among the generated ones: sessions, hints and URIs, good ones and spoilt ones.

A generated case keeps what the fuzzer made of the document. Three of four get a request that fits together, as an app
would send it, with up to two of its parts then spoilt: each kind of refusal is a part or two away from a logout that
works.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from .claim import Scene
from .endpoint import HTML, JSON, Endpoint
from .exchange import FORM
from .hints import SPOILT
from .parties import Client, Session

SHARE_LEFT_ALONE = 0.25
_NO_KEY = "contract.no.key"


def real_inputs(scene: Scene) -> Callable[[Any, st.SearchStrategy[Case[Any]]], st.SearchStrategy[Case[Any]]]:
    """A hook for schemathesis (`before_generate_case`)."""
    chance = random.Random(scene.options.seed)  # noqa: S311  # the same requests for the same seed
    places = {(one.operation.path, one.operation.method): one for one in scene.endpoints}

    def before_generate_case(context: Any, strategy: st.SearchStrategy[Case[Any]]) -> st.SearchStrategy[Case[Any]]:
        endpoint = places.get((context.operation.path, context.operation.method.upper()))

        def put(case: Case[Any]) -> Case[Any]:
            fits = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
            if fits and scene.options.issuer and chance.random() >= SHARE_LEFT_ALONE:
                _put_issuer(case, scene.options.issuer, endpoint)
                if endpoint is not None:
                    _put_logout(scene, endpoint, case, chance)
            return case

        return strategy.map(put)

    return before_generate_case


def _put_issuer(case: Case[Any], issuer: str, endpoint: Endpoint | None) -> None:
    name = endpoint.dialect.issuer_parameter if endpoint else "issuer_id"
    if f"{{{name}}}" in case.path:
        case.path_parameters = {**case.path_parameters, name: issuer}


def _put_logout(scene: Scene, endpoint: Endpoint, case: Case[Any], chance: random.Random) -> None:
    parties = scene.parties
    app = parties.app or Client("contract-nobody")
    session = parties.session() if {"key", "token"} <= parties.have else parties.unregistered()
    spoilt = chance.sample(("hint", "redirect", "client", "cookie"), chance.choice((0, 1, 1, 2)))
    evil = f"https://{scene.junk('evil')}.example/"
    parameters = {
        "id_token_hint": _hint(scene, session, chance if "hint" in spoilt else None),
        "post_logout_redirect_uri": evil if "redirect" in spoilt else next(iter(app.redirect_uris), None),
        "client_id": chance.choice(("contract-nobody", None)) if "client" in spoilt else app.client_id,
        "state": chance.choice(("contract-state", "a b&c", None)),
    }
    pairs = dict(endpoint.named(parameters))
    names = {endpoint.dialect.vendor_name(name) for name in parameters}
    before = case.query if endpoint.takes_query else case.body
    kept = {name: value for name, value in (before if isinstance(before, dict) else {}).items() if name not in names}
    if endpoint.takes_query:
        case.query = {**kept, **pairs}
    else:
        case.body, case.media_type = {**kept, **pairs}, FORM
    cookie = "" if "cookie" in spoilt else session.cookie
    case.cookies = dict([cookie.split("=", 1)]) if cookie else {}
    case.headers["Accept"] = chance.choice((HTML, JSON, "*/*"))


def _hint(scene: Scene, session: Session, chance: random.Random | None) -> str | None:
    """A good hint, or with `chance` one of the kinds that must not be believed, or none at all."""
    parties, signer = scene.parties, scene.options.signer
    if signer is None or "key" not in parties.have:
        return None if chance else _NO_KEY
    if chance is None:
        return parties.hint(session)
    kind = chance.choice(("absent", *SPOILT))
    if kind == "absent":
        return None
    return scene.redaction.keep_secret(SPOILT[kind](signer, parties.claims(session)), f"a hint: {kind}")
