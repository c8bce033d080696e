"""A session's end reaches the provider's own session, by its admin API: each played from its documentation."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from endsession.store.script import Script, Statement
from tests.kit.admin_api import ENDINGS, AdminApi
from tests.kit.deployment import cookie_of, deploy, merged
from tests.kit.flow import PLAIN
from tests.kit.logout_tokens import validate, write_keys
from tests.kit.provider_ending import SID, SUB, end, gateway_with, ledger, retried, settled
from tests.kit.receivers import Receivers
from tests.kit.tokens import id_token
from tests.kit.waiting import eventually

ACME = "https://login.example/acme"
GONE = "already gone: the provider knows no such session, which had ended before or has another name there"
BLIND = "delivered; the provider answers the same where it knows no such session"
LEFT = {"keycloak": {"4712", "4713"}, "hydra": {"4712", "4713"}, "authentik": {"4713"}, "zitadel": {"4712", "4713"}}


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


@pytest.mark.parametrize("provider", ["keycloak", "hydra"])
async def test_all_sessions_of_the_user(tmp_path: Path, api: AdminApi, provider: str) -> None:
    """`scope = "user"`, where the provider can do either."""
    async with gateway_with(tmp_path, api.ending(provider, scope="user")) as gateway:
        await end(gateway)
        assert set(api.sessions) == {"4713"}
        assert (await ledger(gateway))["state"] == "delivered"


@pytest.mark.parametrize("provider", ["keycloak", "authentik"])
async def test_a_session_that_the_provider_does_not_know(tmp_path: Path, api: AdminApi, provider: str) -> None:
    """It is delivered, since there is nothing left to end, and the ledger says that nothing was ended."""
    api.sessions.clear()
    async with gateway_with(tmp_path, api.ending(provider)) as gateway:
        await end(gateway)
        found = await ledger(gateway)
        assert (found["state"], found["reason"]) == ("delivered", GONE)


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


async def test_a_user_that_the_provider_does_not_know_is_a_failure(tmp_path: Path, api: AdminApi) -> None:
    """Its `sub` may be another than ours (pairwise), and the session there lives on."""
    api.sessions = {SID: "another-sub"}
    async with gateway_with(tmp_path, api.ending("keycloak", scope="user")) as gateway:
        await end(gateway)
        assert (await ledger(gateway))["state"] == "failed"


async def test_a_success_that_does_not_say_what_was_ended_is_none(tmp_path: Path, api: AdminApi) -> None:
    """A 200 of something else, such as a sign-in page in front of the API, is no ending."""
    api.instead.append(Response("<html>", 200))
    async with gateway_with(tmp_path, api.ending("authentik")) as gateway:
        await end(gateway)
        assert (await ledger(gateway))["state"] == "failed"


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


async def test_an_expired_session_is_ended_there_too(tmp_path: Path, api: AdminApi) -> None:
    """At the end of its lifetime here, whatever the provider's is."""
    async with gateway_with(tmp_path, api.ending("hydra")) as gateway:
        gateway.clock.advance(31 * 86_400)
        await eventually(lambda: gateway.state_of(SID), lambda seen: seen == "ended")
        await api.wait_for_calls(1)
        assert (await settled(gateway))["state"] == "delivered"


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


OWN = """
name: My OP
run: true
documentation: [https://op.example/docs]
rights: None.
credentials: [none]
session:
  identified_by: sid
  tells_unknown: true
  ends: The session and what follows from it.
  calls:
    - method: DELETE
      path: /v2/sessions/{sid}
      answers: [{status: [401], means: gone}]
    - method: DELETE
      path: /admin/oauth2/auth/sessions/login
      query: {sid: '{sid}'}
      answers: [{status: [204], means: ended}]
"""


async def test_a_file_of_the_operators_own(tmp_path: Path, api: AdminApi) -> None:
    """Its calls are made in order; a later one is not made where an earlier one was not taken, and all are repeated."""
    own = OWN.replace("means: gone}]", "means: gone}, {status: [299], means: ended}]")
    (tmp_path / "my-op.yaml").write_text(own)
    api.instead.append(Response(status_code=503))
    changes = api.ending("hydra", provider_file="my-op.yaml")
    del changes["issuers"]["acme"]["ending"]["provider"]
    async with gateway_with(tmp_path, changes) as gateway:
        await end(gateway)
        assert [target for _, target, _ in api.seen] == [f"/v2/sessions/{SID}"]
        assert SID in api.sessions
        await retried(gateway, api, 3)
        found = await settled(gateway)
        assert (found["state"], found["reason"]) == ("delivered", "delivered")
        again = [f"/v2/sessions/{SID}", f"/admin/oauth2/auth/sessions/login?sid={SID}"]
        assert [target for _, target, _ in api.seen][1:] == again
        assert SID not in api.sessions
