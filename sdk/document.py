"""The document as the generators get it."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FORM = "application/x-www-form-urlencoded"
METHODS = ("get", "put", "post", "delete")
Document = dict[str, Any]


def read(place: str) -> Document:
    """The document of a file, YAML or JSON, or of an address such as a gateway's `/openapi.json`. Raises OSError."""
    if place.startswith(("http://", "https://")):
        with urllib.request.urlopen(place, timeout=30) as answer:  # noqa: S310  # only these two schemes come here
            text = answer.read().decode()
    else:
        text = Path(place).read_text(encoding="utf-8")
    return dict(YAML(typ="safe", pure=True).load(text))


def for_clients(document: Document) -> Document:
    """`document` as clients are best made from it; it means the same.

    What a client would have twice is left out: the document's own form in YAML, and a form's fields in the query. The
    endpoints of providers behind fronts are left out as well: libraries of OpenID Connect call these.
    Parameters stand where they are used, since a generator makes types of named ones.
    """
    components = {name: part for name, part in document["components"].items() if name != "parameters"}
    paths = {
        path: {name: _operation(part, document) if name in METHODS else part for name, part in item.items()}
        for path, item in document["paths"].items()
        if not path.endswith(".yaml") and "x-front" not in item
    }
    return {**document, "paths": paths, "components": components}


def _operation(operation: Document, document: Document) -> Document:
    content = operation.get("requestBody", {}).get("content", {})
    fields = _resolved(content[FORM]["schema"], document)["properties"] if FORM in content else {}
    parameters = [_resolved(parameter, document) for parameter in operation.get("parameters", ())]
    return {
        **operation,
        "parameters": [item for item in parameters if item["in"] == "path" or item["name"] not in fields],
    }


def _resolved(value: Document, document: Document) -> Document:
    if "$ref" not in value:
        return value
    found: Any = document
    for name in value["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)
