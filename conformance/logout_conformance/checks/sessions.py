"""The life cycle of a session, a client and a delivery, as management shows it."""

from __future__ import annotations

from ..check import CheckSkipped, Registry, expect, expect_status
from ..context import Context
from ..exchange import Exchange

check = Registry()


def _listed(response: Exchange, member: str) -> list[dict[str, object]]:
    body = response.json()
    found = body.get(member, []) if isinstance(body, dict) else []
    return [item for item in found if isinstance(item, dict)]


@check("a session is registered, changed, looked up, ended, and then cannot change", "deployment", "issuer", "token")
def life_cycle(context: Context) -> None:
    """201, 200, 200, 200, then 409. Ending it twice is a success, and the reason is the administrator."""
    session = context.fixtures.session(user_label="contract-before")
    manage, path = context.fixtures.manage, f"sessions/{session.sid}"
    expect_status(manage("PUT", path, json={"sub": session.sub, "user_label": "contract-after"}), 200)
    shown = manage("GET", path)
    expect_status(shown, 200)
    record = shown.json()
    same = record.get("sid") == session.sid and record.get("sub") == session.sub
    expect(same, "another session is shown", shown)
    expect(record.get("user_label") == "contract-after", "a change is not stored", shown)
    expect(record.get("state") == "live", "a new session is not live", shown)
    expect("cookie" not in shown.text, "the digests of cookies are shown", shown)
    client_id = context.fixtures.app.client_id if context.fixtures.app else "x"
    if context.fixtures.app:
        members = [client.get("client_id") for client in record.get("clients", [])]
        expect(members == [client_id], "an update without clients does not keep them", shown)
        expect_status(manage("POST", f"{path}/clients", json={"client_id": client_id}), 200)
    for _ in range(2):
        expect_status(manage("DELETE", path), 200)
    ended = manage("GET", path)
    record = ended.json()
    by_admin = record.get("state") == "ended" and record.get("end_reason") == "admin"
    expect(by_admin, "its end is not the administrator's", ended)
    expect_status(manage("PUT", path, json={"sub": session.sub}), 409)
    expect_status(manage("POST", f"{path}/clients", json={"client_id": client_id}), 409)
    unchanged = manage("GET", path).json().get("ended_at") == record.get("ended_at")
    expect(unchanged, "an ended session changes", ended)


@check("what does not exist is 404", "deployment", "issuer", "token")
def not_found(context: Context) -> None:
    """An unknown session, delivery or client."""
    manage = context.fixtures.manage
    nobody = context.unique("nobody")
    expect_status(manage("GET", f"sessions/{nobody}"), 404)
    expect_status(manage("DELETE", f"sessions/{nobody}"), 404)
    expect_status(manage("POST", f"sessions/{nobody}/clients", json={"client_id": "x"}), 404, 422)
    expect_status(manage("POST", "deliveries/0123456789abcdef/redeliver"), 404, 403)
    expect_status(manage("GET", "clients", query={"client_id": nobody}), 404, 403)
    expect_status(manage("DELETE", "clients", query={"client_id": nobody}), 404, 403)


@check("a session with an unknown app is 422", "deployment", "issuer", "token")
def unknown_app(context: Context) -> None:
    """Nothing is registered."""
    path = f"sessions/{context.fixtures.run_id}-unknown-app"
    body = {"sub": context.fixtures.run_id, "clients": [{"client_id": context.unique("nobody")}]}
    expect_status(context.fixtures.manage("PUT", path, json=body), 422)
    expect_status(context.fixtures.manage("GET", path), 404)


