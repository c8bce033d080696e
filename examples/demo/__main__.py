"""Start the demo: `make demo`, or `python -m examples.demo`. PORT= chooses the port (8080)."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
from pathlib import Path

import httpx2
from starlette.responses import RedirectResponse
from starlette.routing import Host, Route, Router
from starlette.types import ASGIApp

from endsession import settings
from endsession.contract.document import load_document
from endsession.front.upstream import Upstream
from endsession.runtime.app import Ports, application, open_gateway
from endsession.runtime.server import listener

from . import canaille, configuration, contract, network
from .app import RelyingParty
from .guide import guide
from .parties import Parties, parties
from .proxy import LoginHost
from .tokens import SigningKey

FOLDER = Path(".demo")


def main() -> None:
    """Run until Ctrl-C."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    sockets = _sockets(os.environ.get("PORT", ""))
    port = sockets[0].getsockname()[1]
    # Each demo starts with nobody signed in.
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with asyncio.Runner(loop_factory=network.Loop) as runner:
        runner.run(_serve(parties(port), port, sockets))


def _sockets(wanted: str) -> list[socket.socket]:
    try:
        port = int(wanted or 8080)
        sockets = network.listen(port, or_any=not wanted)
    except (ValueError, OverflowError, OSError) as error:
        sys.exit(f"The demo cannot listen on port {wanted}: {error}. Choose another: PORT=8081 make demo")
    if not wanted and sockets[0].getsockname()[1] != port:
        print(f"Port {port} is taken, so the demo uses another one.")
    return sockets


async def _serve(everybody: Parties, port: int, sockets: list[socket.socket]) -> None:
    print("Starting the provider, which takes some seconds ...", flush=True)
    key = SigningKey()
    async with canaille.running(FOLDER, everybody, key) as upstream:
        contract.write(FOLDER, everybody, key)
        file = configuration.write(FOLDER, port, everybody, upstream)
        document = load_document()
        configured = settings.load(file, lambda *_: document)
        async with (
            httpx2.AsyncClient(trust_env=False) as http,
            open_gateway(configured, document, Ports(FOLDER)) as gateway,
        ):
            provider = Upstream(upstream, timeout=30, connections=50)
            answers = application(gateway, configured)
            hosts = _hosts(everybody, LoginHost(answers, provider), answers, http)
            server = listener(hosts, "127.0.0.1", port)
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, lambda: setattr(server, "should_exit", True))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(server.serve(sockets))
                print(await guide(everybody, key, http, file), flush=True)
            await provider.close()


def _hosts(everybody: Parties, login: ASGIApp, gateway: ASGIApp, http: httpx2.AsyncClient) -> ASGIApp:
    """Who answers at which name. At others it is the gateway: not every system knows names below `localhost`."""
    apps = [(app.client_id, RelyingParty(app, everybody, http).router) for app in everybody.apps]
    elsewhere = Router([Route("/", RedirectResponse(everybody.calendar.url, 307))], default=gateway)
    return Router(
        [
            Host("login.localhost", login),
            *(Host(f"{name}.localhost", app) for name, app in apps),
        ],
        default=elsewhere,
    )


if __name__ == "__main__":
    main()
