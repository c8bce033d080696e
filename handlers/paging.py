"""Small things that lists and records of management operations share."""

from __future__ import annotations

from typing import Any

from endsession.contract.request import Request

DEFAULT_PAGE = 100


def page_of(request: Request) -> int:
    """How many items the caller wants at the most."""
    return int(request.query.get("limit", DEFAULT_PAGE))


def without_none(**members: Any) -> dict[str, Any]:
    """A JSON object without the members that have no value."""
    return {name: value for name, value in members.items() if value is not None}
