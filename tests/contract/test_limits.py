"""A request over a limit costs little: it is refused before anything in it is read (T20, T26)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import Message

from tests.kit.deployment import Deployment, deploy
from tests.kit.flow import AUTHPI, PING, PLAIN
from tests.kit.raw import FORM, ask

CONFIRM = "/acme/logout/confirm"
LIMITED = [
    ("GET", AUTHPI), ("GET", PING), ("GET", PLAIN), ("POST", AUTHPI), ("POST", PING), ("POST", PLAIN),
    ("POST", CONFIRM), ("GET", "/acme/logout/resume?handle=x"), ("GET", "/acme/logout/continue/x"),
    ("GET", "/acme/logout/status/x"),
]  # fmt: skip


@pytest.fixture(scope="module")
async def used_up(tmp_path_factory: pytest.TempPathFactory, backend: str) -> AsyncIterator[Deployment]:
    """A deployment that has taken all that it takes of the tests' address."""
    changes = {"limits": {"logout_per_address": "1/day"}}
    async with deploy(tmp_path_factory.mktemp("limited"), changes) as deployment:
        assert (await deployment.get(PLAIN)).status_code == 200
        yield deployment


async def unread(gateway: Deployment, method: str, target: str, **headers: str) -> int:
    """The status of a request whose body is never sent."""
    path, _, query = target.partition("?")
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("its body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    lines = {"host": "login.example", **headers}
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in lines.items()],
        "client": ("192.0.2.7", 40000), "server": ("login.example", 443),
    }  # fmt: skip
    await gateway.app(scope, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize(("method", "target"), LIMITED)
async def test_nothing_of_a_request_over_the_limit_is_read(used_up: Deployment, method: str, target: str) -> None:
    """429, whatever it is: no body is received, no parameter is decoded, and no issuer is looked for."""
    assert await unread(used_up, method, target, content_type=FORM, content_length="60000") == 429
    assert await unread(used_up, method, target, content_type="text/plain", content_length="9" * 12) == 429
    assert await unread(used_up, method, target.replace("acme", "nobody")) == 429
    assert await unread(used_up, method, f"{target}{'&' if '?' in target else '?'}{'x=%ff&' * 5000}") == 429
    assert await unread(used_up, method, target, host="elsewhere.example") == 429


@pytest.mark.usefixtures("backend")
async def test_a_request_that_is_refused_for_something_else_is_counted_too(tmp_path: Any) -> None:
    """Otherwise requests with a body that is too large, or no form at all, could be sent without end."""
    async with deploy(tmp_path, {"limits": {"logout_per_address": "3/day"}}) as gateway:
        assert (
            await ask(gateway.app, "POST", PLAIN, headers=[("content-type", FORM)], body=b"x" * 70_000)
        ).status == 413
        assert (
            await ask(gateway.app, "POST", AUTHPI, headers=[("content-type", "text/plain")], body=b"x")
        ).status == 415
        assert (await ask(gateway.app, "GET", f"{PING}?x={'y' * 20_000}")).status == 414
        assert (await ask(gateway.app, "GET", PLAIN)).status == 429


async def test_a_head_asks_nothing_and_spends_nothing(used_up: Deployment) -> None:
    """It does nothing that would have to be limited."""
    assert (await ask(used_up.app, "HEAD", PLAIN)).status == 200
