"""Wiring: from settings and the document to a gateway and its ASGI application. Nothing is decided here."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from .. import settings as configuration
from ..background import stop_task
from ..contract.app import build
from ..contract.document import Document
from ..contract.operation import Sizes
from ..delivery.bounded import MAX_BODY
from ..delivery.endings import Endings
from ..delivery.http import GuardedClient
from ..delivery.outbox import Bounds, Outbox
from ..delivery.provider_call import ProviderEnding
from ..delivery.sender import BackChannel, Sender
from ..delivery.sweeper import Chore, OnExpiry, Sweeper
from ..flow.browser import cookie_name_at as browser_cookie_name
from ..front.counting import Counts
from ..front.layer import FrontLayer
from ..front.learning import Learner
from ..front.provider import Fronts
from ..gateway import Gateway, Issuer
from ..limiter import Limiter
from ..management.refusals import Refusals
from ..management.tokens import Caller, ManagementTokens
from ..management.wrong_tokens import WrongTokens
from ..network.lookup import Lookups, Resolve
from ..pages import Page, Pages
from ..provider.fetch import Fetcher
from ..store.front_counts import forget_front_rows
from ..store.in_background import InBackground
from ..store.readiness import Readiness
from ..store.script import Database, Script
from ..store.seen_hints import SeenHints
from ..store.sqlite import SqliteDatabase
from ..store.upkeep import forget_audit, forget_ended_sessions, forget_provider_keys, forget_spent_handles
from ..tokens.issued import IssuedTokens
from ..tokens.seal import Sealer, Vault
from .fronts import FrontPorts, issuer_front, open_fronts, public_url
from .issuer_keys import on_this_machine
from .issuers import IssuerPorts, wire
from .outgoing import MAX_ADMIN_BODY, guarded_client, provider_ending
from .proxies import TrustedProxies
from .sealing import open_vault, sealing_secrets
from .served import check_document

PUBLIC_TAGS = ("logout", "discovery", "health", "document")
MANAGEMENT_TAGS = ("sessions", "hooks", "deliveries", "clients", "explain", "health")


@dataclass(frozen=True)
class Ports:
    """The ports to the outside. Tests replace them; `base` is the folder that relative paths start from."""

    base: Path
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    open_store: Callable[[str, Path], Database] | None = None
    wrap_sender: Callable[[Sender], Sender] = lambda sender: sender
    resolve: Resolve | None = None
    """How names of apps are looked up; None for the system's resolver."""


