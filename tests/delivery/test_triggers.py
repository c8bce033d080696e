"""Whatever ends a session, its apps are told, and the ledger says why it ended."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from endsession.delivery import sweeper
from endsession.store.upkeep import CHUNK
from tests.kit.apps import deploy_with_apps, sign_in, states
from tests.kit.deployment import READER, TOKEN, Deployment, cookie_of
from tests.kit.flow import HTML, PLAIN, answer
from tests.kit.logout_tokens import validate
from tests.kit.receivers import Receivers
from tests.kit.tokens import id_token, jwks
from tests.kit.waiting import eventually

ACME = "https://login.example/acme"


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Expiry is looked for five times a second."""
    monkeypatch.setattr(sweeper, "EXPIRE_EVERY", 0.2)


async def audit(gateway: Deployment) -> list[tuple[Any, ...]]:
    """Who ended which session, and why."""
    return await gateway.rows("SELECT sid, reason, actor FROM audit ORDER BY id")


async def test_an_administrator_ends_one_session(tmp_path: Path, apps: Receivers) -> None:
    """DELETE tells the apps and answers with the state of each; a second one changes nothing."""
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        await sign_in(gateway, "a")
        for _ in range(2):
            response = await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
            assert response.json() == {
                "status": "signed_out",
                "apps": [{"client_id": "a", "name": "App a", "state": "delivered"}],
            }
        assert len(apps.tokens("a")) == 1
        assert await audit(gateway) == [("s-alice", "admin", "login-service")]
        assert (await gateway.send("DELETE", "/acme/sessions/nobody", token=TOKEN)).status_code == 404
        assert (await gateway.send("DELETE", "/acme/sessions/s-alice", token=READER)).status_code == 403


async def test_an_administrator_ends_all_sessions_of_a_user(tmp_path: Path, apps: Receivers) -> None:
    """One token per app and session, each with its own `sid`; other users stay signed in."""
    async with deploy_with_apps(tmp_path, apps, "a", "b") as gateway:
        await sign_in(gateway, "a", "b", sid="s-1")
        await sign_in(gateway, "a", sid="s-2")
        await sign_in(gateway, "a", sid="s-bob", sub="bob")
        assert (await gateway.send("DELETE", "/acme/sessions", token=TOKEN)).status_code == 400
        response = await gateway.send("DELETE", "/acme/sessions?sub=alice", token=TOKEN)
        assert [app["client_id"] for app in response.json()["apps"]] == ["a", "b", "a"]
        keys = (await gateway.get("/acme/jwks.json")).json()
        claims = [validate(token, keys, issuer=ACME, audience="a", alg="RS256") for token in apps.tokens("a")]
        assert sorted(claim["sid"] for claim in claims) == ["s-1", "s-2"]
        assert await gateway.state_of("s-bob") == "live"


async def test_an_administrator_ends_a_users_sessions_at_one_app(tmp_path: Path, apps: Receivers) -> None:
    """`client_id` means the same for DELETE as for GET: the sessions in which that client takes part, and no others."""
    async with deploy_with_apps(tmp_path, apps, "a", "b") as gateway:
        await sign_in(gateway, "a", "b", sid="s-1")
        await sign_in(gateway, "b", sid="s-2")
        await sign_in(gateway, "a", sid="s-bob", sub="bob")
        for client_id, sids in (("nobody", []), ("a", ["s-1"])):
            path = f"/acme/sessions?sub=alice&client_id={client_id}"
            listed = (await gateway.send("GET", path, token=TOKEN)).json()["sessions"]
            assert [session["sid"] for session in listed] == sids
            assert (await gateway.send("DELETE", path, token=TOKEN)).status_code == 200
            assert [sid for sid, _, _ in await audit(gateway)] == sids
        assert len(apps.tokens("b")) == 1


