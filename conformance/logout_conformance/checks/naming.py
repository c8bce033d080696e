"""Which session a valid request means: by the identifiers that an app knows, and by the cookie among others."""

from __future__ import annotations

import hashlib
import secrets

from ..check import CheckSkipped, Registry, expect, expect_status
from ..context import Context
from ..endpoint import Endpoint, takes
from .ending import requires_no_question

check = Registry()


@check(
    "an app's own sid and subject identify the session",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=takes("id_token_hint"),
)
def app_identifiers(context: Context, endpoint: Endpoint) -> None:
    """Pairwise subjects, and a `sid` for each app, are what the app's ID tokens contain."""
    requires_no_question(context, endpoint)
    assert context.fixtures.app is not None
    sub, sid = context.unique("pairwise"), context.unique("own")
    session = context.fixtures.session(clients=[{"client_id": context.fixtures.app.client_id, "sub": sub, "sid": sid}])
    sent = {"id_token_hint": context.fixtures.hint(session, sub=sub, sid=sid)}
    context.expect_ended(session, endpoint.request(context.http, sent, cookie=session.cookie))


@check(
    "a token with several audiences is that of its azp",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=takes("id_token_hint"),
)
def several_audiences(context: Context, endpoint: Endpoint) -> None:
    """OpenID Connect Core 1.0, section 2."""
    requires_no_question(context, endpoint)
    assert context.fixtures.app is not None
    client_id = context.fixtures.app.client_id
    session = context.fixtures.session()
    hint = context.fixtures.hint(session, aud=["https://contract-api.example", client_id], azp=client_id)
    context.expect_ended(session, endpoint.request(context.http, {"id_token_hint": hint}, cookie=session.cookie))


@check("subjects and sids are compared exactly", "endpoint", "issuer", "key", "token", where=takes("id_token_hint"))
def exact_comparison(context: Context, endpoint: Endpoint) -> None:
    """Another case or an added space is another identifier, and ends nothing."""
    session = context.fixtures.session()
    identifiers = [(session.sub, session.sid.upper())]
    if endpoint.knob("sid_beats_sub") is False:
        identifiers += [(session.sub.upper(), session.sid), (f"{session.sub} ", session.sid)]
    for sub, sid in identifiers:
        sent = {"id_token_hint": context.fixtures.hint(session, sub=sub, sid=sid)}
        context.expect_live(session, endpoint.request(context.http, sent, cookie=session.cookie))


@check(
    "the session's cookie is found among other cookies",
    "endpoint",
    "issuer",
    "key",
    "cookie",
    where=takes("id_token_hint"),
)
def among_cookies(context: Context, endpoint: Endpoint) -> None:
    """Among cookies with other names, and with a second value of its name, as a sibling domain can set it."""
    requires_no_question(context, endpoint)
    name = context.options.cookie
    for before, after in (("theme=dark; ", "; x_" + f"{name}=1"), (f"{name}=contract-of-a-sibling; ", "")):
        session = context.fixtures.session()
        sent = {"id_token_hint": context.fixtures.hint(session)}
        cookies = f"{before}{session.cookie}{after}"
        context.expect_ended(session, endpoint.request(context.http, sent, cookie=cookies))


@check(
    "each current value of a session's cookie identifies it, and a replaced one does not",
    "deployment",
    "issuer",
    "key",
    "cookie",
)
def rotated_cookie(context: Context) -> None:
    """Values rotate. The login side registers those that are valid now."""
    if context.options.cookie_is_sid:
        raise CheckSkipped("the cookie's value is the sid, and does not rotate")
    values = [context.redaction.keep_secret(secrets.token_urlsafe(16), "a cookie") for _ in range(3)]
    digests = [hashlib.sha256(value.encode()).hexdigest() for value in values]
    for endpoint in filter(takes("id_token_hint"), context.endpoints):
        if endpoint.knob("hint_authority") != "cookie":
            continue
        requires_no_question(context, endpoint)
        session = context.fixtures.session(cookie_sha256=digests[:2])
        sent = {"id_token_hint": context.fixtures.hint(session)}
        change = {"sub": session.sub, "cookie_sha256": digests[1:]}
        expect_status(context.fixtures.manage("PUT", f"sessions/{session.sid}", json=change), 200)
        replaced = endpoint.request(context.http, sent, cookie=f"{context.options.cookie}={values[0]}")
        context.expect_live(session, replaced)
        current = endpoint.request(context.http, sent, cookie=f"{context.options.cookie}={values[1]}")
        context.expect_ended(session, current)
        return
    raise CheckSkipped("no endpoint takes a hint and lets the cookie decide (hint_authority)")


@check("a session past its idle time is not live", "deployment", "issuer", "token")
def idle(context: Context) -> None:
    """At once, and not only when a background job has noticed."""
    session = context.fixtures.session(idle_seconds=1)
    kept = context.fixtures.session(idle_seconds=600)
    context.http.pace.clock.sleep(1.3)
    response = context.fixtures.manage("GET", f"sessions/{session.sid}")
    expect(response.json().get("state") != "live", "the session is live after its idle time", response)
    context.expect_live(kept, response)


@check("a sid may have the documented length and characters", "deployment", "issuer", "token")
def long_sid(context: Context) -> None:
    """1 to 128 unreserved characters."""
    sid = f"{context.fixtures.run_id}.~_-A9".ljust(128, "z")
    body = {"sub": context.fixtures.run_id}
    expect_status(context.fixtures.manage("PUT", f"sessions/{sid}z", json=body), 400, 404)
    expect_status(context.fixtures.manage("PUT", f"sessions/{sid}", json=body), 201)
    expect_status(context.fixtures.manage("DELETE", f"sessions/{sid}"), 200)
