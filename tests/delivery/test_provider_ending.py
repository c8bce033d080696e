"""A session's end reaches the provider's own session, by its admin API: each played from its documentation."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from endsession.runtime.app import Ports
from endsession.store.script import Script, Statement
from tests.kit.admin_api import ENDINGS, AdminApi, admin_api
from tests.kit.deployment import TOKEN, Deployment, cookie_of, deploy, merged
from tests.kit.flow import PLAIN
from tests.kit.logout_tokens import validate, write_keys
from tests.kit.logs import whole_log
from tests.kit.receivers import Receivers
from tests.kit.tokens import id_token
from tests.kit.waiting import eventually

SID, SUB = "4711", "42"
ACME = "https://login.example/acme"
GONE = "already gone: the provider knows no such session, which had ended before or has another name there"
BLIND = "delivered; the provider answers the same where it knows no such session"


@pytest.fixture
def api() -> Iterator[AdminApi]:
    """A provider with a session of our user, another one of that user, and one of somebody else."""
    with admin_api() as running:
        running.sessions |= {SID: SUB, "4712": SUB, "4713": "43"}
        yield running


@pytest.fixture
def storage(backend: str) -> str:
    """Each test here runs on both backends."""
    return backend


@asynccontextmanager
async def gateway_with(folder: Path, changes: dict[str, Any]) -> AsyncIterator[Deployment]:
    """A deployment in which alice's session 4711 is registered."""
    async with deploy(folder, merged({"issuers": {"acme": {"notify_wait": 10}}}, changes)) as gateway:
        assert (await gateway.register(SID, sub=SUB, clients=[])).status_code == 201
        yield gateway


async def end(gateway: Deployment, sid: str = SID) -> None:
    """An administrator ends a session."""
    answer = await gateway.send("DELETE", f"/acme/sessions/{sid}", token=TOKEN)
    assert answer.status_code in (200, 204), answer.text


async def ledger(gateway: Deployment, sid: str = SID) -> dict[str, Any]:
    """The delivery to the admin API, as an operator reads it."""
    session = (await gateway.send("GET", f"/acme/sessions/{sid}", token=TOKEN)).json()
    (found,) = [delivery for delivery in session["deliveries"] if delivery["channel"] == "op_admin"]
    return dict(found)


async def settled(gateway: Deployment, sid: str = SID) -> dict[str, Any]:
    """The delivery once it is settled."""
    return await eventually(lambda: ledger(gateway, sid), lambda seen: seen["state"] != "pending")


async def retried(gateway: Deployment, api: AdminApi, calls: int) -> None:
    """Let the time until the next attempt pass, and return once it was made."""
    await eventually(
        lambda: gateway.rows("SELECT lease FROM deliveries WHERE state = 'pending'"), lambda seen: seen == [(None,)]
    )
    gateway.clock.advance(1000)
    gateway.gateway.outbox.wake()
    await api.wait_for_calls(calls)


LEFT = {"keycloak": {"4712", "4713"}, "hydra": {"4712", "4713"}, "authentik": {"4713"}, "zitadel": {"4712", "4713"}}


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("provider", ENDINGS)
async def test_the_session_is_ended_at_the_provider(tmp_path: Path, api: AdminApi, provider: str) -> None:
    """Before the answer: just that session, or all of that user where that was asked for; nobody else's."""
    async with gateway_with(tmp_path, api.ending(provider)) as gateway:
        answer = await gateway.get(PLAIN, {"id_token_hint": id_token(sub=SUB, sid=SID)}, cookie=cookie_of(SID))
        assert answer.status_code == 200
        assert set(api.sessions) == LEFT[provider]
        found = await ledger(gateway)
        assert (found["state"], found["client_id"], len(found["attempts"])) == ("delivered", "", 1)
        assert found["reason"] == (BLIND if provider in ("hydra", "zitadel") else "delivered")
        assert api.calls.total() == 1


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("provider", ["keycloak", "hydra"])
async def test_all_sessions_of_the_user(tmp_path: Path, api: AdminApi, provider: str) -> None:
    """`scope = "user"`, where the provider can do either."""
    async with gateway_with(tmp_path, api.ending(provider, scope="user")) as gateway:
        await end(gateway)
        assert set(api.sessions) == {"4713"}
        assert (await ledger(gateway))["state"] == "delivered"


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("provider", ["keycloak", "authentik"])
async def test_a_session_that_the_provider_does_not_know(tmp_path: Path, api: AdminApi, provider: str) -> None:
    """It is delivered, since there is nothing left to end, and the ledger says that nothing was ended."""
    api.sessions.clear()
    async with gateway_with(tmp_path, api.ending(provider)) as gateway:
        await end(gateway)
        found = await ledger(gateway)
        assert (found["state"], found["reason"]) == ("delivered", GONE)