@asynccontextmanager
async def open_gateway(settings: configuration.Settings, document: Document, ports: Ports) -> AsyncIterator[Gateway]:
    """Build a gateway, with its outbox and sweeper at work, and let go of everything at the end.

    Raises BadDocument for terms that no policy has, BadSettings for keys that cannot be used, and ServiceUnavailable
    when storage cannot be opened.
    """
    check_document(document)
    async with contextlib.AsyncExitStack() as stack:
        store = (ports.open_store or open_store)(settings.storage.url, ports.base)
        await store.prepare()
        stack.push_async_callback(store.close)
        secrets = sealing_secrets(settings, ports.base)
        vault = await open_vault(settings, secrets, store)
        background = InBackground(store)
        seen_hints = SeenHints(background, ports.monotonic)
        await seen_hints.load()
        stack.push_async_callback(seen_hints.stop)
        of_providers = Lookups()  # of its own: names of apps that take long do not keep the provider's waiting
        stack.push_async_callback(of_providers.close)
        fetcher = Fetcher(of_providers)
        stack.push_async_callback(fetcher.close)
        fronts = await open_fronts(settings, document, fetcher.get, store, vault, ports.clock)
        issuer_ports = _issuer_ports(settings, ports, store, vault, seen_hints, fronts, fetcher, stack)
        issuers, routes = await wire(settings, document, issuer_ports)
        sender = ports.wrap_sender(BackChannel(routes, ports.clock))
        bounds = Bounds(
            overall=settings.delivery.concurrency,
            per_app=settings.delivery.per_app,
            lease_for=10 + 2 * settings.delivery.timeout,
        )
        outbox = Outbox(background, sender, ports.clock, bounds, ports.monotonic)
        store.listen(outbox.wake)
        endings = Endings(store, background, outbox, ports.clock)
        sweeper = _sweeper(settings, issuers, background, endings, ports)
        stack.push_async_callback(outbox.stop)
        stack.push_async_callback(endings.stop)
        for work in (outbox.run(), sweeper.run(), *((fronts.run(),) if fronts.providers else ())):
            stack.push_async_callback(stop_task, asyncio.create_task(work))
        by_host = {host.lower(): issuers[name] for name, table in settings.issuers.items() for host in table.hosts}
        limiter = Limiter(
            per_address=settings.limits.logout_per_address,
            per_client=settings.limits.logout_per_client,
            per_issuer=settings.limits.logout_per_issuer,
            storage=settings.limits.storage,
        )
        stack.push_async_callback(limiter.close)
        refusals = Refusals(background, ports.clock)
        wrong_tokens = WrongTokens(settings.limits.wrong_tokens_per_address)
        stack.push_async_callback(refusals.stop)
        pages, counts = Pages(), Counts(background, ports.clock)
        own_cookie = browser_cookie_name(public_url(settings))
        front_ports = FrontPorts(store, endings, counts, pages, ports.clock, own_cookie)
        issuer_fronts = {
            name: issuer_front(issuers[name], provider, front_ports) for name, provider in fronts.providers.items()
        }
        for passing in issuer_fronts.values():
            stack.push_async_callback(passing.upstream.close)
        if issuer_fronts:
            stack.push_async_callback(counts.write)
            stack.push_async_callback(stop_task, asyncio.create_task(counts.run()))
        yield Gateway(
            public_url=public_url(settings),
            document=document,
            issuers=issuers,
            issuer_by_host=by_host,
            default_issuer=next((issuers[name] for name, table in settings.issuers.items() if table.default), None),
            management=ManagementTokens(_callers(settings), issuers.keys(), wrong_tokens, refusals),
            store=store,
            endings=endings,
            outbox=outbox,
            sealer=Sealer(secrets, ports.clock),
            vault=vault,
            limiter=limiter,
            readiness=Readiness(store),
            pages=pages,
            clock=ports.clock,
            learners={
                name: issuer_fronts[name].learner if name in issuer_fronts else _learner(issuer, store, endings)
                for name, issuer in issuers.items()
            },
            preset_policy=configuration.preset_policy,
            fronts=fronts,
            issuer_fronts=issuer_fronts,
            reference=_reference(document, public_url(settings)) if settings.server.docs else None,
        )


def _reference(document: Document, url: str) -> Page:
    from ..reference.outline import outline  # noqa: PLC0415  # what reads Markdown costs memory, and few have it on
    from ..reference.page import reference_page  # noqa: PLC0415

    return reference_page(outline(document, url))


def _learner(issuer: Issuer, store: Database, endings: Endings) -> Learner:
    """For sessions whose ID tokens a login side brings itself."""
    return Learner(
        policy=issuer.notify_policy,
        tokens=IssuedTokens(issuer.hints),
        store=store,
        endings=endings,
        clock=endings.clock,
        lifetime=issuer.session_lifetime,
        idle=issuer.session_idle,
    )


def _callers(settings: configuration.Settings) -> dict[str, Caller]:
    return {
        token.sha256: Caller(token.name, frozenset(token.issuers), frozenset(token.scopes))
        for token in settings.management.tokens
    }


