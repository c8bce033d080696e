"""Hints: a valid one is accepted, even after its `exp`. An invalid one ends nothing and redirects nowhere."""

from __future__ import annotations

import json

from ..check import CheckFailed, CheckSkipped, Registry, expect, expect_status
from ..context import Context
from ..endpoint import JSON, Endpoint, asks, takes
from ..exchange import Exchange
from ..fixtures import Session
from ..hints import INVALID_HINTS, WITHOUT_KEY, Signer, id_token_claims

check = Registry()


def _expect_refused(exchange: Exchange, endpoint: Endpoint) -> None:
    """An invalid hint gets an error, the question, or what a request without a hint gets, as the policy says."""
    if exchange.status in (301, 302, 303, 307, 308):
        raise CheckFailed("a redirect after an invalid hint", exchange)
    if endpoint.knob("on_invalid_hint") == "error":
        expect_status(exchange, 400, 401)
    else:
        expect_status(exchange, 200, 400, 401, 403)


@check("a hint that anybody can make is not accepted", "endpoint", "issuer", where=takes("id_token_hint"))
def without_key(context: Context, endpoint: Endpoint) -> None:
    """Unsigned, signed by a foreign key, or not a JWT at all."""
    issuer = context.fixtures.iss or context.target.public_url
    client = context.fixtures.app.client_id if context.fixtures.app else "contract-nobody"
    claims = id_token_claims(issuer, client, "contract-nobody", "contract-nobody")
    for kind, make in WITHOUT_KEY.items():
        hint = context.redaction.keep_secret(make(Signer.foreign(), claims), f"a hint: {kind}")
        response = endpoint.request(context.http, {"id_token_hint": hint, "state": "contract-state"})
        _expect_refused(response, endpoint)


@check("an invalid hint ends nothing", "endpoint", "issuer", "key", "token", where=takes("id_token_hint"))
def invalid(context: Context, endpoint: Endpoint) -> None:
    """Every kind of invalid hint, for a live session and with a registered URI."""
    signer = context.options.signer
    assert signer is not None
    session = context.fixtures.session()
    app = context.fixtures.app
    uri = app.redirect_uris[0] if app and app.redirect_uris else None
    for kind, make in INVALID_HINTS.items():
        hint = context.redaction.keep_secret(make(signer, context.fixtures.claims(session)), f"a hint: {kind}")
        response = endpoint.request(context.http, {"id_token_hint": hint, "post_logout_redirect_uri": uri})
        try:
            _expect_refused(response, endpoint)
            context.expect_live(session, response)
        except CheckFailed as failed:
            raise CheckFailed(f"{kind}: {failed.seen}", response) from None


@check("all invalid hints get the same response", "endpoint", "issuer", "key", where=takes("id_token_hint"))
def no_oracle(context: Context, endpoint: Endpoint) -> None:
    """Otherwise keys, clients and issuers could be enumerated."""
    signer = context.options.signer
    assert signer is not None
    claims = context.fixtures.claims(context.fixtures.unregistered())
    seen: dict[tuple[int, str], str] = {}
    for kind in (
        "signed by a foreign key",
        "signed by a foreign key under the kid of the right one",
        "from another issuer",
        "for an unknown client",
        "an access token",
    ):
        hint = context.redaction.keep_secret(INVALID_HINTS[kind](signer, claims), f"a hint: {kind}")
        response = endpoint.request(context.http, {"id_token_hint": hint}, accept=JSON)
        body = response.json()
        description = str(body.get("error_description")) if isinstance(body, dict) else ""
        seen.setdefault((response.status, description), kind)
        expect(len(seen) == 1, f"different responses: {' and '.join(seen.values())}", response)


@check("a hint is accepted after its exp", "endpoint", "issuer", "key", "token", where=takes("id_token_hint"))
def expired(context: Context, endpoint: Endpoint) -> None:
    """RP-Initiated Logout 1.0, section 2; unless the policy says otherwise."""
    if endpoint.knob("accept_expired_hint") is False:
        raise CheckSkipped("expired hints are not accepted here (accept_expired_hint)")
    session, other = context.fixtures.session(), context.fixtures.session()
    now = context.fixtures.claims(session)["iat"]
    fresh = context.fixtures.hint(session, iat=now, exp=now + 3600)
    old = context.fixtures.hint(other, iat=now - 7200, exp=now - 3600)
    before = endpoint.request(context.http, {"id_token_hint": fresh}, accept=JSON)
    after = endpoint.request(context.http, {"id_token_hint": old}, accept=JSON)
    expect(after.status == before.status, f"{after.status} to an expired hint, {before.status} to a fresh one", after)
    same = context.fixtures.state(session) == context.fixtures.state(other)
    expect(same, "an expired hint does not end what a fresh one ends", after)


