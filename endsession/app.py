"""Wiring: from settings and the document to a gateway and its ASGI application. Nothing is decided here."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import settings as configuration
from settings import Problem

from .contract.app import build
from .contract.dialect import Dialect
from .contract.document import Document
from .contract.operation import Sizes
from .delivery.fetch import Fetcher
from .gateway import Caller, Gateway, Issuer, SessionCookie
from .limiter import Limiter
from .pages import Pages
from .protocol.client import Client
from .protocol.policy import Policy
from .store.script import Database
from .store.sqlite import SqliteDatabase
from .store.upkeep import shared_secret
from .tokens.hint import IdTokenHints
from .tokens.keys import KeySet, KeySource, UnusableKey
from .tokens.seal import Seal
from .tokens.sources import FileKeys, InlineKeys, RemoteKeys

PUBLIC_TAGS = ("logout", "discovery", "health", "document")
MANAGEMENT_TAGS = ("sessions", "health")


@dataclass(frozen=True)
class Surroundings:
    """The ports to the outside. Tests replace them; `base` is the folder that relative paths start from."""

    base: Path
    clock: Callable[[], float] = time.time
    open_store: Callable[[str, Path], Database] | None = None
    fetcher: Fetcher | None = None


@asynccontextmanager
async def open_gateway(
    settings: configuration.Settings, document: Document, around: Surroundings
) -> AsyncIterator[Gateway]:
    """Build a gateway and let go of everything at the end. Raises BadSettings for keys that cannot be used."""
    fetcher = around.fetcher or Fetcher()
    store = (around.open_store or open_store)(settings.storage.url, around.base)
    try:
        key = await store.write(shared_secret("seal", Seal.new_key().decode()))
        issuers = _issuers(settings, document, around, fetcher)
        by_host = {host.lower(): issuers[name] for name, table in settings.issuers.items() for host in table.hosts}
        default = next((issuers[name] for name, table in settings.issuers.items() if table.default), None)
        yield Gateway(
            public_url=public_url(settings),
            document=document,
            issuers=issuers,
            issuer_by_host=by_host,
            default_issuer=default,
            callers={
                token.sha256: Caller(token.name, frozenset(token.issuers), frozenset(token.scopes))
                for token in settings.management.tokens
            },
            store=store,
            seal=Seal(key.encode(), around.clock),
            limiter=Limiter(
                per_address=settings.limits.logout_per_address,
                per_client=settings.limits.logout_per_client,
                per_issuer=settings.limits.logout_per_issuer,
            ),
            pages=Pages(),
            clock=around.clock,
            preset_policy=configuration.preset_policy,
        )
    finally:
        await store.close()
        await fetcher.close()


def public_url(settings: configuration.Settings) -> str:
    """How browsers reach this gateway; on a loopback address the address itself will do."""
    return settings.server.public_url or f"http://{settings.server.host}:{settings.server.port}"


def open_store(url: str, base: Path) -> Database:
    """Open the storage that `storage.url` names. Raises ServiceUnavailable."""
    return SqliteDatabase(base / url.removeprefix("sqlite:///"))


def _issuers(
    settings: configuration.Settings, document: Document, around: Surroundings, fetcher: Fetcher
) -> dict[str, Issuer]:
    problems: list[Problem] = []
    issuers = {}
    for issuer_id, table in settings.issuers.items():
        try:
            keys = _key_source(table, around, fetcher)
        except (UnusableKey, OSError) as error:
            problems.append(Problem(("issuers", issuer_id, "jwks_file" if table.jwks_file else "jwks"), str(error)))
            continue
        issuers[issuer_id] = _issuer(issuer_id, table, document, around, keys)
    if problems:
        raise settings.refuse(problems)
    return issuers


def _issuer(
    issuer_id: str,
    table: configuration.IssuerSettings,
    document: Document,
    around: Surroundings,
    keys: KeySource,
) -> Issuer:
    clients: Mapping[str, Client] = table.clients
    policies: dict[str, Policy] = {}

    async def find_client(client_id: str) -> Client | None:
        return clients.get(client_id)

    def policy_of(dialect: Dialect) -> Policy:
        if dialect.path not in policies:
            policies[dialect.path] = configuration.policy_for(table, dialect)
        return policies[dialect.path]

    plain = next(one for one in document.dialects.values() if one.name is None)
    named = (one for one in document.dialects.values() if one.name == table.announce)
    return Issuer(
        id=issuer_id,
        identifier=table.issuer,
        clients=clients,
        hints=IdTokenHints(table.issuer, keys, find_client, around.clock),
        policy_of=policy_of,
        cookie=_cookie(table.cookie) if table.cookie else None,
        session_lifetime=table.session_lifetime,
        session_idle=table.session_idle,
        announce=next(named, plain),
    )


def _key_source(table: configuration.IssuerSettings, around: Surroundings, fetcher: Fetcher) -> KeySource:
    if table.jwks_uri is not None:
        return RemoteKeys(table.jwks_uri, fetcher.get, around.clock)
    if table.jwks_file is not None:
        return FileKeys(around.base / table.jwks_file, around.clock)
    return InlineKeys(KeySet.load(table.jwks or {}))


def _cookie(table: configuration.Cookie) -> SessionCookie:
    attributes = [f"{table.name}=", "Max-Age=0", f"Path={table.path}"]
    attributes += [f"Domain={table.domain}"] if table.domain else []
    attributes += ["Secure"] if table.secure else []
    attributes += ["HttpOnly"] if table.http_only else []
    attributes += [f"SameSite={table.same_site.capitalize()}"] if table.same_site else []
    attributes += ["Partitioned"] if table.partitioned else []
    return SessionCookie(table.name, table.match == "sid", "; ".join(attributes))


def application(gateway: Gateway, settings: configuration.Settings, tags: tuple[str, ...] | None = None) -> ASGIApp:
    """The ASGI application of one listener; without `tags`, of all operations."""
    app = build(
        gateway.document,
        gateway,
        tags=tags,
        sizes=Sizes(settings.limits.query_bytes, settings.limits.body_bytes),
        prefix=urlsplit(gateway.public_url).path,
    )
    proxies = list(settings.server.trusted_proxies)
    return ProxyHeadersMiddleware(app, proxies) if proxies else app  # type: ignore[arg-type,return-value]
