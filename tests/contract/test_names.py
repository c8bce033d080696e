"""What client SDKs are called after: whatever the document leaves without a name, a generator names after its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from endsession.contract.added_paths import shipped
from endsession.contract.document import load_document, read_yaml

DOCUMENT = load_document().raw
TAKEN = {"Client", "Configuration", "Options", "Request", "Response", "Error", "Model", "Type"}
"""Names that generated clients have for themselves."""


def test_every_object_has_a_name() -> None:
    """An object in a body, a property or a list is a component; so no SDK has an `InlineObject1` or a `200Response`."""
    assert [place for place, schema in _inline(DOCUMENT["paths"], "paths") if _is_object(schema)] == []
    for name, schema in DOCUMENT["components"]["schemas"].items():
        inner = [place for place, item in _inline(schema, name) if item is not schema and _is_object(item)]
        assert inner == [], name
    for name, answer in DOCUMENT["components"]["responses"].items():
        assert [place for place, schema in _inline(answer.get("content", {}), name) if _is_object(schema)] == []


def test_names_are_words_of_their_own() -> None:
    """Schemas are in PascalCase, and none is called as a part of a generated client is."""
    names = set(DOCUMENT["components"]["schemas"])
    assert len(names) > 30
    assert all(re.fullmatch(r"([A-Z][A-Za-z]*[a-z]|OAuthError)", name) for name in names)
    assert not names & TAKEN


def test_operations_are_called_after_what_they_do() -> None:
    """An operationId is a short camelCase name, used once; it tells nothing of the code behind it."""
    paths = [DOCUMENT["paths"], *(read_yaml(file)["paths"] for file in shipped().values())]
    methods = ("get", "put", "post", "delete")
    items = [item for path in paths for item in path.values()]
    found = [item[method]["operationId"] for item in items for method in methods if method in item]
    assert len(found) == len(set(found)) > 30
    assert [name for name in found if not re.fullmatch(r"[a-z]+([A-Z0-9][a-z]*){0,4}", name)] == []


def test_json_comes_first() -> None:
    """A generator that knows one media type for an answer takes the first: that is the one with a type."""
    for name, answer in DOCUMENT["components"]["responses"].items():
        if content := answer.get("content"):
            assert next(iter(content)) == "application/json", name


def _inline(value: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema that stands where it is used, without those that are references."""
    if isinstance(value, dict):
        if "type" in value and isinstance(value["type"], str):
            yield place, value
        for key, part in value.items():
            if key not in ("example", "examples", "enum"):
                yield from _inline(part, f"{place}/{key}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _inline(part, f"{place}/{index}")


def _is_object(schema: dict[str, Any]) -> bool:
    return bool(schema["type"] == "object")
