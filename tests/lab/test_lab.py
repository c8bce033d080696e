"""The lab itself works: at each provider, reached directly, apps sign people in and out."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from . import id_tokens
from .browser import Browser
from .clients import ALICE, BOB, PHONE, SHOP, WEB, User
from .flows import FLOWS
from .network import Network
from .node import Node
from .provider import FEATURES, Feature, LabProvider, private_key, started
from .providers import PROVIDERS, with_feature, without_feature
from .rp import App, Flow, running_app
from .talk import Refused

pytestmark = pytest.mark.slow


@pytest.fixture
async def apps(provider: LabProvider, network: Network) -> AsyncIterator[dict[str, App]]:
    """Two apps that ask for what gets a refresh token."""
    provider.publish(network)
    flow = Flow(scope=provider.offline_scope, parameters=provider.offline_parameters)
    async with AsyncExitStack() as stack:
        yield {
            client.client_id: await stack.enter_async_context(running_app(client, provider.issuer, network, flow))
            for client in (WEB, SHOP)
        }


@pytest.fixture
def browser(network: Network) -> Browser:
    """Alice's browser."""
    return Browser(network)


async def test_one_sign_in_is_for_every_app(provider: LabProvider, browser: Browser, apps: dict[str, App]) -> None:
    """The second app is signed in without a password, as the same user."""
    page = await browser.get(apps["web"].url("/login"))
    assert provider.asks_who(page), (page.way, page.text)
    page = await provider.sign_in(browser, page, ALICE)
    assert page.url == apps["web"].url(), (page.way, page.text)
    assert json.loads(page.text) == {"signed_in": True, "sub": apps["web"].only.claims["sub"]}
    page = await provider.sign_in(browser, await browser.get(apps["shop"].url("/login")), None)
    assert page.url == apps["shop"].url(), (page.way, page.text)
    assert apps["shop"].only.claims["sub"] == apps["web"].only.claims["sub"]


async def test_a_wrong_password_signs_nobody_in(provider: LabProvider, browser: Browser, apps: dict[str, App]) -> None:
    """The provider asks again, and no app has a session: the passwords of the lab are looked at."""
    page = await browser.get(apps["web"].url("/login"))
    with pytest.raises(AssertionError, match="asks again and again"):
        await provider.sign_in(browser, page, User("alice", "not-the-password-of-alice"))
    assert apps["web"].sessions == {}


async def test_another_browser_has_a_session_of_its_own(
    provider: LabProvider, network: Network, browser: Browser, apps: dict[str, App]
) -> None:
    """Bob is asked for his password in his own browser, and alice stays who she is in hers."""
    web, other = apps["web"], Browser(network)
    await provider.sign_in(browser, await browser.get(web.url("/login")), ALICE)
    page = await other.get(web.url("/login"))
    assert provider.asks_who(page), (page.way, page.text)
    await provider.sign_in(other, page, BOB)
    alice, bob = (session.claims["sub"] for session in web.sessions.values())
    assert alice != bob
    for who, sub in ((browser, alice), (other, bob)):
        assert json.loads((await who.get(web.url())).text) == {"signed_in": True, "sub": sub}


async def test_tokens_are_refreshed(provider: LabProvider, browser: Browser, apps: dict[str, App]) -> None:
    """A refresh token gets new tokens; where they rotate, the former one gets none."""
    web = apps["web"]
    await provider.sign_in(browser, await browser.get(web.url("/login")), ALICE)
    before = dict(web.only.tokens)
    after = await web.refresh(web.only)
    assert after["access_token"] != before["access_token"]
    rotates = after.get("refresh_token", before["refresh_token"]) != before["refresh_token"]
    assert rotates == ("rotation" in provider.supports)
    if provider.refreshed_id_token == "none":
        assert "id_token" not in after
    else:
        claims = id_tokens.id_token(
            after["id_token"], await web.talk.jwks(), issuer=provider.issuer, audience=WEB.client_id
        )
        assert ("nonce" in claims) == (provider.refreshed_id_token == "with nonce")


async def test_what_an_id_token_says(provider: LabProvider, browser: Browser, apps: dict[str, App]) -> None:
    """No provider names the session (`sid`) in ID tokens, so that it has to be known by other means."""
    web = apps["web"]
    await provider.sign_in(browser, await browser.get(web.url("/login")), ALICE)
    assert set(web.only.claims) - {"iss", "sub", "aud", "exp", "iat", "nonce"} == provider.claims
    assert "sid" not in provider.claims


@pytest.mark.parametrize(("provider", "feature"), with_feature("prompt_none"), indirect=["provider"])
async def test_without_a_session_nobody_is_asked_silently(
    provider: LabProvider, feature: Feature, browser: Browser, apps: dict[str, App]
) -> None:
    """With `prompt=none` a stranger gets `login_required`, and a user who has signed in and agreed gets in unseen."""
    web = apps["web"]
    page = await browser.get(web.url("/login"), prompt="none")
    assert (page.status, json.loads(page.text)) == (403, {"error": "login_required"}), page.way
    await provider.sign_in(browser, await browser.get(web.url("/login")), ALICE)
    page = await browser.get(web.url("/login"), prompt="none")
    assert page.url == web.url(), (page.way, page.text)
    assert len(web.sessions) == 2


@pytest.mark.parametrize(("provider", "feature"), without_feature("prompt_none"), indirect=["provider"])
async def test_a_provider_that_cannot_be_asked_silently_fails(
    provider: LabProvider, feature: Feature, browser: Browser, apps: dict[str, App]
) -> None:
    """With `prompt=none` it responds with an error page of its own, so that the app learns nothing."""
    page = await browser.get(apps["web"].url("/login"), prompt="none")
    assert (page.status, page.url.split("?")[0]) == (500, f"{provider.base}{provider.paths['authorization']}")


