"""What a browser fetches ahead of its user ends nothing, and is no success that could be shown later."""

from __future__ import annotations

import pytest

from tests.kit.deployment import Deployment, cookie_of
from tests.kit.flow import AUTHPI, HTML, PING, PLAIN, log_out
from tests.kit.tokens import id_token

AHEAD = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Sec-Purpose": "prefetch;anonymous-client-ip"},
    {"Purpose": "prefetch"},
    {"Purpose": "Preview"},
    {"X-Purpose": "preview"},
    {"X-Moz": "prefetch"},
]


@pytest.mark.parametrize("path", [PLAIN, AUTHPI, PING])
@pytest.mark.parametrize("headers", AHEAD, ids=lambda headers: " ".join(*headers.items()))
async def test_a_prefetch_ends_nothing(gateway: Deployment, path: str, headers: dict[str, str]) -> None:
    """With a valid hint and the cookie; the same request of a user then ends the session."""
    await gateway.register()
    request = {"id_token_hint": id_token(), "post_logout_redirect_uri": "https://app.example/signed-out"}
    ahead = await gateway.get(path, request, cookie=cookie_of(), accept=HTML, headers=headers)
    assert ahead.status_code == 400
    assert "set-cookie" not in ahead.headers
    assert await gateway.state_of() == "live"
    response = await gateway.get(path, request, cookie=cookie_of(), accept=HTML, headers={"Sec-Purpose": ""})
    assert response.status_code == 303
    assert await gateway.state_of() == "ended"


@pytest.mark.parametrize("headers", AHEAD, ids=lambda headers: " ".join(*headers.items()))
async def test_a_parked_request_is_not_carried_on_ahead(gateway: Deployment, headers: dict[str, str]) -> None:
    """It is worth as much as the request itself."""
    await gateway.register()
    parked = await log_out(gateway, "POST", PLAIN, accept=HTML, id_token_hint=id_token())
    assert parked.status_code == 303
    where = parked.headers["location"]
    assert (await gateway.get(where, cookie=cookie_of(), headers=headers)).status_code == 400
    assert await gateway.state_of() == "live"


async def test_programs_that_know_nothing_of_purposes_are_answered(gateway: Deployment) -> None:
    """Other headers and other values are none of this."""
    await gateway.register()
    headers = {"Purpose": "logout", "X-Moz": "no", "Sec-Fetch-Mode": "navigate"}
    response = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=cookie_of(), headers=headers)
    assert response.status_code == 200
    assert await gateway.state_of() == "ended"