async def test_expiry_tells_the_apps(tmp_path: Path, apps: Receivers) -> None:
    """A session that reaches the end of its lifetime is ended by the sweeper, once."""
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        await sign_in(gateway, "a", idle_seconds=60)
        gateway.clock.advance(61)
        await eventually(lambda: states(gateway), lambda seen: seen == {"a": "delivered"})
        assert await audit(gateway) == [("s-alice", "expired", "sweeper")]
        session = (await gateway.send("GET", "/acme/sessions/s-alice", token=READER)).json()
        assert session["end_reason"] == "expired"


async def test_expiry_is_silent_where_the_issuer_wants_it_so(tmp_path: Path, apps: Receivers) -> None:
    """`tell_on_expiry = false`: the session ends, and nobody is told."""
    changes = {"issuers": {"acme": {"tell_on_expiry": False}}}
    async with deploy_with_apps(tmp_path, apps, "a", changes=changes) as gateway:
        await sign_in(gateway, "a", idle_seconds=60)
        gateway.clock.advance(61)
        await eventually(lambda: audit(gateway), lambda seen: seen == [("s-alice", "expired", "sweeper")])
        assert await states(gateway) == {}


async def test_without_sid_a_newer_sign_in_is_not_ended(tmp_path: Path, apps: Receivers) -> None:
    """Where ID tokens carry no `sid`, a token names the user alone, and is dropped once the user is back at the app."""
    apps.behaviour["a"] = lambda call: 503
    changes = {"issuers": {"acme": {"id_tokens_have_sid": False, "notify_wait": 0.2}}}
    async with deploy_with_apps(tmp_path, apps, "a", changes=changes) as gateway:
        await sign_in(gateway, "a")
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
        await apps.wait_for("a")
        keys = (await gateway.get("/acme/jwks.json")).json()
        claims = validate(apps.tokens("a")[0], keys, issuer=ACME, audience="a", alg="RS256")
        assert claims["sub"] == "alice"
        assert "sid" not in claims
        await sign_in(gateway, "a", sid="s-new")
        await eventually(lambda: states(gateway), lambda seen: seen == {"a": "expired"})
        assert await gateway.state_of("s-new") == "live"


async def test_a_provider_that_registers_no_sessions(tmp_path: Path, apps: Receivers) -> None:
    """`participants = "all"`: every client with an address is told of the hint's session, once, after a yes."""
    changes = {"issuers": {"acme": {"participants": "all", "cookie": None}}}
    async with deploy_with_apps(tmp_path, apps, "a", "b", changes=changes) as gateway:
        hint = id_token(aud="a", sid="never-registered")
        for _ in range(2):
            question = await gateway.get(PLAIN, {"id_token_hint": hint}, accept=HTML)
            if "Do you want" in question.text:
                await answer(gateway, question, "yes")
        keys = (await gateway.get("/acme/jwks.json")).json()
        for app in ("a", "b"):
            (token,) = apps.tokens(app)
            claims = validate(token, keys, issuer=ACME, audience=app, alg="RS256")
            assert (claims["sub"], claims["sid"]) == ("alice", "never-registered")
        # AuthPI's endpoint takes the hint's word for it, and this session has ended.
        response = await gateway.get("/acme/logout", {"id_token_hint": hint})
        assert response.status_code == 200
        assert len(apps.tokens("a")) == 1


async def test_a_registered_session_ends_where_all_are_told(tmp_path: Path, apps: Receivers) -> None:
    """`participants = "all"` and a session that is registered all the same: it ends, and once (T28)."""
    changes = {"issuers": {"acme": {"participants": "all"}}}
    async with deploy_with_apps(tmp_path, apps, "a", "b", changes=changes) as gateway:
        await sign_in(gateway)
        for _ in range(2):
            await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a")}, cookie=cookie_of())
        assert await gateway.state_of() == "ended"
        assert await states(gateway) == {"a": "delivered", "b": "delivered"}
        assert await audit(gateway) == [("s-alice", "user", "a")]