@pytest.mark.usefixtures("storage")
async def test_a_404_that_does_not_speak_of_the_session_is_a_failure(tmp_path: Path, api: AdminApi) -> None:
    """A path or a realm that is wrong would otherwise look like logouts that all went well."""
    api.instead.append(JSONResponse({"error": "Realm not found."}, 404))
    (tmp_path / "other").mkdir()
    async with gateway_with(tmp_path, api.ending("keycloak")) as gateway:
        await end(gateway)
        found = await ledger(gateway)
        assert (found["state"], found["status"]) == ("failed", 404)
        assert "the URL, a value or the user may be wrong" in found["reason"]
    async with gateway_with(tmp_path / "other", api.ending("hydra", url=f"{api.url}/wrong")) as gateway:
        await end(gateway)
        assert (await ledger(gateway))["state"] == "failed"
    assert SID in api.sessions


@pytest.mark.usefixtures("storage")
async def test_a_user_that_the_provider_does_not_know_is_a_failure(tmp_path: Path, api: AdminApi) -> None:
    """Its `sub` may be another than ours (pairwise), and the session there lives on."""
    api.sessions = {SID: "another-sub"}
    async with gateway_with(tmp_path, api.ending("keycloak", scope="user")) as gateway:
        await end(gateway)
        assert (await ledger(gateway))["state"] == "failed"


@pytest.mark.usefixtures("storage")
async def test_a_success_that_does_not_say_what_was_ended_is_none(tmp_path: Path, api: AdminApi) -> None:
    """A 200 of something else, such as a sign-in page in front of the API, is no ending."""
    api.instead.append(Response("<html>", 200))
    async with gateway_with(tmp_path, api.ending("authentik")) as gateway:
        await end(gateway)
        assert (await ledger(gateway))["state"] == "failed"


@pytest.mark.usefixtures("storage")
async def test_an_access_token_is_used_again_and_renewed(tmp_path: Path, api: AdminApi) -> None:
    """One token for many sessions; another when it has expired, and once when it is refused before that."""
    async with gateway_with(tmp_path, api.ending("keycloak")) as gateway:
        for sid in ("a", "b"):
            await gateway.register(sid, sub=SUB, clients=[])
            api.sessions[sid] = SUB
            await end(gateway, sid)
        assert api.issued == 1
        gateway.clock.advance(api.lifetime)
        await end(gateway)
        assert api.issued == 2
        api.forget_tokens()
        await gateway.register("c", sub=SUB, clients=[])
        api.sessions["c"] = SUB
        await end(gateway, "c")
        found = await ledger(gateway, "c")
        assert (api.issued, found["state"], len(found["attempts"]), api.calls["c"]) == (3, "delivered", 1, 2)
        assert set(api.sessions) == {"4712", "4713"}


@pytest.mark.usefixtures("storage")
async def test_credentials_that_are_refused_are_tried_again(tmp_path: Path, api: AdminApi) -> None:
    """A new token is asked for once in an attempt; what the operator puts right ends the session by itself."""
    for _ in range(2):
        api.instead.append(JSONResponse({"error": "HTTP 401"}, 401))
    async with gateway_with(tmp_path, api.ending("keycloak")) as gateway:
        await end(gateway)
        found = await ledger(gateway)
        assert (found["state"], found["reason"]) == ("pending", "the provider refused the credentials (401)")
        assert (api.calls[SID], api.issued) == (2, 2)
        await retried(gateway, api, 3)
        assert (await settled(gateway))["state"] == "delivered"


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (JSONResponse({"error": "invalid_client"}, 401), "the token endpoint answered 401 (invalid_client)"),
        (Response("an-admin-secret", 503), "the token endpoint answered 503"),
        (JSONResponse({"error": "an-admin-secret"}, 400), "the token endpoint answered 400"),
        (Response("{", 200), "the token endpoint answered 200 without an access token that can be used"),
        (
            JSONResponse({"access_token": "a\r\nb", "token_type": "bearer"}),
            "the token endpoint answered 200 without an access token that can be used",
        ),
        (
            JSONResponse({"access_token": "x", "token_type": "DPoP"}),
            "the token endpoint gave an access token that is not a bearer token",
        ),
    ],
)
async def test_a_token_endpoint_that_gives_none(tmp_path: Path, api: AdminApi, answer: Response, reason: str) -> None:
    """Nothing is called, the ledger says why, and it is tried again."""
    api.tokens_instead.append(answer)
    async with gateway_with(tmp_path, api.ending("keycloak")) as gateway:
        await end(gateway)
        found = await ledger(gateway)
        assert (found["state"], found["reason"], api.calls.total()) == ("pending", reason, 0)
        await retried(gateway, api, 1)
        assert (await settled(gateway))["state"] == "delivered"


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_provider_is_asked_again_when_it_says(tmp_path: Path, api: AdminApi, status: int) -> None:
    """`Retry-After` is kept to; both attempts are in the ledger."""
    api.instead.append(Response(status_code=status, headers={"retry-after": "700"}))
    async with gateway_with(tmp_path, api.ending("hydra")) as gateway:
        await end(gateway)
        ((due_in,),) = await gateway.rows("SELECT due_at - created_at FROM deliveries")
        assert 690 < due_in < 720
        await retried(gateway, api, 2)
        found = await settled(gateway)
        assert [attempt["status"] for attempt in found["attempts"]] == [status, 204]
        assert found["attempts"][0]["reason"] == f"the provider answered {status}"


