"""The response to a logout: it deletes the provider's cookies already, and does not wait for the next sign-in.

Until they are gone, an app that asks in a frame (`prompt=none`) would sign the browser in again: the gateway's own
cookie does not come with another site's frame, so that nothing says whose cookies these are.
"""

from __future__ import annotations

import logging

from starlette.types import Message, Send

from ..protocol.errors import ServiceUnavailable
from ..store.front import find_browser
from .incoming import Header, Incoming
from .issuer_front import IssuerFront, digest_of
from .withholding import MAX_HEAD, MIN_DELETIONS, deletions, withholding

log = logging.getLogger(__name__)


def deleting_cookies(front: IssuerFront, incoming: Incoming, send: Send) -> Send:
    """A `send` whose response deletes the provider's cookies, if the browser's session has ended by then.

    Nothing is noted: cookies that stay, and those that this request has not shown, are withheld at the authorization
    endpoint. Where the provider's own logout page is to be asked as well, it needs them.
    """
    values = incoming.cookie(front.cookie_name)
    if not values or "native" in front.settings.end_provider_session:
        return send

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            message = {**message, "headers": headers + await _deletions(front, incoming, values[0], headers)}
        await send(message)

    return sending


async def _deletions(front: IssuerFront, incoming: Incoming, secret: str, headers: list[Header]) -> list[Header]:
    try:
        browser = await front.store.read(find_browser(front.issuer_id, digest_of(secret), front.clock()))
    except ServiceUnavailable as error:
        log.warning("cookies of %s are left until the next authorization request: %s", front.issuer_id, error)
        return []
    if not browser.ended:
        return []
    names = withholding(incoming.cookies, browser, front.settings, front.own_cookies).names
    room = max(MAX_HEAD - sum(len(name) + len(value) + 4 for name, value in headers), MIN_DELETIONS)
    return deletions(names, host=incoming.host, paths=front.cookie_paths, https=front.https, room=room)
