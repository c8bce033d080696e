"""Single logout for providers that change nothing: each of the lab, unmodified, behind a front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.lab.clients import ALICE, BOB
from tests.lab.network import Network
from tests.lab.provider import LabProvider

from .behind import Behind, behind_front

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("backend")]


@pytest.fixture
async def behind(provider: LabProvider, network: Network, tmp_path: Path, backend: str) -> AsyncIterator[Behind]:
    """Each provider behind a front, with two apps."""
    async with behind_front(provider, network, tmp_path) as running:
        yield running


async def test_one_logout_is_for_every_app(behind: Behind) -> None:
    """Both apps are told, the ledger is whole, and the next sign-in asks for a password, also of another user."""
    browser = behind.browser()
    await behind.sign_in(browser, "web", ALICE)
    await behind.sign_in(browser, "shop", None)
    (session,) = await behind.sessions()
    assert {client["client_id"] for client in session["clients"]} == {"web", "shop"}
    page = await behind.log_out(browser, "web")
    assert page.url == behind.apps["web"].url("/signed-out"), (page.way, page.text)
    assert await behind.sessions() == []
    assert await behind.ledger(session["sid"]) == {"web": "delivered", "shop": "delivered"}
    assert behind.apps["shop"].sessions == {}
    assert not behind.apps["shop"].refused_logout_tokens
    page = await browser.get(behind.apps["shop"].url("/login"))
    assert behind.provider.asks_who(page), (page.way, page.text)
    page = await behind.provider.sign_in(browser, page, BOB)
    assert page.url == behind.apps["shop"].url(), (page.way, page.text)
    (session,) = await behind.sessions()
    assert [client["client_id"] for client in session["clients"]] == ["shop"]
    assert "did_not_stick" not in await behind.counts()
