"""Reading parameters: each at most once, decodable, and of the size and shape that the document gives them.

A parameter whose schema has `x-preference` is a wish, which must not cost anybody a logout: where it is repeated or
cannot be decoded, it is ignored, as are parameters that the document does not name.

Everything is prepared per operation when the process starts; a request costs a split, a dictionary and one call of a
compiled validator.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs

from ..protocol.errors import InvalidRequest

MAX_FIELDS = 100


def split_fields(text: bytes, decisive: Container[str]) -> list[tuple[str, str]]:
    """Decode a query or a form, strictly: UTF-8, and no more fields than any request has. Raises InvalidRequest.

    The value of a field that is not among `decisive` is empty where it is not UTF-8.
    """
    if not text:
        return []
    try:
        try:
            return parse_qsl(
                text.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
            )  # fmt: skip
        except UnicodeDecodeError:
            escaped, how = text.decode(errors="surrogateescape"), "surrogateescape"
            fields = parse_qsl(escaped, keep_blank_values=True, errors=how, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InvalidRequest(f"There are more than {MAX_FIELDS} parameters.") from None
    decoded = [(name, value if _is_utf_8(value) else None) for name, value in fields]
    if any(not _is_utf_8(name) or (value is None and name in decisive) for name, value in decoded):
        raise InvalidRequest("A parameter is not valid UTF-8.")
    return [(name, value or "") for name, value in decoded]


def _is_utf_8(text: str) -> bool:
    """Whether bytes of that encoding were decoded to `text`: any others stand there as surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class FieldReader:
    """Reads the declared parameters of one place (query or form) of one operation."""

    def __init__(
        self, schemas: Mapping[str, Mapping[str, Any]], required: Iterable[str] = (), *, known_only: bool = False
    ) -> None:
        """`schemas` maps each name to its resolved schema; `known_only` refuses parameters of any other name."""
        self._names, self._known_only = frozenset(schemas), known_only
        self._preferences = frozenset(name for name, schema in schemas.items() if schema.get("x-preference"))
        self._decisive = self._names - self._preferences
        self._coerce = {
            name: _COERCIONS[schema["type"]]
            for name, schema in schemas.items()
            if schema.get("type") in _COERCIONS
        }  # fmt: skip
        schema: dict[str, Any] = {"type": "object", "properties": dict(schemas)}
        if needed := sorted(required):
            schema["required"] = needed
        self._validator = jsonschema_rs.Draft4Validator(schema, validate_formats=False)

    def read(self, text: bytes) -> dict[str, Any]:
        """The declared parameters in `text` that are not empty. Raises InvalidRequest."""
        values: dict[str, Any] = {}
        seen = set()
        for name, value in split_fields(text, self._decisive):
            if name not in self._names:
                if self._known_only:
                    raise InvalidRequest(f"This operation does not take {_shown(name)}.")
                continue
            if name in seen:
                if name in self._preferences:
                    values.pop(name, None)
                    continue
                raise InvalidRequest(f"The parameter {name} is repeated.")
            seen.add(name)
            if value:
                values[name] = value
        for name, coerce in self._coerce.items():
            if name in values:
                values[name] = coerce(values[name])
        self.check(values)
        return values

    def check(self, values: Mapping[str, Any]) -> None:
        """Hold values to their schemas. Raises InvalidRequest that names the parameter, never its value."""
        if not self._validator.is_valid(values):
            raise InvalidRequest(explain(next(self._validator.iter_errors(values)), "parameter"))


def explain(error: jsonschema_rs.ValidationError, kind: str) -> str:
    """A sentence about a validation error. It names members of the document, and nothing that was sent."""
    path = list(error.schema_path)
    keyword = str(path[-1]) if path else ""
    names = [str(path[i + 1]) for i, step in enumerate(path[:-1]) if step == "properties"]
    where = f"The {kind} {'.'.join(names)}" if names else "The body of the request"
    if keyword == "required" or "required" in path:
        missing = getattr(error.kind, "property", None)
        return f"The {kind} {missing} is missing." if missing else f"A required {kind} is missing."
    return f"{where} {_SENTENCES.get(keyword, 'is malformed')}."


def _shown(name: str) -> str:
    """The name of an unknown parameter, where it looks like one and not like a value."""
    return f"the parameter {name}" if _NAME.fullmatch(name) else "one of these parameters"


_NAME = re.compile(r"[a-z_]{1,32}")
_SENTENCES = {
    "maxLength": "is too long",
    "minLength": "is too short",
    "maxItems": "has too many items",
    "enum": "has none of its possible values",
    "type": "has the wrong type",
    "maximum": "is too large",
    "minimum": "is too small",
    "pattern": "holds characters that are not allowed",
    "additionalProperties": "has a member that is not known",
}


_INTEGER = re.compile(r"-?[0-9]{1,18}")


def _integer(text: str) -> object:
    return int(text) if _INTEGER.fullmatch(text) else text


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _boolean(text: str) -> object:
    return {"true": True, "false": False}.get(text.lower(), text)


_COERCIONS = {"integer": _integer, "number": _number, "boolean": _boolean}
