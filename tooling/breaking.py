"""The breaking-change gate: what of the last release's document a client could rely on, and now cannot.

    python -m tooling.breaking              compares, and fails if something breaks that the version does not announce
    python -m tooling.breaking --release    keeps the document as that of the last release

`docs/stability.md` says what counts as breaking.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from endsession.contract.document import METHODS, load_document, read_yaml, resolved
from endsession.contract.writing import as_yaml

from .narrowing import Comparison

RELEASED = Path(__file__).parent / "released.yaml"
Raw = Mapping[str, Any]


def breaks(old: Raw, new: Raw) -> Iterator[str]:
    """Every break between two documents, each with its place."""
    for path, item in old["paths"].items():
        if path not in new["paths"]:
            yield f"{path}: the path is gone"
            continue
        for method in METHODS:
            where = f"{method.upper()} {path}"
            if method in item and method not in new["paths"][path]:
                yield f"{where}: the operation is gone"
            elif method in item:
                yield from _Operation(old, new, path, method).breaks(where)
        if item.get("x-logout") != new["paths"][path].get("x-logout"):
            yield f"{path}: x-logout differs, so it follows another policy"
    for name in old.get("components", {}).get("schemas", {}):
        if name not in new.get("components", {}).get("schemas", {}):
            yield f"the schema {name} is gone, and with it the name that SDKs know it by"


class _Operation:
    def __init__(self, old: Raw, new: Raw, path: str, method: str) -> None:
        self._old, self._new = old, new
        self._items = (old["paths"][path], new["paths"][path])
        self._before, self._after = (item[method] for item in self._items)

    def breaks(self, where: str) -> Iterator[str]:
        before, after = self._before, self._after
        for word in ("operationId", "tags", "x-scope"):
            if before.get(word) != after.get(word):
                yield f"{where}: {word} is {after.get(word)} in place of {before.get(word)}"
        if after.get("security", self._new.get("security")) != before.get("security", self._old.get("security")):
            yield f"{where}: it asks for other credentials"
        yield from self._parameters(where)
        yield from self._body(where)
        yield from self._answers(where)

    def _parameters(self, where: str) -> Iterator[str]:
        old = _parameters(self._old, self._items[0], self._before)
        new = _parameters(self._new, self._items[1], self._after)
        for key, parameter in old.items():
            place = f"{where}: {' '.join(key)}"
            if key not in new:
                yield f"{place}: the parameter is gone"
            else:
                comparison = Comparison(self._old, self._new, closed=True)
                yield from comparison.narrowed(parameter["schema"], new[key]["schema"], place)
        for key, parameter in new.items():
            if parameter.get("required") and not old.get(key, {}).get("required"):
                yield f"{where}: {' '.join(key)}: it is required"

    def _body(self, where: str) -> Iterator[str]:
        old, new = (
            resolved(raw, operation.get("requestBody", {}))
            for raw, operation in ((self._old, self._before), (self._new, self._after))
        )
        if new.get("required") and not old.get("required"):
            yield f"{where}: a body is required"
        for media_type, content in old.get("content", {}).items():
            place = f"{where}: {media_type}"
            if media_type not in new.get("content", {}):
                yield f"{place}: it is not taken any more"
                continue
            theirs, ours = content["schema"], new["content"][media_type]["schema"]
            yield from _gone(self._old, theirs, self._new, ours, place)
            yield from Comparison(self._old, self._new, closed=True).narrowed(theirs, ours, place)

    def _answers(self, where: str) -> Iterator[str]:
        for status in self._after["responses"]:
            if status < "400" and status not in self._before["responses"]:
                yield f"{where}: {status} is a new way to succeed"
        for status, response in self._before["responses"].items():
            if status not in self._after["responses"]:
                yield f"{where}: {status} is not answered any more"
                continue
            old, new = resolved(self._old, response), resolved(self._new, self._after["responses"][status])
            for name in old.get("headers", {}).keys() - new.get("headers", {}).keys():
                yield f"{where}: {status}: the header {name} is gone"
            for media_type, content in old.get("content", {}).items():
                place = f"{where}: {status} {media_type}"
                if media_type not in new.get("content", {}):
                    yield f"{place}: it is not answered any more"
                    continue
                theirs, ours = content["schema"], new["content"][media_type]["schema"]
                yield from _gone(self._old, theirs, self._new, ours, place)
                # What is answered now has to be something that clients of the old document can read.
                for our in Comparison(self._new, self._old, closed=False).narrowed(ours, theirs, place):
                    yield f"answers that the release does not allow: {our}"


def _parameters(raw: Raw, item: Raw, operation: Raw) -> dict[tuple[str, str], Raw]:
    found = [resolved(raw, entry) for entry in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    return {(entry["in"], entry["name"]): entry for entry in found}


def _gone(old: Raw, before: Raw, new: Raw, after: Raw, where: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Members that are gone, at any depth."""
    name = before.get("$ref", "")
    if name and name in seen:
        return
    before, after, seen = resolved(old, before), resolved(new, after), seen | {name}
    for member, schema in before.get("properties", {}).items():
        if member not in after.get("properties", {}):
            yield f"{where}.{member}: the member is gone"
        else:
            yield from _gone(old, schema, new, after["properties"][member], f"{where}.{member}", seen)
    if "items" in before and "items" in after:
        yield from _gone(old, before["items"], new, after["items"], f"{where}[]", seen)


def announced(old: str, new: str) -> bool:
    """Whether a version says that something breaks: the first number that is not zero has grown (SemVer, 4 and 8)."""
    before, after = ([int(part) for part in version.split(".")] for version in (old, new))
    return after[0] > before[0] or (after[0] == before[0] == 0 and after[1] > before[1])


def main(arguments: list[str]) -> None:
    """The command."""
    new = load_document().raw
    if arguments == ["--release"]:
        RELEASED.write_bytes(as_yaml(new))
        return
    old = read_yaml(RELEASED)
    versions = old["info"]["version"], new["info"]["version"]
    found = sorted(set(breaks(old, new)))
    for item in found:
        print(item)
    if found and not announced(*versions):
        sys.exit(
            f"{len(found)} breaks between {versions[0]}, the last release, and {versions[1]}: see docs/stability.md"
        )
    print(f"{versions[1]} keeps to what semantic versioning allows after {versions[0]}")


if __name__ == "__main__":
    main(sys.argv[1:])
