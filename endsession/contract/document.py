"""The document: read, checked for what connexion would stumble over, and asked questions of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .dialect import Dialect, read_dialect

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
DEFAULT_PATH = Path(__file__).resolve().parents[2] / "openapi" / "idp.yaml"


class BadDocument(ValueError):
    """The document cannot be served as it is; the message says where and why."""


@dataclass(frozen=True)
class Document:
    """An OpenAPI document with its logout dialects. `raw` is the document itself, references and all."""

    raw: Mapping[str, Any]
    dialects: Mapping[str, Dialect]
    """By path template."""
    _patterns: list[tuple[re.Pattern[str], str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        patterns = [(_pattern(path), path) for path in self.raw["paths"]]
        object.__setattr__(self, "_patterns", patterns)

    def path_of(self, url_path: str) -> str | None:
        """The path template that a URL's path matches. For errors only: routing is connexion's."""
        return next((path for pattern, path in self._patterns if pattern.fullmatch(url_path)), None)

    def allow(self, path: str) -> str:
        """The value of `Allow` for a path template (RFC 9110, section 10.2.1)."""
        methods = [method.upper() for method in METHODS if method in self.raw["paths"][path]]
        if "GET" in methods:
            methods.insert(methods.index("GET") + 1, "HEAD")
        return ", ".join(methods)

    def reserved_words(self) -> frozenset[str]:
        """First segments of fixed paths; an issuer of that name would never be reached."""
        firsts = {path.split("/")[1] for path in self.raw["paths"]}
        return frozenset(first for first in firsts if "{" not in first)


def load(path: Path = DEFAULT_PATH) -> Document:
    """Read the document at `path`. Raises BadDocument."""
    text = path.read_text()
    for braces in ("{{", "{%"):
        if braces in text:
            raise BadDocument(f"{path}: connexion renders the text as a template, so {braces} must not appear in it")
    try:
        return from_dict(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 (both are safe)
    except (yaml.YAMLError, BadDocument) as error:
        raise BadDocument(f"{path}: {error}") from None


def from_dict(raw: Mapping[str, Any]) -> Document:
    """Check a parsed document. Fixed paths come before templated ones, as OpenAPI 3.0 matches them (Paths Object)."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("paths"), Mapping):
        raise BadDocument("it has no paths")
    if not str(raw.get("openapi", "")).startswith("3.0."):
        raise BadDocument("it is not OpenAPI 3.0, the version that connexion reads")
    paths = dict(sorted(raw["paths"].items(), key=lambda item: "{" in item[0].split("/")[1]))
    dialects = {}
    for path, item in paths.items():
        for method in METHODS:
            _check_operation(f"{method.upper()} {path}", item.get(method))
        if "x-logout" in item:
            try:
                dialects[path] = read_dialect(path, item["x-logout"])
            except ValueError as error:
                raise BadDocument(f"{path}: x-logout: {error}") from None
            if dialects[path].issuer_from == "path" and "{issuer_id}" not in path:
                raise BadDocument(f"{path}: x-logout: issuer.from is path, but the path has no issuer_id")
    return Document({**raw, "paths": paths}, dialects)


def _check_operation(where: str, operation: Mapping[str, Any] | None) -> None:
    if operation is None:
        return
    if not operation.get("operationId") or len(operation.get("tags", ())) != 1:
        raise BadDocument(f"{where}: an operation needs an operationId and exactly one tag, which names its handler")


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", path)
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))
