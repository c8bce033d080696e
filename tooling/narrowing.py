"""Whether a schema takes less than another one did: the one question behind every break in a schema.

For what clients send, the new schema must not take less than the old one. For what they are answered it is the other
way round: the old schema has to take whatever is answered now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from endsession.contract.document import resolved

Schema = Mapping[str, Any]
_UPPER = ("maxLength", "maxItems", "maximum", "maxProperties")
_LOWER = ("minLength", "minItems", "minimum", "minProperties")
_EXACT = ("pattern", "format", "multipleOf", "uniqueItems")
_COMPOSED = ("allOf", "anyOf", "oneOf", "not")
_WIDER_TYPE = {("integer", "number")}


class Comparison:
    """Compares schemas of two documents. What both refer to by the same names is compared once."""

    def __init__(self, before: Schema, after: Schema, *, closed: bool) -> None:
        """`closed`: whether it counts that members which are not named are no longer taken."""
        self._before, self._after, self._closed = before, after, closed
        self._seen: set[tuple[str, str]] = set()

    def narrowed(self, before: Schema, after: Schema, where: str) -> Iterator[str]:
        """Each way in which `after` takes less than `before`."""
        names = (before.get("$ref", ""), after.get("$ref", ""))
        if all(names):
            if names in self._seen:
                return
            self._seen.add(names)
        before, after = resolved(self._before, before), resolved(self._after, after)
        yield from _values(before, after, where)
        yield from _members(before, after, where)
        if self._closed and before.get("additionalProperties", True) and after.get("additionalProperties") is False:
            yield f"{where}: members that are not named are not taken any more"
        theirs, ours = before.get("properties", {}), after.get("properties", {})
        for name in theirs.keys() & ours.keys():
            yield from self.narrowed(theirs[name], ours[name], f"{where}.{name}")
        if "items" in before and "items" in after:
            yield from self.narrowed(before["items"], after["items"], f"{where}[]")


def _values(before: Schema, after: Schema, where: str) -> Iterator[str]:
    types = (before.get("type"), after.get("type"))
    if types[1] and types[0] != types[1] and types not in _WIDER_TYPE:
        yield f"{where}: the type is {types[1]} in place of {types[0]}"
    if "enum" in after and (gone := set(before.get("enum", ["any"])) - set(after["enum"])):
        yield f"{where}: of the possible values, there is no {', '.join(sorted(map(str, gone)))}"
    for word in _EXACT:
        if word in after and before.get(word) != after[word]:
            yield f"{where}: {word} is {after[word]} in place of {before.get(word, 'none')}"
    for word in _UPPER:
        if word in after and before.get(word, float("inf")) > after[word]:
            yield f"{where}: {word} is {after[word]} in place of {before.get(word, 'none')}"
    for word in _LOWER:
        if word in after and before.get(word, 0 if word != "minimum" else float("-inf")) < after[word]:
            yield f"{where}: {word} is {after[word]} in place of {before.get(word, 'none')}"
    if before.get("nullable") and not after.get("nullable"):
        yield f"{where}: null is not among the values"
    for word in _COMPOSED:
        if before.get(word) != after.get(word):
            yield f"{where}: {word} differs, which is not compared any further"


def _members(before: Schema, after: Schema, where: str) -> Iterator[str]:
    for name in sorted(set(after.get("required", ())) - set(before.get("required", ()))):
        yield f"{where}.{name}: it is required"