@pytest.mark.usefixtures("storage")
async def test_a_refusal_is_final_and_can_be_sent_again(tmp_path: Path, api: AdminApi) -> None:
    """403: the ledger says which; an operator gives the right and asks for it again."""
    api.instead.append(JSONResponse({"error": "HTTP 403 Forbidden"}, 403))
    async with gateway_with(tmp_path, api.ending("keycloak")) as gateway:
        await end(gateway)
        found = await ledger(gateway)
        why = "the provider answered 403, which is final: the credentials lack a right that the call needs"
        assert (found["state"], found["reason"]) == ("failed", why)
        assert SID in api.sessions
        again = await gateway.send("POST", f"/acme/deliveries/{found['id']}/redeliver", token=TOKEN)
        assert again.json()["state"] == "pending"
        await api.wait_for_calls(2)
        assert (await settled(gateway))["state"] == "delivered"
        assert SID not in api.sessions


@pytest.mark.usefixtures("storage")
async def test_it_is_given_up_at_the_deadline(tmp_path: Path, api: AdminApi) -> None:
    """As with apps (`delivery.deadline`), and the ledger keeps the last reason."""
    api.instead.extend(Response(status_code=503) for _ in range(9))
    changes = merged(api.ending("hydra"), {"delivery": {"deadline": 60}})
    async with gateway_with(tmp_path, changes) as gateway:
        await end(gateway)
        gateway.clock.advance(61)
        gateway.gateway.outbox.wake()
        found = await settled(gateway)
        assert (found["state"], found["reason"]) == ("expired", "the provider answered 503")


@pytest.mark.usefixtures("storage")
async def test_a_logout_token_and_a_call(tmp_path: Path, api: AdminApi, apps: Receivers) -> None:
    """Both are on: each has a row of its own, and one that fails does not stop the other."""
    apps.behaviour["op"] = lambda call: 400
    changes = merged(
        api.ending("hydra"),
        {"issuers": {"acme": {"op_backchannel_uri": apps.url("op"), "signing_keys": write_keys(tmp_path, "RS256")}}},
    )
    async with gateway_with(tmp_path, changes) as gateway:
        await end(gateway)
        assert len(apps.tokens("op")) == 1
        rows = await gateway.rows("SELECT channel, client_id, state FROM deliveries ORDER BY channel")
        assert rows == [("op", "", "failed"), ("op_admin", "", "delivered")]


@pytest.mark.usefixtures("storage")
async def test_an_expired_session_is_ended_there_too(tmp_path: Path, api: AdminApi) -> None:
    """At the end of its lifetime here, whatever the provider's is."""
    async with gateway_with(tmp_path, api.ending("hydra")) as gateway:
        gateway.clock.advance(31 * 86_400)
        await eventually(lambda: gateway.state_of(SID), lambda seen: seen == "ended")
        await api.wait_for_calls(1)
        assert (await settled(gateway))["state"] == "delivered"


