"""Which session a good request means: by the names that an app knows, and by the cookie among whatever else."""

from __future__ import annotations

import hashlib
import secrets
import time

from ..claim import NotTried, Register, Scene, expect, expect_status
from ..endpoint import Endpoint
from .ending import unasked

claims = Register()


def _takes_hints(endpoint: Endpoint) -> bool:
    return "id_token_hint" in endpoint.takes


@claims("an app's own sid and subject name the session", "endpoint", "issuer", "key", "token", where=_takes_hints)
def own_names(scene: Scene, endpoint: Endpoint) -> None:
    """Pairwise subjects, and a `sid` for each app: they are what the app's ID tokens hold."""
    unasked(scene, endpoint)
    assert scene.parties.app is not None
    sub, sid = scene.junk("pairwise"), scene.junk("own")
    session = scene.parties.session(clients=[{"client_id": scene.parties.app.client_id, "sub": sub, "sid": sid}])
    hint = scene.parties.hint(session, sub=sub, sid=sid)
    scene.ended(session, endpoint.ask(scene.wire, {"id_token_hint": hint}, cookie=session.cookie))


@claims("a token for several audiences is the one of its azp", "endpoint", "issuer", "key", "token", where=_takes_hints)
def several_audiences(scene: Scene, endpoint: Endpoint) -> None:
    """OpenID Connect Core 1.0, section 2."""
    unasked(scene, endpoint)
    assert scene.parties.app is not None
    client_id = scene.parties.app.client_id
    session = scene.parties.session()
    hint = scene.parties.hint(session, aud=["https://contract-api.example", client_id], azp=client_id)
    scene.ended(session, endpoint.ask(scene.wire, {"id_token_hint": hint}, cookie=session.cookie))


@claims("subjects and sids are compared as they are", "endpoint", "issuer", "key", "token", where=_takes_hints)
def as_they_are(scene: Scene, endpoint: Endpoint) -> None:
    """Another case or a space more is another name, and ends nothing."""
    session = scene.parties.session()
    names = [(session.sub, session.sid.upper())]
    if endpoint.knob("sid_beats_sub") is False:
        names += [(session.sub.upper(), session.sid), (f"{session.sub} ", session.sid)]
    for sub, sid in names:
        hint = scene.parties.hint(session, sub=sub, sid=sid)
        scene.live(session, endpoint.ask(scene.wire, {"id_token_hint": hint}, cookie=session.cookie))


@claims("the browser's session is found among other cookies", "endpoint", "issuer", "key", "cookie", where=_takes_hints)
def among_cookies(scene: Scene, endpoint: Endpoint) -> None:
    """Other names beside it, and one more value of its own name, as a neighbour domain can set it."""
    unasked(scene, endpoint)
    name = scene.options.cookie
    for before, after in (("theme=dark; ", "; x_" + f"{name}=1"), (f"{name}=contract-of-a-neighbour; ", "")):
        session = scene.parties.session()
        cookies = f"{before}{session.cookie}{after}"
        answer = endpoint.ask(scene.wire, {"id_token_hint": scene.parties.hint(session)}, cookie=cookies)
        scene.ended(session, answer)


@claims("each value of a session's cookie names it, and one that was replaced does not", "deployment", "issuer", "key",
        "cookie")  # fmt: skip
def rotated(scene: Scene) -> None:
    """Values rotate: the login side gives those that are good now."""
    if scene.options.cookie_is_sid:
        raise NotTried("the cookie's value is the sid, and does not rotate")
    values = [scene.redaction.keep_secret(secrets.token_urlsafe(16), "a cookie") for _ in range(3)]
    digests = [hashlib.sha256(value.encode()).hexdigest() for value in values]
    for endpoint in (one for one in scene.endpoints if _takes_hints(one) and one.knob("hint_authority") == "cookie"):
        unasked(scene, endpoint)
        session = scene.parties.session(cookie_sha256=digests[:2])
        hint = scene.parties.hint(session)
        change = {"sub": session.sub, "cookie_sha256": digests[1:]}
        expect_status(scene.parties.manage("PUT", f"sessions/{session.sid}", json=change), 200)
        old = endpoint.ask(scene.wire, {"id_token_hint": hint}, cookie=f"{scene.options.cookie}={values[0]}")
        scene.live(session, old)
        new = endpoint.ask(scene.wire, {"id_token_hint": hint}, cookie=f"{scene.options.cookie}={values[1]}")
        scene.ended(session, new)
        return
    raise NotTried("no endpoint takes a hint and lets the cookie decide (hint_authority)")


@claims("a session past its idle time is over", "deployment", "issuer", "token")
def idle(scene: Scene) -> None:
    """Without waiting for anybody to notice."""
    session = scene.parties.session(idle_seconds=1)
    kept = scene.parties.session(idle_seconds=600)
    time.sleep(1.3)
    answer = scene.parties.manage("GET", f"sessions/{session.sid}")
    expect(answer.json().get("state") != "live", "the session is live after its idle time", answer)
    scene.live(kept, answer)


@claims("a sid may be as long as the document says, of all its characters", "deployment", "issuer", "token")
def long_sid(scene: Scene) -> None:
    """1 to 128 unreserved characters."""
    sid = f"{scene.parties.run}.~_-A9".ljust(128, "z")
    body = {"sub": scene.parties.run}
    expect_status(scene.parties.manage("PUT", f"sessions/{sid}z", json=body), 400, 404)
    expect_status(scene.parties.manage("PUT", f"sessions/{sid}", json=body), 201)
    found = scene.parties.manage("DELETE", f"sessions/{sid}")
    expect_status(found, 200)
