"""The demo is what a newcomer meets first: every click and every line that it prints does what it says."""

from __future__ import annotations

import re
import socket
import subprocess
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

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


def be(demo: Demo, browser: Browser, user: str) -> None:
    """Say at the provider who one is, with the password that the demo has printed."""
    (password,) = re.findall(rf"^ +{user} +(\S+)$", demo.text, re.MULTILINE)
    assert "Sign in to" in browser.page.text
    for field, value in (("login", user), ("password", password)):
        hidden = re.findall(r'<input type="hidden" name="(csrf_token)" value="([^"]+)"', browser.page.text)
        assert f'name="{field}"' in browser.page.text
        browser.open(str(browser.page.url), {**dict(hidden), field: value})


def asks_who(browser: Browser) -> bool:
    """Whether the browser shows the provider's page that asks for an account."""
    return browser.page.url.host == "login.localhost" and 'name="login"' in browser.page.text


def sign_in_to_both(demo: Demo, browser: Browser) -> str:
    """Sign Alice in to Calendar and, through the provider's session, to Mail. Returns the gateway's `sid`."""
    sign_in(demo, browser, "calendar")
    be(demo, browser, "alice")
    assert "Hello, Alice Example" in browser.page.text
    before = {session["sid"] for session in live_sessions(demo, "mail")}
    sign_in(demo, browser, "mail")
    assert "Hello, Alice Example" in browser.page.text
    (session,) = [session for session in live_sessions(demo, "mail") if session["sid"] not in before]
    assert {client["client_id"] for client in session["clients"]} == {"calendar", "mail"}
    return str(session["sid"])


def live_sessions(demo: Demo, app: str) -> list[dict[str, Any]]:
    """The sessions that an app takes part in, as the gateway has learnt it."""
    return list(demo.ask(f"sessions?state=live&client_id={app}")["sessions"])


def test_one_sign_in_at_the_provider_serves_both_apps(demo: Demo, browser: Browser) -> None:
    """The provider asks once; the second app is signed in to without it, and the gateway has learnt one session."""
    sign_in(demo, browser, "calendar")
    assert asks_who(browser)
    be(demo, browser, "alice")
    assert (demo.url("calendar"), True) == (str(browser.page.url), "Hello, Alice Example" in browser.page.text)
    sign_in(demo, browser, "mail")
    assert (demo.url("mail"), True) == (str(browser.page.url), "Hello, Alice Example" in browser.page.text)


def test_logging_out_of_one_app_ends_the_session_and_comes_back_with_state(demo: Demo, browser: Browser) -> None:
    """The provider's own logout URL is answered by the gateway, which ends the session and returns `state`."""
    sid = sign_in_to_both(demo, browser)
    browser.open(demo.url("calendar"))
    browser.press("Log out")
    gateway, back = browser.passed[1:]
    assert gateway.startswith(demo.url("login", "/oauth/end_session?"))
    asked = dict(parse_qsl(urlsplit(gateway).query))
    assert {"id_token_hint", "client_id", "post_logout_redirect_uri", "state"} == set(asked)
    assert demo.url("calendar", f"/signed-out?state={asked['state']}") == back
    assert "came back\nunchanged" in browser.page.text
    ended = demo.ask(f"sessions/{sid}")
    assert (ended["state"], ended["end_reason"]) == ("ended", "user")


def test_the_other_app_is_told(demo: Demo, browser: Browser) -> None:
    """Mail gets a logout token and says so; the next sign-in asks for a password, and may be another user's."""
    sid = sign_in_to_both(demo, browser)
    browser.open(demo.url("calendar"))
    browser.press("Log out")
    deadline = time.monotonic() + 30
    while "Hello" in browser.open(demo.url("mail")).text:
        assert time.monotonic() < deadline, "Mail was not told"
    assert "the gateway told Mail" in browser.page.text
    told = demo.ask(f"sessions/{sid}")["deliveries"]
    assert {delivery["client_id"] for delivery in told} == {"calendar", "mail"}
    browser.press("Sign in")
    assert asks_who(browser)
    be(demo, browser, "bob")
    assert "Hello, Bob Example" in browser.page.text


def test_an_app_without_its_own_session_depends_on_the_provider(demo: Demo, browser: Browser) -> None:
    """With the provider's session signing in again is silent; after a logout the provider asks again."""
    sign_in_to_both(demo, browser)
    browser.forget("mail.localhost", "app_session")
    sign_in(demo, browser, "mail")
    assert "Hello, Alice Example" in browser.page.text
    browser.press("Log out")
    sign_in(demo, browser, "calendar")
    assert asks_who(browser)


def test_the_curl_lines_do_what_is_printed_above_them(tmp_path: Path) -> None:
    """AuthPI's, PingFederate's and the plain endpoint answer with 303 and `state`, and each ends a live session."""
    with running(tmp_path) as demo:
        ledger, authpi, pingfederate, plain, look, document = demo.curl_lines()
        assert demo.run(ledger).json()["deliveries"] == []
        assert demo.run(look).json()["state"] == "live"
        paths = [next(word for word in line if word.startswith("http://")) for line in (authpi, pingfederate, plain)]
        assert [urlsplit(url).path for url in paths] == ["/demo/logout", "/idp/init_logout.openid", "/demo/end-session"]
        back = demo.url("calendar", "/signed-out?state=from-curl")
        for line in (authpi, pingfederate, plain):
            answer = demo.run(line)
            assert (303, back) == (answer.status_code, answer.headers["location"])
        assert demo.run(look).json()["state"] == "ended"
        assert [told["client_id"] for told in demo.run(ledger).json()["deliveries"]] == ["calendar"] * 3
        assert "openapi: 3.0.3" in demo.run(document).text
        assert "location = /oauth/token" in demo.routing()


def test_an_app_refuses_a_logout_token_that_the_gateway_did_not_sign(demo: Demo, browser: Browser) -> None:
    """A token of somebody else's key, and no token at all, are answered with 400, and nobody is signed out."""
    sign_in_to_both(demo, browser)
    now = int(time.time())
    claims = {
        "iss": demo.url("login").rstrip("/"),
        "aud": "mail",
        "iat": now,
        "exp": now + 60,
        "jti": "1",
        "sub": "alice",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    token = jwt.encode({"alg": "ES256", "typ": "logout+jwt"}, claims, ECKey.generate_key("P-256"))
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
            assert second.ask(f"sessions/{sid}")["error"] == "not_found"
            assert "You are not signed in" in browser.open(second.url("calendar")).text
    assert (second.process.returncode, (tmp_path / "stderr").read_text()) == (0, "")


def test_a_demo_that_is_killed_leaves_no_provider(tmp_path: Path) -> None:
    """The provider stops with the demo, even if that had no chance to stop it."""
    with running(tmp_path) as demo:
        settings = tomllib.loads((tmp_path / ".demo" / "endsession.toml").read_text())
        upstream = urlsplit(settings["issuers"]["demo"]["front"]["upstream"])
        address = (str(upstream.hostname), upstream.port or 0)
        assert is_listened_on(address)
        demo.process.kill()
    deadline = time.monotonic() + 60
    while is_listened_on(address):
        assert time.monotonic() < deadline, "the provider goes on"


def is_listened_on(address: tuple[str, int]) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection(address, timeout=30).close()
    except OSError:
        return False
    return True


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
