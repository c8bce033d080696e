"""`backchannel_logout_session_required`: an app that asks for `sid` gets no logout token without one (R22, R24)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kit.apps import deploy_with_apps, sign_in, states
from tests.kit.deployment import TOKEN, Deployment
from tests.kit.logout_tokens import validate
from tests.kit.receivers import Receivers
from tests.kit.waiting import eventually

ACME = "https://login.example/acme"
MEMBERS = ["backchannel_logout_session_required", "frontchannel_logout_session_required"]
PROVIDERS = {"ID tokens have a sid": True, "ID tokens have no sid": False}
providers = pytest.mark.parametrize("have_sid", PROVIDERS.values(), ids=PROVIDERS)


def provider(*, have_sid: bool) -> dict[str, Any]:
    """Changes to the ordinary configuration."""
    return {"issuers": {"acme": {"id_tokens_have_sid": have_sid}}}


async def put(gateway: Deployment, apps: Receivers, **metadata: Any) -> Any:
    """Register the app stored, whose address is `apps`'."""
    metadata = {"backchannel_logout_uri": apps.url("stored"), **metadata}
    return await gateway.send("PUT", "/acme/clients?client_id=stored", json=metadata, token=TOKEN)


@providers
@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("member", MEMBERS)
async def test_it_is_registered_only_where_tokens_carry_sid(
    tmp_path: Path, apps: Receivers, member: str, required: bool, have_sid: bool
) -> None:
    """Where ID tokens have no `sid`, a client that requires one is refused by name, and nothing is kept of it."""
    async with deploy_with_apps(tmp_path, apps, changes=provider(have_sid=have_sid)) as gateway:
        response = await put(gateway, apps, **{member: required})
        listed = await gateway.send("GET", "/acme/clients?client_id=stored", token=TOKEN)
        if required and not have_sid:
            assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")
            assert member in response.json()["error_description"]
            assert listed.status_code == 404
        else:
            assert (response.status_code, response.json()[member]) == (201, required)
            assert listed.json()["clients"][0][member] is required


@pytest.mark.parametrize("own", [None, "web-91c4"], ids=["the provider's sid", "its own sid"])
async def test_its_tokens_carry_sid(tmp_path: Path, apps: Receivers, own: str | None) -> None:
    """The `sid` by which the app knows the session: the provider's, or the app's own."""
    async with deploy_with_apps(tmp_path, apps, changes=provider(have_sid=True)) as gateway:
        await put(gateway, apps, backchannel_logout_session_required=True)
        await gateway.register(clients=[{"client_id": "stored"} | ({"sid": own} if own else {})])
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
        keys = (await gateway.get("/acme/jwks.json")).json()
        (token,) = apps.tokens("stored")
        assert validate(token, keys, issuer=ACME, audience="stored", alg="RS256")["sid"] == (own or "s-alice")


@pytest.mark.parametrize("required", [True, False])
async def test_a_token_is_never_sent_without_the_sid_that_it_has_to_carry(
    tmp_path: Path, apps: Receivers, required: bool
) -> None:
    """The operator says that there is no `sid` after the client was registered: the ledger says why it is not told.

    A client that requires none is told all the same, by its user's `sub`. Once there is a `sid`, a delivery that failed
    can be sent again.
    """
    async with deploy_with_apps(tmp_path, apps, changes=provider(have_sid=True)) as gateway:
        await put(gateway, apps, backchannel_logout_session_required=required)
        await sign_in(gateway, "stored")
    async with deploy_with_apps(tmp_path, apps, changes=provider(have_sid=False)) as gateway:
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
        ledger = await gateway.send("GET", "/acme/deliveries", token=TOKEN)
        (delivery,) = ledger.json()["deliveries"]
        if not required:
            assert (delivery["state"], len(apps.tokens("stored"))) == ("delivered", 1)
            return
        assert (delivery["state"], delivery["attempts"]) == ("failed", [])
        assert "backchannel_logout_session_required" in delivery["reason"]
        assert "id_tokens_have_sid" in delivery["reason"]
        assert apps.tokens("stored") == []
    async with deploy_with_apps(tmp_path, apps, changes=provider(have_sid=True)) as gateway:
        await gateway.send("POST", f"/acme/deliveries/{delivery['id']}/redeliver", token=TOKEN)
        await eventually(lambda: states(gateway), lambda seen: seen == {"stored": "delivered"})
        assert len(apps.tokens("stored")) == 1