async def test_many_sessions_end_beside_each_other(tmp_path: Path, apps: Receivers) -> None:
    """An app that never answers holds up the ending of a user's sessions by one wait, not by one for each session."""
    apps.behaviour["a"] = lambda call: None
    changes = {"issuers": {"acme": {"notify_wait": 30}}, "delivery": {"timeout": 30}}
    async with deploy_with_apps(tmp_path, apps, "a", changes=changes) as gateway:
        for number in range(8):
            await sign_in(gateway, "a", sid=f"s-{number}")
        ending = asyncio.create_task(gateway.send("DELETE", "/acme/sessions?sub=alice", token=TOKEN))
        await apps.wait_for("a", 8)  # none has been answered yet
        apps.let_go()
        assert (await ending).status_code == 200
        assert len(await audit(gateway)) == 8


async def test_an_app_whose_keys_are_of_no_use(tmp_path: Path, apps: Receivers) -> None:
    """What cannot be encrypted to is a final failure with a reason, and not tried again and again."""
    verifying = {**jwks("RS256")["keys"][0], "key_ops": ["verify"]}
    del verifying["use"]
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        for number, keys in enumerate(({"keys": "none"}, {"keys": [verifying]})):
            metadata = {
                "backchannel_logout_uri": apps.url("b"),
                "id_token_encrypted_response_alg": "RSA-OAEP-256",
                "jwks": keys,
            }
            await gateway.send("PUT", "/acme/clients?client_id=b", json=metadata, token=TOKEN)
            await sign_in(gateway, "b", sid=f"s-{number}")
            await gateway.send("DELETE", f"/acme/sessions/s-{number}", token=TOKEN)
            assert await states(gateway, f"s-{number}") == {"b": "failed"}
    assert apps.bodies == []


async def test_a_client_of_the_database_is_told(tmp_path: Path, apps: Receivers) -> None:
    """Clients registered through the API take part like those of the file: their hints verify, and they are told."""
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        metadata = {
            "client_name": "The New One",
            "post_logout_redirect_uris": ["https://new.example/bye"],
            "backchannel_logout_uri": apps.url("new"),
        }
        path = "/acme/clients?client_id=https://new.example/client"
        assert (await gateway.send("PUT", path, json=metadata, token=TOKEN)).status_code == 201
        assert (await gateway.send("PUT", path, json=metadata, token=TOKEN)).status_code == 200
        await sign_in(gateway, "https://new.example/client")
        hint = id_token(aud="https://new.example/client")
        request = {"id_token_hint": hint, "post_logout_redirect_uri": "https://new.example/bye"}
        response = await gateway.get(PLAIN, request, cookie=cookie_of())
        assert response.headers["location"] == "https://new.example/bye"
        assert len(apps.tokens("new")) == 1
        assert (await gateway.send("DELETE", path, token=TOKEN)).status_code == 204
        assert (await gateway.send("GET", path, token=TOKEN)).status_code == 404


async def test_sessions_expire_whatever_their_apps_do(tmp_path: Path, apps: Receivers) -> None:
    """After a long absence many expire at once: none waits for an app, and what waits is not held in memory."""
    apps.behaviour["a"] = lambda call: None
    async with deploy_with_apps(tmp_path, apps, "a", changes={"delivery": {"timeout": 30}}) as gateway:
        for number in range(3 * CHUNK):
            await sign_in(gateway, "a", sid=f"s-{number}", expires_at=gateway.clock() + 1000)
        gateway.clock.advance(1001)

        async def ended() -> int:
            return len(await audit(gateway))

        await eventually(ended, lambda count: count == 3 * CHUNK)
        await apps.wait_for("a", 8)
        ((held,),) = await gateway.rows("SELECT COUNT(*) FROM deliveries WHERE lease IS NOT NULL")
        assert (held, len(apps.tokens("a"))) == (8, 8)
        apps.let_go()
