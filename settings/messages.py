"""The messages about unknown settings and wrong values: in an operator's words, and never with the value in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .problems import Location, Problem, did_you_mean, dotted
from .shape import at, members
from .values import WRITE_DURATION, duration, is_duration

_SENTENCES = {
    "missing": ("it is missing", "add {name}"),
    "greater_than_equal": ("it is less than {ge}", "write {ge} or more"),
    "greater_than": ("it has to be more than {gt}", "write more than {gt}"),
    "less_than_equal": ("it is more than {le}", "write {le} or less"),
    "string_pattern_mismatch": ("it is empty, or holds a character that it cannot have", ""),
    "string": ("it is not a string", 'write it in quotes, as in "text"'),
    "int": ("it is not a whole number", "write digits without quotes, such as 8080"),
    "float": ("it is not a number", "write a number such as 1.5"),
    "bool": ("it is neither true nor false", "write true or false"),
    **dict.fromkeys(("tuple", "list"), ("it is not a list", 'write a list such as ["one", "two"]')),
    **dict.fromkeys(
        ("dict", "model", "dataclass"), ("it is not a table", "write a table of its own, or {{ member = value }}")
    ),
}
"""By pydantic's error types, or their first words: `int_parsing`, `int_type` and so on are told alike."""


def problem_of(detail: Any, model: Any) -> Problem:
    """The problem that one of pydantic's error details is about. `model` is where its location starts."""
    location, kind, context = tuple(detail["loc"]), str(detail["type"]), detail.get("ctx", {})
    if kind == "wrong":
        return Problem(location, context["message"], context["fix"])
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        known = list(members(at(model, location[:-1])) or ())
        return Problem(location, "there is no such setting", _fix_unknown(location, known, model))
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        named = ", ".join(choice or '""' for choice in choices)
        fix = did_you_mean(str(detail["input"]), choices) or "use one of these"
        return Problem(location, f"it has to be one of: {named}", fix)
    for name in (kind, kind.partition("_")[0]):
        if name in _SENTENCES:
            return _in_words(name, location, context, at(model, location))
    return Problem(location, detail["msg"].removeprefix("Value error, "))


def _in_words(name: str, location: Location, context: Mapping[str, Any], written: Any) -> Problem:
    """By one of the sentences. A bound has the unit in which its setting is written."""
    values: dict[str, Any] = {**context, "name": location[-1]}
    for bound in ("ge", "gt", "le"):
        if bound in context:
            values[bound] = duration(context[bound]) if is_duration(written) else f"{context[bound]:g}"
            values[bound] += " bytes" if str(location[-1]).endswith("_bytes") else ""
    message, fix = (text.format_map(values) for text in _SENTENCES[name])
    if is_duration(written) and context.get("ge") == 0:
        message = "it is negative"
    at_least = is_duration(written) and "le" not in context
    return Problem(location, message, WRITE_DURATION if at_least else fix)


def _fix_unknown(location: Location, known: Sequence[str], model: Any) -> str:
    """A setting that is nearly one of the table's, or is one of a table in it."""
    name = str(location[-1])
    if meant := did_you_mean(name, known):
        return meant
    for table in known:
        if name in (members(at(model, (*location[:-1], table))) or ()):
            return f"write it below {dotted((*location[:-1], table))}"
    return "remove it"
