"""The life of a session, of a client and of a delivery, as management sees it."""

from __future__ import annotations

from ..claim import NotTried, Register, Scene, expect, expect_status
from ..exchange import Exchange

claims = Register()


def _one_of(answer: Exchange, member: str) -> list[dict[str, object]]:
    body = answer.json()
    found = body.get(member, []) if isinstance(body, dict) else []
    return [one for one in found if isinstance(one, dict)]


@claims(
    "a session is registered, changed, looked up, ended, and then takes no changes", "deployment", "issuer", "token"
)
def life(scene: Scene) -> None:
    """201, 200, 200, 200, then 409; ending it twice is a success, and an administrator is the reason."""
    session = scene.parties.session(user_label="contract-before")
    manage, path = scene.parties.manage, f"sessions/{session.sid}"
    changed = manage("PUT", path, json={"sub": session.sub, "user_label": "contract-after"})
    expect_status(changed, 200)
    found = manage("GET", path)
    expect_status(found, 200)
    said = found.json()
    expect(said.get("sid") == session.sid and said.get("sub") == session.sub, "another session is shown", found)
    expect(said.get("user_label") == "contract-after", "a change is not kept", found)
    expect(said.get("state") == "live", "a new session is not live", found)
    expect("cookie" not in found.text, "the digests of cookies are shown", found)
    if scene.parties.app:
        expect(
            [one.get("client_id") for one in said.get("clients", [])] == [scene.parties.app.client_id],
            "members that were not given do not stay",
            found,
        )
        joined = manage("POST", f"{path}/clients", json={"client_id": scene.parties.app.client_id})
        expect_status(joined, 200)
    for _ in range(2):
        expect_status(manage("DELETE", path), 200)
    over = manage("GET", path)
    said = over.json()
    expect(
        said.get("state") == "ended" and said.get("end_reason") == "admin", "its end is not the administrator's", over
    )
    for late in (
        manage("PUT", path, json={"sub": session.sub}),
        manage(
            "POST", f"{path}/clients", json={"client_id": scene.parties.app.client_id if scene.parties.app else "x"}
        ),
    ):
        expect_status(late, 409)
    unchanged = manage("GET", path).json()
    expect(unchanged.get("ended_at") == said.get("ended_at"), "an ended session changes", over)


@claims("what is not there is 404", "deployment", "issuer", "token")
def not_there(scene: Scene) -> None:
    """An unknown session, delivery or client."""
    manage = scene.parties.manage
    nobody = scene.junk("nobody")
    expect_status(manage("GET", f"sessions/{nobody}"), 404)
    expect_status(manage("DELETE", f"sessions/{nobody}"), 404)
    expect_status(manage("POST", f"sessions/{nobody}/clients", json={"client_id": "x"}), 404, 422)
    expect_status(manage("POST", "deliveries/0123456789abcdef/redeliver"), 404, 403)
    expect_status(manage("GET", "clients", query={"client_id": nobody}), 404, 403)
    expect_status(manage("DELETE", "clients", query={"client_id": nobody}), 404, 403)


@claims("a session with an app that is not known is 422", "deployment", "issuer", "token")
def unknown_app(scene: Scene) -> None:
    """And nothing is registered."""
    sid = f"{scene.parties.run}-unknown-app"
    body = {"sub": scene.parties.run, "clients": [{"client_id": scene.junk("nobody")}]}
    answer = scene.parties.manage("PUT", f"sessions/{sid}", json=body)
    expect_status(answer, 422)
    expect_status(scene.parties.manage("GET", f"sessions/{sid}"), 404)


