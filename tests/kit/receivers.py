"""Apps that take logout tokens: a real HTTP server in a thread of its own, which can be slow, broken or hostile."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Behaviour = Callable[[int], int | Response | None]
"""From the number of the call (the first is 1) to a status or an answer; None answers nothing before `let_go`."""


@dataclass
class Receivers:
    """Every path of the server is an app of its own."""

    port: int = 0
    behaviour: dict[str, Behaviour] = field(default_factory=dict)
    received: defaultdict[str, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    """By app: when each token came (seconds since 1970), and the token."""
    bodies: list[bytes] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _held: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None

    def url(self, app: str) -> str:
        """Where that app takes logout tokens."""
        return f"http://127.0.0.1:{self.port}/{app}"

    def tokens(self, app: str) -> list[str]:
        """The tokens that came for an app, in order."""
        return [token for _, token in self.received[app]]

    async def wait_for(self, app: str, count: int = 1, seconds: float = 20) -> None:
        """Return once an app got that many tokens."""
        await asyncio.to_thread(self._wait, lambda: len(self.received[app]) >= count, seconds)

    def _wait(self, condition: Callable[[], bool], seconds: float) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, seconds), "it did not come"

    def let_go(self) -> None:
        """Answer the calls that are held, with 503, and hold none any more."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._held.set)

    async def take(self, request: Request) -> Response:
        """Take a token, and answer as the app behaves."""
        app = request.path_params["app"]
        body = await request.body()
        token = parse_qs(body.decode()).get("logout_token", [""])[0]
        with self._changed:
            self.bodies.append(body)
            self.received[app].append((time.time(), token))
            call = len(self.received[app])
            self._changed.notify_all()
        behaviour = self.behaviour.get(app)
        answer = behaviour(call) if behaviour else 200
        if answer is None:
            self._loop = asyncio.get_running_loop()
            await self._held.wait()
            answer = 503
        return answer if isinstance(answer, Response) else Response(status_code=answer)


@contextlib.contextmanager
def receivers() -> Iterator[Receivers]:
    """A running server of apps, all of which answer 200 until told otherwise."""
    apps = Receivers()
    with in_a_thread(Starlette(routes=[Route("/{app:path}", apps.take, methods=["POST"])])) as apps.port:
        yield apps


@contextlib.contextmanager
def in_a_thread(app: Starlette) -> Iterator[int]:
    """Serve an application on this machine; yields its port."""
    config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < until, "the receivers do not start"
        time.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
