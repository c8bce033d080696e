"""What keeps a fuzzer from touching anybody real: with a management token it could end every session of `alice`.

Names in generated management requests are replaced by names of the run's own, always the same one for the same name, so
that what was created is found again. What cannot be a name is left as it is: to be refused is what it is for.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from .parties import Parties
from .target import Operation

_SID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
_NAMES = ("client_id", "sub")


def harmless(parties: Parties, operation: Operation, path: str, query: str, body: bytes) -> tuple[str, str, bytes]:
    """Path, query and body of a management request, with nobody's names but the run's. `path` has no prefix."""
    segments = path.split("/")
    for index, part in enumerate(operation.path.split("/")):
        if index < len(segments) and part == "{sid}" and _SID.fullmatch(unquote(segments[index])):
            segments[index] = _own(parties, unquote(segments[index]))
        elif index < len(segments) and part == "{delivery_id}" and re.fullmatch(r"[0-9a-f]+", segments[index]):
            segments[index] = "0c"
    pairs = [_own_parameter(parties, pair) for pair in query.split("&")] if query else []
    return "/".join(segments), "&".join(pairs), _own_body(parties, body)


def _own(parties: Parties, name: str) -> str:
    if name.startswith(parties.run) or name == "contract-nobody":
        return name
    return f"{parties.run}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _own_parameter(parties: Parties, pair: str) -> str:
    name, equals, value = pair.partition("=")
    if unquote_plus(name) not in _NAMES or not _NAME.fullmatch(unquote_plus(value, errors="strict") if value else ""):
        return pair
    return name + equals + quote(_own(parties, unquote_plus(value)), safe="")


def _own_body(parties: Parties, body: bytes) -> bytes:
    """An app of a generated session is the run's, so that nobody else is told of its end."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return json.dumps(_own_members(parties, content)).encode() if isinstance(content, dict) else body


def _own_members(parties: Parties, content: Any) -> Any:
    if isinstance(content, list):
        return [_own_members(parties, one) for one in content]
    if not isinstance(content, dict):
        return content
    return {name: _own_member(parties, name, value) for name, value in content.items()}


def _own_member(parties: Parties, name: str, value: Any) -> Any:
    if name == "client_id" and isinstance(value, str) and _NAME.fullmatch(value):
        return parties.app.client_id if parties.app else "contract-nobody"
    if name == "sub" and isinstance(value, str) and _NAME.fullmatch(value):
        return _own(parties, value)
    return _own_members(parties, value)
