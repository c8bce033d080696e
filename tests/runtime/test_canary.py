"""The parts of uvicorn that have no promise and that the listener is built on. See tests/contract/test_canary.py."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httptools
import pytest
import uvicorn
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from tests.kit.canary import relied_on

CONNECTION, SERVER = "endsession/runtime/connection.py", "endsession/runtime/server.py"
REQUEST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
HOOKS = ("connection_made", "data_received", "on_body", "on_message_complete", "connection_lost")
"""What the bounded connection overrides, in the order of a request."""


def config(port: int = 0) -> uvicorn.Config:
    """As the listener's, with an application that answers ok."""
    made = uvicorn.Config(Response("ok"), port=port, lifespan="off", ws="none", log_config=None)
    made.load()
    return made


def watched(calls: list[str], lost: asyncio.Event) -> HttpToolsProtocol:
    """A connection that writes down which of its hooks are called."""

    def hook(name: str) -> Callable[..., None]:
        def call(self: HttpToolsProtocol, *arguments: Any) -> None:
            calls.append(name)
            getattr(HttpToolsProtocol, name)(self, *arguments)
            if name == "connection_lost":
                lost.set()

        return call

    kind = type("Watched", (HttpToolsProtocol,), {name: hook(name) for name in HOOKS})
    connection: HttpToolsProtocol = kind(config=config(), server_state=ServerState(), app_state={})
    return connection


async def test_a_connection_calls_the_hooks_that_are_bounded() -> None:
    """What is counted and timed is all that comes in: the hooks of the class are called, also by its parser."""
    with relied_on("uvicorn", f"HttpToolsProtocol calls {', '.join(HOOKS)}", CONNECTION):
        calls: list[str] = []
        lost = asyncio.Event()
        ours, theirs = socket.socketpair()
        with theirs:
            connection = watched(calls, lost)
            await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, ours)
            theirs.sendall(REQUEST)
            async with asyncio.timeout(10):
                await lost.wait()
        assert tuple(calls) == HOOKS, calls


async def test_an_upgrade_stops_the_parser_and_asks_for_a_warning() -> None:
    """Behind the head, with the place where it stopped: from there the body is read by another parser."""
    with relied_on("uvicorn", "HttpToolsProtocol._unsupported_upgrade_warning handles the exception", CONNECTION):
        stops: list[int] = []

        class Upgraded(HttpToolsProtocol):
            def _unsupported_upgrade_warning(self) -> None:
                stopped = sys.exception()
                assert isinstance(stopped, httptools.HttpParserUpgrade)
                stops.append(stopped.args[0])
                self.transport.close()

        connection = Upgraded(config=config(), server_state=ServerState(), app_state={})
        ours, theirs = socket.socketpair()
        head = b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\n"
        with theirs:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, ours)
            theirs.sendall(head + b"abc")
            await asyncio.to_thread(theirs.recv, 1)
        assert stops == [len(head)]


async def test_a_connection_has_a_transport_and_a_loop() -> None:
    """A connection that exceeds its bounds is closed by the one, and timed by the other."""
    with relied_on("uvicorn", "HttpToolsProtocol has a transport once it is connected, and a loop", CONNECTION):
        connection = watched([], asyncio.Event())
        assert connection.loop is asyncio.get_running_loop(), connection.loop
        ours, theirs = socket.socketpair()
        with theirs:
            transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, ours)
            assert connection.transport is transport, connection.transport
            transport.close()


class Captured(uvicorn.Server):
    """Leaves signals alone, and ends as soon as it has started."""

    captured = False

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See uvicorn."""
        self.captured = True
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        self.should_exit = True


async def test_a_server_leaves_signals_to_one_method() -> None:
    """There may be two servers in a process, and one signal is for both."""
    with relied_on("uvicorn", "Server.serve enters capture_signals, then startup, and ends by should_exit", SERVER):
        server = Captured(config())
        async with asyncio.timeout(10):
            await server.serve()
        assert server.captured, "capture_signals was not entered"


async def test_a_server_that_cannot_listen_raises_system_exit() -> None:
    """It becomes an error that names the setting."""
    with relied_on("uvicorn", "Server.startup raises SystemExit where it cannot listen", SERVER):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            server = uvicorn.Server(config(taken.getsockname()[1]))
            try:
                await server.serve()
            except SystemExit:
                return
        raise LookupError("it raised nothing")


@pytest.mark.parametrize(
    ("owner", "name", "canary"),
    [
        (HttpToolsProtocol, "on_body", test_a_connection_calls_the_hooks_that_are_bounded),
        (HttpToolsProtocol, "__init__", test_a_connection_has_a_transport_and_a_loop),
        (uvicorn.Server, "startup", test_a_server_leaves_signals_to_one_method),
        (uvicorn.Server, "_serve", test_a_server_that_cannot_listen_raises_system_exit),
    ],
)
async def test_a_canary_stops_singing(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, canary: Callable[[], Awaitable[None]]
) -> None:
    """With the part taken out of uvicorn its test fails, and names uvicorn and the file that relies on it."""
    monkeypatch.delattr(owner, name)
    with pytest.raises(AssertionError, match=r"uvicorn .* has changed\..* endsession/runtime/\w+\.py relies on it"):
        await canary()
