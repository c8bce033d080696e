"""The authorization endpoint: whose browser a sign-in is under way in, and what the provider answers to it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from urllib.parse import urlsplit

from starlette.types import Send

from ..protocol.errors import ServiceUnavailable
from ..protocol.exchange import (
    Parameters,
    Redirected,
    code_key,
    issued,
    keys_of_all,
    parameters,
    pushed_key,
    redirected,
)
from ..store.front import Browser, await_token, find_browser, pushed, withhold
from ..store.script import Script
from ..tokens.claims import Refused
from ..tokens.compact import Malformed, parse_jws, segments
from .forms import once_only
from .incoming import Header, Incoming, WhileConnected
from .issuer_front import BrowserCookie, IssuerFront, browser_cookie
from .passing import outgoing, pass_on
from .token import trace_of
from .upstream import Response
from .withholding import MAX_HEAD, MIN_DELETIONS, Withholding, deletions, withholding

log = logging.getLogger(__name__)

MAX_FORM = 64 * 1024
"""Bytes of an authorization request that comes as a form (Core 1.0, section 3.1.2.1)."""
MAX_PAGE = 512 * 1024
"""Bytes of a page that is read for what it posts to the app (OAuth 2.0 Form Post Response Mode)."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """An authorization request, as far as it is read."""

    found: Parameters
    keys: tuple[str, ...]
    offline: bool
    client_id: str


async def authorize(front: IssuerFront, incoming: Incoming, send: Send, *, is_request: bool = True) -> int:
    """Pass an authorization request on. Returns the status that was sent.

    With `is_request` false it is another page of the provider that redirects to apps (`redirect_paths`). Raises
    ProviderFailed, ServiceUnavailable, BodyTooLarge, BodyTooSlow and ClientGone.
    """
    body = await incoming.body(MAX_FORM)
    cookie = browser_cookie(incoming, front.cookie_name)
    asked = _read(incoming, body) if is_request else _Asked({}, (), offline=False, client_id="")
    looked = await front.unless_away(front.store.read(_look(front, cookie, asked)))
    if looked is None:
        cookie, browser = None, Browser()
    else:
        browser, asked = looked
    decided = withholding(incoming.cookies, browser, front.settings, front.own_cookies)
    away = looked is None
    if cookie is not None and is_request:
        away = not await _note_withheld(front, cookie, browser, decided)
    form_post = asked.found.get("response_mode", "").startswith("form_post")
    request = outgoing(
        incoming,
        body,
        without_cookie=front.own_cookies,
        withhold=decided.withholds if decided.digests else None,
        identity=form_post,
        scheme=front.scheme,
    )
    async with WhileConnected(incoming), front.upstream.send(request) as response:
        page = await response.read(MAX_PAGE) if form_post and _is_page(response) else None
        if not away:  # a request waits once for a storage that is not there
            await front.unless_away(_note_answer(front, cookie, asked, response, page))
        headers = _cookie_headers(front, incoming, cookie, decided, response)
        await pass_on(response, send, extra_headers=headers, body=page)
        return response.status


def _read(incoming: Incoming, body: bytes) -> _Asked:
    """What an authorization request asks: query, form, and the payload of a request object (RFC 9101)."""
    found = parameters(once_only(incoming.query))
    posted = parameters(once_only(body)) if incoming.method == "POST" else {}
    return asked_by(found, posted)


def asked_by(*given: Parameters) -> _Asked:
    """See `_read`; also of a pushed request. Of two that say different things, the later counts here."""
    found = {name: value for source in given for name, value in source.items()}
    claims = _claims(found.get("request"))
    keys = keys_of_all([*given, claims])
    found |= claims
    offline = "offline_access" in found.get("scope", "").split()
    return _Asked(found, keys, offline, found.get("client_id", ""))


def _claims(token: str | None) -> Parameters:
    """The string claims of a JWT that is not verified here: the provider does that, and refuses a bad one."""
    if not token:
        return {}
    try:
        parts = segments(token)
        claims = parse_jws(parts).claims if len(parts) == 3 else {}
    except Malformed:
        return {}
    return {name: value for name, value in claims.items() if isinstance(value, str)}


def _look(front: IssuerFront, cookie: BrowserCookie | None, asked: _Asked) -> Script[tuple[Browser, _Asked]]:
    """What is known of the browser and of a pushed request."""
    browser, now = Browser(), front.clock()
    if cookie is not None and not cookie.new:
        browser = yield from find_browser(front.issuer_id, cookie.digest, now)
    if request_uri := asked.found.get("request_uri"):
        keys, offline = yield from pushed(front.issuer_id, pushed_key(asked.client_id, request_uri), now)
        asked = replace(asked, keys=(*asked.keys, *keys), offline=asked.offline or offline)
    return browser, asked


async def _note_withheld(front: IssuerFront, cookie: BrowserCookie, browser: Browser, decided: Withholding) -> bool:
    """Before the request is passed on: a cookie that was withheld once must never pass later.

    Returns whether the storage is there.
    """
    if decided.in_vain:
        front.counts.add(front.issuer_id, "withheld_in_vain")
        log.warning(
            "%s still gets cookies of a session that has ended: a browser sends them again and again "
            "(front.cookies and front.keep_cookies say which are withheld)",
            front.issuer_id,
        )
    if browser.sid is not None and browser.ended and (decided.digests or not browser.cleaned):
        now = front.clock()
        script = withhold(
            front.issuer_id,
            cookie.digest,
            browser.sid,
            decided.dead,
            now=now,
            expires_at=now + front.session_lifetime,
        )
        return await front.unless_away(_noted(front, script)) is not None
    return True


async def _noted(front: IssuerFront, script: Script[None]) -> bool:
    await front.store.write(script)
    return True


def _is_page(response: Response) -> bool:
    return response.status == 200 and any(
        name.lower() == b"content-type" and value.lower().startswith(b"text/html") for name, value in response.headers
    )


async def _note_answer(
    front: IssuerFront, cookie: BrowserCookie | None, asked: _Asked, response: Response, page: bytes | None
) -> None:
    """The token of this sign-in is awaited, unless the provider has refused it; what the browser carries is learnt."""
    found = await _issued(front, asked, response, page)
    if response.status >= 400 or found.error:
        return
    if asked.client_id and (asked.keys or found.carries):
        front.counts.add(front.issuer_id, "begun", await front.registered(asked.client_id))
    if cookie is None:
        return
    keys = [*asked.keys, *([code_key(found.code)] if found.code else [])]
    if keys:
        script = await_token(front.issuer_id, cookie.digest, keys, offline=asked.offline, now=front.clock())
        await front.unless_away(front.store.write(script))
    if found.id_token:
        await _learn_from_browser(front, cookie, asked, found.id_token)


async def _issued(front: IssuerFront, asked: _Asked, response: Response, page: bytes | None) -> Redirected:
    if page is not None:
        found = issued(form_fields(page))
    else:
        header = next((value for name, value in response.headers if name.lower() == b"location"), b"")
        location = header.decode("latin-1")
        found = redirected(location) if await _is_for_app(front, asked, location) else Redirected()
    return issued({**_claims(found.response)}) if found.response else found


async def _is_for_app(front: IssuerFront, asked: _Asked, location: str) -> bool:
    """Whether a redirect is one to the app. Others may repeat what the request had, which a link could have put there.

    On the way to a page of its own a provider stays on its host; elsewhere, where the request says what is wanted.
    """
    try:
        target, own = urlsplit(location), urlsplit(front.identifier)
        wanted = urlsplit(asked.found.get("redirect_uri", ""))
    except ValueError:
        return False
    origin = (target.scheme.lower(), target.netloc.lower())
    if target.scheme and target.netloc.lower() != own.netloc.lower():
        return not wanted.scheme or origin == (wanted.scheme.lower(), wanted.netloc.lower())
    client_id = await front.registered(asked.client_id)
    client = await front.learner.tokens.hints.find_client(client_id) if client_id else None
    return client is not None and location.partition("#")[0].partition("?")[0] in client.redirect_uris


async def _learn_from_browser(front: IssuerFront, cookie: BrowserCookie, asked: _Asked, raw: str) -> None:
    """An ID token that travels through the browser (Core 1.0, sections 3.2 and 3.3)."""
    try:
        token = await front.learner.tokens.read(raw, asked.client_id or None, from_provider=True)
    except (Refused, ServiceUnavailable) as problem:
        client_id = await front.registered(asked.client_id)
        front.counts.add(front.issuer_id, "not_learnt", client_id)
        log.warning("an ID token for %s in a redirect was not learnt: %s", client_id or "an app", problem)
        return
    sign_in = front.learner.sign_in(token, cookie.digest)
    learnt = await front.unless_away(front.learner.learn(sign_in, trace_of(front)))
    if learnt is not None:
        front.counts.add(front.issuer_id, "did_not_stick" if learnt.did_not_stick else "learnt", token.client_id)


def _cookie_headers(
    front: IssuerFront, incoming: Incoming, cookie: BrowserCookie | None, decided: Withholding, response: Response
) -> list[Header]:
    """Our cookie, and what deletes those that were withheld; a name that the provider sets now is left to it."""
    headers: list[Header] = []
    if cookie is not None and incoming.method == "GET" and response.status < 400:
        headers.append(cookie.header(front.cookie_name, front.session_lifetime, https=front.https))
    set_now = {
        value.partition(b"=")[0].strip().decode("latin-1")
        for name, value in response.headers
        if name.lower() == b"set-cookie"
    }
    names = [name for name in decided.names if name not in set_now]
    if not names:
        return headers
    head = sum(len(name) + len(value) + 4 for name, value in [*response.headers, *headers])
    room = max(MAX_HEAD - head, MIN_DELETIONS)
    host, paths = incoming.host, front.cookie_paths
    return headers + deletions(names, host=host, paths=paths, https=front.https, room=room, attempt=decided.attempt)


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """The fields of a form that posts itself."""
        values = dict(attrs)
        if tag == "input" and values.get("name"):
            self.found.append((str(values["name"]), values.get("value") or ""))


def form_fields(page: bytes) -> Parameters:
    """The fields of a page's forms, those that are there once."""
    reader = _Fields()
    reader.feed(page.decode("utf-8", "replace"))
    names = [name for name, _ in reader.found]
    return {name: value for name, value in reader.found if names.count(name) == 1}
