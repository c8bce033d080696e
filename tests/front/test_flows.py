"""Each way of signing in that a provider has passes the front, and what can be learnt of it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from endsession.front.issuer_front import digest_of
from tests.lab.browser import Browser
from tests.lab.clients import ALICE, BANK, PHONE, SHOP, VAULT, WEB
from tests.lab.conftest import RunningProviders
from tests.lab.flows import FLOWS
from tests.lab.network import Network, Server
from tests.lab.node import Node
from tests.lab.provider import Feature, LabProvider
from tests.lab.providers import PROVIDERS, with_feature
from tests.lab.rp import Flow, SignedIn
from tests.lab.talk import Refused

from .behind import Behind, behind_front

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite_alone("what each flow says is learnt by store/learning.py, whose tests run on both"),
]

PLAIN = Flow(nonce=False, pkce=False)
"""The code flow of RFC 6749 and nothing else."""


def code_is_seen(provider: LabProvider) -> bool:
    """Whether it sends codes from its authorization endpoint. After its pages, node sends them from /auth/{uid}."""
    return provider.name != "node"


def cookie_digest(browser: Browser) -> str:
    """By what the front knows a browser."""
    return digest_of(browser.cookies.of("login.example")["__Host-endsession-browser"])


async def browsers_of(behind: Behind, sid: str) -> list[str]:
    """The browsers that a session is known to be in."""
    rows = await behind.gateway.rows(
        "SELECT sha256 FROM session_cookies WHERE issuer_id = 'acme' AND sid = :sid", sid=sid
    )
    return [row[0] for row in rows]


def participant(session: dict[str, Any], client_id: str) -> tuple[str, str | None]:
    """An app of a session: the subject by which it knows the user, and the `sid` that it was given."""
    (found,) = [client for client in session["clients"] if client["client_id"] == client_id]
    return found.get("sub") or session["sub"], found.get("sid")


def in_token(signed_in: SignedIn) -> tuple[str, str | None]:
    """The same, as the app has read it."""
    return signed_in.claims["sub"], signed_in.claims.get("sid")


@pytest.mark.parametrize(("provider", "feature"), with_feature(*FLOWS), indirect=["provider"])
async def test_a_flow_is_learnt_whole(
    provider: LabProvider, feature: Feature, network: Network, tmp_path: Path
) -> None:
    """The app is in the session of its browser, with the subject and `sid` of its token, and is told at the end."""
    client, flow = FLOWS[feature]
    async with behind_front(provider, network, tmp_path, flow=flow, clients=(client,)) as behind:
        browser, app = behind.browser(), behind.apps[client.client_id]
        await behind.sign_in(browser, client.client_id, ALICE)
        (session,) = await behind.sessions()
        assert participant(session, client.client_id) == in_token(app.only)
        assert await browsers_of(behind, session["sid"]) == [cookie_digest(browser)]
        assert (await app.talk.userinfo(app.only.tokens["access_token"]))["sub"] == app.only.claims["sub"]
        page = await behind.log_out(browser, client.client_id)
        assert page.url == app.url("/signed-out"), (page.way, page.text)
        assert await behind.ledger(session["sid"]) == {client.client_id: "delivered"}
        page = await browser.get(app.url("/login"))
        assert behind.provider.asks_who(page), (page.way, page.text)
        counts = await behind.counts()
        assert counts["learnt"] == (2 if "id_token" in flow.response_type and code_is_seen(provider) else 1)
        assert set(counts) <= {"begun", "learnt"}, counts


async def test_flows_of_one_browser_are_one_session(
    network: Network, running_providers: RunningProviders, tmp_path: Path
) -> None:
    """However each app asks, they are in the session of the browser that all of them are used with."""
    provider, flows = running_providers(Node), {WEB: FLOWS["par"][1], SHOP: FLOWS["jarm"][1], BANK: Flow()}
    async with behind_front(provider, network, tmp_path, clients=tuple(flows)) as behind:
        browser = behind.browser()
        for user, (client, flow) in zip((ALICE, None, None), flows.items(), strict=True):
            behind.apps[client.client_id].flow = flow
            await behind.sign_in(browser, client.client_id, user)
        (session,) = await behind.sessions()
        assert {client["client_id"] for client in session["clients"]} == {"web", "shop", "bank"}
        await behind.log_out(browser, "bank")
        assert set((await behind.ledger(session["sid"])).values()) == {"delivered"}


async def test_a_code_alone_is_learnt_as_far_as_its_redirect_shows(
    provider: LabProvider, network: Network, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With neither nonce nor PKCE the browser is known by the code, where the provider sends it from a fronted path."""
    async with behind_front(provider, network, tmp_path, flow=PLAIN) as behind:
        browser = behind.browser()
        await behind.sign_in(browser, "web", ALICE)
        (session,) = await behind.sessions()
        assert participant(session, "web") == in_token(behind.apps["web"].only)
        seen = code_is_seen(provider)
        assert await browsers_of(behind, session["sid"]) == ([cookie_digest(browser)] if seen else [])
        assert ("no_browser" in await behind.counts()) == (not seen)


async def test_redirect_paths_bind_a_code_alone(
    running_providers: RunningProviders, network: Network, tmp_path: Path
) -> None:
    """Where the pages that redirect to apps are named, that browser is known too, and its apps are one session."""
    provider, front = running_providers(Node), {"redirect_paths": ["/auth/"]}
    async with behind_front(provider, network, tmp_path, flow=PLAIN, front=front) as behind:
        browser = behind.browser()
        await behind.sign_in(browser, "web", ALICE)
        await behind.sign_in(browser, "shop", None)
        (session,) = await behind.sessions()
        assert {client["client_id"] for client in session["clients"]} == {"web", "shop"}
        assert await browsers_of(behind, session["sid"]) == [cookie_digest(browser)]
        await behind.log_out(browser, "shop")
        assert await behind.ledger(session["sid"]) == {"web": "delivered", "shop": "delivered"}
        page = await browser.get(behind.apps["web"].url("/login"))
        assert provider.asks_who(page), (page.way, page.text)


