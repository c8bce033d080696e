"""The command `endsession proxy`: prints the routing of an issuer, or writes it to a folder."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import settings as configuration
from ..contract.document import Document
from ..front.provider import FrontedProvider
from ..network.lookup import Lookups
from ..protocol.errors import ServiceUnavailable
from ..provider.fetch import Fetcher
from ..provider.metadata import parse_metadata
from ..settings import Problem
from .plan import CannotRoute, plan
from .write import FILES, write


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("--for", dest="proxy", required=True, choices=sorted(FILES), help="the proxy to write for")
    command.add_argument("--issuer", help="the issuer's name in the settings (default: the only one that has a front)")
    command.add_argument("--output", type=Path, help="a folder to write the configuration to, in place of printing it")
    command.add_argument("--gateway", default="", help="HOST:PORT at which the proxy reaches endsession (default: server.host and server.port)")  # fmt: skip  # noqa: E501
    command.add_argument("--metadata", type=Path, help="a file with the provider's metadata, where it cannot be fetched from here")  # fmt: skip  # noqa: E501


def routing(options: argparse.Namespace, settings: configuration.Settings, document: Document, public_url: str) -> None:
    """Run the command. Raises BadSettings, and ServiceUnavailable or OSError without the provider's metadata."""
    issuer_id = _issuer(options.issuer, settings)
    table = settings.issuers[issuer_id]
    try:
        if options.metadata is not None:
            metadata = parse_metadata(options.metadata.read_bytes(), table.issuer)
        else:
            metadata = asyncio.run(_fetched(issuer_id, table))
        text = write(plan(issuer_id, settings, document, metadata, options.gateway, public_url), options.proxy)
    except CannotRoute as error:
        problem = Problem(("issuers", issuer_id, "front"), str(error), "see docs/front.md, Routing")
        raise settings.refuse([problem]) from None
    except ValueError as error:
        raise OSError(f"{options.metadata}: {error}") from None
    if options.output is None:
        print(text, end="")
        return
    options.output.mkdir(parents=True, exist_ok=True)
    file = options.output / FILES[options.proxy]
    file.write_text(text, encoding="utf-8")
    print(file)


def _issuer(named: str | None, settings: configuration.Settings) -> str:
    fronted = [issuer_id for issuer_id, table in settings.issuers.items() if table.front is not None]
    if named in fronted:
        return named
    if named is None and len(fronted) == 1:
        return fronted[0]
    message = "there is no issuer with a front" if not fronted else "which issuer is meant is not said"
    if named is not None:
        message = f"there is no issuer {named} with a front"
    fix = f"--issuer {' or '.join(fronted)}" if fronted else "set issuers.NAME.front.upstream"
    raise settings.refuse([Problem(("issuers",), message, fix)])


async def _fetched(issuer_id: str, table: configuration.IssuerSettings) -> Mapping[str, Any]:
    assert table.front is not None
    lookups = Lookups()
    fetcher = Fetcher(lookups)
    try:
        provider = FrontedProvider(issuer_id, table.issuer, table.front, fetcher.get, time.time)
        return await provider.metadata.read()
    except ServiceUnavailable as error:
        message = f"{error.detail} from {table.front.upstream}; name a file that has it with --metadata"
        raise OSError(message) from None
    finally:
        await fetcher.close()
        await lookups.close()
