"""Further logout endpoints: files of path items, merged into the document.

Those in `openapi/vendors` come with it; an operator may have files of their own. A file holds `paths` and nothing else,
and each path is a logout endpoint (`x-logout`), since any other operation would need code. What a path item refers to
(`#/components/...`) is the document's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from .app import build
from .body import FORM
from .document import DEFAULT_PATH, METHODS, BadDocument, Document, checked_document, read_yaml, resolved
from .foreign import as_json, wrong_references
from .request import Service

FOLDER = DEFAULT_PATH.parent / "vendors"
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_TAKEN = "end-session"
"""What settings call the plain endpoint."""


def shipped() -> dict[str, Path]:
    """The files that come with the document, by the vendor's name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


def merge(document: Document, file: Path) -> Document:
    """The document with the endpoints of a file. Raises BadDocument, which leaves it to the caller to say where."""
    return _with_paths(document, _paths(read_yaml(file), document))


def merge_checked(document: Document, file: Path) -> Document:
    """The same for a file that an operator wrote, held to OpenAPI 3.0. Raises BadDocument, or a group with several."""
    from . import specification  # noqa: PLC0415  # takes time and memory, and few have files of their own

    added = _paths(as_json(read_yaml(file)), document)
    _refuse(list(wrong_references(added, document.raw)))
    _refuse(specification.structure({**document.raw, "paths": added}))
    _refuse(list(_without_fields(added, document.raw)))
    merged = _with_paths(document, added)
    _refuse(specification.meaning(merged.raw, added))
    return merged


def _refuse(found: list[BadDocument]) -> None:
    if found:
        raise ExceptionGroup("not OpenAPI 3.0", found)


def _without_fields(added: Mapping[str, Any], raw: Mapping[str, Any]) -> Iterator[BadDocument]:
    """Forms of which nothing could be read."""
    for path, item in added.items():
        content = resolved(raw, item.get("post", {}).get("requestBody", {})).get("content", {})
        if FORM in content and not resolved(raw, content[FORM].get("schema", {})).get("properties"):
            yield BadDocument(f"{path} post requestBody: the form has no fields", "list them under schema, properties")


def _with_paths(document: Document, added: Mapping[str, Any]) -> Document:
    return checked_document({**document.raw, "paths": {**document.raw["paths"], **added}})


def try_out(document: Document, merged: Document) -> None:
    """Compile the endpoints that `merged` has and `document` has not, as serving them will. Raises BadDocument."""
    for path in merged.raw["paths"]:
        if path not in document.raw["paths"]:
            alone = checked_document({**merged.raw, "paths": {path: merged.raw["paths"][path]}})
            try:
                build(alone, cast(Service, None))  # which is asked for the first time when a request comes
            except BadDocument as error:
                raise BadDocument(f"{path}: {error}") from None
            except Exception as error:  # connexion and jsonschema raise many unrelated types here
                why = next(iter(str(error).splitlines()), "")
                raise BadDocument(f"{path}: it cannot be served ({type(error).__name__}: {why})") from None


def _paths(content: Any, document: Document) -> dict[str, Any]:
    if not isinstance(content, Mapping) or set(content) != {"paths"} or not isinstance(content["paths"], Mapping):
        raise BadDocument("it has to hold paths, and nothing else")
    if not content["paths"]:
        raise BadDocument("it has no paths")
    names = {endpoint.name for endpoint in document.endpoints.values()}
    return {path: _item(path, item, document, names) for path, item in content["paths"].items()}


def _item(path: Any, item: Any, document: Document, names: set[str | None]) -> dict[str, Any]:
    """A path item as it is served. `names` are those that are taken."""
    if not isinstance(path, str) or not path.startswith("/"):
        raise BadDocument(f"{path}: a path begins with a slash")
    if path in document.raw["paths"]:
        raise BadDocument(f"{path}: the document has this path already")
    if not isinstance(item, Mapping) or not isinstance(item.get("x-logout"), Mapping):
        raise BadDocument(f"{path}: only logout endpoints can be added, and it has no x-logout")
    name = item["x-logout"].get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadDocument(f"{path}: x-logout: it needs a name of small letters, digits and -, for settings to refer to")
    if name in names or name == _TAKEN:
        raise BadDocument(f"{path}: x-logout: the name {name} is taken")
    names.add(name)
    methods = [method for method in METHODS if method in item]
    if not methods or set(methods) - {"get", "post"}:
        raise BadDocument(f"{path}: a logout endpoint has a get, a post, or both")
    return {**item, **{method: _operation(f"{method} {path}", item[method], method, document) for method in methods}}


def _operation(where: str, operation: Any, method: str, document: Document) -> dict[str, Any]:
    """An operation with the answers that every logout endpoint gives, unless it lists its own."""
    if not isinstance(operation, Mapping) or operation.get("tags") != ["logout"]:
        raise BadDocument(f"{where}: its tags have to be [logout]")
    plain = next(path for path, endpoint in document.endpoints.items() if endpoint.name is None)
    return {"responses": document.raw["paths"][plain][method]["responses"], **operation}
