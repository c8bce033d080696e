"""Requests whose parameters decide what a front does: read in one way only, or not passed on.

A provider that understood one of them otherwise would refresh a token of an ended session, or sign in a browser that
we take for another.
"""

from __future__ import annotations

import re

from ..protocol.errors import InvalidRequest
from ..protocol.exchange import repeated
from .incoming import Incoming

_CHARSET = rb";[ \t]*charset[ \t]*=[ \t]*\"?(?:utf-?8|us-ascii|iso-8859-1)\"?[ \t]*"
_FORM = re.compile(rb"application/x-www-form-urlencoded[ \t]*(?:" + _CHARSET + rb")?;?[ \t]*", re.IGNORECASE)


MAX_FIELDS = 1000


def once_only(encoded: bytes) -> bytes:
    """The same parameters. Raises InvalidRequest where one that is read here appears twice (RFC 6749, 3.1 and 3.2), and
    for more of them than any request has."""
    if encoded.count(b"&") > MAX_FIELDS:
        raise InvalidRequest(f"There are more than {MAX_FIELDS} parameters.")
    if twice := repeated(encoded):
        raise InvalidRequest("A parameter was repeated.", detail=f"{min(twice)} came more than once")
    return encoded


async def form(incoming: Incoming, limit: int) -> tuple[bytes, bytes]:
    """The body of a request to an endpoint of apps, and its parameters: those of the query, which some providers read
    as well, and of the body, which has to be a form (RFC 6749, section 3.2; RFC 9126, section 2.1; RFC 7662, 2.1).

    Raises InvalidRequest, BodyTooLarge, BodyTooSlow and ClientGone.
    """
    body = await incoming.body(limit)
    media_type = next(iter(incoming.all(b"content-type")), b"")
    if body and not _FORM.fullmatch(media_type):
        raise InvalidRequest("The request has to be a form (application/x-www-form-urlencoded).")
    return body, once_only(incoming.query + b"&" + body)
