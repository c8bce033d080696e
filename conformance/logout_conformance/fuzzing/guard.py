"""Keeps the fuzzer away from real users: with a management token it could end every session of `alice`.

Names in generated management requests are replaced by names of this run, always the same for the same name, so that
later requests find what earlier ones created. What cannot be a name is kept: it is there to be refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from ..fixtures import Fixtures
from ..target import Operation

_SID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
_NAMES = ("client_id", "sub")
_HOOK = "hydraToken"


def harmless(fixtures: Fixtures, operation: Operation, path: str, query: str, body: bytes) -> tuple[str, str, bytes]:
    """Path, query and body of a management request with names of the run only. `path` has no URL prefix."""
    segments = path.split("/")
    for index, part in enumerate(operation.path.split("/")):
        if index < len(segments) and part == "{sid}" and _SID.fullmatch(unquote(segments[index])):
            segments[index] = _run_name(fixtures, unquote(segments[index]))
        elif index < len(segments) and part == "{delivery_id}" and re.fullmatch(r"[0-9a-f]+", segments[index]):
            segments[index] = "0c"
    if operation.name == _HOOK:  # what it begins is not shown in its response
        body = _body(fixtures, body)
        fixtures.users |= {
            name.decode() for name in re.findall(re.escape(fixtures.run_id).encode() + rb"-[0-9a-f]{16}", body)
        }
        return path, query, body
    pairs = [_parameter(fixtures, pair) for pair in query.split("&")] if query else []
    return "/".join(segments), "&".join(pairs), _body(fixtures, body)


def _run_name(fixtures: Fixtures, name: str) -> str:
    if name.startswith(fixtures.run_id) or name == "contract-nobody":
        return name
    return f"{fixtures.run_id}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _parameter(fixtures: Fixtures, pair: str) -> str:
    name, equals, value = pair.partition("=")
    if unquote_plus(name) not in _NAMES or not _NAME.fullmatch(unquote_plus(value, errors="strict") if value else ""):
        return pair
    return name + equals + quote(_run_name(fixtures, unquote_plus(value)), safe="")


def _body(fixtures: Fixtures, body: bytes) -> bytes:
    """The clients of a generated session become the run's, so that no real app is notified of its end."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return json.dumps(_members(fixtures, content)).encode() if isinstance(content, dict) else body


def _members(fixtures: Fixtures, content: Any) -> Any:
    if isinstance(content, list):
        return [_members(fixtures, item) for item in content]
    if not isinstance(content, dict):
        return content
    return {name: _member(fixtures, name, value) for name, value in content.items()}


def _member(fixtures: Fixtures, name: str, value: Any) -> Any:
    if name == "client_id" and isinstance(value, str) and _NAME.fullmatch(value):
        return fixtures.app.client_id if fixtures.app else "contract-nobody"
    if name in ("sub", "subject") and isinstance(value, str) and _NAME.fullmatch(value):
        return _run_name(fixtures, value)
    return _members(fixtures, value)
