"""The deployment under test: where it is, and the operations that it documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .document import METHODS, Document


@dataclass(frozen=True)
class Operation:
    """One method of one path of the document."""

    path: str
    method: str
    definition: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Its name in reports."""
        return f"{self.method} {self.path}"

    @property
    def tag(self) -> str:
        """Its first tag, or an empty string."""
        return str(next(iter(self.definition.get("tags", ())), ""))

    @property
    def secured(self) -> bool:
        """Whether it needs a bearer token."""
        return bool(self.definition.get("security"))

    @property
    def statuses(self) -> frozenset[int]:
        """The statuses that it documents. `default` and ranges such as `4XX` are not among them."""
        return frozenset(int(status) for status in self.definition["responses"] if str(status).isdigit())

    @property
    def name(self) -> str:
        """Its operationId, or an empty string."""
        return str(self.definition.get("operationId", ""))


@dataclass(frozen=True, eq=False)
class Target:
    """URLs have no slash at the end. `public_url` is how browsers reach what this suite reaches at `url`."""

    document: Document
    url: str
    management_url: str
    public_url: str
    ca_file: str | None = None
    shared_host: bool = False
    """Whether the host also serves paths that are not in the document."""
    known_redirects: set[str] = field(default_factory=set)
    """Registered redirect URIs: those given as options, and those of clients that the run registered."""

    def operations(self) -> Iterator[Operation]:
        """All operations of the document."""
        for path, item in self.document.raw["paths"].items():
            for method in METHODS:
                if method in item:
                    yield Operation(path, method.upper(), item[method])

    def operation(self, path: str | None, method: str) -> Operation | None:
        """The operation of a path template that a method reaches. HEAD reaches GET."""
        item = self.document.raw["paths"].get(path, {}) if path else {}
        name = "get" if method == "HEAD" else method.lower()
        return Operation(path or "", name.upper(), item[name]) if name in item else None

    def operation_named(self, name: str) -> Operation | None:
        """The operation with that operationId."""
        return next((operation for operation in self.operations() if operation.name == name), None)

    def base_of(self, path: str) -> str:
        """The URL below which the operations of a path template are served."""
        item = self.document.raw["paths"].get(path, {})
        secured = any(item[method].get("security") for method in METHODS if method in item)
        return self.management_url if secured else self.url

    def path_of(self, url: str) -> str | None:
        """The path template of an absolute URL below any of the deployment's URLs, or None."""
        without_query = url.partition("?")[0]
        for base in (self.url, self.management_url, self.public_url):
            if without_query.startswith(base + "/"):
                return self.document.path_of(without_query[len(base) :])
        return None

    def is_internal(self, url: str) -> bool:
        """Whether a URL is a documented one of the deployment, under its public name."""
        return url.startswith(self.public_url + "/") and self.path_of(url) is not None

    @property
    def host(self) -> str:
        """The Host header of requests."""
        return urlsplit(self.public_url).netloc


def connect_url(url: str) -> str:
    """Where to connect to for a URL: names below `localhost` are this machine (RFC 6761, section 6.3)."""
    parts = urlsplit(url)
    if parts.scheme == "http" and (parts.hostname or "").endswith(".localhost"):
        return parts._replace(netloc=f"127.0.0.1:{parts.port or 80}").geturl()
    return url


def is_loopback(url: str) -> bool:
    """Whether a URL is on this machine, so that requests bypass the environment's proxies."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")
