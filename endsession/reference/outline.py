"""The document as a reader wants it: operations by tag, with everything that they refer to looked up and in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from ..contract.document import METHODS, Document, resolved
from .curl import curl_line

Part = Mapping[str, Any]
_PLAIN_TEXT = r"^[^\x00-\x1F\x7F]*$"


@dataclass(frozen=True, slots=True)
class Kind:
    """What values are allowed. `schema` names the component that says more, if there is one."""

    text: str
    schema: str = ""
    rules: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """A parameter, a header, or a member of an object. `description` is CommonMark."""

    name: str
    kind: Kind
    required: bool
    description: str
    place: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """One media type of a body; `examples` are (title, text)."""

    media_type: str
    kind: Kind
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. `shared` names the component that several operations answer with; `links` are (operationId, why)."""

    status: str
    phrase: str
    description: str
    headers: tuple[Member, ...]
    bodies: tuple[Body, ...]
    shared: str = ""
    links: tuple[tuple[str, str], ...] = ()

    @property
    def good(self) -> bool:
        """Whether it is what the caller wanted."""
        return self.status < "400"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with a command line that calls it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    parameters: tuple[Member, ...]
    body_description: str
    bodies: tuple[Body, ...]
    answers: tuple[Answer, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of a tag."""

    name: str
    description: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema that has a name."""

    name: str
    kind: Kind
    description: str
    members: tuple[Member, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole document, in the order of its tags."""

    title: str
    version: str
    description: str
    groups: tuple[Group, ...]
    answers: Mapping[str, Answer]
    """Responses that several operations share, by their name."""
    schemas: tuple[Schema, ...]


def outline(document: Document, public_url: str) -> Outline:
    """The outline of a document that is served at `public_url`."""
    raw = document.raw
    operations: dict[str, list[Operation]] = {tag["name"]: [] for tag in raw.get("tags", ())}
    plain = next((path for path, endpoint in document.endpoints.items() if endpoint.name is None), None)
    # The standard's own endpoint first: it is what most clients need.
    for path, item in sorted(raw["paths"].items(), key=lambda entry: entry[0] != plain):
        for method in METHODS:
            if method in item:
                found = _operation(document, path, method, public_url)
                operations.setdefault(item[method]["tags"][0], []).append(found)
    told = {tag["name"]: tag.get("description", "") for tag in raw.get("tags", ())}
    answers = (
        answer for group in operations.values() for operation in group for answer in operation.answers if answer.shared
    )
    return Outline(
        title=raw["info"]["title"],
        version=raw["info"]["version"],
        description=raw["info"].get("description", ""),
        groups=tuple(Group(name, told.get(name, ""), tuple(found)) for name, found in operations.items() if found),
        answers={answer.shared: answer for answer in sorted(answers, key=lambda answer: answer.status)},
        schemas=tuple(
            _schema(raw, name, schema) for name, schema in raw.get("components", {}).get("schemas", {}).items()
        ),
    )


def _operation(document: Document, path: str, method: str, public_url: str) -> Operation:
    raw, item = document.raw, document.raw["paths"][path]
    definition = item[method]
    parameters = [resolved(raw, entry) for entry in (*item.get("parameters", ()), *definition.get("parameters", ()))]
    body = resolved(raw, definition.get("requestBody", {}))
    return Operation(
        id=definition["operationId"],
        method=method.upper(),
        path=path,
        summary=definition.get("summary", ""),
        description=definition.get("description", ""),
        scope=definition.get("x-scope", ""),
        parameters=tuple(
            _member(raw, parameter["name"], parameter, required=parameter.get("required", False))
            for parameter in parameters
        ),
        body_description=body.get("description", ""),
        bodies=tuple(_bodies(raw, body)),
        answers=tuple(_answer(raw, status, response) for status, response in sorted(definition["responses"].items())),
        curl=curl_line(document, path, method, public_url),
    )


def _answer(raw: Part, status: str, response: Part) -> Answer:
    named, found = response.get("$ref", "").rpartition("/")[2], resolved(raw, response)
    headers = found.get("headers", {})
    return Answer(
        status=status,
        phrase=HTTPStatus(int(status)).phrase,
        description=found.get("description", ""),
        headers=tuple(
            _member(raw, name, header, required=header.get("required", False))
            for name, header in ((name, resolved(raw, item)) for name, item in headers.items())
        ),
        bodies=tuple(_bodies(raw, found)),
        shared=named,
        links=tuple(
            (link["operationId"], link.get("description", ""))
            for link in (resolved(raw, item) for item in found.get("links", {}).values())
            if "operationId" in link
        ),
    )


def _bodies(raw: Part, body: Part) -> Iterator[Body]:
    for media_type, content in body.get("content", {}).items():
        yield Body(media_type, _kind(raw, content.get("schema", {})), tuple(_examples(raw, content)))


def _examples(raw: Part, content: Part) -> Iterator[tuple[str, str]]:
    if "example" in content:
        yield "Example", _text(content["example"])
    for item in content.get("examples", {}).values():
        example = resolved(raw, item)
        yield example.get("summary", "Example"), _text(example["value"])
    schema = resolved(raw, content.get("schema", {}))
    if "example" in schema and "example" not in content and "examples" not in content:
        yield "Example", _text(schema["example"])


def _member(raw: Part, name: str, part: Part, *, required: bool) -> Member:
    """`part` is a parameter, a header or, within an object, a schema."""
    schema = part.get("schema", part)
    told = part if "description" in part else resolved(raw, schema)
    example = _text(told["example"]) if "example" in told else ""
    return Member(name, _kind(raw, schema), required, told.get("description", ""), part.get("in", ""), example)


def _schema(raw: Part, name: str, schema: Part) -> Schema:
    needed = schema.get("required", ())
    members = schema.get("properties", {}).items()
    return Schema(
        name=name,
        kind=_kind(raw, schema),
        description=schema.get("description", ""),
        members=tuple(_member(raw, member, item, required=member in needed) for member, item in members),
        example=_text(schema["example"]) if "example" in schema else "",
    )


def _kind(raw: Part, schema: Part) -> Kind:
    named, schema = schema.get("$ref", "").rpartition("/")[2], resolved(raw, schema)
    text = str(schema.get("type", "any"))
    if text == "array":
        inner = _kind(raw, schema.get("items", {}))
        return Kind(f"list of {inner.schema or inner.text}", named or inner.schema, _rules(schema))
    return Kind(named if named and text == "object" else text, named, _rules(schema))


def _rules(schema: Part) -> str:
    """What is said of values beyond their type, in words."""
    words = []
    if "enum" in schema:
        words.append("one of " + ", ".join(map(str, schema["enum"])))
    for low, high, unit in (("minLength", "maxLength", " characters"), ("minItems", "maxItems", " items"),
                            ("minimum", "maximum", "")):  # fmt: skip
        if low in schema and high in schema:
            words.append(f"{schema[low]} to {schema[high]}{unit}")
        elif high in schema:
            words.append(f"at most {schema[high]}{unit}")
        elif schema.get(low) == 1 and unit:
            words.append("not empty")
        elif low in schema:
            words.append(f"at least {schema[low]}{unit}")
    if schema.get("pattern") == _PLAIN_TEXT:
        words.append("no control characters")
    elif "pattern" in schema:
        words.append(f"matches {schema['pattern']}")
    return "; ".join(words)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
