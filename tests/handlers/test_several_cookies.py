"""A browser may present several cookies of the provider's name: a neighbour host can add to them (T3, T29)."""

from __future__ import annotations

import pytest

from tests.kit.deployment import Deployment, cookie_of
from tests.kit.flow import HTML, PING, PLAIN, answer, asks
from tests.kit.raw import ask
from tests.kit.tokens import id_token

SIGNED_OUT = "https://app.example/signed-out"


def planted(count: int) -> str:
    """Cookies of the provider's name with values that nobody knows."""
    return "; ".join(f"op_session=planted-{number}" for number in range(count))


@pytest.mark.parametrize("count", [1, 4, 49])
async def test_planted_values_do_not_hide_the_real_one(gateway: Deployment, count: int) -> None:
    """Wherever it stands among them."""
    for sid, cookies in (
        ("s-1", f"{planted(count)}; {cookie_of('s-1')}"),
        ("s-2", f"{cookie_of('s-2')}; {planted(count)}"),
    ):
        await gateway.register(sid)
        request = {"id_token_hint": id_token(sid=sid), "post_logout_redirect_uri": SIGNED_OUT}
        response = await gateway.get(PLAIN, request, cookie=cookies, accept=HTML)
        assert response.headers["location"] == SIGNED_OUT
        assert await gateway.state_of(sid) == "ended"


@pytest.mark.parametrize("path", [PLAIN, PING])
async def test_too_many_values_are_said_to_be_too_many(gateway: Deployment, path: str) -> None:
    """Nobody is told that there is no sign-in while there are values that nobody has looked at."""
    await gateway.register()
    response = await gateway.get(path, {"client_id": "web"}, cookie=f"{planted(60)}; {cookie_of()}", accept=HTML)
    assert response.status_code == 400
    assert "too many cookies" in response.text
    assert await gateway.state_of() == "live"


async def test_the_hint_decides_among_several_live_sessions(gateway: Deployment) -> None:
    """A planted live session of somebody else's does not win over the user's own, which ends unasked, and alone."""
    await gateway.register("s-mallory", sub="mallory")
    await gateway.register()
    cookies = f"{cookie_of('s-mallory')}; {cookie_of()}"
    request = {"id_token_hint": id_token(), "post_logout_redirect_uri": SIGNED_OUT}
    response = await gateway.get(PLAIN, request, cookie=cookies, accept=HTML)
    assert response.headers["location"] == SIGNED_OUT
    assert await gateway.state_of() == "ended"
    assert await gateway.state_of("s-mallory") == "live"


async def test_a_planted_session_signs_nobody_else_out(gateway: Deployment) -> None:
    """T3: a neighbour host plants its own cookie and sends its own hint; the user's session lives on."""
    await gateway.register()
    await gateway.register("s-mallory", sub="mallory")
    cookies = f"{cookie_of()}; {cookie_of('s-mallory')}"
    request = {"id_token_hint": id_token(sid="s-mallory", sub="mallory")}
    await gateway.get(PLAIN, request, cookie=cookies, accept=HTML)
    assert (await gateway.state_of(), await gateway.state_of("s-mallory")) == ("live", "ended")


async def test_a_second_session_of_the_same_user_ends_as_well(gateway: Deployment) -> None:
    """Otherwise the browser would stay signed in by the other cookie."""
    await gateway.register()
    await gateway.register("s-2")
    await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=f"{cookie_of()}; {cookie_of('s-2')}", accept=HTML)
    assert (await gateway.state_of(), await gateway.state_of("s-2")) == ("ended", "ended")


async def test_without_a_hint_a_yes_ends_every_session_of_the_browser(gateway: Deployment) -> None:
    """Which of them is the user's cannot be said: so the page names none, and none is left."""
    await gateway.register("s-mallory", sub="mallory", user_label="Mallory")
    await gateway.register(user_label="Alice")
    cookies = f"{cookie_of('s-mallory')}; {cookie_of()}"
    question = await gateway.get(PLAIN, {"client_id": "web"}, cookie=cookies, accept=HTML)
    assert asks(question)
    assert "Mallory" not in question.text
    assert "Alice" not in question.text
    assert (await answer(gateway, question, "yes", cookie=cookies)).status_code == 200
    assert await gateway.state_of() == "ended"
    assert await gateway.state_of("s-mallory") == "ended"


@pytest.mark.parametrize("before", ["\xa0", "\u2003", "\x0b", "\x1c"])
async def test_white_space_of_other_kinds_is_part_of_a_name(gateway: Deployment, before: str) -> None:
    """`\\xa0op_session` is another cookie: a neighbour may set it where a prefix would keep it from the real name."""
    await gateway.register()
    cookie = ("cookie", f"{before}{cookie_of()}".encode().decode("latin-1"))
    response = await ask(gateway.app, "GET", f"{PLAIN}?client_id=web", accept=HTML, headers=[cookie])
    assert "No sign-in was found" in response.text
