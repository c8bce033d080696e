"""Hints: a good one is believed, also after its `exp`; a bad one of any kind ends nothing and leads nowhere."""

from __future__ import annotations

import json

from ..claim import Broken, Register, Scene, expect, expect_status
from ..endpoint import Endpoint, asks
from ..exchange import Exchange
from ..hints import SPOILT, UNSIGNED, Signer
from ..hints import claims as id_claims
from ..parties import Session

claims = Register()


def _takes_hints(endpoint: Endpoint) -> bool:
    return "id_token_hint" in endpoint.takes


def _refused(exchange: Exchange, endpoint: Endpoint) -> None:
    """A hint that does not verify: an error, the question, or the answer to no hint, as the policy says."""
    if exchange.status in (301, 302, 303, 307, 308):
        raise Broken("a hint that does not verify is answered with a redirect", exchange)
    if endpoint.knob("on_invalid_hint") == "error":
        expect_status(exchange, 400, 401)
    else:
        expect_status(exchange, 200, 400, 401, 403)


@claims("a hint that anybody can make is not believed", "endpoint", "issuer", where=_takes_hints)
def anybodys(scene: Scene, endpoint: Endpoint) -> None:
    """Unsigned, signed by a key of one's own, or no JWT at all."""
    issuer = scene.parties.iss or scene.target.public_url
    client = scene.parties.app.client_id if scene.parties.app else "contract-nobody"
    made = id_claims(issuer, client, "contract-nobody", "contract-nobody")
    for kind, spoil in UNSIGNED.items():
        hint = scene.redaction.keep_secret(spoil(Signer.stranger(), made), f"a hint: {kind}")
        answer = endpoint.ask(scene.wire, {"id_token_hint": hint, "state": "contract-state"})
        _refused(answer, endpoint)


@claims("a hint that does not verify ends nothing", "endpoint", "issuer", "key", "token", where=_takes_hints)
def spoilt(scene: Scene, endpoint: Endpoint) -> None:
    """Each kind of bad hint, for a live session, beside a registered URI; the session is looked at after each."""
    signer = scene.options.signer
    assert signer is not None
    session = scene.parties.session()
    uri = scene.parties.app.redirect_uris[0] if scene.parties.app and scene.parties.app.redirect_uris else None
    for kind, spoil in SPOILT.items():
        hint = scene.redaction.keep_secret(spoil(signer, scene.parties.claims(session)), f"a hint: {kind}")
        answer = endpoint.ask(scene.wire, {"id_token_hint": hint, "post_logout_redirect_uri": uri})
        try:
            _refused(answer, endpoint)
            scene.live(session, answer)
        except Broken as broken:
            raise Broken(f"{kind}: {broken.seen}", answer) from None


@claims("all hints that do not verify get the same answer", "endpoint", "issuer", "key", where=_takes_hints)
def no_oracle(scene: Scene, endpoint: Endpoint) -> None:
    """Otherwise keys, clients and issuers could be found out by trying (T24)."""
    signer = scene.options.signer
    assert signer is not None
    made = scene.parties.claims(scene.parties.unregistered())
    seen: dict[tuple[int, str], str] = {}
    for kind in (
        "signed by a stranger",
        "signed by a stranger under the name of the right key",
        "of another issuer",
        "for a client that is not known",
        "an access token",
    ):
        hint = scene.redaction.keep_secret(SPOILT[kind](signer, made), f"a hint: {kind}")
        answer = endpoint.ask(scene.wire, {"id_token_hint": hint}, accept="application/json")
        body = answer.json()
        shown = str(body.get("error_description")) if isinstance(body, dict) else ""
        seen.setdefault((answer.status, shown), kind)
        expect(len(seen) == 1, f"{' and '.join(seen.values())} are answered differently", answer)


@claims("a hint is accepted after its exp", "endpoint", "issuer", "key", "token", where=_takes_hints)
def expired(scene: Scene, endpoint: Endpoint) -> None:
    """RP-Initiated Logout 1.0, section 2; unless the policy says otherwise."""
    if endpoint.knob("accept_expired_hint") is False:
        return
    session = scene.parties.session()
    now = scene.parties.claims(session)["iat"]
    good = endpoint.ask(
        scene.wire, {"id_token_hint": scene.parties.hint(session, iat=now, exp=now + 3600)}, accept="application/json"
    )
    again = scene.parties.session()
    hint = scene.parties.hint(again, iat=now - 7200, exp=now - 3600)
    old = endpoint.ask(scene.wire, {"id_token_hint": hint}, accept="application/json")
    expect(old.status == good.status, f"{old.status} for an expired hint, {good.status} for a fresh one", old)
    expect(
        scene.parties.state(session) == scene.parties.state(again),
        "an expired hint does not end what a fresh one ends",
        old,
    )


