"""A deployment that a synchronous fuzzer can talk to, in process, while it lives on an event loop of its own.

The fuzzer has its own loop, and a gateway's background work belongs to the loop that it was started on. So requests are
handed over, whole, and answers handed back; both are told to the table on their way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.types import Message, Receive, Scope, Send

from endsession.contract.document import Document
from logout_conformance.reporting.table import Table

from .deployment import DOCUMENT, Deployment, deploy
from .faults import StorageFaults

T = TypeVar("T")
ADDRESS = ("192.0.2.7", 40000)
"""Where the fuzzer's requests come from: the same place as those of `deploy`."""


class Stage:
    """A running deployment. It is itself the ASGI application that the fuzzer calls.

    While `failure` makes an exception, storage meets every request of the fuzzer with it; what prepares a request, by
    `call`, finds storage in order.
    """

    def __init__(self, deployment: Deployment, table: Table, portal: BlockingPortal, faults: StorageFaults) -> None:
        self.deployment, self.table = deployment, table
        self.failure: Callable[[], Exception] | None = None
        self._faults = faults
        self._portal = portal
        self._loop = portal.call(_running_loop)

    def call(self, function: Callable[..., Awaitable[T]], *arguments: Any, **options: Any) -> T:
        """Run a coroutine function on the gateway's loop and wait for it."""
        return self._portal.call(lambda: function(*arguments, **options))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return
        body = await _whole_body(receive)
        run = asyncio.run_coroutine_threadsafe(self._answer(scope, body), self._loop)
        messages = await asyncio.wrap_future(run)
        self.table.count(scope["method"], scope["path"], messages[0]["status"])
        for message in messages:
            await send(message)

    async def _answer(self, scope: Scope, body: bytes) -> list[Message]:
        incoming: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        outgoing: list[Message] = []

        async def receive() -> Message:
            return incoming.pop() if incoming else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            outgoing.append(message)

        if self.failure is not None:
            self._faults.fail(self.failure)
        try:
            await self.deployment.app(dict(scope, client=ADDRESS), receive, send)
        finally:
            self._faults.mend()
        return outgoing


async def _running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


async def _whole_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


@contextmanager
def stage(
    folder: Path,
    table: Table,
    changes: Mapping[str, Any] | None = None,
    *,
    document: Document = DOCUMENT,
) -> Iterator[Stage]:
    """Run a deployment (see `deploy`) on a loop of its own, and tell `table` of every request."""
    faults = StorageFaults()
    running = deploy(folder, changes, document=document, ports=faults.ports)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(running) as deployment:
        yield Stage(deployment, table, portal, faults)
