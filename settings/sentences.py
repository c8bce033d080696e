"""What is wrong with a value, in an operator's words and not a library's, and never with the value in them."""

from __future__ import annotations

import difflib
import re
from typing import Any

from .problems import Location, Problem
from .shape import at, members

_SENTENCES = {
    "string": ("it is not text", 'write it in quotes, as in "text"'),
    "int": ("it is not a whole number", "write a number such as 8080"),
    "float": ("it is not a number", "write a number such as 1.5"),
    "bool": ("it is neither true nor false", "write true or false"),
    "tuple": ("it is not a list", 'write a list such as ["one", "two"]'),
    "list": ("it is not a list", 'write a list such as ["one", "two"]'),
    "dict": ("it is not a table", "write a table of its own, or { member = value }"),
    "model": ("it is not a table", "write a table of its own, or { member = value }"),
    "dataclass": ("it is not a table", "write a table of its own, or { member = value }"),
}
"""By the first word of pydantic's error types: `int_parsing`, `int_type` and so on."""


def problem_of(detail: Any, model: Any) -> Problem:
    """The problem that one of pydantic's error details is about. `model` is where its location starts."""
    location, kind, context = tuple(detail["loc"]), str(detail["type"]), detail.get("ctx", {})
    if kind == "wrong":
        return Problem(location, context["message"], context["fix"])
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        near = _near(str(location[-1]), list(members(at(model, location[:-1])) or ()))
        return Problem(location, "there is no such setting", near or "remove it")
    if kind in ("missing", "missing_argument"):
        return Problem(location, "it is missing", f"add {location[-1]}")
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        named = ", ".join(choice or '""' for choice in choices)
        return Problem(
            location, f"it has to be one of: {named}", _near(str(detail["input"]), choices) or "use one of these"
        )
    if kind == "string_pattern_mismatch":
        return Problem(location, "it is empty, or holds a character that it cannot have")
    if bound := _bound(location, kind, context):
        return bound
    message, fix = _SENTENCES.get(kind.partition("_")[0], (detail["msg"].removeprefix("Value error, "), ""))
    return Problem(location, message, fix)


def _bound(location: Location, kind: str, context: Any) -> Problem | None:
    words = {
        "greater_than_equal": ("ge", "it is less than {}", "write {} or more"),
        "greater_than": ("gt", "it has to be more than {}", ""),
        "less_than_equal": ("le", "it is more than {}", "write {} or less"),
    }
    if kind not in words:
        return None
    name, message, fix = words[kind]
    limit = f"{context[name]:g}"
    return Problem(location, message.format(limit), fix.format(limit))


def _near(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else ""
