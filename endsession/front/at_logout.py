"""At a logout in a browser: the provider's cookies that it shows are deleted in the answer, and dead from then on.

So its user is a stranger at the provider's own pages at once, and can sign in there without being asked again at the
next authorization request. What this request does not show (a cookie of another path) is dealt with there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from starlette.datastructures import Headers

from ..protocol.errors import ServiceUnavailable
from ..store.front import find_browser, note_dead
from ..store.script import Script
from .cookies import cookie_pairs
from .incoming import Header
from .issuer_front import IssuerFront, digest_of
from .withholding import MOST_DEAD, deleted_digest, deletions, eligible_cookies

ROOM = 2500
"""Bytes for deletions: the rest of the head, with a page's policy in it, is for the answer to the logout."""
log = logging.getLogger(__name__)


async def cookies_at_logout(front: IssuerFront, headers: Headers, *, sid: str, host: str) -> list[Header]:
    """The Set-Cookie headers of the answer to the logout that has ended session `sid`.

    `headers` are those of its request, and `host` is its host. Without the storage the cookies are deleted all the
    same, and the next authorization request is treated as if they had not been.
    """
    cookies = [pair for value in headers.getlist("cookie") for pair in cookie_pairs(value.encode("latin-1"))]
    eligible = eligible_cookies(cookies, front.settings, front.own_cookies)
    browsers = [digest_of(value) for name, value in cookies if name == front.cookie_name][:4]
    if not eligible or not browsers:
        return []
    names = list(dict.fromkeys(eligible.values()))
    lines = deletions(names, host=host, paths=front.cookie_paths, https=front.https, room=ROOM)
    deleted = {line.partition(b"=")[0].decode("latin-1") for _, line in lines}
    dead = [*list(eligible)[:MOST_DEAD], *(deleted_digest(sid, name) for name in sorted(deleted))]
    try:
        known = await front.store.write(_note(front, browsers, sid, dead))
    except ServiceUnavailable as error:
        log.warning("the cookies of a browser at its logout at %s could not be noted: %s", front.issuer_id, error)
        return lines
    return lines if known else []


def _note(front: IssuerFront, browsers: Sequence[str], sid: str, dead: Sequence[str]) -> Script[bool]:
    """Whether this is the browser's newest session: the cookies of a sign-in since then are not touched."""
    now = front.clock()
    for sha256 in browsers:
        browser = yield from find_browser(front.issuer_id, sha256, now)
        if browser.sid == sid and browser.ended and not browser.cleaned:
            yield from note_dead(front.issuer_id, sha256, dead, now + front.session_lifetime)
            return True
    return False
