"""The demo is what a newcomer meets first: every click and every line that it prints does what it says."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from .browser import Browser
from .running import COMMAND, Demo, environment, running


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for the tests that leave nothing behind but sessions of their own."""
    with running(tmp_path_factory.mktemp("demo")) as one:
        yield one


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A new browser."""
    with Browser() as one:
        yield one


def sign_in(demo: Demo, browser: Browser, app: str) -> None:
    """Press "Sign in" at an app."""
    browser.open(demo.url(app))
    browser.press("Sign in")


def sign_in_to_both(demo: Demo, browser: Browser) -> str:
    """Sign Alice in to Calendar and, through the provider's session, to Mail. Returns the `sid`."""
    sign_in(demo, browser, "calendar")
    browser.press("Alice Example")
    sign_in(demo, browser, "mail")
    found = re.search(r"<code>([\w-]+)</code>", browser.page.text)
    assert found
    return found[1]


def test_one_sign_in_at_the_provider_serves_both_apps(demo: Demo, browser: Browser) -> None:
    """The login page is shown once; the second app is signed in to without it."""
    sign_in(demo, browser, "calendar")
    assert "Choose an account" in browser.page.text
    browser.press("Alice Example")
    assert (demo.url("calendar"), True) == (str(browser.page.url), "Hello, Alice Example" in browser.page.text)
    sign_in(demo, browser, "mail")
    assert (demo.url("mail"), True) == (str(browser.page.url), "Hello, Alice Example" in browser.page.text)


def test_logging_out_of_one_app_ends_the_session_and_comes_back_with_state(demo: Demo, browser: Browser) -> None:
    """The gateway gets the hint and `state`, ends the session, clears the provider's cookie, and returns `state`."""
    sid = sign_in_to_both(demo, browser)
    browser.open(demo.url("calendar"))
    browser.press("Log out")
    gateway, back = browser.passed[1:]
    asked = dict(parse_qsl(urlsplit(gateway).query))
    assert {"id_token_hint", "client_id", "post_logout_redirect_uri", "state"} == set(asked)
    assert demo.url("calendar", f"/signed-out?state={asked['state']}") == back
    assert "came back\nunchanged" in browser.page.text
    assert (demo.session(sid)["state"], demo.session(sid)["end_reason"]) == ("ended", "user")
    assert browser.cookies("login.localhost") == {}


def test_the_other_app_is_told(demo: Demo, browser: Browser) -> None:
    """Mail gets a logout token and says so; signing in there asks who it is, since the provider's session has ended."""
    sign_in_to_both(demo, browser)
    browser.open(demo.url("calendar"))
    browser.press("Log out")
    deadline = time.monotonic() + 30
    while "Hello" in browser.open(demo.url("mail")).text:
        assert time.monotonic() < deadline, "Mail was not told"
    assert "the gateway told Mail" in browser.page.text
    browser.press("Sign in")
    assert "Choose an account" in browser.page.text


def test_an_app_without_its_own_session_depends_on_the_provider(demo: Demo, browser: Browser) -> None:
    """With the provider's session signing in again is silent; after a logout the login page is back."""
    sign_in_to_both(demo, browser)
    browser.forget("mail.localhost", "app_session")
    sign_in(demo, browser, "mail")
    assert "Hello, Alice Example" in browser.page.text
    browser.press("Log out")
    sign_in(demo, browser, "calendar")
    assert "Choose an account" in browser.page.text


def test_a_cookie_that_was_copied_is_worth_nothing_after_the_logout(demo: Demo, browser: Browser) -> None:
    """The provider asks the gateway whether the session is alive, so a kept copy of its cookie signs nobody in."""
    sign_in_to_both(demo, browser)
    copied = browser.cookies("login.localhost")["op_session"]
    browser.press("Log out")
    browser.http.cookies.set("op_session", copied, domain="login.localhost", path="/")
    sign_in(demo, browser, "calendar")
    assert "Choose an account" in browser.page.text


