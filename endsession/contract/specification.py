"""Whether added paths are OpenAPI 3.0: openapi-spec-validator finds what is wrong, and this tells it in words.

Loaded only where an operator's files are served: the validator takes time to load, and memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from openapi_spec_validator import OpenAPIV30SpecValidator
from openapi_spec_validator.schemas import schema_v30
from openapi_spec_validator.schemas.backend.jsonschema import create_validator

from .document import METHODS, BadDocument, did_you_mean
from .foreign import told

_TYPES = {
    "string": ("it is not a string", "write it in quotes"),
    "array": ("it is not a list", "write a list, each item below the other after a -"),
    "object": ("it is not an object", "write its members below it, each as name: value"),
    "boolean": ("it is neither true nor false", "write true or false"),
    "integer": ("it is not a whole number", "write a number such as 1"),
    "number": ("it is not a number", "write a number such as 1.5"),
}
_RULES = {
    "minimum": ("it is less than {}", "write {} or more"),
    "minItems": ("it is empty", "add an item, or remove it"),
    "minProperties": ("it is empty", "add a member, or remove it"),
    "uniqueItems": ("an item is there twice", "remove one of the two"),
}


class _Validator(OpenAPIV30SpecValidator):
    """With the one of its two engines that says where exactly, and with its formats."""

    schema_validator = create_validator(schema_v30)
    schema_validator = schema_validator.evolve(format_checker=schema_validator.FORMAT_CHECKER)


def structure(raw: Mapping[str, Any]) -> list[BadDocument]:
    """What stands where it must not, or is missing, in the paths of a document."""
    leaves = [leaf for error in _Validator.schema_validator.iter_errors(raw) for leaf in _leaves(error)]
    mistyped = [leaf.absolute_path for leaf in leaves if leaf.validator == "type"]  # which has no other mistake then
    errors = [leaf for leaf in leaves if leaf.validator == "type" or leaf.absolute_path not in mistyped]
    return _told((told(tuple(error.absolute_path)), *_words(error)) for error in errors)


def meaning(raw: Mapping[str, Any], added: Iterable[str]) -> list[BadDocument]:
    """What is well formed in a document, and contradicts itself. `added` are the paths to look for it in."""
    operations = [(path, method) for path in added for method in METHODS if method in raw["paths"][path]]
    try:
        if next(_Validator(dict(raw)).iter_errors(), None) is None:
            return []
        found = _told(problem for path, method in operations for problem in _contradictions(raw, path, method))
    except Exception:  # of the validator, of many types; what it is known to crash on has been reported before
        found = []
    return found or [BadDocument("with it, the document is not OpenAPI 3.0; where, cannot be said")]


def _told(problems: Iterable[tuple[str, str, str]]) -> list[BadDocument]:
    """Each once: where, what is wrong, and the fix."""
    return [BadDocument(f"{where}: {message}", fix) for where, message, fix in dict.fromkeys(problems)]


def _contradictions(raw: Mapping[str, Any], path: str, method: str) -> Iterator[tuple[str, str, str]]:
    """The errors of one operation: they do not say themselves where they are."""
    shared = {name: value for name, value in raw["paths"][path].items() if name == "parameters"}
    alone = {**raw, "paths": {path: {**shared, method: raw["paths"][path][method]}}}
    for error in _Validator(alone).iter_errors():
        yield told((path, method)), *_contradiction(type(error).__name__, error, path)


def _contradiction(kind: str, error: Any, path: str) -> tuple[str, str]:
    """What is wrong, and the fix. The names are in the validator's messages only."""
    name = next(iter(re.findall(r"'([^']*)'", error.message)), "")
    if kind == "ParameterDuplicateError":
        return f"two parameters are called {name}", "remove one of them"
    if kind == "UnresolvableParameterError" and f"{{{name}}}" in path:
        return f"no parameter describes {{{name}}}", f"add a parameter with name: {name}, in: path, required: true"
    if kind == "UnresolvableParameterError":
        return f"a parameter describes {{{name}}}, which the path does not have", "remove it, or put it into the path"
    if kind == "ExtraParametersError":
        return f"required names {name}, which is not among properties", "describe it there, or remove it"
    return "a default does not fit its own schema", "correct the default, or the schema"


def _leaves(error: Any) -> list[Any]:
    """The errors that an error consists of: of several alternatives, those of the one that was most likely meant."""
    branches: dict[Any, list[Any]] = {}
    for inner in error.context:
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    if not branches:
        return [error]
    refers = isinstance(error.instance, Mapping) and "$ref" in error.instance
    meant = [
        errors
        for index, errors in branches.items()
        if str(error.validator_value[index].get("$ref", "")).endswith("/Reference") == refers
    ]
    leaves = [leaf for inner in min(meant or branches.values(), key=_distance) for leaf in _leaves(inner)]
    return [leaf for leaf in leaves if leaf.validator not in ("oneOf", "anyOf")] or leaves


def _distance(errors: list[Any]) -> tuple[bool, bool, int]:
    """How far something is from an alternative: of another kind (an enum says which), of another type, or less."""
    kinds = [error.validator for error in errors if len(error.relative_path) <= 1]
    types = [error.validator for error in errors if not error.relative_path]
    return "enum" in kinds, "type" in types, len(errors)


def _words(error: Any) -> tuple[str, str]:
    """What is wrong, in the words of somebody who writes YAML, and the fix."""
    kind, rule, value = error.validator, error.validator_value, error.instance
    if kind == "required":
        missing = ", ".join(name for name in rule if name not in value)
        return f"it has no {missing}", f"add {missing}: true" if missing == "required" else f"add {missing}"
    if kind == "additionalProperties":
        known, patterns = error.schema.get("properties", {}), "|".join(error.schema.get("patternProperties", {"$^": 0}))
        unknown = [name for name in value if name not in known and not re.search(patterns, name)]
        return f"OpenAPI does not know {' and '.join(unknown)} here", did_you_mean(unknown[0], known) or "remove it"
    if kind == "type":
        return _TYPES[rule]
    if kind == "enum":
        same = [other for other in getattr(error.parent, "context", ()) if other.validator == kind] or [error]
        choices = [str(choice) for other in same if other.path == error.path for choice in other.validator_value]
        fix = did_you_mean(str(value), choices) or "use one of these"
        return f"it has to be one of: {', '.join(dict.fromkeys(choices))}", fix
    if kind == "not" and "required" in rule:
        return f"it has both {' and '.join(rule['required'])}", "remove one of them"
    if kind == "format" and rule == "regex":
        return "it is not a regular expression", "put a backslash before what is meant as it is, as in \\("
    message, fix = _RULES.get(
        kind, ("OpenAPI 3.0 does not allow this here", "see https://spec.openapis.org/oas/v3.0.4")
    )
    return message.format(rule), fix.format(rule)