@pytest.mark.parametrize(("provider", "feature"), with_feature(*FLOWS), indirect=["provider"])
async def test_a_flow_signs_in(provider: LabProvider, feature: Feature, network: Network, browser: Browser) -> None:
    """Each way of signing in that a provider is said to support works, and the userinfo endpoint knows the user."""
    client, flow = FLOWS[feature]
    provider.publish(network)
    async with running_app(client, provider.issuer, network, flow) as app:
        page = await provider.sign_in(browser, await browser.get(app.url("/login")), ALICE)
        assert page.url == app.url(), (page.way, page.text)
        session = app.only
        assert ("nonce" in session.claims) == flow.nonce
        claims = await app.talk.userinfo(session.tokens["access_token"])
        assert claims["sub"] == session.claims["sub"]


@pytest.mark.parametrize(("provider", "feature"), with_feature("end_session"), indirect=["provider"])
async def test_a_logout_at_the_provider_ends_its_session(
    provider: LabProvider, feature: Feature, browser: Browser, apps: dict[str, App]
) -> None:
    """After the provider's own logout it asks who it is again, while an app that was not told keeps its session."""
    web, shop = apps["web"], apps["shop"]
    await provider.sign_in(browser, await browser.get(web.url("/login")), ALICE)
    await provider.sign_in(browser, await browser.get(shop.url("/login")), None)
    await provider.log_out(browser, await browser.get(web.url("/logout")))
    assert json.loads((await browser.get(shop.url())).text)["signed_in"] is True
    page = await browser.get(web.url("/login"))
    assert provider.asks_who(page), (page.way, page.text)
    if provider.logout_ends_refresh:
        with pytest.raises(Refused, match="invalid_grant"):
            await shop.refresh(shop.only)
    else:
        assert (await shop.refresh(shop.only))["access_token"]


@pytest.mark.parametrize(("provider", "feature"), with_feature("device"), indirect=["provider"])
async def test_a_device_signs_in(provider: LabProvider, feature: Feature, network: Network, browser: Browser) -> None:
    """A device gets tokens after its user has agreed in a browser (RFC 8628)."""
    provider.publish(network)
    async with running_app(PHONE, provider.issuer, network) as app:
        asked = await app.talk.post(await app.talk.endpoint("device_authorization"), {"scope": "openid"})
        grant = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": asked["device_code"]}
        with pytest.raises(Refused, match="authorization_pending"):
            await app.talk.tokens(**grant)
        await provider.sign_in(browser, await browser.get(asked["verification_uri_complete"]), ALICE)
        tokens = await app.talk.tokens(**grant)
        assert (await app.talk.userinfo(tokens["access_token"]))["sub"]


@pytest.mark.parametrize("kind", PROVIDERS, ids=lambda kind: kind.name)
def test_each_feature_is_there_or_has_a_reason_not_to_be(kind: type[LabProvider]) -> None:
    """Nothing is left out of the tests above without a word."""
    assert kind.supports | set(kind.lacks) == FEATURES
    assert kind.supports & set(kind.lacks) == set()
    assert all(kind.lacks.values())


async def test_what_is_said_of_a_provider_is_what_it_publishes(provider: LabProvider, network: Network) -> None:
    """Its paths are those of its metadata, and what it lacks is not in there."""
    provider.publish(network)
    async with running_app(WEB, provider.issuer, network) as app:
        metadata = await app.talk.metadata()
    names = {"jwks": "jwks_uri", "par": "pushed_authorization_request_endpoint"}
    published = {name: metadata.get(names.get(name, f"{name}_endpoint")) for name in provider.paths}
    expected = {name: f"{provider.base}{path}" for name, path in provider.paths.items()}
    assert published | {"discovery": f"{provider.issuer}/.well-known/openid-configuration"} == expected
    there = {
        "par": "pushed_authorization_request_endpoint" in metadata,
        "dpop": "dpop_signing_alg_values_supported" in metadata,
        "jarm": "jwt" in metadata.get("response_modes_supported", ()),
        "form_post": "form_post" in metadata.get("response_modes_supported", ()),
        "private_key_jwt": "private_key_jwt" in metadata["token_endpoint_auth_methods_supported"],
        "device": "device_authorization_endpoint" in metadata,
        "end_session": "end_session_endpoint" in metadata,
        "introspection": "introspection_endpoint" in metadata,
    }
    assert {name for name, announced in there.items() if announced} - provider.supports == provider.announced_only


class _NodeWithLogout(Node):
    backchannel_logout = True


async def test_a_sid_of_node_is_that_of_an_app(tmp_path: Path, network: Network, browser: Browser) -> None:
    """With its own back-channel logout on, apps of one session get different `sid`s: it does not name the session."""
    with started(_NodeWithLogout, tmp_path) as provider:
        provider.publish(network)
        sids: set[str] = set()
        for client in (WEB, SHOP):
            async with running_app(client, provider.issuer, network) as app:
                await provider.sign_in(browser, await browser.get(app.url("/login")), ALICE if not sids else None)
                sids.add(app.only.claims["sid"])
    assert len(sids) == 2


def test_a_provider_stops_for_certain_and_starts_again(tmp_path: Path) -> None:
    """After the end nothing listens on its port, and with the same folder it has the same key."""
    with started(Node, tmp_path) as provider:
        key = private_key(tmp_path)
        provider.stop()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", provider.port), timeout=1)
        provider.start()
        socket.create_connection(("127.0.0.1", provider.port), timeout=1).close()
    assert private_key(tmp_path) == key