def test_a_logout_at_the_provider_is_asked_about(demo: Demo, browser: Browser) -> None:
    """The provider's own link carries no hint: a no keeps the session, a yes ends it."""
    sid = sign_in_to_both(demo, browser)
    browser.open(demo.url("login"))
    link = re.search(r'href="([^"]*/demo/end-session)"', browser.page.text)
    assert link
    browser.open(link[1])
    browser.press("Stay signed in")
    assert demo.session(sid)["state"] == "live"
    browser.open(link[1])
    browser.press("Log out")
    assert demo.session(sid)["state"] == "ended"


def test_the_curl_lines_do_what_is_printed_above_them(tmp_path: Path) -> None:
    """AuthPI's, PingFederate's and the plain endpoint answer with 303 and `state`, and each ends a live session."""
    with running(tmp_path) as demo:
        authpi, pingfederate, plain, look, document = demo.curl_lines()
        assert demo.run(look).json()["state"] == "live"
        paths = [next(word for word in line if word.startswith("http://")) for line in (authpi, pingfederate, plain)]
        assert [urlsplit(url).path for url in paths] == ["/demo/logout", "/idp/init_logout.openid", "/demo/end-session"]
        back = demo.url("calendar", "/signed-out?state=from-curl")
        for line in (authpi, pingfederate, plain):
            answer = demo.run(line)
            assert (303, back) == (answer.status_code, answer.headers["location"])
        assert [("op_session", "")] == cleared(demo.run(pingfederate)) == cleared(answer)
        assert demo.run(look).json()["state"] == "ended"
        assert "openapi: 3.0.3" in demo.run(document).text


def cleared(answer: httpx2.Response) -> list[tuple[str, str]]:
    """Names and values of the cookies that an answer sets."""
    pairs = [value.split(";")[0].partition("=") for value in answer.headers.get_list("set-cookie")]
    return [(name, value) for name, _, value in pairs]


def test_an_app_refuses_a_logout_token_that_the_gateway_did_not_sign(demo: Demo, browser: Browser) -> None:
    """A token of somebody else's key, and no token at all, are answered with 400, and nobody is signed out."""
    sid = sign_in_to_both(demo, browser)
    now = int(time.time())
    claims = {
        "iss": demo.url("login").rstrip("/"),
        "aud": "mail",
        "iat": now,
        "exp": now + 60,
        "jti": "1",
        "sid": sid,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    token = jwt.encode({"alg": "RS256", "typ": "logout+jwt"}, claims, RSAKey.generate_key(2048))
    for sent in ({"logout_token": token}, {}):
        answer = browser.http.post(demo.url("mail", "/backchannel"), data=sent)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "Hello" in browser.open(demo.url("mail")).text


def test_a_name_that_is_none_of_the_three_leads_to_calendar(demo: Demo) -> None:
    """A user who types the URL without a name is sent to the first app."""
    answer = httpx2.get(f"http://127.0.0.1:{demo.port}/", trust_env=False)
    assert (307, demo.url("calendar", "")) == (answer.status_code, answer.headers["location"])


def test_a_demo_begins_clean_and_ends_quietly(tmp_path: Path) -> None:
    """A second demo knows nothing of the first one's sessions, and Ctrl-C leaves neither traceback nor warning."""
    with Browser() as browser:
        with running(tmp_path) as first:
            sid = sign_in_to_both(first, browser)
        assert first.process.returncode == 0
        with running(tmp_path, first.port) as second:
            assert second.port == first.port
            assert second.session(sid)["error"] == "not_found"
            assert "You are not signed in" in browser.open(second.url("calendar")).text
    assert (second.process.returncode, (tmp_path / "stderr").read_text()) == (0, "")


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """A port that was asked for and is taken ends the demo with a sentence that names another way."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            COMMAND, cwd=tmp_path, env=environment(port), capture_output=True, text=True, timeout=60, check=False
        )
    assert ended.returncode == 1
    assert f"cannot listen on port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr
