"""Reading parameters: each at most once, decodable, and of the size and shape that the document gives them.

A parameter whose schema has `x-preference` is a wish, which must not cost anybody a logout: where it is repeated or
cannot be decoded, it is ignored, as are parameters that the document does not name.

Everything is prepared per operation when the process starts; a request costs a split, a dictionary and one call of a
compiled validator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema_rs

from ..protocol.errors import InvalidRequest
from ..protocol.urlencoded import decoded, fields

MAX_FIELDS = 100


class FieldReader:
    """Reads the declared parameters of one place (query or form) of one operation."""

    def __init__(
        self, schemas: Mapping[str, Mapping[str, Any]], required: Iterable[str] = (), *, known_only: bool = False
    ) -> None:
        """`schemas` maps each name to its resolved schema; `known_only` refuses parameters of any other name."""
        self._names, self._known_only = frozenset(schemas), known_only
        self._preferences = frozenset(name for name, schema in schemas.items() if schema.get("x-preference"))
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
        if text.count(b"&") >= MAX_FIELDS:
            raise InvalidRequest(f"There are more than {MAX_FIELDS} parameters.")
        values: dict[str, Any] = {}
        seen = set()
        for encoded_name, encoded_value in fields(text):
            name = _decoded(encoded_name)
            if name not in self._names:
                if name is None:
                    raise InvalidRequest("The name of a parameter is not valid percent-encoded UTF-8.")
                if self._known_only:
                    raise InvalidRequest(f"This operation does not take {_shown(name)}.")
                continue
            value = _decoded(encoded_value)
            if name in self._preferences:
                value = None if name in seen else value
            elif name in seen:
                raise InvalidRequest(f"The parameter {name} is repeated.")
            elif value is None:
                raise InvalidRequest(f"The parameter {name} is not valid percent-encoded UTF-8.")
            seen.add(name)
            values[name] = value
        values = {name: value for name, value in values.items() if value}
        for name, coerce in self._coerce.items():
            if name in values:
                values[name] = coerce(values[name])
        self.check(values)
        return values

    def check(self, values: Mapping[str, Any]) -> None:
        """Hold values to their schemas. Raises InvalidRequest that names the parameter, never its value."""
        if not self._validator.is_valid(values):
            raise InvalidRequest(explain(next(self._validator.iter_errors(values)), "parameter"))


def _decoded(encoded: bytes) -> str | None:
    """The string of a name or a value; None where it is not UTF-8."""
    plain = decoded(encoded)
    try:
        return None if plain is None else plain.decode()
    except UnicodeDecodeError:
        return None


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
