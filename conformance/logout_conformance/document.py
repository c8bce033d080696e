"""The OpenAPI document that a deployment publishes, and its extensions.

`x-logout` marks logout endpoints. `x-front` marks endpoints of a provider that only pass through the deployment: they
are another service's contract, so they are documented URLs, and nothing is sent to them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class BadDocument(ValueError):
    """The document cannot be tested against. The message says why."""


@dataclass(frozen=True)
class LogoutExtension:
    """What `x-logout` says about a path: the names of this vendor's parameters, and the policy where it differs."""

    path: str
    issuer_from: str
    """`path`, `host` or `default`."""
    issuer_parameter: str = "issuer_id"
    parameters: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)

    def url_path(self, issuer_id: str) -> str:
        """The path of this endpoint for an issuer."""
        return self.path.replace(f"{{{self.issuer_parameter}}}", issuer_id)

    def vendor_name(self, standard: str) -> str:
        """This vendor's name of a standard parameter."""
        return self.parameters.get(standard, standard)


@dataclass(frozen=True, eq=False)
class Document:
    """An OpenAPI 3.0 document. `raw` is the parsed document with its references, concrete paths first."""

    raw: Mapping[str, Any]
    endpoints: Mapping[str, LogoutExtension]
    """Logout endpoints by path template."""
    fronted: Mapping[str, Any] = field(default_factory=dict)
    """Path items with `x-front`, by path, which `raw` has not."""
    _patterns: list[tuple[re.Pattern[str], str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_patterns", [(_pattern(path), path) for path in self.raw["paths"]])

    def fronted_urls(self, kind: str, issuer_id: str, public_url: str) -> set[str]:
        """The URLs of an issuer's provider that pass through the deployment and are of a kind, such as `jwks`."""
        return {
            server["url"] + path
            for path, item in self.fronted.items()
            if {"issuer": issuer_id, "endpoint": kind} in item["x-front"]
            for server in item.get("servers", [{"url": public_url}])
        }

    def path_of(self, url_path: str) -> str | None:
        """The path template that the path of a URL matches, or None."""
        return next((path for pattern, path in self._patterns if pattern.fullmatch(url_path)), None)

    def allowed_methods(self, path: str) -> frozenset[str]:
        """The methods of a path template, in upper case, with HEAD where there is GET."""
        methods = {method.upper() for method in METHODS if method in self.raw["paths"][path]}
        return frozenset(methods | ({"HEAD"} if "GET" in methods else set()))

    def resolved(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """`part`, or what its `$ref` points to. Raises KeyError for a reference to nothing."""
        found: Any = part
        while "$ref" in found:
            steps, found = found["$ref"].removeprefix("#/").split("/"), self.raw
            for step in steps:
                found = found[step.replace("~1", "/").replace("~0", "~")]
        return found  # type: ignore[no-any-return]


def parse_document(text: str) -> Document:
    """Read a document, as JSON or YAML. Raises BadDocument."""
    try:
        raw = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise BadDocument(f"neither JSON nor YAML: {type(error).__name__}") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("paths"), dict):
        raise BadDocument("it has no paths")
    if not str(raw.get("openapi", "")).startswith("3.0."):
        raise BadDocument("it is not OpenAPI 3.0")
    for path, item in raw["paths"].items():
        _check_path(path, item)
    # A concrete path matches before a templated one (OpenAPI 3.0, Paths Object).
    fronted = {path: item for path, item in raw["paths"].items() if "x-front" in item}
    ours = ((path, item) for path, item in raw["paths"].items() if path not in fronted)
    paths = dict(sorted(ours, key=lambda entry: ["{" in part for part in entry[0].split("/")]))
    endpoints = {path: _extension(path, item["x-logout"]) for path, item in paths.items() if "x-logout" in item}
    return Document({**raw, "paths": paths}, endpoints, fronted)


def _check_path(path: object, item: Any) -> None:
    if not isinstance(path, str) or not path.startswith("/") or not isinstance(item, dict):
        raise BadDocument(f"{path}: not a path with an object")
    for method in METHODS:
        operation = item.get(method)
        if operation is not None and not (isinstance(operation, dict) and isinstance(operation.get("responses"), dict)):
            raise BadDocument(f"{method.upper()} {path}: not an operation with responses")
    if "x-front" in item:
        _check_front(path, item)


def _check_front(path: str, item: Mapping[str, Any]) -> None:
    servers = item.get("servers", [])
    if not isinstance(item["x-front"], list):
        raise BadDocument(f"{path}: x-front: not a list")
    if not isinstance(servers, list) or not all(isinstance(server, dict) and "url" in server for server in servers):
        raise BadDocument(f"{path}: servers: not a list of URLs")


def _extension(path: str, value: Any) -> LogoutExtension:
    issuer = value.get("issuer") if isinstance(value, dict) else None
    if not isinstance(issuer, dict) or issuer.get("from") not in ("path", "host", "default"):
        raise BadDocument(f"{path}: x-logout: issuer.from is not path, host or default")
    for member in ("parameters", "policy"):
        if not isinstance(value.get(member) or {}, dict):
            raise BadDocument(f"{path}: x-logout: {member} is not an object")
    return LogoutExtension(
        path=path,
        issuer_from=issuer["from"],
        issuer_parameter=str(issuer.get("parameter", "issuer_id")),
        parameters=value.get("parameters") or {},
        policy=value.get("policy") or {},
    )


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", path)
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))
