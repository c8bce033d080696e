"""The command `endsession`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from pathlib import Path

import uvloop

from . import __version__, conformance
from . import settings as configuration
from .contract.document import BadDocument, Document, load_document
from .network.lookup import Lookups
from .protocol.errors import EndsessionError, ServiceUnavailable
from .provider.fetch import Fetcher
from .proxy.command import add_options, routing
from .runtime.app import Ports
from .runtime.check import look_around
from .runtime.check_storage import Finding
from .runtime.fronts import public_url
from .runtime.served import check_document, served_document
from .runtime.server import CannotListen, serve
from .settings import Problem
from .store.unusable import UnusableStorage
from .tokens.signing import NEW_KEYS, new_key


def main(arguments: list[str] | None = None) -> None:
    """Run a command; exits with 2 for settings that do not hold together, and 1 for anything else that fails."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == [conformance.NAME]:
        conformance.contract(given[1:])  # its options are its own
    options = _parser().parse_args(given)
    logging.basicConfig(
        level=options.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )  # fmt: skip
    for name in ("connexion", "uvicorn", "httpx2", "httpcore2", "asyncio", "pydantic_settings"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        options.command(options)
    except (configuration.BadSettings, BadDocument) as error:
        sys.exit(_told(str(error), 2))
    except (EndsessionError, OSError) as error:
        sys.exit(_told(f"endsession: {error}", 1))
    except KeyboardInterrupt:
        sys.exit(130)


def _told(text: str, status: int) -> int:
    print(text, file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="endsession", description="A logout service for OpenID Connect.")
    parser.add_argument("--version", action="version", version=f"endsession {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--config",
        type=Path,
        default=os.environ.get("ENDSESSION_CONFIG"),
        help="the settings file (default: $ENDSESSION_CONFIG, else ./endsession.toml if there is one)",
    )
    common.add_argument(
        "--log-level",
        default="info",
        choices=("debug", "info", "warning", "error"),
        help="the lowest level that is logged (default: info)",
    )
    command = commands.add_parser("serve", parents=[common], help="serve the gateway")
    command.set_defaults(command=_serve)
    command = commands.add_parser(
        "check", parents=[common], help="check the settings, storage, keys, file modes and the provider"
    )
    command.set_defaults(command=_check)
    command = commands.add_parser(
        "keygen", help="make a private key, for logout tokens or for encrypted hints, and print it as a JWK"
    )
    command.add_argument(
        "--alg", default="RS256", choices=sorted(NEW_KEYS), help="the algorithm of the key (default: RS256)"
    )
    command.set_defaults(command=_keygen, log_level="info")
    command = commands.add_parser(
        "proxy", parents=[common], help="print the routing of an issuer with a front, for a published proxy"
    )
    add_options(command)
    command.set_defaults(command=_proxy)
    conformance.add_to(commands)
    return parser


def _keygen(options: argparse.Namespace) -> None:
    print(json.dumps(new_key(options.alg)))


def _serve(options: argparse.Namespace) -> None:
    settings, document, base = _load(options.config)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, document, Ports(base)))
    except ServiceUnavailable as error:
        sys.exit(_told(settings.tell(Problem(("storage", "url"), error.detail, _fix(error, settings))), 1))
    except CannotListen as error:
        table = "server" if error.where == f"{settings.server.host}:{settings.server.port}" else "management"
        fix = f"stop what listens there already, or change {table}.host or {table}.port"
        sys.exit(_told(settings.tell(Problem((table, "port"), str(error), fix)), 1))


def _fix(error: ServiceUnavailable, settings: configuration.Settings) -> str:
    if isinstance(error, UnusableStorage):
        return error.fix
    if settings.storage.url.startswith("sqlite:"):
        return "create its folder, and let this user read and write both"
    return "make sure that it is running, reachable and takes writes"


def _check(options: argparse.Namespace) -> None:
    settings, document, base = _load(options.config)
    warnings = list(configuration.advice(settings, document))
    mistakes: list[Problem] = []
    for finding in asyncio.run(_look_around(settings, document, base)):
        (mistakes if finding.certain else warnings).append(finding.problem)
    for warning in warnings:
        print(f"Warning: {settings.tell(warning)}", file=sys.stderr)
    if mistakes:
        raise settings.refuse(mistakes)
    print(f"The settings are valid. Issuers: {len(settings.issuers)}, warnings: {len(warnings)}.")


def _proxy(options: argparse.Namespace) -> None:
    settings, document, _ = _load(options.config)
    routing(options, settings, document, public_url(settings))


async def _look_around(settings: configuration.Settings, document: Document, base: Path) -> list[Finding]:
    lookups = Lookups()
    fetcher = Fetcher(lookups)
    try:
        looking = look_around(settings, public_url(settings), base, fetcher.get, document)
        return [finding async for finding in looking]
    finally:
        await fetcher.close()
        await lookups.close()


def _load(config: Path | None) -> tuple[configuration.Settings, Document, Path]:
    document = load_document()
    check_document(document)
    file: Path | None = Path(config) if config else Path("endsession.toml")
    if not config and file is not None and not file.exists():
        file = None
    served: list[Document] = []

    def document_for(server: configuration.Server, folder: Path, problems: list[Problem]) -> Document:
        served.append(served_document(document, server, folder, problems))
        return served[0]

    settings = configuration.load(file, document_for)
    return settings, served[0], file.resolve().parent if file else Path.cwd()
