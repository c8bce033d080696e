"""A provider that refuses, is busy or cannot be reached; and what becomes of the credentials for its admin API."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from starlette.responses import JSONResponse, Response

from endsession.runtime.app import Ports
from tests.kit.admin_api import AdminApi
from tests.kit.deployment import TOKEN, deploy, merged
from tests.kit.logs import whole_log
from tests.kit.provider_ending import SID, SUB, end, gateway_with, ledger, retried, settled
from tests.kit.receivers import Receivers


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


async def test_a_redirect_is_not_followed(tmp_path: Path, api: AdminApi, apps: Receivers) -> None:
    """It would take the token somewhere else: the call is refused, and the secret of the client goes nowhere either."""
    away = {"location": apps.url("elsewhere")}
    api.instead.append(Response(status_code=307, headers=away))
    async with gateway_with(tmp_path, api.ending("keycloak", scope="user")) as gateway:
        await end(gateway)
        assert (await ledger(gateway))["state"] == "failed"
        gateway.clock.advance(api.lifetime)
        api.tokens_instead.append(Response(status_code=307, headers=away))
        await gateway.register("other", sub=SUB, clients=[])
        await end(gateway, "other")
        assert (await ledger(gateway, "other"))["reason"] == "the token endpoint answered 307"
        assert apps.bodies == []


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