@check("an encrypted hint is read", "endpoint", "issuer", "key", "encryption-key", where=takes("id_token_hint"))
def encrypted(context: Context, endpoint: Endpoint) -> None:
    """A nested JWT for the gateway's key. Encrypted without a signature, it is like no hint."""
    app = context.fixtures.app
    assert app is not None
    session = context.fixtures.unregistered()
    hint = context.fixtures.hint(session)
    plain = endpoint.request(context.http, {"id_token_hint": hint}, accept=JSON)
    sent = {"id_token_hint": context.fixtures.encrypted(hint), "client_id": app.client_id}
    expect_status(endpoint.request(context.http, sent, accept=JSON), plain.status)
    sent["id_token_hint"] = context.fixtures.encrypted(json.dumps(context.fixtures.claims(session)))
    _expect_refused(endpoint.request(context.http, sent), endpoint)


@check(
    "a hint of another user does not end this browser's session",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=takes("id_token_hint"),
)
def foreign(context: Context, endpoint: Endpoint) -> None:
    """Sent by the victim's browser, or with the victim's `sid` in it: the user is asked, or it is 403 (CSRF)."""
    victim, other = context.fixtures.session(), context.fixtures.session()
    requests = [(context.fixtures.hint(other), victim.cookie)] if victim.cookie else []
    if not endpoint.knob("sid_beats_sub"):
        requests.append((context.fixtures.hint(Session(victim.sid, other.sub)), ""))
    if not requests:
        raise CheckSkipped("needs --cookie NAME: here a sid names its session whatever the sub is (sid_beats_sub)")
    for hint, cookie in requests:
        response = endpoint.request(context.http, {"id_token_hint": hint}, cookie=cookie)
        context.expect_live(victim, response)
        redirected = response.status == 303 and not context.target.is_internal(response.header("location"))
        expect(not redirected, "a redirect instead of a question", response)
        if endpoint.knob("on_foreign_hint") == "error":
            expect_status(response, 403)
        elif cookie and endpoint.knob("on_foreign_hint") == "prompt":
            expect(asks(response), f"{response.status} instead of a question", response)


@check(
    "a hint of an earlier session of the same user does not end this browser's session",
    "endpoint",
    "issuer",
    "key",
    "cookie",
    where=takes("id_token_hint"),
)
def stale(context: Context, endpoint: Endpoint) -> None:
    """Same `sub`, another `sid`: the user is asked, or it is 403."""
    earlier = context.fixtures.session()
    session = context.fixtures.session(earlier.sub)
    sent = {"id_token_hint": context.fixtures.hint(earlier)}
    response = endpoint.request(context.http, sent, cookie=session.cookie)
    context.expect_live(session, response)
    if endpoint.knob("on_stale_sid") == "error":
        expect_status(response, 403)
    elif endpoint.knob("on_stale_sid") == "prompt":
        expect(asks(response), f"{response.status} instead of a question", response)


@check(
    "a hint with the client_id of another client is 400, and the session is kept",
    "endpoint",
    "issuer",
    "key",
    "token",
    "clients",
    where=takes("id_token_hint", "client_id"),
)
def other_client(context: Context, endpoint: Endpoint) -> None:
    """RP-Initiated Logout 1.0, section 2: the two have to match."""
    assert context.fixtures.other is not None
    if endpoint.knob("client_id_param") == "ignore":
        raise CheckSkipped("client_id is ignored here (client_id_param)")
    session = context.fixtures.session()
    sent = {"id_token_hint": context.fixtures.hint(session), "client_id": context.fixtures.other.client_id}
    response = endpoint.request(context.http, sent, cookie=session.cookie)
    expect_status(response, 400)
    context.expect_live(session, response)


@check(
    "a disabled client is refused, and the session is kept",
    "endpoint",
    "issuer",
    "key",
    "token",
    "clients",
    where=takes("id_token_hint"),
)
def disabled(context: Context, endpoint: Endpoint) -> None:
    """403, before anything ends."""
    client = context.fixtures.disabled
    session = context.fixtures.session(client=client)
    sent = {"id_token_hint": context.fixtures.hint(session, client=client)}
    response = endpoint.request(context.http, sent, cookie=session.cookie)
    expect_status(response, 403)
    context.expect_live(session, response)


@check(
    "no session is guessed for a hint without sid", "endpoint", "issuer", "key", "token", where=takes("id_token_hint")
)
def without_sid(context: Context, endpoint: Endpoint) -> None:
    """Where its user has two live sessions, neither ends."""
    first = context.fixtures.session()
    second = context.fixtures.session(first.sub)
    response = endpoint.request(context.http, {"id_token_hint": context.fixtures.hint(first, sid=None)})
    context.expect_live(first, response)
    context.expect_live(second, response)
    if endpoint.knob("hint_authority") == "hint" and endpoint.knob("prompt") != "always":
        expect_status(response, 403)