async def test_an_id_token_in_a_redirect_is_learnt(
    running_providers: RunningProviders, network: Network, tmp_path: Path
) -> None:
    """In the implicit flow nothing but the redirect says who has signed in where."""
    provider, front = running_providers(Node), {"redirect_paths": ["/auth/"]}
    async with behind_front(provider, network, tmp_path, front=front) as behind:
        browser = behind.browser()
        asked = {"client_id": "web", "response_type": "id_token", "scope": "openid", "nonce": "n-1", "state": "s-1"}
        query = urlencode({**asked, "redirect_uri": WEB.redirect_uri})
        page = await browser.get(f"{provider.base}{provider.paths['authorization']}?{query}")
        page = await provider.sign_in(browser, page, ALICE)
        assert any("id_token=" in r.headers.get("location", "") for r in page.responses), (page.way, page.text)
        (session,) = await behind.sessions()
        assert [client["client_id"] for client in session["clients"]] == ["web"]
        assert await browsers_of(behind, session["sid"]) == [cookie_digest(browser)]


async def test_an_encrypted_id_token_is_learnt_from_its_browser(
    running_providers: RunningProviders, network: Network, tmp_path: Path
) -> None:
    """Nobody but the app can read it: it joins the session that its browser has, and is told by that session's user."""
    provider = running_providers(Node)
    async with behind_front(provider, network, tmp_path, flow=Flow(), clients=(WEB, VAULT)) as behind:
        browser, vault = behind.browser(), behind.apps["vault"]
        await provider.sign_in(browser, await browser.get(vault.url("/login")), ALICE)  # whose app cannot decrypt
        assert await behind.sessions() == []
        assert (await behind.counts())["not_learnt"] == 1
        await behind.sign_in(browser, "web", None)
        await provider.sign_in(browser, await browser.get(vault.url("/login")), None)
        (session,) = await behind.sessions()
        assert participant(session, "vault") == participant(session, "web")
        await behind.log_out(browser, "web")
        assert await behind.ledger(session["sid"]) == {"web": "delivered", "vault": "delivered"}


async def test_an_app_that_goes_around_the_front_shows_in_the_counts(
    running_providers: RunningProviders, network: Network, tmp_path: Path
) -> None:
    """Its sign-ins begin here and its tokens are never seen: nobody else can say that it will not be told."""
    provider = running_providers(Node)
    async with behind_front(provider, network, tmp_path, flow=Flow()) as behind:
        network.route("op.internal", Server(provider.port))
        behind.apps["shop"].talk.token_endpoint = f"https://op.internal{provider.paths['token']}"
        browser = behind.browser()
        await behind.sign_in(browser, "web", ALICE)
        await behind.sign_in(browser, "shop", None)
        (session,) = await behind.sessions()
        assert [client["client_id"] for client in session["clients"]] == ["web"]
        await behind.counts()
        rows = await behind.gateway.rows("SELECT client_id, event FROM front_counts WHERE event IN ('begun', 'learnt')")
        assert set(rows) == {("web", "begun"), ("web", "learnt"), ("shop", "begun")}


@pytest.mark.parametrize(("provider", "feature"), with_feature("device"), indirect=["provider"])
async def test_a_device_is_a_session_without_a_browser(
    provider: LabProvider, feature: Feature, network: Network, tmp_path: Path
) -> None:
    """It can be listed and ended, and its app is told; the person's browser that agreed is in none."""
    async with behind_front(provider, network, tmp_path, flow=Flow(), clients=(PHONE,)) as behind:
        talk, browser = behind.apps["phone"].talk, behind.browser()
        asked = await talk.post(await talk.endpoint("device_authorization"), {"scope": "openid"})
        grant = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": asked["device_code"]}
        with pytest.raises(Refused, match="authorization_pending"):
            await talk.tokens(**grant)
        await provider.sign_in(browser, await browser.get(asked["verification_uri_complete"]), ALICE)
        await talk.tokens(**grant)
        (session,) = await behind.sessions()
        assert [client["client_id"] for client in session["clients"]] == ["phone"]
        assert await browsers_of(behind, session["sid"]) == []
        assert (await behind.counts())["no_browser"] == 1


@pytest.mark.parametrize("kind", PROVIDERS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("what", ["nonce", "challenge"])
async def test_what_another_browser_shows_binds_nothing(
    kind: type[LabProvider], what: str, running_providers: RunningProviders, network: Network, tmp_path: Path
) -> None:
    """Who has seen a nonce or a challenge and shows it too gets nobody's token into his own browser's session."""
    provider, flow = running_providers(kind), Flow(pkce=what == "challenge", nonce=what == "nonce")
    async with behind_front(provider, network, tmp_path, flow=flow) as behind:
        victim, thief = behind.browser(), behind.browser()
        page = await victim.get(behind.apps["web"].url("/login"))
        (request,) = [r.request for r in page.responses if r.request.url.path == provider.paths["authorization"]][:1]
        await provider.sign_in(thief, await thief.get(str(request.url)), ALICE)
        page = await provider.sign_in(victim, page, ALICE)
        if provider.name == "canaille" and what == "nonce":  # it takes a nonce once
            assert "error_description=Replay+attack" in page.url
            assert await behind.sessions() == []
            return
        assert page.url == behind.apps["web"].url(), (page.way, page.text)
        (session,) = await behind.sessions()
        assert cookie_digest(thief) not in await browsers_of(behind, session["sid"])
        assert len(behind.apps["web"].sessions) == 1
