"""What `/openapi.json` says of fronted paths: made from the endpoints that are known, and never routed by.

Fronted paths are the provider's contract. What is listed is the answers that the front adds, and `default` for the
provider's own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..contract.document import METHODS, Document, resolved
from ..contract.endpoint import LogoutEndpoint
from .answers import DESCRIBED, OPTIONS, PROVIDERS_OWN, Described, answers_of
from .endpoints import Endpoint, netloc_of
from .provider import Fronts

TAG = {
    "name": "front",
    "description": (
        "Endpoints of the provider, which pass through this service (`x-front`). They are the provider's contract: "
        "what is listed here is what this service adds to its answers. Other methods are passed on as well, and "
        "get the same answers. While the provider's metadata has never been read, every other path of its host is "
        "answered with 503 (`temporarily_unavailable`) and an `OAuthError`.\n"
    ),
}
_REST = {
    "name": "rest",
    "in": "path",
    "required": True,
    "description": "Whatever follows, with slashes or empty.",
    "schema": {"type": "string"},
    "example": "next",
}
Item = dict[str, Any]


def path_items(endpoints: Iterable[Endpoint], document: Document, public_url: str) -> dict[str, Item]:
    """A path item for each path of `endpoints`, by the path as OpenAPI writes it.

    `document` is ours: logout endpoints have its operations, and its paths stay its own, whatever a provider on another
    host has there. `public_url` is its server; an endpoint at another one says so. Of two endpoints at one URL the
    first counts, as in routing, and those of several hosts at one path share its item.
    """
    ids = _OperationIds(document)
    items: dict[str, Item] = {}
    seen: set[tuple[str, str]] = set()
    for endpoint in endpoints:
        path = endpoint.path + ("{rest}" if endpoint.kind == "redirect" else "")
        if path in document.raw["paths"] or (endpoint.netloc, path) in seen:
            continue
        seen.add((endpoint.netloc, path))
        item = _item(endpoint, document, ids)
        items[path] = _joined(items[path], item) if path in items else item
    own = _origin(public_url)
    for item in items.values():
        if item["servers"] == [{"url": own}]:
            del item["servers"]
    return items


def with_fronts(document: Document, endpoints: Iterable[Endpoint], public_url: str) -> Document:
    """`document` with the path items of `endpoints`."""
    items = path_items(endpoints, document, public_url)
    if not items:
        return document
    raw = {
        **document.raw,
        "tags": [*document.raw.get("tags", ()), TAG],
        "paths": {**document.raw["paths"], **items},
    }
    return Document(raw, document.endpoints)


class ServedDocument:
    """The document with the fronted paths that are known now. It is made anew when these change."""

    def __init__(self, document: Document, public_url: str, fronts: Fronts) -> None:
        self._document, self._public_url, self._fronts = document, public_url, fronts
        self._made_of: object = None
        self._made = document

    def now(self) -> Document:
        """What is to be served."""
        endpoints = self._fronts.endpoints
        if endpoints is not self._made_of:
            self._made = with_fronts(self._document, endpoints.all, self._public_url)
            self._made_of = endpoints
        return self._made


class _OperationIds:
    """Names of operations, each given once."""

    def __init__(self, document: Document) -> None:
        items = document.raw["paths"].values()
        self._taken = {item[method]["operationId"] for item in items for method in METHODS if method in item}

    def give(self, issuer_id: str, *words: str) -> str:
        """`front`, the issuer and the words in camelCase; with a number where that is taken."""
        parts = [*re.findall(r"[A-Za-z0-9]+", issuer_id), *words]
        plain = "front" + "".join(part[:1].upper() + part[1:] for part in parts)
        name, number = plain, 1
        while name in self._taken:
            number += 1
            name = f"{plain}{number}"
        self._taken.add(name)
        return name


def _item(endpoint: Endpoint, document: Document, ids: _OperationIds) -> Item:
    item: Item = {
        "x-front": [{"issuer": endpoint.issuer_id, "endpoint": endpoint.kind}],
        "servers": [{"url": f"{endpoint.scheme}://{endpoint.netloc}"}],
    }
    if endpoint.kind == "redirect":
        item["parameters"] = [_REST]
    for method, operation in _operations(endpoint, document):
        words = [endpoint.kind] if method == "get" else [endpoint.kind, method]
        item[method] = {"operationId": ids.give(endpoint.issuer_id, *words), "tags": [TAG["name"]], **operation}
    return item


def _operations(endpoint: Endpoint, document: Document) -> Iterator[tuple[str, Item]]:
    if endpoint.kind == "logout":
        plain = next(found for found in document.endpoints.values() if found.name is None)
        yield from _own_logout(plain, document)
        return
    described = DESCRIBED[endpoint.kind]
    for method in described.methods:
        yield method, _operation(described, endpoint.kind, method)
    if described.published:
        yield "options", _operation(OPTIONS, endpoint.kind, "options")


def _operation(described: Described, kind: Any, method: str) -> Item:
    summary = described.summary if method in (described.methods[0], "options") else f"{described.summary} by POST"
    responses = answers_of(described, kind)
    if not described.published:
        responses["default"] = PROVIDERS_OWN
    return {"summary": summary, "description": described.description, "responses": responses}


def _own_logout(plain: LogoutEndpoint, document: Document) -> Iterator[tuple[str, Item]]:
    """The plain logout endpoint answers at the provider's URL; which issuer's it is, the URL says."""
    for method in METHODS:
        if method in (item := document.raw["paths"][plain.path]):
            kept = {name: part for name, part in item[method].items() if name not in ("operationId", "tags")}
            kept["description"] = f"Answered here, as `{plain.path}`. {kept['description']}"
            parameters = [
                parameter
                for parameter in kept.get("parameters", ())
                if resolved(document.raw, parameter)["name"] != plain.issuer_parameter
            ]
            yield method, {**kept, "parameters": parameters}


def _joined(one: Item, other: Item) -> Item:
    """One item for endpoints of two hosts at one path, with the answers of both."""
    joined = {**other, **one}
    for name in ("x-front", "servers"):
        joined[name] = [*one[name], *(part for part in other[name] if part not in one[name])]
    for method in _both(one, other, METHODS):
        responses = {**other[method]["responses"], **one[method]["responses"]}
        for status in _both(one[method]["responses"], other[method]["responses"], responses):
            ours, theirs = one[method]["responses"][status], other[method]["responses"][status]
            if "content" in ours and "content" in theirs:
                responses[status] = {**ours, "content": {**theirs["content"], **ours["content"]}}
        joined[method] = {**one[method], "responses": responses}
    return joined


def _both(one: Mapping[str, Any], other: Mapping[str, Any], names: Collection[str]) -> list[str]:
    return [name for name in names if name in one and name in other]


def _origin(url: str) -> str:
    """As servers of endpoints are written; a public URL with a path is never one of these."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{netloc_of(parts)}{parts.path.rstrip('/')}"
