"""Ten more regressions, chosen from the design and the gateway's code by somebody who had not seen the checks.

Each replaces a part of the real gateway by one with a regression in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import pytest
from starlette.responses import Response

from endsession.contract.body import BodyReader
from endsession.contract.rendering import json_response
from endsession.contract.request import Request
from endsession.delivery.endings import Endings
from endsession.flow import find, outcome
from endsession.gateway import Gateway
from endsession.handlers import deliveries, discovery, sessions
from endsession.protocol import decide, session_matrix
from endsession.protocol.decision import Decision
from endsession.protocol.errors import UnsupportedMediaType
from endsession.protocol.redirect import RedirectMatch, RegisteredRedirect, match
from endsession.store.deliveries import Delivery, deliveries_page
from endsession.store.ending import Answered
from endsession.store.script import Script
from endsession.store.sessions import SessionRecord, sessions_page
from endsession.tokens import claims


def looks_at_the_first_cookie_only(patch: pytest.MonkeyPatch) -> None:
    """A cookie of the same name, planted by a neighbour site, hides the user's session."""
    patch.setattr(find, "MAX_COOKIES", 1)


def compares_redirects_without_case(patch: pytest.MonkeyPatch) -> None:
    """A redirect URI in other upper and lower case than the registered one is accepted."""

    def broken(uri: str, registered: Iterable[str], mode: RedirectMatch, *, native: bool) -> RegisteredRedirect | None:
        found = match(uri.lower(), [known.lower() for known in registered], mode, native=native)
        return RegisteredRedirect(uri) if found else None

    patch.setattr(decide, "match", broken)


def leaves_state_unescaped(patch: pytest.MonkeyPatch) -> None:
    """A `state` with `&` and `=` in it reaches the app truncated, with parameters that nobody registered."""

    def broken(uri: RegisteredRedirect, state: str | None) -> str:
        return uri if state is None else f"{uri}{'&' if '?' in uri else '?'}state={quote(state, safe='&=')}"

    patch.setattr(outcome, "with_state", broken)


def a_page_skips_a_session(patch: pytest.MonkeyPatch) -> None:
    """Every page of the list of sessions but the first begins one session too late."""

    def broken(issuer_id: str, *, after: str, limit: int, **options: Any) -> Script[list[SessionRecord]]:
        skipped = 1 if after else 0
        found = yield from sessions_page(issuer_id, after=after, limit=limit + skipped, **options)
        return found[skipped:]

    patch.setattr(sessions, "sessions_page", broken)


def takes_hints_from_the_future(patch: pytest.MonkeyPatch) -> None:
    """Nothing checks whether `iat` or `nbf` of a hint is in the future."""

    def broken(members: dict[str, Any], now: float) -> tuple[int, int]:
        return claims.date(members, "iat"), claims.date(members, "exp")

    patch.setattr(claims, "check_dates", broken)


def a_stale_sid_is_no_doubt(patch: pytest.MonkeyPatch) -> None:
    """A hint of another session of the same user ends the session of this browser, and nobody is asked."""
    mismatch = session_matrix._mismatch

    def broken(knob: Any, doubt: Any, session: Any, redirect: Any) -> Decision:
        return Decision("end", session, redirect) if doubt == "stale_sid" else mismatch(knob, doubt, session, redirect)

    patch.setattr(session_matrix, "_mismatch", broken)


def a_no_leaves_the_question_open(patch: pytest.MonkeyPatch) -> None:
    """Who said no can still say yes to the same question, for instance by the browser's back button."""
    taken = Endings.answer

    async def broken(self: Endings, policy: Any, sid: Any, by: Any, *, handle: str, answer: Any, **options: Any) -> Any:
        if answer == "no":
            return Answered("no", first=True)
        return await taken(self, policy, sid, by, handle=handle, answer=answer, **options)

    patch.setattr(Endings, "answer", broken)


def the_ledger_shows_every_app(patch: pytest.MonkeyPatch) -> None:
    """Asked for the deliveries of one app, the ledger answers with those of all."""

    def broken(issuer_id: str, *, client_id: str | None, **options: Any) -> Script[list[Delivery]]:
        return deliveries_page(issuer_id, client_id=None, **options)

    patch.setattr(deliveries, "deliveries_page", broken)


def metadata_names_the_issuer_with_a_slash(patch: pytest.MonkeyPatch) -> None:
    """The metadata's `issuer` has a slash at its end that no token's `iss` has."""
    get_configuration = discovery.get_configuration

    async def broken(request: Request, gateway: Gateway) -> Response:
        members = json.loads(bytes((await get_configuration(request, gateway)).body))
        return json_response(members | {"issuer": members["issuer"] + "/"})

    patch.setattr(discovery, "get_configuration", broken)


def refuses_forms_with_a_charset(patch: pytest.MonkeyPatch) -> None:
    """A body whose media type is followed by `; charset=UTF-8`, as many libraries send it, is refused."""

    def broken(self: BodyReader, content_type: str | None, body: bytes) -> None:
        if (body or content_type) and content_type != self.media_type:
            raise UnsupportedMediaType(f"The body of this request must be {self.media_type}.")

    patch.setattr(BodyReader, "check_media_type", broken)
