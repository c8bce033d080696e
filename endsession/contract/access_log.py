"""The access log: one line for each response."""

from __future__ import annotations

import json
import logging
import re

from starlette.types import Scope

from ..protocol.errors import EndsessionError
from .request import address_of

access_log = logging.getLogger("endsession.access")
_PLAIN = re.compile(r"[A-Za-z0-9._:@/~+-]+")


def write_access_log(scope: Scope, status: int, learned: dict[str, object], request_id: str, seconds: float) -> None:
    """Write the line. `learned` has the operation, the caller of management, the client and the error, if any."""
    error = learned.get("error")
    why = f" {error.code}: {error.detail or error.description}" if isinstance(error, EndsessionError) else ""
    access_log.info(
        "%s %s %d %.1f ms %s address=%s caller=%s client=%s%s",
        scope["method"],
        learned.get("operation", "-"),
        status,
        seconds * 1000,
        request_id,
        address_of(scope) or "-",
        _word(learned.get("caller")),
        _word(learned.get("client")),
        why,
    )


def _word(name: object) -> str:
    """A name as one word of the line: names of the settings and of registrations may hold spaces, and more (T15)."""
    if name is None:
        return "-"
    text = str(name)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
