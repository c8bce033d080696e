"""Whose `X-Forwarded-For` is believed, and what the log says of the others (T20)."""

from __future__ import annotations

from typing import Any

import pytest

from endsession.runtime.proxies import PEERS, TrustedProxies


async def client_of(app: TrustedProxies, seen: list[str], peer: str, *forwarded: str) -> str:
    """Which client the application behind sees."""
    headers = [(b"host", b"login.example"), *((b"x-forwarded-for", value.encode()) for value in forwarded)]
    await app({"type": "http", "client": (peer, 1), "scheme": "http", "headers": headers}, None, None)  # type: ignore[arg-type]
    return seen[-1]


def proxied(*proxies: str) -> tuple[TrustedProxies, list[str]]:
    """An application that notes its clients."""
    seen: list[str] = []

    async def note(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])

    return TrustedProxies(note, proxies), seen


async def test_only_what_a_trusted_proxy_has_appended_is_believed() -> None:
    """The last address that is no proxy's; what a client has written before it is nothing."""
    app, seen = proxied("10.0.0.9/24")
    assert await client_of(app, seen, "10.0.0.1", "198.51.100.9, 203.0.113.5") == "203.0.113.5"
    assert await client_of(app, seen, "10.0.0.1", "203.0.113.5, 10.0.0.2") == "203.0.113.5"
    assert await client_of(app, seen, "10.0.0.1", "198.51.100.9", "203.0.113.6") == "203.0.113.6"
    assert await client_of(app, seen, "10.0.1.1", "203.0.113.5") == "10.0.1.1"
    assert await client_of(app, seen, "10.0.0.1") == "10.0.0.1"


@pytest.mark.parametrize("proxies", [(), ("10.0.0.0/24",)])
async def test_an_untrusted_peer_that_forwards_is_named_once(proxies: Any, caplog: pytest.LogCaptureFixture) -> None:
    """With the setting to change, and with nothing of what it has sent."""
    app, seen = proxied(*proxies)
    for _ in range(3):
        assert await client_of(app, seen, "192.0.2.80", "a-made-up\x1b[31m-value") == "192.0.2.80"
    assert caplog.text.count("192.0.2.80 sends X-Forwarded-For") == 1
    assert "add it to server.trusted_proxies" in caplog.text
    assert "made-up" not in caplog.text
    await client_of(app, seen, "192.0.2.81")
    assert "192.0.2.81" not in caplog.text


async def test_the_log_is_not_filled_by_many_peers(caplog: pytest.LogCaptureFixture) -> None:
    """Anyone can send the header: a few are named, and then none."""
    app, seen = proxied()
    for number in range(200):
        await client_of(app, seen, f"192.0.2.{number}", "203.0.113.5")
    assert caplog.text.count("sends X-Forwarded-For") == PEERS
