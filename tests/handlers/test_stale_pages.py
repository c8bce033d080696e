"""Pages that come too late: they never say that somebody is signed in who has been signed out."""

from __future__ import annotations

from pathlib import Path

import httpx2

from tests.kit.apps import deploy_with_apps, sign_in
from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.flow import HTML, PLAIN, answer
from tests.kit.receivers import receivers
from tests.kit.tokens import id_token

FRONT = {"redirect_uris": ["https://front.example/cb"], "frontchannel_logout_uri": "https://front.example/out"}


def is_honest(page: httpx2.Response) -> bool:
    """An error page that claims neither that the user is signed in nor that nothing was changed."""
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for untrue in ("not logged out", "Not logged out", "othing was changed"):
        assert untrue not in page.text
    return True


def refresh(page: httpx2.Response) -> str:
    """Where the page goes by itself."""
    return page.text.partition('http-equiv="refresh" content="')[2].partition(";url=")[2].partition('"')[0]


async def test_a_second_press_of_the_button(gateway: Deployment) -> None:
    """A double click sends the yes twice, and the response to the second is what the user sees."""
    await gateway.register()
    question = await gateway.get(PLAIN, cookie=cookie_of(), accept=HTML)
    assert (await answer(gateway, question, "yes", cookie=cookie_of())).status_code == 200
    second = await answer(gateway, question, "yes", cookie=cookie_of())
    assert second.status_code == 200
    assert is_honest(second)


async def test_a_press_of_the_button_after_ten_minutes(gateway: Deployment) -> None:
    """The answer may have been given before, in another tab: here it was."""
    await gateway.register()
    question = await gateway.get(PLAIN, cookie=cookie_of(), accept=HTML)
    assert (await answer(gateway, question, "yes", cookie=cookie_of())).status_code == 200
    gateway.clock.advance(601)
    late = await answer(gateway, question, "yes", cookie=cookie_of())
    assert late.status_code == 400
    assert is_honest(late)


async def test_the_signed_out_page_after_ten_minutes(tmp_path: Path) -> None:
    """It goes to its status by itself while an app is being tried, which can be for longer than its handle lasts."""
    with receivers() as apps:
        apps.behaviour["a"] = lambda call: 503
        changes = {"issuers": {"acme": {"notify_wait": 0.2}}}
        async with deploy_with_apps(tmp_path, apps, "a", changes=changes) as gateway:
            await sign_in(gateway, "a")
            page = await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a")}, cookie=cookie_of(), accept=HTML)
            gateway.clock.advance(601)
            late = await gateway.get(refresh(page), accept=HTML)
    assert late.status_code == 400
    assert is_honest(late)


async def test_the_page_with_frames_after_ten_minutes(tmp_path: Path) -> None:
    """A tab that was restored goes on from the frames."""
    async with deploy(tmp_path, {"issuers": {"acme": {"clients": {"front": FRONT}}}}) as gateway:
        await sign_in(gateway, "front")
        page = await gateway.get(PLAIN, {"id_token_hint": id_token(aud="front")}, cookie=cookie_of(), accept=HTML)
        gateway.clock.advance(601)
        late = await gateway.get(refresh(page), accept=HTML)
    assert late.status_code == 400
    assert is_honest(late)


async def test_too_many_looks_at_a_status(tmp_path: Path) -> None:
    """The page refreshes itself, and others share the address."""
    changes = {"limits": {"logout_per_address": "2/minute"}}
    async with deploy(tmp_path, changes) as gateway:
        await gateway.register()
        result = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=cookie_of(), accept="application/json")
        await gateway.get(result.json()["status_url"], accept=HTML)
        limited = await gateway.get(result.json()["status_url"], accept=HTML)
    assert limited.status_code == 429
    assert is_honest(limited)
