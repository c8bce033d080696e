"""Which URLs of a provider are answered by the front. Pure: made from the provider's metadata and the settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import SplitResult, quote, urlsplit

from .. import settings as configuration

Kind = Literal[
    "discovery",
    "jwks",
    "authorization",
    "token",
    "par",
    "logout",
    "introspection",
    "userinfo",
    "revocation",
    "redirect",
    "unknown",
]
"""`redirect` are prefixes of paths; `unknown` is a path of a provider whose metadata is not known yet."""

_MEMBERS: Mapping[str, Kind] = {
    "jwks_uri": "jwks",
    "authorization_endpoint": "authorization",
    "token_endpoint": "token",
    "pushed_authorization_request_endpoint": "par",
    "end_session_endpoint": "logout",
    "introspection_endpoint": "introspection",
    "userinfo_endpoint": "userinfo",
    "revocation_endpoint": "revocation",
}
"""Members of the metadata (OpenID Connect Discovery 1.0, section 3; RFC 8414, section 2; RFC 9126, section 5). Those in
`mtls_endpoint_aliases` (RFC 8705, section 5) are not fronted: a client's certificate ends at the proxy before us."""
_ALWAYS = frozenset({"discovery", "jwks", "logout", "redirect"})
_DEFAULT_PORTS = {"https": 443, "http": 80}
_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATHS = "/%:@!$&'()*+,;=~-._"
"""What stays as it is in a path of the metadata; anything else is percent-encoded, as clients do."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL of a provider that is answered here: exactly that path, or for `redirect` all that begin with it."""

    issuer_id: str
    kind: Kind
    scheme: str
    netloc: str
    """Host and port in lower case, without the scheme's default port."""
    path: str
    """As it stands in URLs, percent-encoded."""

    @property
    def url(self) -> str:
        """As apps see it, without a query."""
        return f"{self.scheme}://{self.netloc}{self.path}"


def well_known(identifier: str) -> tuple[str, ...]:
    """The URLs at which an issuer's metadata may be read. The first is where an OpenID provider has it.

    OpenID Connect Discovery 1.0, section 4, appends to the issuer's path; RFC 8414, section 3, inserts before it, for
    its own document and for OpenID's (section 5). Without a path, appended and inserted are the same.
    """
    parts = urlsplit(identifier)
    origin, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    openid, oauth = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
    return tuple(dict.fromkeys(origin + found for found in (path + openid, oauth + path, openid + path)))


def fronted(
    issuer_id: str, identifier: str, metadata: Mapping[str, Any] | None, front: configuration.Front
) -> list[Endpoint]:
    """The endpoints that are answered here. While the metadata is unknown (None), those that the settings say."""
    found = [_endpoint(issuer_id, "discovery", url) for url in well_known(identifier)]
    for member, kind in _MEMBERS.items():
        if kind in _ALWAYS or kind in front.learn:
            found.append(_endpoint(issuer_id, kind, (metadata or {}).get(member)))
    base = urlsplit(identifier)
    for prefix in front.redirect_paths:
        found.append(_endpoint(issuer_id, "redirect", f"{base.scheme}://{base.netloc}{prefix}"))
    return [endpoint for endpoint in found if endpoint is not None]


def unusable(metadata: Mapping[str, Any], front: configuration.Front) -> Iterator[str]:
    """Why an endpoint of the metadata that is to be learnt from cannot be: it is not there, or no http(s) URL."""
    needed = {"jwks", *(kind for kind in front.learn if kind in ("authorization", "token"))}
    for member, kind in _MEMBERS.items():
        if member not in metadata:
            if kind in needed:
                yield f"it has no {member}"
        elif (kind in _ALWAYS or kind in front.learn) and _endpoint("", kind, metadata[member]) is None:
            yield f"its {member} is not an http or https URL"


def _endpoint(issuer_id: str, kind: Kind, url: object) -> Endpoint | None:
    parts = _split(url)
    if parts is None:
        return None
    path = quote(parts.path or "/", safe=_IN_PATHS)
    return Endpoint(issuer_id, kind, parts.scheme, netloc_of(parts), path)


def _split(url: object) -> SplitResult | None:
    try:
        parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
        usable = parts.scheme in _DEFAULT_PORTS and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return None
    return parts if usable else None


def netloc_of(parts: SplitResult) -> str:
    """Host and port as the Host header has them (RFC 9110, section 7.2), in lower case."""
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    return host if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{parts.port}"


class Endpoints:
    """The endpoints of all providers, looked up by what a request names. Immutable: a change makes a new one."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        """Of two with the same URL, the first counts; `clashes` names them."""
        self.all = tuple(endpoints)
        self._exact: dict[str, dict[bytes, Endpoint]] = {}
        self._prefixes: dict[str, list[tuple[bytes, Endpoint]]] = {}
        for endpoint in self.all:
            path = _normal(endpoint.path.encode())
            for netloc in _spellings(endpoint):
                if endpoint.kind == "redirect":
                    self._prefixes.setdefault(netloc, []).append((path, endpoint))
                else:
                    self._exact.setdefault(netloc, {}).setdefault(path, endpoint)

    def find(self, netloc: str, raw_path: bytes) -> Endpoint | None:
        """The endpoint at this Host (any case, with or without the default port) and exactly this path.

        `raw_path` is the path as it was sent, without the query. Letters that are percent-encoded without need are
        read as what they are (RFC 3986, section 6.2.2.2): providers do so, and nobody goes around the front that way.
        """
        netloc = netloc.lower()
        exact = self._exact.get(netloc)
        if exact is None:
            return None
        path = _normal(raw_path)
        found = exact.get(path)
        if found is None and netloc in self._prefixes:
            return next((redirect for prefix, redirect in self._prefixes[netloc] if path.startswith(prefix)), None)
        return found

    def serves_host(self, netloc: str, issuer_id: str) -> bool:
        """Whether that issuer has an endpoint at this Host."""
        exact = self._exact.get(netloc.lower(), {})
        return any(endpoint.issuer_id == issuer_id for endpoint in exact.values())

    def clashes(self) -> Iterator[tuple[Endpoint, Endpoint]]:
        """Endpoints at one URL: nobody could say which of them a request is for."""
        seen: dict[tuple[str, bytes], Endpoint] = {}
        for endpoint in self.all:
            key = (endpoint.netloc, _normal(endpoint.path.encode()))
            other = seen.setdefault(key, endpoint)
            if other is not endpoint and (other.issuer_id, other.kind) != (endpoint.issuer_id, endpoint.kind):
                yield other, endpoint


def _spellings(endpoint: Endpoint) -> Iterator[str]:
    yield endpoint.netloc
    if not re.search(r":\d+$", endpoint.netloc):
        yield f"{endpoint.netloc}:{_DEFAULT_PORTS[endpoint.scheme]}"


def _normal(path: bytes) -> bytes:
    return _ENCODED.sub(_decoded, path) if b"%" in path else path


def _decoded(found: re.Match[bytes]) -> bytes:
    octet = int(found[1], 16)
    return bytes((octet,)) if octet in _UNRESERVED else found[0].upper()
