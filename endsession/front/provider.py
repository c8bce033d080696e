"""The provider behind a front: what it publishes, fetched from its upstream under its public name, and kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping

from .. import settings as configuration
from ..provider.fetch import fetch_behind
from ..provider.metadata import DocumentMemory, ProviderMetadata
from ..provider.remote import RETRY_WITHOUT, Fetch, Fetched
from .endpoints import Endpoint, Endpoints, fronted, unusable, well_known

log = logging.getLogger(__name__)

UNSAID = 60.0
"""Seconds for which a document of the provider is kept where its Cache-Control asks for nothing."""
LOOK_EVERY = 30.0
"""Seconds after which a document that nobody reads is looked after: endpoints may move."""


class FrontedProvider:
    """One provider: its metadata at each well-known URL, and a way to fetch the rest of what it publishes."""

    def __init__(
        self,
        issuer_id: str,
        identifier: str,
        front: configuration.Front,
        fetch: Fetch,
        clock: Callable[[], float],
        memory: DocumentMemory | None = None,
    ) -> None:
        """`identifier` is the issuer's; `memory` keeps its metadata while this process does not run."""
        self.issuer_id, self.identifier, self.front = issuer_id, identifier, front
        self.fetch = fetch_behind(front.upstream, fetch)
        first, *others = well_known(identifier)
        self.metadata = ProviderMetadata(first, identifier, self.fetch, clock, memory=memory, unsaid=UNSAID)
        """Its OpenID Connect Discovery document, by which its endpoints are known."""
        self.documents: Mapping[str, ProviderMetadata] = {
            first: self.metadata,
            **{
                url: ProviderMetadata(url, identifier, self.fetch, clock, optional=True, unsaid=UNSAID)
                for url in others
            },
        }
        """By URL."""

    def endpoints(self) -> list[Endpoint]:
        """What is answered here, as far as the metadata is known."""
        return fronted(self.issuer_id, self.identifier, self.metadata.members, self.front)

    async def fetch_keys(self, url: str, headers: Mapping[str, str]) -> Fetched:
        """Fetch its JWK Set (a Fetch); where that is, the metadata says, whatever `url`."""
        members = await self.metadata.read()
        return await self.fetch(members["jwks_uri"], headers)


Collisions = Callable[[Endpoints], Iterable[tuple[str, str]]]
"""The issuer whose endpoint it is, and what is wrong with it, for each."""


class Fronts:
    """The providers behind all fronts, and which of their endpoints a request is for."""

    def __init__(self, providers: Iterable[FrontedProvider], collisions: Collisions = lambda found: ()) -> None:
        """`collisions` says which endpoints cannot be told from other paths of this gateway."""
        self.providers = {provider.issuer_id: provider for provider in providers}
        self._collisions = collisions
        self._made_of: list[Mapping[str, object] | None] = []
        self._endpoints = Endpoints(())
        self._update()

    @property
    def endpoints(self) -> Endpoints:
        """All that are known now."""
        return self._endpoints

    def find(self, netloc: str, raw_path: bytes) -> Endpoint | None:
        """See Endpoints.find."""
        return self._endpoints.find(netloc, raw_path)

    def awaits(self, netloc: str) -> FrontedProvider | None:
        """A provider of that host whose endpoints are not known yet: a path of it may be one of them."""
        for provider in self.providers.values():
            if provider.metadata.members is None and self._endpoints.serves_host(netloc, provider.issuer_id):
                return provider
        return None

    async def look(self) -> None:
        """Look at every provider's metadata, if what is known has expired, and take over what has changed."""
        await asyncio.gather(*(provider.metadata.remote.refresh() for provider in self.providers.values()))
        self._update()

    async def run(self) -> None:
        """Go on looking, sooner while a provider's metadata is unknown. To be cancelled."""
        while True:
            unknown = any(provider.metadata.members is None for provider in self.providers.values())
            await asyncio.sleep(RETRY_WITHOUT if unknown else LOOK_EVERY)
            await self.look()

    def _update(self) -> None:
        known: list[Mapping[str, object] | None] = [p.metadata.members for p in self.providers.values()]
        if self._made_of and all(new is old for new, old in zip(known, self._made_of, strict=True)):
            return
        self._made_of = known
        self._endpoints = Endpoints([found for p in self.providers.values() for found in p.endpoints()])
        for provider in self.providers.values():
            members = provider.metadata.members
            for why in unusable(members, provider.front) if members is not None else ():
                log.error("the metadata of %s cannot be fronted as a whole: %s", provider.identifier, why)
        for issuer_id, message in self.collisions():
            log.error("issuers.%s.front: %s", issuer_id, message)

    def collisions(self) -> list[tuple[str, str]]:
        """See Collisions; of the endpoints that are known now."""
        clashes = [
            (other.issuer_id, f"{one.url} is the {one.kind} endpoint of {one.issuer_id} and {other.kind} here")
            for one, other in self._endpoints.clashes()
        ]
        return clashes + list(self._collisions(self._endpoints))
