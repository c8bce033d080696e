"""Where a proxy has to send each path of a fronted issuer. Pure: made from the settings, the document and metadata."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .. import settings as configuration
from ..contract.document import Document
from ..contract.endpoint import ISSUER_PARAMETER
from ..front.endpoints import Endpoint, fronted, netloc_of

_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._~@+=,:-]*")
"""Paths that are written alike for every proxy, and mean nothing else to any of them."""
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_PORTS = {"https": 443, "http": 80}
_PUBLIC_TAG = "logout"
_PRIVATE_TAGS = ("sessions", "hooks", "deliveries", "clients", "explain", "health")


class CannotRoute(ValueError):
    """A URL of the provider that cannot be written into a proxy's configuration; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path, or with `prefix` all that begin with it."""

    text: str
    what: str
    """What stands there, in a few words."""
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """One public host, and what stands there."""

    scheme: str
    host: str
    port: int
    gateway: tuple[Path, ...]
    """What endsession answers."""
    denied: tuple[Path, ...]
    """What must not be public: nobody is sent anywhere."""
    provider: bool
    """Whether the rest is the provider's."""

    @property
    def hosts(self) -> list[str]:
        """The host as it may stand in the Host header."""
        return [self.host, f"{self.host}:{self.port}"]

    @property
    def netloc(self) -> str:
        """As the Host header has it."""
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"

    def provider_twins(self) -> list[str]:
        """Those of the gateway without the slash at the end: the provider's, though nginx would redirect them."""
        taken = {path.text for path in (*self.gateway, *self.denied)}
        slashed = [path.text.rstrip("/") for path in self.gateway if len(path.text) > 1 and path.text.endswith("/")]
        return [text for text in dict.fromkeys(slashed) if text and text not in taken]


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server behind the proxy."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole routing of one issuer."""

    issuer_id: str
    sites: tuple[Site, ...]
    gateway: Upstream
    provider: Upstream
    timeout: int
    """Seconds for a fronted response: a little more than `front.timeout`, so that the gateway's own answer arrives."""
    head_kib: int = 32
    """KiB for the head of a request or response: codes, tokens and cookies are long."""
    certificates: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By host, the files of the certificate chain and of its key."""

    @property
    def listeners(self) -> dict[int, list[Site]]:
        """The sites by the port on which they are."""
        found: dict[int, list[Site]] = {}
        for site in self.sites:
            found.setdefault(site.port, []).append(site)
        return found


def plan(
    issuer_id: str,
    settings: configuration.Settings,
    document: Document,
    metadata: Mapping[str, Any],
    gateway: str = "",
    public_url: str = "",
) -> Plan:
    """The routing of the issuer `issuer_id`, which has a front. `gateway` is HOST:PORT. Raises CannotRoute."""
    table = settings.issuers[issuer_id]
    front = table.front
    if front is None:
        raise CannotRoute(f"issuers.{issuer_id} has no front: there is nothing to route")
    by_origin: dict[tuple[str, str], list[Path]] = {}
    for endpoint in fronted(issuer_id, table.issuer, metadata, front):
        by_origin.setdefault((endpoint.scheme, endpoint.netloc), []).append(_fronted_path(endpoint))
    own = urlsplit(public_url)
    own_origin = (own.scheme, netloc_of(own))
    provided = set(by_origin)
    ours = list(_our_paths(issuer_id, table, document, own.path))
    by_origin.setdefault(own_origin, []).extend(ours)
    denied = tuple(_denied_paths(issuer_id, document, own.path))
    sites = [
        _site(scheme, netloc, paths, denied if (scheme, netloc) == own_origin else (), (scheme, netloc) in provided)
        for (scheme, netloc), paths in by_origin.items()
    ]
    host = "127.0.0.1" if settings.server.host in ("0.0.0.0", "::", "") else settings.server.host  # noqa: S104
    return Plan(
        issuer_id=issuer_id,
        sites=tuple(sites),
        gateway=_upstream("http://" + (gateway or f"{host}:{settings.server.port}"), "--gateway"),
        provider=_upstream(front.upstream, f"issuers.{issuer_id}.front.upstream"),
        timeout=int(front.timeout) + 5,
        certificates={
            site.host: (f"/etc/ssl/certs/{site.host}.pem", f"/etc/ssl/private/{site.host}.key") for site in sites
        },
    )


def _fronted_path(endpoint: Endpoint) -> Path:
    if not _PLAIN_PATH.fullmatch(endpoint.path):
        reason = "its path has characters that proxies read differently, so route it by hand"
        raise CannotRoute(f"{endpoint.url} ({endpoint.kind}): {reason}")
    return Path(endpoint.path, f"the provider's {endpoint.kind}", endpoint.kind == "redirect")


def _site(scheme: str, netloc: str, paths: list[Path], denied: tuple[Path, ...], provider: bool) -> Site:
    parts = urlsplit(f"{scheme}://{netloc}")
    host = parts.hostname or ""
    if not _HOST.fullmatch(host):
        raise CannotRoute(f"{scheme}://{netloc}: it is not a host name that certificates and proxies share")
    return Site(scheme, host, parts.port or _PORTS[scheme], _once(paths), _once(denied), provider)


def _once(paths: Iterable[Path]) -> tuple[Path, ...]:
    found: dict[tuple[str, bool], Path] = {}
    for path in paths:
        found.setdefault((path.text, path.prefix), path)
    return tuple(found.values())


def _our_paths(issuer_id: str, table: configuration.IssuerSettings, document: Document, base: str) -> Iterator[Path]:
    """What browsers need of this gateway: the logout endpoints that the issuer serves, and their pages."""
    for template, item in document.raw["paths"].items():
        endpoint = document.endpoints.get(template)
        if _PUBLIC_TAG not in _tags(item) or (endpoint is not None and not configuration.serves(table, endpoint)):
            continue
        yield _own_path(template, issuer_id, document, base, "logout")


def _denied_paths(issuer_id: str, document: Document, base: str) -> Iterator[Path]:
    """Management, for which a bearer token is the only guard, and what is for the machines next to this one."""
    for template, item in document.raw["paths"].items():
        if _tags(item) & set(_PRIVATE_TAGS):
            yield _own_path(template, issuer_id, document, base, "/".join(sorted(_tags(item))))


def _own_path(template: str, issuer_id: str, document: Document, base: str, what: str) -> Path:
    endpoint = document.endpoints.get(template)
    issuer = endpoint.issuer_parameter if endpoint else ISSUER_PARAMETER
    path = base.rstrip("/") + template.replace(f"{{{issuer}}}", issuer_id)
    fixed, parameter, _ = path.partition("{")
    return Path(fixed, what, prefix=bool(parameter))


def _tags(item: Mapping[str, Any]) -> set[str]:
    return {tag for operation in item.values() if isinstance(operation, Mapping) for tag in operation.get("tags", ())}


def _upstream(url: str, setting: str) -> Upstream:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise CannotRoute(f"{setting}: it is not a server's address") from None
    if not parts.hostname or not re.fullmatch(r"[A-Za-z0-9.:_-]+", parts.hostname):
        raise CannotRoute(f"{setting}: it is not a server's address")
    return Upstream(parts.scheme, parts.hostname, port)
