"""Wiring of fronts: the providers behind them, what is remembered of these, and which of their paths would be ours."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from .. import settings as configuration
from ..contract.document import Document
from ..contract.endpoint import ISSUER_PARAMETER
from ..delivery.endings import Endings
from ..front.counting import Counts
from ..front.endpoints import Endpoint, Endpoints
from ..front.issuer_front import IssuerFront
from ..front.learning import Learner
from ..front.provider import Collisions, FrontedProvider, Fronts
from ..front.upstream import Upstream
from ..gateway import Issuer
from ..pages import Pages
from ..provider.remote import Fetch
from ..settings import Problem
from ..store.script import Database
from ..store.upkeep import keep_secret, known_secret
from ..tokens.issued import IssuedTokens
from ..tokens.seal import BadSeal, Vault

CONNECTIONS = 200
"""Connections to one provider that are open at once, in one process."""


@dataclass(frozen=True, slots=True)
class FrontPorts:
    """What the fronts of all issuers share. `own_cookie` is the name of the cookie of questions."""

    store: Database
    endings: Endings
    counts: Counts
    pages: Pages
    clock: Callable[[], float]
    own_cookie: str


async def open_fronts(
    settings: configuration.Settings,
    document: Document,
    fetch: Fetch,
    store: Database,
    vault: Vault,
    clock: Callable[[], float],
) -> Fronts:
    """The fronts of all issuers, with what is known of their providers. One that is unavailable stops nothing.

    Raises BadSettings when a path of a provider is known to be ours as well, and ServiceUnavailable.
    """
    providers = []
    for issuer_id, table in settings.issuers.items():
        if table.front is not None:
            memory = SealedDocument(f"metadata of {issuer_id} {table.issuer}", store, vault)
            providers.append(FrontedProvider(issuer_id, table.issuer, table.front, fetch, clock, memory))
            await providers[-1].metadata.recall()
    fronts = Fronts(providers, collisions_with(document, settings))
    await fronts.look()
    if found := fronts.collisions():
        raise settings.refuse([collision(issuer_id, message) for issuer_id, message in found])
    return fronts


def issuer_front(issuer: Issuer, provider: FrontedProvider, ports: FrontPorts) -> IssuerFront:
    """The front of one issuer, put together."""
    assert issuer.published is not None
    assert issuer.cookie is not None
    front = provider.front
    learner = Learner(
        policy=issuer.notify_policy,
        tokens=IssuedTokens(issuer.hints),
        store=ports.store,
        endings=ports.endings,
        clock=ports.clock,
        lifetime=issuer.session_lifetime,
        idle=issuer.session_idle,
        supersede=front.on_new_user == "end",
        end_offline=front.end_offline,
        public_subjects=lambda: (provider.metadata.members or {}).get("subject_types_supported") == ["public"],
    )
    return IssuerFront(
        issuer_id=issuer.id,
        identifier=issuer.identifier,
        settings=front,
        upstream=Upstream(front.upstream, timeout=front.timeout, connections=CONNECTIONS),
        provider=provider,
        published=issuer.published,
        learner=learner,
        store=ports.store,
        counts=ports.counts,
        pages=ports.pages,
        clock=ports.clock,
        cookie_name=issuer.cookie.name,
        own_cookies=frozenset({issuer.cookie.name, ports.own_cookie}),
        session_lifetime=issuer.session_lifetime,
    )


def collision(issuer_id: str, message: str) -> Problem:
    """Two meanings of one path, as the operator reads it."""
    fix = "rename the issuer's table: its name is the first part of the gateway's paths"
    return Problem(("issuers", issuer_id, "front"), message, fix)


class SealedDocument:
    """The memory of a document (`provider.metadata.DocumentMemory`).

    Sealed, though nothing in it is secret: it decides which requests are learnt from, so a writer of the database must
    not be able to change it.
    """

    def __init__(self, name: str, store: Database, vault: Vault) -> None:
        self._name, self._store, self._vault = name, store, vault

    async def load(self) -> str | None:
        """See DocumentMemory."""
        sealed = await self._store.read(known_secret(self._name))
        with contextlib.suppress(BadSeal):  # of a lost secret: it is fetched anew
            return None if sealed is None else self._vault.unseal(self._name, sealed)
        return None

    async def save(self, text: str) -> None:
        """See DocumentMemory."""
        await self._store.write(keep_secret(self._name, self._vault.seal(self._name, text)))


def collisions_with(document: Document, settings: configuration.Settings) -> Collisions:
    """Which endpoints of providers are also paths of `document`, at a host at which this gateway answers those."""
    url = urlsplit(public_url(settings))
    hosts = {url.hostname or "", *(host.lower() for table in settings.issuers.values() for host in table.hosts)}
    names = "|".join(map(re.escape, settings.issuers))
    prefix = re.escape(url.path.rstrip("/"))
    patterns = [(re.compile(prefix + _pattern(path, document, names)), path) for path in document.raw["paths"]]

    def ours(endpoint: Endpoint) -> str | None:
        if urlsplit(endpoint.url).hostname not in hosts:
            return None
        return next((path for pattern, path in patterns if pattern.fullmatch(endpoint.path)), None)

    def collisions(endpoints: Endpoints) -> Iterator[tuple[str, str]]:
        for endpoint in endpoints.all:
            if endpoint.kind != "redirect" and (path := ours(endpoint)):
                yield (
                    endpoint.issuer_id,
                    f"the provider's {endpoint.kind} endpoint {endpoint.url} is our {path} as well",
                )

    return collisions


def _pattern(path: str, document: Document, issuer_names: str) -> str:
    endpoint = document.endpoints.get(path)
    issuer = endpoint.issuer_parameter if endpoint else ISSUER_PARAMETER
    parts = re.split(r"(\{[^}]+\})", path)
    known = {f"{{{issuer}}}": f"(?:{issuer_names})"}
    return "".join(known.get(part, "[^/]+") if part.startswith("{") else re.escape(part) for part in parts)


def public_url(settings: configuration.Settings) -> str:
    """How browsers reach this gateway; on a loopback address the address itself will do."""
    return settings.server.public_url or f"http://{settings.server.host}:{settings.server.port}"
