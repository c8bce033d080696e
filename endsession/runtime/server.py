"""Listening: one listener for everybody, or a second one for management where the settings ask for it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import resource
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from .. import settings as configuration
from ..contract.document import Document
from .app import MANAGEMENT_TAGS, PUBLIC_TAGS, Ports, application, open_gateway
from .connection import BoundedHttp, bounded_http
from .connections import Connections

log = logging.getLogger(__name__)


class CannotListen(OSError):
    """Nothing can listen at `where`; the log has the reason."""

    def __init__(self, where: str) -> None:
        super().__init__(f"nothing can listen at {where}")
        self.where = where


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to `serve`, since there may be two of them, and never ends the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so. Raises CannotListen."""
        where = f"{self.config.host}:{self.config.port}"
        try:
            await super().startup(sockets)
        except SystemExit:
            raise CannotListen(where) from None
        log.info("listening at %s", where)


def listener(app: ASGIApp, host: str, port: int, *, http: type[BoundedHttp] = BoundedHttp) -> uvicorn.Server:
    """A server for `app`. Its access log is ours: uvicorn's would write queries, and so tokens."""
    # uvicorn asks whether anybody has put a handler to its logger, and would write in spite of `access_log=False`.
    logging.getLogger("uvicorn.access").disabled = True
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=http,
            lifespan="off",
            ws="none",  # with a WebSocket library installed, uvicorn would write each upgrade's query to its log
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=10,
        )
    )


def settle_memory() -> None:
    """What was built at the start stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _allow_descriptors(needed: int) -> None:
    """Let this process have that many open files, as far as the system allows: systems begin with few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if max(wanted, soft) < needed:
        message = "limits.connections: the system allows %d open files (ulimit -n), and %d may be needed"
        log.warning(message, max(wanted, soft), needed)


async def serve(settings: configuration.Settings, document: Document, ports: Ports) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way.

    Raises CannotListen, and what `open_gateway` raises.
    """
    async with open_gateway(settings, document, ports) as gateway:
        server, management = settings.server, settings.management
        limits = settings.limits

        def listen(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
            # Each counts for itself: what the public one has to bear leaves the other open.
            counted = Connections(limits.connections, limits.connections_per_address, server.trusted_proxies)
            return listener(app, host, port, http=bounded_http(limits.query_bytes, counted))

        if management.host is None:
            servers = [listen(application(gateway, settings), server.host, server.port)]
        else:
            public = application(gateway, settings, PUBLIC_TAGS)
            servers = [listen(public, server.host, server.port)]
            servers.append(listen(application(gateway, settings, MANAGEMENT_TAGS), management.host, management.port))

        def stop() -> None:
            for server in servers:
                server.should_exit = True

        for warning in configuration.advice(settings, document):
            log.warning("%s: %s", ".".join(map(str, warning.location)), warning.message)
        _allow_descriptors(limits.connections + 2 * settings.delivery.concurrency + 100)
        settle_memory()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        log.info("serving issuers %s at %s", ", ".join(gateway.issuers), gateway.public_url)
        await asyncio.gather(*(server.serve() for server in servers))
