"""The question, and its answers."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.flow import (
    HTML,
    PLAIN,
    answer,
    ask,
    asks,
    both_methods,
    browser_cookie,
    clears_cookie,
    form_of,
    log_out,
)
from tests.kit.tokens import id_token

SIGNED_OUT = "https://app.example/signed-out"


@pytest.mark.parametrize("redirect", [SIGNED_OUT, ""])
async def test_a_second_yes_gets_the_same_response(gateway: Deployment, redirect: str) -> None:
    """A double click: the session ends once, and redirect, `state` and page are those of the first time."""
    question = await ask(gateway, state="kept", **({"post_logout_redirect_uri": redirect} if redirect else {}))
    first = await answer(gateway, question, "yes", cookie=cookie_of())
    assert await gateway.state_of() == "ended"
    for _ in range(2):
        again = await answer(gateway, question, "yes", cookie=cookie_of())
        assert (again.status_code, again.headers.get("location")) == (first.status_code, first.headers.get("location"))
        assert again.text == first.text
        assert clears_cookie(again)
    assert first.headers.get("location") == (f"{SIGNED_OUT}?state=kept" if redirect else None)
    assert await gateway.rows("SELECT COUNT(*) FROM audit") == [(1,)]


async def test_concurrent_answers_agree(gateway: Deployment) -> None:
    """Yes and no at once: one of them counts, and each caller learns which."""
    for number in range(10):
        await gateway.register(f"s-{number}")
        question = await gateway.get(PLAIN, {"client_id": "web"}, cookie=cookie_of(f"s-{number}"), accept=HTML)
        both = (answer(gateway, question, said, cookie=cookie_of(f"s-{number}")) for said in ("yes", "no"))
        ended = await gateway.state_of(f"s-{number}") == "ended"
        told = {"You are signed out" in response.text for response in await asyncio.gather(*both)}
        ended = await gateway.state_of(f"s-{number}") == "ended"
        assert told == {ended}


async def test_after_a_no_a_yes_does_not_count(gateway: Deployment) -> None:
    """The first answer does; by the browser's back button, for instance."""
    question = await ask(gateway)
    await answer(gateway, question, "no", cookie=cookie_of())
    response = await answer(gateway, question, "yes", cookie=cookie_of())
    assert "You chose to stay signed in" in response.text
    assert await gateway.state_of() == "live"


async def test_no_keeps_the_session_and_shows_a_way_on(gateway: Deployment) -> None:
    """A no: the session stays, nothing redirects, the page links to the app's home, and the handle is spent."""
    question = await ask(gateway, post_logout_redirect_uri=SIGNED_OUT)
    response = await answer(gateway, question, "no", cookie=cookie_of())
    assert response.status_code == 200
    assert "You chose to stay signed in" in response.text
    assert 'href="https://app.example/"' in response.text
    assert not clears_cookie(response)
    assert await gateway.state_of() == "live"


async def test_without_a_decision_it_is_asked_again(gateway: Deployment) -> None:
    """Nothing is lost: the same question, in English whatever `locale` says, whose answer still redirects."""
    question = await ask(gateway, post_logout_redirect_uri=SIGNED_OUT, state="kept")
    for locale in ({}, {"locale": "de"}):
        again = await answer(gateway, question, None, cookie=cookie_of(), fields=locale)
        assert asks(again)
        assert '<html lang="en"' in again.text
        assert form_of(again) == form_of(question)
    response = await answer(gateway, question, "yes", cookie=cookie_of())
    assert response.headers["location"] == SIGNED_OUT + "?state=kept"


async def test_only_the_browser_that_was_asked_may_answer(gateway: Deployment) -> None:
    """T27: without the cookie of the question, or with another browser's, a yes is refused."""
    question = await ask(gateway)
    action, handle = form_of(question)
    for cookie in ("", "__Host-endsession=somebody-elses-secret-value"):
        response = await gateway.post(action, {"handle": handle, "decision": "yes"}, cookie=cookie)
        assert response.status_code == 400
    assert await gateway.state_of() == "live"