def _issuer_ports(
    settings: configuration.Settings,
    ports: Ports,
    store: Database,
    vault: Vault,
    seen_hints: SeenHints,
    fronts: Fronts,
    fetcher: Fetcher,
    stack: contextlib.AsyncExitStack,
) -> IssuerPorts:
    lookups = Lookups()
    stack.push_async_callback(lookups.close)

    def client(*, loopback: bool, max_body: int = MAX_BODY) -> GuardedClient:
        resolve = ports.resolve or lookups
        made = guarded_client(settings, ports.base, resolve, loopback=loopback, max_body=max_body)
        stack.push_async_callback(made.close)
        return made

    def ending_of(table: configuration.IssuerSettings) -> ProviderEnding | None:
        if table.ending is None:
            return None
        http = client(loopback=on_this_machine(table), max_body=MAX_ADMIN_BODY)
        timeout = settings.delivery.timeout
        return provider_ending(table.ending, ports.base, http, ports.clock, ports.monotonic, timeout)

    return IssuerPorts(
        base=ports.base,
        clock=ports.clock,
        fetch=fetcher.get,
        store=store,
        vault=vault,
        http=client(loopback=False),
        http_on_this_machine=client(loopback=True),
        seen_hints=seen_hints,
        ending_of=ending_of,
        public_url=public_url(settings),
        fronts=fronts,
    )


def _sweeper(
    settings: configuration.Settings,
    issuers: dict[str, Issuer],
    store: Database,
    endings: Endings,
    ports: Ports,
) -> Sweeper:
    on_expiry = {
        name: OnExpiry(issuer.notify_policy, settings.issuers[name].tell_on_expiry) for name, issuer in issuers.items()
    }
    keep = settings.retention
    chores: list[Chore] = [
        forget_spent_handles,
        lambda now: forget_ended_sessions(now - keep.ended_sessions),
        lambda now: forget_audit(now - keep.audit),
        *(partial(_forget_keys, name, table.retired_keys_for) for name, table in settings.issuers.items()),
        *([partial(_forget_front, settings)] if any(table.front for table in settings.issuers.values()) else []),
    ]
    return Sweeper(store, endings, on_expiry, chores, ports.clock)


def _forget_keys(issuer_id: str, retention: float, now: float) -> Script[int]:
    return forget_provider_keys(issuer_id, now - retention)


def _forget_front(settings: configuration.Settings, now: float) -> Script[int]:
    return forget_front_rows(now, now - max(table.session_lifetime for table in settings.issuers.values()))


def open_store(url: str, base: Path) -> Database:
    """The storage that `storage.url` names. Raises ServiceUnavailable."""
    if url.startswith(("postgresql://", "postgres://")):
        from ..store.postgres import PostgresDatabase  # noqa: PLC0415  # psycopg costs memory that SQLite users keep

        return PostgresDatabase(url)
    return SqliteDatabase(base / url.removeprefix("sqlite:///"))


def application(gateway: Gateway, settings: configuration.Settings, tags: tuple[str, ...] | None = None) -> ASGIApp:
    """The ASGI application of one listener; without `tags`, of all operations."""
    app = build(
        gateway.document,
        gateway,
        tags=tags,
        sizes=Sizes(settings.limits.query_bytes, settings.limits.body_bytes),
        prefix=urlsplit(gateway.public_url).path,
        # A listener for management alone is no part of the public URL, and may well have no TLS.
        https=gateway.public_url.startswith("https:") and tags != MANAGEMENT_TAGS,
    )
    if gateway.issuer_fronts and tags != MANAGEMENT_TAGS:
        prefix = urlsplit(gateway.public_url).path.rstrip("/")
        plain = next(endpoint for endpoint in gateway.document.endpoints.values() if endpoint.name is None)
        logout_paths = {name: prefix + plain.address(name) for name in gateway.issuer_fronts}
        document = gateway.document

        def is_ours(path: str) -> bool:
            return document.path_of(path.removeprefix(prefix)) is not None

        app = FrontLayer(app, gateway.fronts, gateway.issuer_fronts, logout_paths, is_ours)
    return TrustedProxies(app, settings.server.trusted_proxies)
