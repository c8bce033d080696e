"""What an operator's YAML may hold that a document cannot: values that JSON has not, and references to elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .document import BadDocument, did_you_mean, resolved

Where = tuple[str | int, ...]
_COMPONENT = re.compile("#/components/[^/]+/[^/]+")
_WITH_REFERENCE = ("$ref", "summary", "description")  # words do no harm; connexion would follow the others
_COMPONENTS = {"parameters": "parameter", "requestBodies": "request body", "responses": "response", "schemas": "schema"}


def as_json(value: Any, where: Where = ()) -> Any:
    """YAML's value as JSON has it: `200:` becomes a string, as every response's status is. Raises BadDocument."""
    try:
        if isinstance(value, Mapping):
            return {_key(key, where): as_json(inner, (*where, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [as_json(inner, (*where, index)) for index, inner in enumerate(value)]
    except RecursionError:
        raise BadDocument("the file: it holds itself, by an alias, or is nested too deeply") from None
    if value is None or isinstance(value, str | int | float):
        return value
    raise BadDocument(f"{told(where)}: YAML reads a value as a {type(value).__name__}", "write it in quotes")


def _key(key: Any, where: Where) -> str:
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise BadDocument(f"{told(where)}: YAML reads a key as {key}", "write the key in quotes")
    return str(key)


def wrong_references(value: Any, document: Mapping[str, Any], where: Where = ()) -> Iterator[BadDocument]:
    """Every reference in path items that leads nowhere, out of the document, or to what does not belong there."""
    if isinstance(value, Mapping):
        if isinstance(ref := value.get("$ref"), str):
            yield from _wrong_reference(ref, document, where)
            if ignored := [name for name in value if name not in _WITH_REFERENCE]:
                fix = "remove it, or write out here what $ref stands for"
                yield BadDocument(f"{told(where)}: next to $ref, OpenAPI ignores {' and '.join(ignored)}", fix)
        for key, inner in value.items():
            yield from wrong_references(inner, document, (*where, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from wrong_references(inner, document, (*where, index))


def _wrong_reference(ref: str, document: Mapping[str, Any], where: Where) -> Iterator[BadDocument]:
    kind = _kind(where)
    if not _COMPONENT.fullmatch(ref):
        fix = "write out here what it is, or refer to something under #/components/"
        yield BadDocument(f"{told(where)}: it refers to {ref}, and not to a component of the document", fix)
    elif not resolved(document, {"$ref": ref}):
        section, _, name = ref.removeprefix("#/components/").partition("/")
        known = document["components"].get(section)
        alike = did_you_mean(name, known) if known else did_you_mean(section, document["components"])
        fix = alike or "correct it; openapi/idp.yaml has all that there are"
        yield BadDocument(f"{told(where)}: the document has no {ref}", fix)
    elif kind and not ref.startswith(f"#/components/{kind}/"):
        fix = f"refer to something under #/components/{kind}/"
        yield BadDocument(f"{told(where)}: it refers to {ref}, where a {_COMPONENTS[kind]} belongs", fix)


def _kind(where: Where) -> str:
    """Which components something at a place can be; empty where that is not looked at."""
    match where[1:]:
        case ("parameters", int()) | (_, "parameters", int()):
            return "parameters"
        case (_, "requestBody"):
            return "requestBodies"
        case (_, "responses", _):
            return "responses"
        case (*_, "schema") | (*_, "properties", _):
            return "schemas"
    return ""


def told(where: Where) -> str:
    """A place in the paths of a document, as an operator reads it: `/acme/logout get parameters 0`."""
    return " ".join(map(str, where)).removeprefix("paths ") or "the file"