@pytest.mark.parametrize(("before", "status"), [(1, 200), (3, 200), (4, 400)])
async def test_a_second_cookie_of_our_name_hides_nothing(gateway: Deployment, before: int, status: int) -> None:
    """The browser that was asked is known by any of the first four cookies that it sends under our name."""
    question = await ask(gateway)
    action, handle = form_of(question)
    cookies = [
        *(f"__Host-endsession=another-secret-of-this-browser-{n}" for n in range(before)),
        browser_cookie(question),
    ]
    cookie = "; ".join([*cookies, cookie_of()])
    response = await gateway.post(action, {"handle": handle, "decision": "yes"}, cookie=cookie, accept=HTML)
    assert response.status_code == status
    assert await gateway.state_of() == ("ended" if status == 200 else "live")


@pytest.mark.parametrize(
    ("public_url", "name", "secure"),
    [("https://login.example", "__Host-endsession", True), ("http://127.0.0.1:8080", "endsession", False)],
)
async def test_the_cookie_that_knows_the_browser(tmp_path: Path, public_url: str, name: str, secure: bool) -> None:
    """A browser takes `__Host-` only with `Secure` and `Path=/`; on a loopback address without https it has neither."""
    async with deploy(tmp_path, {"server": {"public_url": public_url}}) as gateway:
        await gateway.register()
        host = {"host": public_url.partition("://")[2]}
        question = await gateway.get(PLAIN, {"client_id": "web"}, cookie=cookie_of(), accept=HTML, headers=host)
        value, *attributes = question.headers["set-cookie"].split("; ")
        assert re.fullmatch(rf"{name}=[\w-]{{32}}", value)
        assert set(attributes) == {"Path=/", "Max-Age=600", "HttpOnly", "SameSite=Lax"} | (
            {"Secure"} if secure else set()
        )


@pytest.mark.parametrize(("length", "kept"), [(19, False), (20, True), (64, True), (65, False)])
async def test_a_cookie_of_the_browser_is_kept(gateway: Deployment, length: int, kept: bool) -> None:
    """Its other tabs have questions open; what cannot be our secret is replaced."""
    await gateway.register()
    secret = "s" * length
    cookie = f"{cookie_of()}; __Host-endsession={secret}"
    question = await gateway.get(PLAIN, {"client_id": "web"}, cookie=cookie, accept=HTML)
    assert (browser_cookie(question) == f"__Host-endsession={secret}") == kept


async def test_another_sites_form_is_refused(gateway: Deployment) -> None:
    """T3: `Origin` and `Sec-Fetch-Site` of another site, and `null` without `same-origin`, are 403."""
    question = await ask(gateway)
    for origin, site in (
        ("https://evil.example", "cross-site"),
        ("null", "cross-site"),
        ("null", "same-site"),
        ("https://evil.example", "same-origin"),
    ):
        headers: dict[str, Any] = {"origin": origin, "sec-fetch-site": site}
        response = await answer(gateway, question, "yes", cookie=cookie_of(), **headers)
        assert response.status_code == 403
    assert await gateway.state_of() == "live"


async def test_a_yes_is_not_for_a_session_that_came_later(gateway: Deployment) -> None:
    """T27: who signs in again after the question was asked was not asked about that session."""
    question = await ask(gateway)
    await gateway.send("DELETE", "/acme/sessions/s-alice", token="a-management-token")
    await gateway.register("s-new")
    response = await answer(gateway, question, "yes", cookie=cookie_of("s-new"))
    assert response.status_code == 400
    assert await gateway.state_of("s-new") == "live"


async def test_a_handle_lives_ten_minutes_and_at_one_issuer(gateway: Deployment) -> None:
    """Too old, changed, of another issuer or made for something else: 400, and nothing ends."""
    question = await ask(gateway)
    action, handle = form_of(question)
    cookie = browser_cookie(question)
    for path, sent in (
        ("/globex/logout/confirm", handle),
        (action, handle[:-4] + "AAAA"),
        (action, "x"),
    ):
        response = await gateway.post(path, {"handle": sent, "decision": "yes"}, cookie=cookie)
        assert response.status_code == 400
    assert (await gateway.get(f"/acme/logout/resume?handle={handle}", cookie=cookie)).status_code == 400
    gateway.clock.advance(601)
    assert (await answer(gateway, question, "yes", cookie=cookie_of())).status_code == 400
    assert await gateway.state_of() == "live"


