"""A gateway process with a front that kills itself, with SIGKILL, at a named point of a sign-in.

    python -m tests.crash.front_victim FOLDER PATH POINT

FOLDER holds `configuration.json`, and PATH is that of the request at whose point it dies. The points are reached
through replaced ports, as in `victim.py`. The process prints its port once it serves.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn

from endsession import settings as configuration
from endsession.contract.document import load_document
from endsession.runtime.app import Ports, application, open_gateway, open_store
from tests.kit.deployment import with_secret

from .victim import Trap

POINTS = {
    "request arrives": "nothing has happened",
    "before it is passed on": "the provider knows nothing of it",
    "after the provider's response": "the provider has issued what it issues, and nothing is written",
    "before the commit": "what is learnt is written and not committed",
    "after the commit": "it is durable, and nobody has an answer",
    "before the answer": "the same, with the answer made",
    "after the answer": "the answer has left",
}
_LEARNING = {"await_token", "learn"}


class Store:
    """The storage, with points around what learns."""

    def __init__(self, inner: Any, trap: Trap) -> None:
        self._inner, self._trap = inner, trap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def write(self, script: Any, **options: Any) -> Any:
        """See Database."""
        if script.__name__ not in _LEARNING:
            return await self._inner.write(script, **options)
        result = await self._inner.write(self._watched(script), **options)
        self._trap.reach("after the commit")
        return result

    def _watched(self, script: Any) -> Any:
        result = yield from script
        self._trap.reach("before the commit")
        return result


class Upstream:
    """The way to the provider, with points before and after it."""

    def __init__(self, inner: Any, trap: Trap) -> None:
        self._inner, self._trap = inner, trap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def send(self, outgoing: Any) -> AbstractAsyncContextManager[Any]:
        """See Upstream."""
        return self._watched(outgoing)

    @asynccontextmanager
    async def _watched(self, outgoing: Any) -> AsyncIterator[Any]:
        self._trap.reach("before it is passed on")
        async with self._inner.send(outgoing) as response:
            self._trap.reach("after the provider's response")
            yield response


def watched(app: Any, path: str, trap: Trap) -> Callable[..., Any]:
    """The application, with points at its edges. The first request for `path` arms the trap."""

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") != path:
            await app(scope, receive, send)
            return
        trap.armed = True
        trap.reach("request arrives")

        async def reached(message: Any) -> None:
            if message["type"] == "http.response.start":
                trap.reach("before the answer")
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                trap.reach("after the answer")

        await app(scope, receive, reached)

    return outer


async def run(folder: Path, path: str, trap: Trap) -> None:
    """Serve until killed."""
    settings = configuration.Settings(**with_secret(json.loads((folder / "configuration.json").read_text())))
    ports = Ports(folder, open_store=lambda url, base: Store(open_store(url, base), trap))
    async with open_gateway(settings, load_document(), ports) as gateway:
        fronts: dict[str, Any] = {
            name: replace(front, upstream=Upstream(front.upstream, trap))  # type: ignore[arg-type]
            for name, front in gateway.issuer_fronts.items()
        }
        app = watched(application(replace(gateway, issuer_fronts=fronts), settings), path, trap)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0.005)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await serving


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2], Trap(sys.argv[3])))
