"""Loads the OpenAPI document, rejects what connexion cannot serve, and answers queries about it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from ..protocol.request import STANDARD_PARAMETERS
from . import writing
from .endpoint import LogoutEndpoint, read_endpoint

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
DEFAULT_PATH = Path(__file__).resolve().parents[1] / "openapi" / "idp.yaml"


class BadDocument(ValueError):
    """The document cannot be served as it is; the message says where and why, `fix` what to do if that is known."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The fix for a mistyped word; empty if it is like none that is known."""
    alike = difflib.get_close_matches(word, list(known), 1)
    return f"did you mean {alike[0]}?" if alike else ""


@dataclass(frozen=True)
class Document:
    """An OpenAPI document with its logout endpoints. `raw` is the document itself, references and all."""

    raw: Mapping[str, Any]
    endpoints: Mapping[str, LogoutEndpoint]
    """By path template."""
    _patterns: list[tuple[re.Pattern[str], str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        patterns = [(_pattern(path), path) for path in self.raw["paths"]]
        object.__setattr__(self, "_patterns", patterns)

    @cached_property
    def as_json(self) -> bytes:
        """The document as it is served, written once."""
        return writing.as_json(self.raw)

    @cached_property
    def as_yaml(self) -> bytes:
        """The document as it is served, written once."""
        return writing.as_yaml(self.raw)

    def path_of(self, url_path: str) -> str | None:
        """The path template that a URL's path matches. For errors only: routing is connexion's."""
        return next((path for pattern, path in self._patterns if pattern.fullmatch(url_path)), None)

    def allow(self, path: str) -> str:
        """The value of `Allow` for a path template (RFC 9110, section 10.2.1)."""
        methods = [method.upper() for method in METHODS if method in self.raw["paths"][path]]
        if "GET" in methods:
            methods.insert(methods.index("GET") + 1, "HEAD")
        return ", ".join(methods)

    def parameters(self, path: str, method: str) -> frozenset[str]:
        """The names of the parameters and form fields that an operation takes. `method` is in lower case."""
        item = self.raw["paths"][path]
        return frozenset(_taken(self.raw, item, item[method]))

    def standard_parameters(self, path: str) -> frozenset[str]:
        """The parameters of a logout endpoint by their standard names, whichever method takes them."""
        item, endpoint = self.raw["paths"][path], self.endpoints[path]
        taken = {name for method in METHODS if method in item for name in self.parameters(path, method)}
        return frozenset(name for name in STANDARD_PARAMETERS if endpoint.vendor_name(name) in taken)

    def takes_post(self, path: str) -> bool:
        """Whether a logout endpoint can be called by POST."""
        return "post" in self.raw["paths"][path]

    def reserved_words(self) -> frozenset[str]:
        """First segments of fixed paths; an issuer of that name would never be reached."""
        firsts = {path.split("/")[1] for path in self.raw["paths"]}
        return frozenset(first for first in firsts if "{" not in first)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # which of the two depends on PyYAML
    """Reads plain YAML, and no key twice: of two paths alike one would be lost in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise BadDocument(f"line {key.start_mark.line + 1}: {key.value} is there twice")
                seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def read_yaml(path: Path) -> Any:
    """The YAML at `path`. Raises BadDocument, which leaves it to the caller to say where."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        fix = "let the user that endsession runs as read it"
        raise BadDocument(f"it cannot be read: {error.strerror}", fix) from None
    except UnicodeDecodeError:
        raise BadDocument("it is not in UTF-8", "save it as UTF-8") from None
    for braces in ("{{", "{%"):
        if braces in text:
            raise BadDocument(f"connexion renders the text as a template, so {braces} must not appear in it")
    try:
        return yaml.load(text, _Loader)  # noqa: S506 (it makes plain values only)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise BadDocument(f"{line}it is not YAML: {error.problem}", "see https://yaml.org") from None
    except yaml.YAMLError as error:
        raise BadDocument(f"it is not YAML: {error}", "see https://yaml.org") from None


def load_document(path: Path = DEFAULT_PATH) -> Document:
    """Read the document at `path`. Raises BadDocument."""
    try:
        return checked_document(read_yaml(path))
    except BadDocument as error:
        raise BadDocument(f"{path}: {error}") from None


def checked_document(raw: Mapping[str, Any]) -> Document:
    """Check a parsed document. Concrete paths come before templated ones, as OpenAPI matches them (Paths Object)."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("paths"), Mapping):
        raise BadDocument("it has no paths")
    if not str(raw.get("openapi", "")).startswith("3.0."):
        raise BadDocument("it is not OpenAPI 3.0, the version that connexion reads")
    seen: dict[str, str] = {}
    shapes: dict[str, str] = {}
    for path, item in raw["paths"].items():
        _check_path_item(path, item, seen)
        if (other := shapes.setdefault(_shape(path), path)) != path:
            raise BadDocument(f"{path}: it matches the same URLs as {other}")
    paths = dict(sorted(raw["paths"].items(), key=lambda entry: ["{" in part for part in entry[0].split("/")]))
    endpoints = {path: _endpoint(raw, path, item) for path, item in paths.items() if "x-logout" in item}
    return Document({**raw, "paths": paths}, endpoints)


def _check_path_item(path: str, item: Any, seen: dict[str, str]) -> None:
    """`seen` maps each operationId to where it stands."""
    if not path.startswith("/"):
        raise BadDocument(f"{path}: a path begins with a slash")
    if not isinstance(item, Mapping):
        raise BadDocument(f"{path}: it is not an object")
    for method in METHODS:
        if method not in item:
            continue
        where, operation = f"{method.upper()} {path}", item[method]
        if not isinstance(operation, Mapping):
            raise BadDocument(f"{where}: it is not an object")
        name = operation.get("operationId")
        if not name or len(operation.get("tags", ())) != 1:
            raise BadDocument(
                f"{where}: an operation needs an operationId and exactly one tag, which names its handler"
            )
        if (other := seen.setdefault(name, where)) != where:
            # connexion would run one of the two at both paths, with the policy of the wrong one.
            raise BadDocument(f"{where}: the operationId {name} is also that of {other}")


def _endpoint(raw: Mapping[str, Any], path: str, item: Mapping[str, Any]) -> LogoutEndpoint:
    try:
        endpoint = read_endpoint(path, item["x-logout"])
        if undeclared := set(endpoint.parameters.values()) - _declared(raw, item):
            raise ValueError(f"parameters: no operation here takes {min(undeclared)}")
    except ValueError as error:
        raise BadDocument(f"{path}: x-logout: {error}") from None
    return endpoint


def _declared(raw: Mapping[str, Any], item: Mapping[str, Any]) -> set[str]:
    """The names of the parameters and form fields that the operations of a path take."""
    return {name for method in METHODS if method in item for name in _taken(raw, item, item[method])}


def _taken(raw: Mapping[str, Any], item: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    for parameter in (*item.get("parameters", ()), *operation.get("parameters", ())):
        yield resolved(raw, parameter).get("name", "")
    body = resolved(raw, operation.get("requestBody", {}))
    for content in body.get("content", {}).values():
        yield from resolved(raw, content.get("schema", {})).get("properties", {})


def resolved(raw: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """`part`, or what it refers to within the document; nothing when that is not there, which connexion then says."""
    found: Any = part
    while isinstance(found, Mapping) and "$ref" in found:
        found, pointer = raw, str(found["$ref"]).removeprefix("#/")
        for step in pointer.split("/"):
            found = found.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _shape(path: str) -> str:
    """The path without the names of its parameters: OpenAPI calls two of one shape identical."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", path)
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))