async def test_the_redirect_is_held_to_the_registration_again(tmp_path: Path) -> None:
    """A URI that was withdrawn between question and answer is not redirected to."""
    async with deploy(tmp_path) as gateway:
        question = await ask(gateway, post_logout_redirect_uri=SIGNED_OUT)
    withdrawn: dict[str, Any] = {"issuers": {"acme": {"clients": {"web": {"post_logout_redirect_uris": []}}}}}
    async with deploy(tmp_path, withdrawn) as gateway:
        response = await answer(gateway, question, "yes", cookie=cookie_of())
        assert response.status_code == 200
        assert await gateway.state_of() == "ended"


async def test_a_question_asked_by_one_process_is_answered_by_another(tmp_path: Path) -> None:
    """Nothing that an answer needs lives in a process."""
    async with deploy(tmp_path) as first:
        question = await ask(first, post_logout_redirect_uri=SIGNED_OUT)
    async with deploy(tmp_path) as second:
        response = await answer(second, question, "yes", cookie=cookie_of())
        assert response.headers["location"] == SIGNED_OUT


@both_methods
async def test_the_question_shows_the_account_only_to_its_own_browser(tmp_path: Path, method: str) -> None:
    """The account's name is on the page when the cookie proves whose browser it is, and not otherwise."""
    async with deploy(tmp_path) as gateway:
        await gateway.register(user_label="Alice A.")
        question = await log_out(gateway, method, PLAIN, cookie=cookie_of(), client_id="web")
        assert "Alice A." in question.text
    async with deploy(tmp_path / "..", {"issuers": {"acme": {"cookie": None}}}) as gateway:
        await gateway.register(user_label="Alice A.")
        question = await log_out(gateway, method, PLAIN, id_token_hint=id_token())
        assert asks(question)
        assert "Alice A." not in question.text


async def test_a_refusal_shows_a_way_to_log_out_all_the_same(gateway: Deployment) -> None:
    """Nobody is stranded: the error page leads to the question, and a yes there ends the session."""
    await gateway.register()
    parameters = {"client_id": "web", "post_logout_redirect_uri": "https://evil.example/"}
    refusal = await gateway.get(PLAIN, parameters, cookie=cookie_of(), accept=HTML)
    assert refusal.status_code == 422
    way_out = re.search(r'href="https://login\.example([^"]+)"', refusal.text)
    assert way_out
    question = await gateway.get(way_out[1], cookie=cookie_of(), accept=HTML)
    assert (await answer(gateway, question, "yes", cookie=cookie_of())).status_code == 200
    assert await gateway.state_of() == "ended"


async def test_no_way_out_where_nobody_is_asked(tmp_path: Path) -> None:
    """An issuer that refuses a request without parameters is not linked to."""
    changes = {"issuers": {"acme": {"policy": {"on_no_params": "error"}}}}
    async with deploy(tmp_path, changes) as gateway:
        refusal = await gateway.get(PLAIN, {"state": "x"}, accept=HTML)
        assert (refusal.status_code, "<a " in refusal.text) == (400, False)


async def test_where_a_bare_post_is_consent_a_lax_cookie_is_no_defence(tmp_path: Path) -> None:
    """As docs/policy.md warns: another site's form is parked, comes back with the cookie, and counts."""
    async with deploy(tmp_path, {"issuers": {"acme": {"policy": {"bare_post_is_consent": True}}}}) as gateway:
        await gateway.register()
        parked = await gateway.post(PLAIN, {}, accept=HTML)
        cookies = f"{cookie_of()}; {browser_cookie(parked)}"
        assert (await gateway.get(parked.headers["location"], cookie=cookies, accept=HTML)).status_code == 200
        assert await gateway.state_of() == "ended"
