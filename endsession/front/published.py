"""What the front publishes in the provider's place: its metadata with our logout in it, and its keys with ours."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from ..protocol.errors import NotFound, ProviderUnavailable
from ..provider.metadata import ProviderMetadata, with_logout
from ..provider.remote import Fetch, Remote
from ..tokens.sources import RemoteKeys
from .endpoints import Endpoint
from .provider import FrontedProvider

log = logging.getLogger(__name__)

MAX_ORIGINS = 100
"""Origins of which it is remembered what the provider answers to them."""


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document, ready to be sent."""

    made_of: object
    """By identity: while the source is the same, so is the document."""
    body: bytes
    etag: str
    """Strong (RFC 9110, section 8.8.3)."""


def document(made_of: object, content: Mapping[str, Any]) -> Document:
    """Write it, once."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return Document(made_of, body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


class Published:
    """The documents of one issuer."""

    def __init__(
        self,
        provider: FrontedProvider,
        keys: RemoteKeys,
        own_keys: list[dict[str, Any]],
        logout: Mapping[str, Any],
        *,
        with_sid: bool,
    ) -> None:
        """`own_keys` are the public parts of our keys, `logout` the members of the metadata that are ours to say."""
        self._provider, self._keys = provider, keys
        self._own_keys, self._logout, self._with_sid = own_keys, logout, with_sid
        self._ready: dict[str, Document] = {}
        self._cors = {url: _Cors(url, provider.fetch) for url in provider.documents}

    async def answer(self, endpoint: Endpoint, method: str, headers: Mapping[str, str]) -> Response:
        """Answer GET or HEAD at a discovery or jwks endpoint; `headers` has lower-case names.

        The document is as new as the provider's Cache-Control asks for, or the last known while it is unavailable.
        Raises ProviderUnavailable while it has never been known, and NotFound where the provider has none.
        """
        if endpoint.kind == "jwks":
            found, remote = await self._jwks(), self._keys.remote
        else:
            source = self._provider.documents[endpoint.url]
            found, remote = await self._discovery(endpoint.url, source), source.remote
        sent = {"ETag": found.etag, **_freshness(remote)}
        cors = self._cors.setdefault(endpoint.url, _Cors(endpoint.url, self._provider.fetch))
        sent |= await cors.headers(remote, headers.get("origin"))
        if _matches(headers.get("if-none-match", ""), found.etag):
            return Response(status_code=304, headers=sent)
        sent["Content-Length"] = str(len(found.body))
        return Response(b"" if method == "HEAD" else found.body, 200, sent, media_type="application/json")

    async def metadata(self) -> dict[str, Any]:
        """The members of the OpenID Connect Discovery document. Raises ProviderUnavailable."""
        return merged(await self._provider.metadata.read(), self._logout, with_sid=self._with_sid)

    async def _discovery(self, url: str, source: ProviderMetadata) -> Document:
        try:
            members = await source.read_fresh()
        except ProviderUnavailable:
            if source.absent:
                raise NotFound("The provider has no metadata at this URL.") from None
            raise
        found = self._ready.get(url)
        if found is None or found.made_of is not members:
            found = self._ready[url] = document(members, merged(members, self._logout, with_sid=self._with_sid))
        return found

    async def _jwks(self) -> Document:
        theirs = await self._keys.published()
        found = self._ready.get("jwks")
        if found is None or found.made_of is not theirs:
            found = self._ready["jwks"] = document(theirs, {"keys": union(theirs, self._own_keys)})
            for kid in same_kid(theirs, self._own_keys):
                message = "the provider of %s has another key under our kid %s: apps may take the wrong one"
                log.error(message, self._provider.issuer_id, kid)
        return found


def merged(members: Mapping[str, Any], logout: Mapping[str, Any], *, with_sid: bool) -> dict[str, Any]:
    """The provider's metadata with what is ours to say of logout.

    A provider's own `end_session_endpoint` stays: the front answers it, and apps that remember it need learn nothing.
    """
    kept = {"end_session_endpoint": members["end_session_endpoint"]} if _has_logout(members) else {}
    return with_logout(members, {**logout, **kept}, with_sid=with_sid)


def _has_logout(members: Mapping[str, Any]) -> bool:
    found = members.get("end_session_endpoint")
    return isinstance(found, str) and found.startswith(("https://", "http://"))


def union(theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The provider's keys as it publishes them, then ours; a key that both have, once."""
    return [*theirs, *(own for own in ours if not any(_same(own, their) for their in theirs))]


def same_kid(theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> list[str]:
    """The `kid` of each of our keys under which the provider has another one."""
    return [
        str(own["kid"])
        for own in ours
        if any(own.get("kid") == their.get("kid") and not _same(own, their) for their in theirs)
    ]


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two public JWKs are one key (the members of RFC 7638 thumbprints)."""
    return all(one.get(name) == other.get(name) for name in ("kty", "crv", "x", "y", "n", "e", "pub", "kid"))


def _freshness(remote: Remote) -> dict[str, str]:
    """How long others may keep it: as long as the provider says, from when it said so (RFC 9111, section 5.1)."""
    said = remote.headers.get("cache-control")
    if said is None:
        return {"Cache-Control": "no-cache"}  # which allows it to be kept, and asks here whether it is still right
    return {"Cache-Control": said, **({} if math.isinf(remote.age) else {"Age": str(int(remote.age))})}


def _matches(if_none_match: str, etag: str) -> bool:
    """RFC 9110, section 13.1.2: a weak comparison with each."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in tags or "*" in tags


class _Cors:
    """Which web pages may read a document: the provider decides, and may decide by the page's origin."""

    def __init__(self, url: str, fetch: Fetch) -> None:
        self._url, self._fetch = url, fetch
        self._asked: dict[str, str | None] = {}
        self._asked_for: object = None

    async def headers(self, remote: Remote, origin: str | None) -> dict[str, str]:
        """The CORS headers of an answer to a page of `origin`; what was learnt is kept as long as the document."""
        allowed = remote.headers.get("access-control-allow-origin")
        if allowed is not None:
            return {"Access-Control-Allow-Origin": allowed}
        if origin is None:
            return {"Vary": "Origin"}
        if self._asked_for is not remote.headers or len(self._asked) >= MAX_ORIGINS:
            self._asked, self._asked_for = {}, remote.headers
        if origin not in self._asked:
            self._asked[origin] = await self._ask(origin)
        allowed = self._asked[origin]
        return {"Vary": "Origin", **({"Access-Control-Allow-Origin": allowed} if allowed else {})}

    async def _ask(self, origin: str) -> str | None:
        try:
            answer = await self._fetch(self._url, {"Origin": origin})
        except OSError:
            return None
        return answer.headers.get("access-control-allow-origin")