@pytest.mark.usefixtures("storage")
async def test_the_providers_own_sid_is_what_is_named(tmp_path: Path, api: AdminApi, apps: Receivers) -> None:
    """Where it is not the one that the session is registered under: in the call, and in the provider's logout token."""
    changes = merged(
        api.ending("keycloak"),
        {"issuers": {"acme": {"op_backchannel_uri": apps.url("op"), "signing_keys": write_keys(tmp_path, "RS256")}}},
    )
    async with gateway_with(tmp_path, changes) as gateway:
        await gateway.register("ours", sub=SUB, clients=[])

        def learnt() -> Script[None]:
            yield Statement("UPDATE sessions SET op_sid = :op_sid WHERE sid = 'ours'", {"op_sid": SID})

        await gateway.gateway.store.write(learnt())
        await end(gateway, "ours")
        assert SID not in api.sessions
        assert (await ledger(gateway, "ours"))["state"] == "delivered"
        keys = (await gateway.get("/acme/jwks.json")).json()
        (token,) = apps.tokens("op")
        assert validate(token, keys, issuer=ACME, audience=ACME, alg="RS256")["sid"] == SID


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    ("provider", "sid", "sub", "why"),
    [
        ("keycloak", "..", SUB, "its sid cannot stand in a path: it is empty, or has nothing but dots"),
        ("zitadel", "V1_4711", SUB, "its sid is not the id of a session of Login V2"),
        ("authentik", "4712", "alice", "its sub is not a number"),
    ],
)
async def test_what_cannot_be_named_is_not_asked(
    tmp_path: Path, api: AdminApi, provider: str, sid: str, sub: str, why: str
) -> None:
    """`/sessions/..` would be the realm itself, and some providers say yes to a name that they do not know."""
    async with gateway_with(tmp_path, api.ending(provider)) as gateway:
        assert (await gateway.register(sid.replace("..", "%2E%2E"), sub=sub, clients=[])).status_code == 201
        await end(gateway, sid.replace("..", "%2E%2E"))
        rows = await gateway.rows("SELECT state, reason FROM deliveries WHERE sid = :sid", sid=sid)
        assert [state for state, _ in rows] == ["failed"]
        assert why in rows[0][1]
        assert api.calls.total() == 0


@pytest.mark.usefixtures("storage")
async def test_a_session_without_a_sid_cannot_be_named(tmp_path: Path, api: AdminApi) -> None:
    """Nobody registered it, and its hint has none: the ledger says so, and nothing else is ended in its place."""
    changes = merged(
        api.ending("hydra"),
        {"issuers": {"acme": {"participants": "all", "cookie": None, "policy": {"hint_authority": "hint"}}}},
    )
    async with deploy(tmp_path, changes) as gateway:
        await gateway.get(PLAIN, {"id_token_hint": id_token(sub=SUB, sid=None)})
        ((state, reason),) = await gateway.rows("SELECT state, reason FROM deliveries WHERE channel = 'op_admin'")
        assert state == "failed"
        assert "no sid that the provider knows" in reason
        assert api.calls.total() == 0


@pytest.mark.usefixtures("storage")
async def test_an_address_that_may_not_be_reached(tmp_path: Path, api: AdminApi) -> None:
    """The admin API keeps to the rules of deliveries (T13): not its token endpoint, nor itself."""

    async def inside(host: str, port: int) -> Sequence[str]:
        return ["10.1.2.3"]

    for provider in ("keycloak", "hydra"):
        changes = api.ending(provider, url="https://admin.example")
        changes = merged(changes, {"issuers": {"acme": {"notify_wait": 10}}})
        async with deploy(tmp_path, changes, ports=Ports(tmp_path, resolve=inside)) as gateway:
            await gateway.register(provider, sub=SUB, clients=[])
            await end(gateway, provider)
            found = await ledger(gateway, provider)
            assert found["state"] == "failed"
            assert "10.1.2.3 is a private or special address" in found["reason"]


@pytest.mark.usefixtures("storage")
async def test_no_log_has_credentials_or_sids(tmp_path: Path, api: AdminApi, caplog: pytest.LogCaptureFixture) -> None:
    """At every level, when it goes well and when it does not, and also where the provider repeats them."""
    caplog.set_level(logging.DEBUG)
    api.instead.append(JSONResponse({"error": f"no session {SID}"}, 400))
    async with gateway_with(tmp_path, api.ending("keycloak")) as gateway:
        await end(gateway)
        gateway_log = whole_log(caplog)
        assert "to the provider: failed" in gateway_log
        told = [record.getMessage() for record in caplog.records if record.name.startswith("endsession.delivery")]
        assert not any(SID in line for line in told)
        for secret in ("an-admin-secret", "an-access-token", "dGhlK2dhdGV3YXk"):
            assert secret not in gateway_log
