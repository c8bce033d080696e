"""Traps of a front, each with the test that fails without its defence (T39, T40)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.kit.deployment import TOKEN
from tests.kit.raw import ask

from .fronted import Fronted, fronted
from .people import Person, refresh, sign_in
from .scripted import BROWSER_COOKIE

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Fronted]:
    """The scripted provider behind a front."""
    async with fronted(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-dest": "iframe", "sec-fetch-site": "cross-site"},
        {"sec-fetch-dest": "image", "sec-fetch-site": "cross-site"},
        {"sec-fetch-dest": "empty", "sec-fetch-site": "cross-site"},
        {"method": "POST", "sec-fetch-dest": "document", "sec-fetch-site": "cross-site"},
        {"method": "POST", "sec-fetch-dest": "document"},
    ],
)
async def test_a_browser_in_a_frame_or_from_another_site_gets_no_cookie(
    front: Fronted, headers: dict[str, str]
) -> None:
    """It may have one, which a Lax cookie does not say: a new one would replace it."""
    query = urlencode(
        {"client_id": "web", "redirect_uri": "https://web.example/callback", "state": "s", "login_hint": "alice"}
    )
    method = headers.get("method", "GET")
    sent = [(name, value) for name, value in headers.items() if name != "method"]
    answer = await ask(front.gateway.app, method, f"/authorize?{query}", headers=sent, stays=True)
    assert answer.status == 303
    assert not [line for line in answer.all("set-cookie") if BROWSER_COOKIE in line]


async def test_a_sign_in_after_a_logout_is_another_session(front: Fronted) -> None:
    """Of the same user in the same browser: nothing brings an ended session back."""
    alice = Person("alice")
    first = await sign_in(front.http, alice)
    (before,) = await front.sessions_of("alice")
    await front.log_out(first, alice)
    await sign_in(front.http, alice)
    (after,) = await front.sessions_of("alice")
    assert before != after
    assert (await refresh(front.http, "web", first["refresh_token"])).status_code == 400


async def test_a_refresh_keeps_its_session_without_a_nonce(front: Fronted) -> None:
    """The ID token of a refresh has none: the refresh token says whose it is, also after rotation."""
    alice = Person("alice")
    tokens = await sign_in(front.http, alice)
    for _ in range(3):
        tokens = (await refresh(front.http, "web", tokens["refresh_token"])).json()
        assert await front.browser_of(tokens) == [alice.cookie_digest]
    assert len(await front.sessions_of("alice")) == 1


@pytest.mark.parametrize(
    "path",
    ["/token/../acme/sessions", "/token/%2e%2e/acme/sessions", "/token;/acme/sessions", "//acme/sessions",
     "/acme%2Fsessions", "/token/acme/sessions"],
)  # fmt: skip
@pytest.mark.parametrize("host", ["login.example", "LOGIN.EXAMPLE", "login.example.", "login.example:443"])
async def test_management_is_not_at_an_endpoint_of_the_provider(front: Fronted, path: str, host: str) -> None:
    """No spelling under the fronted host leads to another operation, or past the front to the provider."""
    answer = await ask(front.gateway.app, "GET", path, host=host, token=TOKEN, stays=True)
    assert answer.status in (400, 404)
    assert "sessions" not in answer.text
    assert front.provider.seen == []
