"""What a stranger can find out by trying (T24): which clients there are, whose account it was, which hints decrypt."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.kit.apps import sign_in
from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.encrypted import encrypt, private_key, secret_for
from tests.kit.flow import HTML, JSON, PLAIN, answer, asks, both_methods, browser_cookie, log_out
from tests.kit.tokens import SECRET, id_token

CHANGING = re.compile(
    r'gAAAAA[\w-]+|__Host-endsession=[\w-]+|Reference: \w+|"(?:x-request-id|content-length)", "\w+"|\b[0-9a-f]{16}\b'
)
"""What differs between two answers to the same request: handles, secrets of browsers, references and their lengths."""


def whole(response: httpx2.Response) -> str:
    """An answer as a stranger sees it, without what is different each time."""
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return CHANGING.sub("-", f"{response.status_code} {headers} {response.text}")


@both_methods
@pytest.mark.parametrize("accept", [HTML, JSON])
@pytest.mark.parametrize("cookie", [cookie_of(), ""], ids=["signed in", "not signed in"])
@pytest.mark.parametrize("wrong", ["", "https://app.example/not-registered", "javascript:alert(1)"])
async def test_a_client_id_alone_is_no_oracle(
    gateway: Deployment, method: str, accept: str, cookie: str, wrong: str
) -> None:
    """Known, unknown and disabled: byte by byte the same answer, whatever URI a stranger guesses wrongly."""
    await gateway.register()
    seen = []
    for client_id in ("web", "nobody", "gone"):
        request = {"client_id": client_id, **({"post_logout_redirect_uri": wrong} if wrong else {})}
        response = await log_out(gateway, method, PLAIN, cookie=cookie, accept=accept, **request)
        if response.status_code == 303 and "/logout/resume" in response.headers["location"]:
            response = await gateway.get(response.headers["location"], cookie=cookie, accept=accept)
        assert "Web App" not in response.text
        seen.append(whole(response))
    assert seen[0] == seen[1] == seen[2]
    assert await gateway.state_of() == "live"


async def test_a_no_names_no_app_either(gateway: Deployment) -> None:
    """The page after the answer has the app's home page only where the request had more than its client_id."""
    await gateway.register()
    seen = []
    for client_id in ("web", "nobody"):
        question = await gateway.get(PLAIN, {"client_id": client_id}, cookie=cookie_of(), accept=HTML)
        assert asks(question)
        seen.append(whole(await answer(gateway, question, "no", cookie=cookie_of())))
    assert seen[0] == seen[1]
    request = {"client_id": "web", "post_logout_redirect_uri": "https://app.example/signed-out"}
    question = await gateway.get(PLAIN, request, cookie=cookie_of(), accept=HTML)
    assert "The Web App asked to log you out" in question.text
    assert "https://app.example/" in (await answer(gateway, question, "no", cookie=cookie_of())).text


# The status of a logout

FRONT: dict[str, Any] = {
    "redirect_uris": ["https://front.example/cb"],
    "frontchannel_logout_uri": "https://front.example/logout",
    "client_name": "The Front App",
}


@pytest.mark.parametrize("accept", [HTML, JSON])
async def test_a_status_names_the_account_to_its_own_browser_only(tmp_path: Path, accept: str) -> None:
    """The URL is in histories and logs: others learn from it that the session has ended, and not whose it was."""
    async with deploy(tmp_path, {"issuers": {"acme": {"clients": {"front": FRONT}}}}) as gateway:
        await sign_in(gateway, "web", user_label="Alice A.")
        done = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=cookie_of(), accept=JSON)
        url, mine = done.json()["status_url"], browser_cookie(done)
        own = await gateway.get(url, accept=accept, cookie=mine)
        assert "The Web App" in own.text
        for cookie in ("", "__Host-endsession=" + "x" * 32, cookie_of()):
            other = await gateway.get(url, accept=accept, cookie=cookie)
            assert other.status_code == 200
            assert "Alice" not in other.text
            assert "Web App" not in other.text
            assert "signed_out" in other.text or "You are signed out" in other.text


async def test_the_status_behind_the_frames_is_the_browsers_own(tmp_path: Path) -> None:
    """The way over the page with the frames names no more to others than the direct one."""
    async with deploy(tmp_path, {"issuers": {"acme": {"clients": {"front": FRONT}}}}) as gateway:
        await sign_in(gateway, "front", user_label="Alice A.")
        page = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=cookie_of(), accept=HTML)
        go_on = re.search(r'content="\d+;url=([^"]+)"', page.text)
        assert go_on
        status = (await gateway.get(go_on[1])).headers["location"]
        own = await gateway.get(status, accept=HTML, cookie=browser_cookie(page))
        assert "Alice A." in own.text
        assert "The Front App" in own.text
        other = await gateway.get(status, accept=HTML)
        assert "Alice" not in other.text
        assert "Front App" not in other.text


# Encrypted hints


def undecryptable() -> dict[str, str]:
    """Encrypted hints that fail at every step: before, at and after the decryption."""
    key = secret_for(SECRET, "dir", "A128GCM")
    good = encrypt(id_token("HS256", aud="hmac"), "dir", "A128GCM", key, kid=None)
    rest = good.partition(".")[2]
    return {
        "a key of nobody": encrypt(id_token(), "RSA-OAEP-256", "A128GCM", private_key("RSA")),
        "a broken header": "e30x." + rest,
        "a segment that is no base64url": good[:-3] + "$$$",
        "a changed tag": good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"),
        "no token inside": encrypt("no token", "dir", "A128GCM", key, kid=None),
        "bytes inside": encrypt(b"\xff\xfe", "dir", "A128GCM", key, kid=None),
        "a token without claims inside": encrypt("e30.e30.e30", "dir", "A128GCM", key, kid=None),
        "a JWE inside": encrypt(good, "dir", "A128GCM", key, kid=None),
        "a forged token inside": encrypt(id_token("HS256", aud="hmac")[:-4] + "AAAA", "dir", "A128GCM", key, kid=None),
    }


@both_methods
@pytest.mark.parametrize("client_id", ["hmac", "web", "nobody", ""])
async def test_every_undecryptable_hint_has_one_answer(tmp_path: Path, method: str, client_id: str) -> None:
    """Whether a key fits, what is inside and whose secret it was: nothing of it shows."""
    async with deploy(tmp_path, {"issuers": {"acme": {"preset": "strict"}}}) as gateway:
        await gateway.register()
        seen = {}
        for name, hint in undecryptable().items():
            request = {"id_token_hint": hint, **({"client_id": client_id} if client_id else {})}
            response = await log_out(gateway, method, PLAIN, cookie=cookie_of(), accept=JSON, **request)
            seen[name] = whole(response)
        assert set(seen.values()) == {seen["a key of nobody"]}, seen
        assert seen["a key of nobody"].startswith("401")
        assert await gateway.state_of() == "live"
