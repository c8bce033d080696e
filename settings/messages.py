"""The messages about unknown settings and wrong values: in an operator's words, and never with the value in them."""

from __future__ import annotations

import re
from typing import Any

from .problems import Problem, did_you_mean
from .shape import at, members

_SENTENCES = {
    "missing": ("it is missing", "add {name}"),
    "greater_than_equal": ("it is less than {ge:g}", "write {ge:g} or more"),
    "greater_than": ("it has to be more than {gt:g}", ""),
    "less_than_equal": ("it is more than {le:g}", "write {le:g} or less"),
    "string_pattern_mismatch": ("it is empty, or holds a character that it cannot have", ""),
    "string": ("it is not a string", 'write it in quotes, as in "text"'),
    "int": ("it is not a whole number", "write a number such as 8080"),
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
        return Problem(location, "there is no such setting", did_you_mean(str(location[-1]), known) or "remove it")
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        named = ", ".join(choice or '""' for choice in choices)
        fix = did_you_mean(str(detail["input"]), choices) or "use one of these"
        return Problem(location, f"it has to be one of: {named}", fix)
    for name in (kind, kind.partition("_")[0]):
        if name in _SENTENCES:
            message, fix = (text.format_map({**context, "name": location[-1]}) for text in _SENTENCES[name])
            return Problem(location, message, fix)
    return Problem(location, detail["msg"].removeprefix("Value error, "))
