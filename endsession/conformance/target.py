"""The deployment under test: where it is, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from endsession.contract.document import METHODS, Document


@dataclass(frozen=True)
class Operation:
    """One method of one path of the document."""

    path: str
    method: str
    definition: Mapping[str, Any]

    @property
    def label(self) -> str:
        """How reports name it."""
        return f"{self.method} {self.path}"

    @property
    def tag(self) -> str:
        """What it is about."""
        return str(self.definition.get("tags", [""])[0])

    @property
    def secured(self) -> bool:
        """Whether it needs a bearer token."""
        return bool(self.definition.get("security"))

    @property
    def statuses(self) -> frozenset[int]:
        """The statuses that the document announces."""
        return frozenset(map(int, self.definition["responses"]))

    @property
    def name(self) -> str:
        """Its operationId."""
        return str(self.definition["operationId"])


@dataclass(frozen=True, eq=False)
class Target:
    """Addresses have no slash at the end. `public_url` is how browsers reach what is reached at `url` here."""

    document: Document
    url: str
    management_url: str
    public_url: str
    ca_file: str | None = None
    shared_host: bool = False
    """Whether others answer at addresses that the document does not have."""
    known_redirects: set[str] = field(default_factory=set)
    """The registered URIs: those that the options name, and those of the clients that the run made."""

    def operations(self) -> Iterator[Operation]:
        """All operations of the document."""
        for path, item in self.document.raw["paths"].items():
            for method in METHODS:
                if method in item:
                    yield Operation(path, method.upper(), item[method])

    def operation(self, path: str | None, method: str) -> Operation | None:
        """The operation that a request reaches; a HEAD reaches the GET."""
        item = self.document.raw["paths"].get(path, {}) if path else {}
        name = "get" if method == "HEAD" else method.lower()
        return Operation(path or "", name.upper(), item[name]) if name in item else None

    def resolved(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """`part` of the document, or what it refers to."""
        found: Any = part
        while "$ref" in found:
            steps, found = found["$ref"].removeprefix("#/").split("/"), self.document.raw
            for step in steps:
                found = found[step.replace("~1", "/").replace("~0", "~")]
        return found  # type: ignore[no-any-return]

    def base_of(self, path: str) -> str:
        """Where the operations of a path template are served."""
        item = self.document.raw["paths"].get(path, {})
        secured = any(item[method].get("security") for method in METHODS if method in item)
        return self.management_url if secured else self.url

    def path_of(self, url: str) -> str | None:
        """The path template of a whole URL, whichever of our addresses it begins with."""
        bare = url.partition("?")[0]
        for base in (self.url, self.management_url, self.public_url):
            if bare.startswith(base + "/"):
                return self.document.path_of(bare[len(base) :])
        return None

    def is_ours(self, url: str) -> bool:
        """Whether a URL is a documented address of the deployment, by its public name."""
        return url.startswith(self.public_url + "/") and self.path_of(url) is not None

    @property
    def host(self) -> str:
        """The Host of requests."""
        return urlsplit(self.public_url).netloc


def connection(url: str) -> str:
    """Where to connect to for an address: names below `localhost` are this machine (RFC 6761, section 6.3)."""
    parts = urlsplit(url)
    if parts.scheme == "http" and (parts.hostname or "").endswith(".localhost"):
        return parts._replace(netloc=f"127.0.0.1:{parts.port or 80}").geturl()
    return url


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine, so that no proxy stands before it."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")
