"""Requests to compare two applications by: for every operation of the document one that fits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import unquote, unquote_plus

from starlette.types import ASGIApp

from tests.kit.deployment import DOCUMENT
from tests.kit.raw import FORM, HOST, Answer, ask

JSON = "application/json"
TOKEN = "a-token"
METHODS = ("get", "put", "post", "delete", "head", "options", "patch", "trace")
Fields = tuple[tuple[str, str], ...]
"""Names and values as they are written, percent-encoding included."""


@dataclass(frozen=True)
class Operation:
    """An operation of the document with its references followed."""

    path: str
    method: str
    definition: Mapping[str, Any]

    @property
    def for_browsers(self) -> bool:
        """Whether it is one of those that a browser is sent to."""
        return bool(self.definition["tags"] == ["logout"])

    @property
    def secured(self) -> bool:
        """Whether it asks for a bearer token."""
        return "security" in self.definition

    def parameters(self, place: str) -> dict[str, Mapping[str, Any]]:
        """The declared parameters of a place, by name."""
        found = {
            item["name"]: item for item in map(_resolved, self.definition.get("parameters", ())) if item["in"] == place
        }
        return {name: {**item, "schema": _resolved(item["schema"])} for name, item in found.items()}

    def body(self, media_type: str) -> Mapping[str, Any] | None:
        """The schema of the body in a media type."""
        content = self.definition.get("requestBody", {}).get("content", {}).get(media_type)
        return _resolved(content["schema"]) if content else None

    @property
    def form(self) -> dict[str, Mapping[str, Any]]:
        """The declared fields of the form."""
        schema = self.body(FORM) or {}
        return {name: _resolved(item) for name, item in schema.get("properties", {}).items()}


def _resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in part:
        found: Any = DOCUMENT.raw
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


@cache
def operations() -> tuple[Operation, ...]:
    """All of the document's."""
    return tuple(
        Operation(path, method, item[method])
        for path, item in DOCUMENT.raw["paths"].items()
        for method in METHODS
        if method in item
    )


@dataclass(frozen=True)
class Sent:
    """A request. `operation` is the one that it was made for, before it was spoiled."""

    operation: Operation
    method: str
    path: str
    query: Fields = ()
    form: Fields | None = None
    body: bytes | None = None
    content_type: str | None = None
    token: str | None = None
    host: str = HOST
    chunked: bool = False

    @property
    def query_string(self) -> str:
        """As it is written."""
        return "&".join(f"{name}={value}" for name, value in self.query)

    @property
    def payload(self) -> bytes:
        """The body as it is sent."""
        if self.body is not None:
            return self.body
        return "&".join(f"{name}={value}" for name, value in self.form or ()).encode("latin-1")

    @property
    def reached(self) -> Operation:
        """The operation at which it arrives; the one that it was made for, if it arrives at none."""
        path, method = DOCUMENT.path_of(unquote(self.path)), self.method.lower().replace("head", "get")
        found = (operation for operation in operations() if (operation.path, operation.method) == (path, method))
        return next(found, self.operation)

    def values(self) -> Iterator[tuple[str, str]]:
        """Declared parameters of query and form with the values sent for them, decoded."""
        known = {*self.reached.parameters("query"), *self.reached.form}
        for name, value in (*self.query, *(self.form or ())):
            if unquote_plus(name) in known:
                yield unquote_plus(name), unquote_plus(value)

    async def to(self, app: ASGIApp) -> Answer:
        """Send it."""
        target = f"{self.path}?{self.query_string}" if self.query else self.path
        headers = [("content-type", self.content_type)] if self.content_type is not None else []
        whole = self.payload
        body = [whole[:7], whole[7:]] if self.chunked else whole
        return await ask(app, self.method, target, headers=headers, body=body, host=self.host, token=self.token)


def fitting(operation: Operation) -> Sent:
    """A request that the document allows."""
    path = operation.path
    for name, parameter in operation.parameters("path").items():
        path = path.replace(f"{{{name}}}", str(parameter["example"]))
    query = tuple(
        (name, str(parameter["example"]).replace(" ", "+"))
        for name, parameter in operation.parameters("query").items()
        if parameter.get("required") or "example" in parameter
    )
    sent = Sent(operation, operation.method.upper(), path, query, token=TOKEN if operation.secured else None)
    if operation.form:
        # One place for each parameter: what stands in the form of these operations is allowed in the query as well.
        form = tuple((name, "yes" if "enum" in schema else "x") for name, schema in operation.form.items())
        return replace(sent, form=form, query=(), content_type=FORM)
    if operation.body(JSON):
        example = operation.definition["requestBody"]["content"][JSON]["example"]
        return replace(sent, body=json.dumps(example).encode(), content_type=JSON)
    return sent
