"""A gateway process that kills itself, with SIGKILL, at a named point of a logout.

    python -m tests.crash.victim FOLDER POINT

FOLDER holds `configuration.json`. The points are reached through replaced ports: the storage, the sender, and the ASGI
application itself. The shipped code knows nothing of them. The process prints its port once it serves.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from endsession import settings as configuration
from endsession.contract.document import load_document
from endsession.runtime.app import Ports, application, open_gateway, open_store
from tests.kit.deployment import with_secret

POINTS = {
    "request arrives": "the request is read, nothing else has happened",
    "session is looked up": "before the look-up of the session",
    "decided": "after the look-up, before anything is written",
    "in the transaction": "the session is marked as ended, its deliveries are not written",
    "before the commit": "the session's end and its deliveries are written and not committed",
    "after the commit": "everything is durable, nobody has been told",
    "before a send": "an app's turn has come, nothing is sent",
    "after a send": "the app has its token, and nothing says so",
    "before a record's commit": "the outcome is written and not committed",
    "after a record": "one app is told and recorded",
    "before the answer": "all apps are told, the browser has no answer",
    "in the background": "the browser has its answer, one app is being tried again",
}


class Trap:
    """Dies when the armed point is reached for the given time."""

    def __init__(self, point: str) -> None:
        self.point, self.armed = point, False

    def reach(self, point: str) -> None:
        """Die if this is the point."""
        if self.armed and point == self.point:
            os.kill(os.getpid(), signal.SIGKILL)


class Store:
    """The storage, with points ports and inside its transactions."""

    def __init__(self, inner: Any, trap: Trap) -> None:
        self._inner, self._trap = inner, trap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def read(self, script: Any, **options: Any) -> Any:
        """See Database."""
        name = script.__name__
        if name == "search_sessions":
            self._trap.reach("session is looked up")
        result = await self._inner.read(script, **options)
        if name == "search_sessions":
            self._trap.reach("decided")
        return result

    async def write(self, script: Any, **options: Any) -> Any:
        """See Database."""
        name = script.__name__
        result = await self._inner.write(self._watched(script, name), **options)
        if name == "end_session":
            self._trap.reach("after the commit")
        if name == "record_attempt":
            self._trap.reach("after a record")
        return result

    def _watched(self, script: Any, name: str) -> Any:
        rows = None
        try:
            statement = next(script)
            while True:
                rows = yield statement
                if name == "end_session" and statement.sql.startswith("UPDATE sessions"):
                    self._trap.reach("in the transaction")
                statement = script.send(rows)
        except StopIteration as stop:
            self._trap.reach(
                {"end_session": "before the commit", "record_attempt": "before a record's commit"}.get(name, name)
            )
            return stop.value


class Sender:
    """The sender, with points ports each attempt."""

    def __init__(self, inner: Any, trap: Trap) -> None:
        self._inner, self._trap = inner, trap

    async def destination(self, delivery: Any) -> Any:
        """See Sender."""
        return await self._inner.destination(delivery)

    async def send(self, delivery: Any, destination: Any) -> Any:
        """See Sender."""
        self._trap.reach("before a send")
        if delivery.attempts:
            self._trap.reach("in the background")
        verdict = await self._inner.send(delivery, destination)
        self._trap.reach("after a send")
        return verdict


def watched(app: Any, trap: Trap) -> Callable[..., Any]:
    """The application, with points at its edges. The first logout request arms the trap."""

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        if not scope.get("path", "").endswith("/end-session"):
            await app(scope, receive, send)
            return
        trap.armed = True
        trap.reach("request arrives")

        async def reached(message: Any) -> None:
            if message["type"] == "http.response.start":
                trap.reach("before the answer")
            await send(message)

        await app(scope, receive, reached)

    return outer


async def run(folder: Path, trap: Trap) -> None:
    """Serve until killed."""
    settings = configuration.Settings(**with_secret(json.loads((folder / "configuration.json").read_text())))
    ports = Ports(
        folder,
        open_store=lambda url, base: Store(open_store(url, base), trap),
        wrap_sender=lambda inner: Sender(inner, trap),
    )
    async with open_gateway(settings, load_document(), ports) as gateway:
        app = watched(application(gateway, settings), trap)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0.005)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await serving


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), Trap(sys.argv[2])))
