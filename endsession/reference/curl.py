"""A command line for an operation, from its examples."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import quote

from ..contract.body import FORM
from ..contract.document import Document, resolved

_USUAL = ("id_token_hint", "post_logout_redirect_uri", "state")
"""What an app sends with a logout, though the document requires none of it."""


def curl_line(document: Document, path: str, method: str, public_url: str) -> str:
    """`curl` with an example of everything that is required, one option to a line."""
    raw, item = document.raw, document.raw["paths"][path]
    operation = item[method]
    body = resolved(raw, operation.get("requestBody", {})).get("content", {})
    url, query = path, []
    for entry in (*item.get("parameters", ()), *operation.get("parameters", ())):
        parameter = resolved(raw, entry)
        name, example = parameter["name"], str(parameter.get("example", ""))
        if parameter["in"] == "path":
            url = url.replace(f"{{{name}}}", quote(example, safe=""))
        elif parameter.get("required") or (FORM not in body and name in _usual(document, path)):
            query.append((name, example))
    options = [["--request", method.upper()]] if method not in ("get", "post") else []
    if query and method == "get":
        options.append(["--get"])
    elif query:
        url += "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
    words = [shlex.join(["curl", *(word for option in options for word in option), public_url + url])]
    if operation.get("security"):
        words.append('--header "Authorization: Bearer $TOKEN"')
    if method == "get":
        words += [shlex.join(["--data-urlencode", f"{name}={value}"]) for name, value in query]
    words += _body_options(raw, body)
    return " \\\n  ".join(words)


def _usual(document: Document, path: str) -> set[str]:
    """The usual parameters of a logout endpoint, as it calls them."""
    endpoint = document.endpoints.get(path)
    return {endpoint.parameters.get(name, name) for name in _USUAL} if endpoint else set()


def _body_options(raw: Any, body: Any) -> list[str]:
    if FORM in body:
        fields = _example(raw, body[FORM])
        return [shlex.join(["--data-urlencode", f"{name}={value}"]) for name, value in fields.items()]
    if "application/json" in body:
        return [shlex.join(["--json", json.dumps(_example(raw, body["application/json"]), ensure_ascii=False)])]
    return []


def _example(raw: Any, content: Any) -> Any:
    """A body's own example, or that of its schema."""
    return content.get("example") or resolved(raw, content.get("schema", {})).get("example", {})
