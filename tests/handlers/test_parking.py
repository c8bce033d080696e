"""Requests that are parked until the browser's cookie is there."""

from pathlib import Path

import pytest

from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.flow import (
    AUTHPI,
    HTML,
    JSON,
    PING,
    PLAIN,
    answer,
    ask,
    browser_cookie,
)
from tests.kit.tokens import id_token

SIGNED_OUT = "https://app.example/signed-out"


async def test_a_form_posted_from_another_site_is_parked_and_resumed(gateway: Deployment) -> None:
    """The POST comes without the Lax cookie: 303 to ourselves, where the cookie is, and the logout goes through."""
    await gateway.register()
    form = {"id_token_hint": id_token(), "post_logout_redirect_uri": SIGNED_OUT, "state": "s"}
    parked = await gateway.post(PLAIN, form, accept=HTML)
    assert parked.status_code == 303
    location = parked.headers["location"]
    assert location.startswith("https://login.example/acme/logout/resume?handle=")
    assert await gateway.state_of() == "live"
    cookies = f"{cookie_of()}; {browser_cookie(parked)}"
    response = await gateway.get(location, cookie=cookies, accept=HTML)
    assert response.headers["location"] == SIGNED_OUT + "?state=s"
    assert await gateway.state_of() == "ended"


async def test_a_parked_request_holds_no_token_and_never_parks_again(gateway: Deployment) -> None:
    """The raw hint is gone after it was verified; and without the cookie the resumed request gets its answer."""
    token = id_token()
    parked = await gateway.post(PLAIN, {"id_token_hint": token, "post_logout_redirect_uri": SIGNED_OUT}, accept=HTML)
    handle = parked.headers["location"].partition("handle=")[2]
    assert token.split(".")[2] not in str(gateway.gateway.sealer.unseal("parked", handle))
    response = await gateway.get(parked.headers["location"], cookie=browser_cookie(parked), accept=HTML)
    assert response.headers["location"] == SIGNED_OUT


async def test_parking_takes_no_open_question_away(gateway: Deployment) -> None:
    """Another site posts a form while a question is open in another tab: the question can still be answered."""
    question = await ask(gateway)
    parked = await gateway.post(PLAIN, {"id_token_hint": id_token()}, accept=HTML)
    assert parked.status_code == 303
    assert "set-cookie" not in parked.headers
    assert (await answer(gateway, question, "yes", cookie=cookie_of())).status_code == 200
    assert await gateway.state_of() == "ended"


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        (AUTHPI, HTML, "application/json"),
        (PING, JSON, "text/html; charset=utf-8"),
        (PLAIN, HTML, "text/html; charset=utf-8"),
    ],
)
async def test_a_parked_request_keeps_the_form_of_its_endpoints_errors(
    tmp_path: Path, path: str, accept: str, content_type: str
) -> None:
    """JSON at AuthPI and a page at PingFederate, whatever the browser would like."""
    changes = {"issuers": {"acme": {"dialects": {"pingfederate": {"policy": {"on_unregistered_redirect": "error"}}}}}}
    async with deploy(tmp_path, changes) as gateway:
        form = {"id_token_hint": id_token(), "post_logout_redirect_uri": "https://evil.example/"}
        headers = {"sec-fetch-mode": "navigate", "sec-fetch-site": "cross-site"}
        parked = await gateway.post(path, form, accept=accept, headers=headers)
        assert parked.status_code == 303
        refusal = await gateway.get(parked.headers["location"], cookie=cookie_of(), accept=accept)
        assert (refusal.status_code, refusal.headers["content-type"]) == (422, content_type)


async def test_a_hint_posted_from_another_site_is_held_against_the_browsers_own_session(gateway: Deployment) -> None:
    """At AuthPI's endpoint too: another session of the user's, on his phone for instance, does not end unseen."""
    await gateway.register("s-here")
    await gateway.register("s-phone")
    form = {"id_token_hint": id_token(sid="s-phone")}
    headers = {"sec-fetch-mode": "navigate", "sec-fetch-site": "cross-site"}
    parked = await gateway.post(AUTHPI, form, accept="*/*", headers=headers)
    assert parked.status_code == 303
    refusal = await gateway.get(parked.headers["location"], cookie=cookie_of("s-here"), accept="*/*")
    assert (refusal.status_code, refusal.json()["error"]) == (403, "access_denied")
    assert await gateway.state_of("s-phone") == "live"


async def test_a_program_is_not_parked(gateway: Deployment) -> None:
    """An API's caller has no cookie to come back with: where the hint names the session, it ends at once."""
    await gateway.register()
    response = await gateway.post(AUTHPI, {"id_token_hint": id_token()}, accept=JSON)
    assert response.status_code == 200
    assert await gateway.state_of() == "ended"
