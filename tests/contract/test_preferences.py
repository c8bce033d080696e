"""Parameters that nothing depends on: however they are written, they cost nobody a logout."""

from __future__ import annotations

import pytest

from tests.kit.deployment import Deployment, cookie_of
from tests.kit.flow import HTML, PLAIN, both_methods
from tests.kit.raw import ask
from tests.kit.tokens import id_token

from .test_parameters import every_endpoint, send


@both_methods
@pytest.mark.parametrize(
    "languages",
    [
        "ui_locales=%ff",
        "ui_locales=%c3%28&ui_locales=de",
        "ui_locales=de&ui_locales=de",
        "ui_locales=de&ui_locales=fr&ui_locales=en",
        "ui_locales=\xff",
    ],
)
@every_endpoint
async def test_languages_cost_nobody_a_logout(shared: Deployment, method: str, languages: str, path: str) -> None:
    """They are a preference (RP-Initiated Logout 1.0, section 2): repeated or not UTF-8, they are ignored."""
    sid = f"s-{method}-{abs(hash((languages, path)))}"
    await shared.register(sid)
    fields = f"id_token_hint={id_token(sid=sid)}&post_logout_redirect_uri=https://app.example/signed-out&{languages}"
    headers = [("cookie", cookie_of(sid))]
    if method == "GET":
        answer = await ask(shared.app, method, f"{path}?{fields}", headers=headers)
    else:
        headers += [("content-type", "application/x-www-form-urlencoded")]
        answer = await ask(shared.app, method, path, headers=headers, body=fields.encode("latin-1"))
    assert (answer.status, answer.header("location")) == (303, "https://app.example/signed-out")
    assert await shared.state_of(sid) == "ended"


@both_methods
async def test_what_is_not_read_need_not_be_utf_8(shared: Deployment, method: str) -> None:
    """A parameter of another specification, in whatever encoding: ignored. An undecodable name may be any."""
    assert (await send(shared, method, PLAIN, "x=%ff&x=%c3%28", accept=HTML)).status in (200, 303)
    assert (await send(shared, method, PLAIN, "st%c1%a1te=x", accept=HTML)).status == 400
