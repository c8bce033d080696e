"""Tokens at real providers behind a front: refreshed, asked about and revoked, before and after their session's end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from tests.lab.clients import ALICE
from tests.lab.conftest import RunningProviders
from tests.lab.dot import Dot
from tests.lab.network import Network
from tests.lab.node import Node
from tests.lab.provider import Feature, LabProvider
from tests.lab.providers import PROVIDERS, with_feature
from tests.lab.rp import Flow
from tests.lab.talk import Refused

from .behind import Behind, behind_front

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite_alone("digests of tokens are kept by store/front_tokens.py, whose tests run on both"),
]

EVERYTHING = {"learn": ["authorization", "token", "par", "introspection", "userinfo", "revocation"]}


async def revoke(behind: Behind, app: str, token: str) -> int:
    """Revoke a token as an app does (RFC 7009). The status."""
    talk = behind.apps[app].talk
    request = httpx2.Request("POST", await talk.endpoint("revocation"), data={"token": token})
    request = next(httpx2.BasicAuth(talk.client.client_id, talk.client.secret).sync_auth_flow(request))
    response = await behind.network.handle_async_request(request)
    await response.aread()
    await response.aclose()
    return response.status_code


async def remembered(behind: Behind) -> int:
    """How many tokens the front remembers."""
    return int((await behind.gateway.rows("SELECT COUNT(*) FROM front_tokens"))[0][0])


async def test_a_refresh_token_ends_with_its_session(provider: LabProvider, network: Network, tmp_path: Path) -> None:
    """It is `invalid_grant` at the front, as is the one that a refresh has brought; the provider would take it."""
    front = {"end_offline": "offline_access" in provider.offline_scope}
    async with behind_front(provider, network, tmp_path, front=front) as behind:
        browser, web = behind.browser(), behind.apps["web"]
        await behind.sign_in(browser, "web", ALICE)
        (session,), signed_in = await behind.sessions(), web.only
        first = signed_in.tokens["refresh_token"]
        await web.refresh(signed_in)
        assert (signed_in.tokens["refresh_token"] != first) == ("rotation" in provider.supports)
        assert [found["sid"] for found in await behind.sessions()] == [session["sid"]]
        await behind.log_out(browser, "web")
        for token in (first, signed_in.tokens["refresh_token"]):
            with pytest.raises(Refused, match="invalid_grant"):
                await web.refresh(replace(signed_in, tokens={**signed_in.tokens, "refresh_token": token}))
        assert await behind.sessions() == []
        provider.publish(network)  # around the front
        await web.refresh(signed_in)


@pytest.mark.parametrize("kind", [Node, Dot], ids=["node", "dot"])
async def test_an_offline_grant_goes_on(
    kind: type[LabProvider], running_providers: RunningProviders, network: Network, tmp_path: Path
) -> None:
    """A logout leaves `offline_access` alone (Back-Channel Logout 1.0, section 2.7), and begins no session by it."""
    provider = running_providers(kind)
    flow = Flow(scope="openid offline_access", parameters=provider.offline_parameters)
    async with behind_front(provider, network, tmp_path, flow=flow, front=EVERYTHING) as behind:
        browser, web = behind.browser(), behind.apps["web"]
        await behind.sign_in(browser, "web", ALICE)
        (session,), signed_in = await behind.sessions(), web.only
        await behind.log_out(browser, "web")
        for _ in range(2):
            await web.refresh(signed_in)
            assert (await web.talk.userinfo(signed_in.tokens["access_token"]))["sub"] == signed_in.claims["sub"]
        assert await behind.sessions() == []
        assert [found["sid"] for found in await behind.sessions("ended")] == [session["sid"]]


@pytest.mark.parametrize("kind", PROVIDERS, ids=lambda kind: kind.name)
async def test_an_access_token_ends_with_its_session(
    kind: type[LabProvider], running_providers: RunningProviders, network: Network, tmp_path: Path
) -> None:
    """Where userinfo and introspection pass the front, a token of an ended session is worth nothing there."""
    provider = running_providers(kind)
    async with behind_front(provider, network, tmp_path, flow=Flow(), front=EVERYTHING) as behind:
        browser, other, web = behind.browser(), behind.browser(), behind.apps["web"]
        introspects = "introspection" in provider.supports
        await behind.sign_in(other, "web", ALICE)
        of_other = web.only.tokens["access_token"]
        await behind.sign_in(browser, "web", ALICE)
        token = next(s.tokens["access_token"] for s in web.sessions.values() if s.tokens["access_token"] != of_other)

        async def is_active(asked: str) -> bool:
            if not introspects:
                return bool(await web.talk.userinfo(asked))
            return bool((await web.talk.post(await web.talk.endpoint("introspection"), {"token": asked}))["active"])

        assert await is_active(token)
        assert (await web.talk.userinfo(token))["sub"]
        await behind.log_out(browser, "web")
        with pytest.raises(Refused, match="invalid_token") as refused:
            await web.talk.userinfo(token)
        assert refused.value.status == 401
        assert not introspects or not await is_active(token)
        assert await is_active(of_other)


@pytest.mark.parametrize(("provider", "feature"), with_feature("refresh"), indirect=["provider"])
async def test_a_revocation_passes(provider: LabProvider, feature: Feature, network: Network, tmp_path: Path) -> None:
    """The provider revokes, the front forgets the token, and the session goes on."""
    async with behind_front(provider, network, tmp_path, front=EVERYTHING) as behind:
        web = behind.apps["web"]
        if "revocation_endpoint" not in await web.talk.metadata():
            assert provider.name == "dot"  # its OpenID metadata leaves it out, so that no app finds it there
            return
        await behind.sign_in(behind.browser(), "web", ALICE)
        signed_in, before = web.only, await remembered(behind)
        assert await revoke(behind, "web", signed_in.tokens["refresh_token"]) == 200
        assert await remembered(behind) == before - 1
        with pytest.raises(Refused, match="invalid_grant"):
            await web.refresh(signed_in)
        assert len(await behind.sessions()) == 1