@claims("an encrypted hint is read", "endpoint", "issuer", "key", "encryption-key", where=_takes_hints)
def encrypted(scene: Scene, endpoint: Endpoint) -> None:
    """A nested JWT for the gateway's key; what is encrypted and not signed is as good as no hint."""
    app = scene.parties.app
    assert app is not None
    session = scene.parties.unregistered()
    plain = endpoint.ask(scene.wire, {"id_token_hint": scene.parties.hint(session)}, accept="application/json")
    sent = {"id_token_hint": scene.parties.encrypted(scene.parties.hint(session)), "client_id": app.client_id}
    answer = endpoint.ask(scene.wire, sent, accept="application/json")
    expect_status(answer, plain.status)
    unsigned = json.dumps(scene.parties.claims(session))
    sent["id_token_hint"] = scene.parties.encrypted(unsigned)
    _refused(endpoint.ask(scene.wire, sent), endpoint)


@claims(
    "a hint of another user does not end this browser's session",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=_takes_hints,
)
def foreign(scene: Scene, endpoint: Endpoint) -> None:
    """With the browser's cookie beside it, and with the victim's `sid` in it: the user is asked, or it is 403 (T3)."""
    victim, other = scene.parties.session(), scene.parties.session()
    stolen = scene.parties.hint(Session(victim.sid, other.sub))
    for hint, cookie in ((scene.parties.hint(other), victim.cookie), (stolen, "")):
        if endpoint.knob("sid_beats_sub") and hint is stolen:
            continue
        if not cookie and hint is not stolen:
            continue
        answer = endpoint.ask(scene.wire, {"id_token_hint": hint}, cookie=cookie)
        scene.live(victim, answer)
        expect(
            answer.status != 303 or scene.target.is_ours(answer.header("location")),
            "a redirect in place of a question",
            answer,
        )
        if endpoint.knob("on_foreign_hint") == "error":
            expect_status(answer, 403)
        elif cookie and endpoint.knob("on_foreign_hint") == "prompt":
            expect(asks(answer), f"{answer.status} in place of a question", answer)


@claims(
    "a hint of an earlier session of the same user does not end this browser's",
    "endpoint",
    "issuer",
    "key",
    "cookie",
    where=_takes_hints,
)
def stale(scene: Scene, endpoint: Endpoint) -> None:
    """Same `sub`, another `sid`: the user is asked, or it is 403."""
    earlier = scene.parties.session()
    session = scene.parties.session(earlier.sub)
    answer = endpoint.ask(scene.wire, {"id_token_hint": scene.parties.hint(earlier)}, cookie=session.cookie)
    scene.live(session, answer)
    if endpoint.knob("on_stale_sid") == "error":
        expect_status(answer, 403)
    elif endpoint.knob("on_stale_sid") == "prompt":
        expect(asks(answer), f"{answer.status} in place of a question", answer)


@claims(
    "a hint beside another client's client_id is 400, and the session stays",
    "endpoint",
    "issuer",
    "key",
    "token",
    "clients",
    where=lambda endpoint: {"id_token_hint", "client_id"} <= endpoint.takes,
)
def other_client(scene: Scene, endpoint: Endpoint) -> None:
    """RP-Initiated Logout 1.0, section 2: the two have to match."""
    assert scene.parties.other is not None
    if endpoint.knob("client_id_param") == "ignore":
        return
    session = scene.parties.session()
    sent = {"id_token_hint": scene.parties.hint(session), "client_id": scene.parties.other.client_id}
    answer = endpoint.ask(scene.wire, sent, cookie=session.cookie)
    expect_status(answer, 400)
    scene.live(session, answer)


@claims(
    "a disabled client is refused, and the session stays",
    "endpoint",
    "issuer",
    "key",
    "token",
    "clients",
    where=_takes_hints,
)
def disabled(scene: Scene, endpoint: Endpoint) -> None:
    """403, before anything ends."""
    off = scene.parties.disabled
    session = scene.parties.session(client=off)
    answer = endpoint.ask(scene.wire, {"id_token_hint": scene.parties.hint(session, client=off)}, cookie=session.cookie)
    expect_status(answer, 403)
    scene.live(session, answer)


@claims("a hint without sid names no session by guess", "endpoint", "issuer", "key", "token", where=_takes_hints)
def without_sid(scene: Scene, endpoint: Endpoint) -> None:
    """Where its user has two live sessions, neither ends (T30)."""
    one = scene.parties.session()
    two = scene.parties.session(one.sub)
    answer = endpoint.ask(scene.wire, {"id_token_hint": scene.parties.hint(one, sid=None)})
    scene.live(one, answer)
    scene.live(two, answer)
    if endpoint.knob("hint_authority") == "hint" and endpoint.knob("prompt") != "always":
        expect_status(answer, 403)