@claims("lists show what was asked for, page by page", "deployment", "issuer", "token")
def lists(scene: Scene) -> None:
    """Filters hold, a page is as long as it may be, and the next one begins where it ended."""
    first = scene.parties.session()
    sids = {first.sid, scene.parties.session(first.sub).sid, scene.parties.session(first.sub).sid}
    manage = scene.parties.manage
    whole = manage("GET", "sessions", query={"sub": first.sub})
    expect_status(whole, 200)
    expect(
        {one.get("sid") for one in _one_of(whole, "sessions")} == sids,
        "the list of a user's sessions is another",
        whole,
    )
    seen: list[object] = []
    query: dict[str, str | None] = {"sub": first.sub, "limit": "2"}
    while len(seen) < 10:
        page = manage("GET", "sessions", query=query)
        expect_status(page, 200)
        part = _one_of(page, "sessions")
        expect(0 < len(part) <= 2, "a page has another length than was asked for", page)
        seen += [one.get("sid") for one in part]
        if not page.json().get("next"):
            break
        query["cursor"] = page.json()["next"]
    expect(len(seen) == 3 and set(seen) == sids, "the pages do not make up the list", whole)
    expect(
        not _one_of(manage("GET", "sessions", query={"sub": first.sub, "state": "ended"}), "sessions"),
        "live sessions are in the list of ended ones",
        whole,
    )
    for bad in ({"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"state": "dead"}):
        expect_status(manage("GET", "sessions", query=bad), 400)


@claims("all sessions of a user end together, and nobody else's", "deployment", "issuer", "token")
def all_of_a_user(scene: Scene) -> None:
    """`sub` is required: nobody can end everybody's."""
    one = scene.parties.session()
    two, other = scene.parties.session(one.sub), scene.parties.session()
    expect_status(scene.parties.manage("DELETE", "sessions"), 400)
    expect_status(scene.parties.manage("DELETE", "sessions", query={"sub": ""}), 400)
    answer = scene.parties.manage("DELETE", "sessions", query={"sub": one.sub})
    expect_status(answer, 200)
    scene.ended(one, answer)
    scene.ended(two, answer)
    scene.live(other, answer)


@claims("a client is registered, replaced, shown without its secret, and forgotten", "deployment", "issuer", "clients")
def client(scene: Scene) -> None:
    """201, 200, 200, 204; then 404."""
    manage, name = scene.parties.manage, {"client_id": f"{scene.parties.run}-brief"}
    secret = scene.redaction.keep_secret(scene.junk("client-secret-that-is-long-enough"), "a client's secret")
    body = {"client_name": "contract", "client_secret": secret}
    created = manage("PUT", "clients", query=name, json=body)
    expect_status(created, 201)
    replaced = manage("PUT", "clients", query=name, json={**body, "client_name": "contract two"})
    expect_status(replaced, 200)
    shown = manage("GET", "clients", query=name)
    expect_status(shown, 200)
    every = manage("GET", "clients")
    expect_status(every, 200)
    for answer in (created, replaced, shown, every):
        expect(secret not in answer.text, "the client's secret is shown", answer)
    expect(
        [one.get("client_name") for one in _one_of(shown, "clients")] == ["contract two"], "it is not replaced", shown
    )
    expect_status(manage("PUT", "clients", query=name, json={"client_id": "contract-another"}), 400)
    expect_status(manage("DELETE", "clients", query=name), 204)
    expect_status(manage("GET", "clients", query=name), 404)


BAD_URIS = (
    "javascript:alert(1)",
    "data:text/html,x",
    "/relative",
    "https://a@contract.example/",
    "https://contract.example/#fragment",
    "https://*/",
)


@claims("a client with a dangerous URI is not registered", "deployment", "issuer", "clients")
def dangerous_client(scene: Scene) -> None:
    """What may not be used is not taken at registration (T32), and no logout URI is private without leave (T13)."""
    name = {"client_id": f"{scene.parties.run}-bad"}
    for uri in BAD_URIS:
        answer = scene.parties.manage("PUT", "clients", query=name, json={"post_logout_redirect_uris": [uri]})
        expect(answer.status in (400, 422), f"{answer.status} for a client with such a URI", answer)
    for uri in ("ftp://contract.example/", "/relative", "javascript:alert(1)", "https://contract.example/#fragment"):
        answer = scene.parties.manage("PUT", "clients", query=name, json={"backchannel_logout_uri": uri})
        expect(answer.status in (400, 422), f"{answer.status} for a client with such a back-channel URI", answer)
    expect_status(scene.parties.manage("GET", "clients", query=name), 404)


@claims(
    "the ledger says who was to be told, and a delivery can be tried again",
    "deployment",
    "issuer",
    "clients",
    "deliveries",
)
def ledger(scene: Scene) -> None:
    """An app whose host does not exist: its delivery is there, with the session and the app, and is not `delivered`."""
    run = scene.parties.run
    app = scene.parties.register("told", backchannel_logout_uri=f"https://{run}.invalid/backchannel")
    beside = scene.parties.register("beside", backchannel_logout_uri=f"https://{run}.invalid/beside")
    session = scene.parties.session(clients=[{"client_id": app.client_id}, {"client_id": beside.client_id}])
    expect_status(scene.parties.manage("DELETE", f"sessions/{session.sid}"), 200)
    answer = scene.parties.manage("GET", "deliveries", query={"client_id": app.client_id})
    expect_status(answer, 200)
    others = {one.get("client_id") for one in _one_of(answer, "deliveries")} - {app.client_id}
    expect(not others, "the ledger of one app shows deliveries of others", answer)
    found = [one for one in _one_of(answer, "deliveries") if one.get("sid") == session.sid]
    expect(len(found) == 1, f"the ledger has {len(found)} deliveries for one app", answer)
    expect(found[0].get("state") != "delivered", "a delivery to a host that does not exist is called delivered", answer)
    again = scene.parties.manage("POST", f"deliveries/{found[0]['id']}/redeliver")
    expect_status(again, 200)
    expect(again.json().get("state") == "pending", "a delivery that is tried again is not pending", again)


@claims("the management of one issuer shows nothing of another", "deployment", "issuer", "token", "other-issuer")
def apart(scene: Scene) -> None:
    """A session of this issuer does not exist at the other (T11, T31)."""
    session = scene.parties.session()
    answer = scene.wire.send(
        "GET", f"/{scene.options.other_issuer}/sessions/{session.sid}", token=scene.options.token or ""
    )
    if answer.status == 401:
        raise NotTried("the token is not valid")
    expect_status(answer, 404)
    scene.wire.send("DELETE", f"/{scene.options.other_issuer}/sessions/{session.sid}", token=scene.options.token or "")
    scene.live(session, answer)
