"""The status URL of a logout: it cannot be guessed, and says for ten minutes whether the session has ended.

To the browser whose session it was it also names the account, and which apps were reached.
"""

from __future__ import annotations

from starlette.responses import Response

from ..contract.rendering import json_response, page_response
from ..contract.request import Request
from ..gateway import Gateway, Issuer
from ..protocol.errors import NotFound
from ..store.sessions import load_session
from .browser import is_browser
from .handles import open_handle
from .result import apps_of, result_of


def status_url(gateway: Gateway, issuer: Issuer, sid: str, *, browser: str | None) -> str:
    """The URL. `browser` is the digest of the browser whose session it was (`browser.browser_secret`), if it is known.

    Others who have the URL, from a history or a log, learn no more than whether the session has ended.
    """
    handle = gateway.sealer.seal("status", {"issuer": issuer.id, "sid": sid, "browser": browser})
    return gateway.link(issuer, f"logout/status/{handle}")


async def status(request: Request, gateway: Gateway, issuer: Issuer) -> Response:
    """What became of a logout; apps and account are named only to the browser whose session it was."""
    content = open_handle(gateway, issuer, "status", request.path["handle"])
    sid, browser = content["sid"], content["browser"]
    own = browser is not None and is_browser(request, gateway, browser)
    record = await gateway.store.read(load_session(issuer.id, sid))
    if record is None:
        raise NotFound("Nothing is known of this logout any more.")
    ended = not record.live(gateway.clock())
    if request.wants != "html":
        if own and ended:
            return json_response(await result_of(gateway, issuer, sid, "signed_out"))
        return json_response({"status": "signed_out" if ended else "kept"})
    if not ended:
        return page_response(gateway.pages.not_ended())
    page = gateway.pages.signed_out(
        account=record.user_label if own else None,
        way_on=None,
        apps=await apps_of(gateway, issuer, sid) if own else (),
        refresh=gateway.link(issuer, f"logout/status/{request.path['handle']}"),
    )
    return page_response(page)