@check("lists are filtered and paged as requested", "deployment", "issuer", "token")
def lists(context: Context) -> None:
    """A page has at most the requested length, and the next one begins where it ended."""
    first = context.fixtures.session()
    sids = {first.sid, context.fixtures.session(first.sub).sid, context.fixtures.session(first.sub).sid}
    manage = context.fixtures.manage
    whole = manage("GET", "sessions", query={"sub": first.sub})
    expect_status(whole, 200)
    expect({item.get("sid") for item in _listed(whole, "sessions")} == sids, "not the sessions of the user", whole)
    seen: list[object] = []
    query: dict[str, str | None] = {"sub": first.sub, "limit": "2"}
    while len(seen) < 10:
        page = manage("GET", "sessions", query=query)
        expect_status(page, 200)
        part = _listed(page, "sessions")
        expect(0 < len(part) <= 2, "a page has another length than requested", page)
        seen += [item.get("sid") for item in part]
        if not page.json().get("next"):
            break
        query["cursor"] = page.json()["next"]
    expect(len(seen) == 3 and set(seen) == sids, "the pages together are not the list", whole)
    ended = manage("GET", "sessions", query={"sub": first.sub, "state": "ended"})
    expect(not _listed(ended, "sessions"), "live sessions are in the list of ended ones", ended)
    for bad in ({"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"state": "dead"}):
        expect_status(manage("GET", "sessions", query=bad), 400)


@check("all sessions of a user end together, and nobody else's", "deployment", "issuer", "token")
def all_of_a_user(context: Context) -> None:
    """`sub` is required: nobody can end everybody's."""
    first = context.fixtures.session()
    second, other = context.fixtures.session(first.sub), context.fixtures.session()
    expect_status(context.fixtures.manage("DELETE", "sessions"), 400)
    expect_status(context.fixtures.manage("DELETE", "sessions", query={"sub": ""}), 400)
    response = context.fixtures.manage("DELETE", "sessions", query={"sub": first.sub})
    expect_status(response, 200)
    context.expect_ended(first, response)
    context.expect_ended(second, response)
    context.expect_live(other, response)


@check("a client is registered, replaced, shown without its secret, and deleted", "deployment", "issuer", "clients")
def client(context: Context) -> None:
    """201, 200, 200, 204, then 404."""
    manage, name = context.fixtures.manage, {"client_id": f"{context.fixtures.run_id}-brief"}
    secret = context.redaction.keep_secret(context.unique("client-secret-that-is-long-enough"), "a client's secret")
    body = {"client_name": "contract", "client_secret": secret}
    created = manage("PUT", "clients", query=name, json=body)
    expect_status(created, 201)
    replaced = manage("PUT", "clients", query=name, json={**body, "client_name": "contract two"})
    expect_status(replaced, 200)
    shown = manage("GET", "clients", query=name)
    expect_status(shown, 200)
    every = manage("GET", "clients")
    expect_status(every, 200)
    for response in (created, replaced, shown, every):
        expect(secret not in response.text, "the client's secret is shown", response)
    names = [item.get("client_name") for item in _listed(shown, "clients")]
    expect(names == ["contract two"], "the client is not replaced", shown)
    expect_status(manage("PUT", "clients", query=name, json={"client_id": "contract-another"}), 400)
    expect_status(manage("DELETE", "clients", query=name), 204)
    expect_status(manage("GET", "clients", query=name), 404)


BAD_REDIRECT_URIS = (
    "javascript:alert(1)",
    "data:text/html,x",
    "/relative",
    "https://a@contract.example/",
    "https://contract.example/#fragment",
    "https://*/",
)
BAD_BACKCHANNEL_URIS = (
    "ftp://contract.example/",
    "/relative",
    "javascript:alert(1)",
    "https://contract.example/#fragment",
)


@check("a client with a dangerous URI is not registered", "deployment", "issuer", "clients")
def dangerous_client(context: Context) -> None:
    """What must not be used is refused at registration."""
    manage, name = context.fixtures.manage, {"client_id": f"{context.fixtures.run_id}-bad"}
    for uri in BAD_REDIRECT_URIS:
        response = manage("PUT", "clients", query=name, json={"post_logout_redirect_uris": [uri]})
        expect(response.status in (400, 422), f"{response.status} to a client with such a redirect URI", response)
    for uri in BAD_BACKCHANNEL_URIS:
        response = manage("PUT", "clients", query=name, json={"backchannel_logout_uri": uri})
        expect(response.status in (400, 422), f"{response.status} to a client with such a back-channel URI", response)
    expect_status(manage("GET", "clients", query=name), 404)


@check(
    "the ledger shows who was to be notified, and a delivery can be repeated",
    "deployment",
    "issuer",
    "clients",
    "deliveries",
)
def ledger(context: Context) -> None:
    """The host of the app does not exist: its delivery is listed, with session and app, and is not `delivered`."""
    manage, run_id = context.fixtures.manage, context.fixtures.run_id
    app = context.fixtures.register("notified", backchannel_logout_uri=f"https://{run_id}.invalid/backchannel")
    other = context.fixtures.register("neighbour", backchannel_logout_uri=f"https://{run_id}.invalid/neighbour")
    session = context.fixtures.session(clients=[{"client_id": app.client_id}, {"client_id": other.client_id}])
    expect_status(manage("DELETE", f"sessions/{session.sid}"), 200)
    response = manage("GET", "deliveries", query={"client_id": app.client_id})
    expect_status(response, 200)
    deliveries = _listed(response, "deliveries")
    others = {delivery.get("client_id") for delivery in deliveries} - {app.client_id}
    expect(not others, "the ledger of one app shows deliveries of others", response)
    found = [delivery for delivery in deliveries if delivery.get("sid") == session.sid]
    expect(len(found) == 1, f"the ledger has {len(found)} deliveries for one app", response)
    expect(found[0].get("state") != "delivered", "delivered, although the host does not exist", response)
    again = manage("POST", f"deliveries/{found[0]['id']}/redeliver")
    expect_status(again, 200)
    expect(again.json().get("state") == "pending", "a repeated delivery is not pending", again)


@check("the management of one issuer shows nothing of another", "deployment", "issuer", "token", "other-issuer")
def separate_issuers(context: Context) -> None:
    """A session of this issuer does not exist at the other."""
    session, token = context.fixtures.session(), context.options.token or ""
    path = f"/{context.options.other_issuer}/sessions/{session.sid}"
    response = context.http.send("GET", path, token=token)
    if response.status == 401:
        raise CheckSkipped("the token is not valid")
    expect_status(response, 404)
    context.http.send("DELETE", path, token=token)
    context.expect_live(session, response)
