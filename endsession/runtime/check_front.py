"""What `endsession check` looks at in a front: the provider behind it, and, from outside, the routing before it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from .. import settings as configuration
from ..contract.document import Document
from ..front.endpoints import Endpoint, Endpoints, fronted, unusable, well_known
from ..front.published import merged
from ..provider.fetch import fetch_behind
from ..provider.metadata import logout_members, parse_metadata
from ..provider.remote import Fetch, Fetched
from ..settings import Problem
from .fronts import collision, collisions_with

Found = tuple[Problem, bool]
"""A problem, and whether it is certain."""

_OUR_ID = re.compile(r"(?:^|, *)[0-9a-f]{16}(?=,|$)")
_ROUTE = "route it here: `endsession proxy` prints how"


async def look_at_front(
    issuer_id: str, settings: configuration.Settings, document: Document, public_url: str, fetch: Fetch
) -> AsyncIterator[Found]:
    """Every finding about the front of an issuer, which has one. Nothing is asked that changes anything."""
    table = settings.issuers[issuer_id]
    front = table.front
    assert front is not None
    where = ("issuers", issuer_id, "front")
    behind = fetch_behind(front.upstream, fetch)
    try:
        metadata = await _metadata(well_known(table.issuer)[0], table.issuer, behind)
    except OSError as error:
        message = f"the provider's metadata could not be fetched from here ({error}), so the front was not checked"
        yield Problem((*where, "upstream"), message, "check again where the provider can be reached"), False
        return
    except ValueError as error:
        fix = "let the provider know its public URL, or take it from Host and X-Forwarded-Proto"
        message = f"the provider's metadata cannot be used: {error}"
        yield Problem((*where, "upstream"), message, fix), True
        return
    for why in unusable(metadata, front):
        yield Problem(where, f"the provider's metadata: {why}", "the front cannot learn without it"), True
    endpoints = Endpoints(fronted(issuer_id, table.issuer, metadata, front))
    for one, other in endpoints.clashes():
        yield collision(issuer_id, f"{one.url} is the {one.kind} endpoint and the {other.kind} endpoint"), True
    for issuer, message in collisions_with(document, settings)(endpoints):
        yield collision(issuer, message), True
    ours = logout_members(_logout_uri(issuer_id, table, document, public_url), with_sid=table.id_tokens_have_sid)
    expected = merged(metadata, ours, with_sid=table.id_tokens_have_sid)
    for found in await _routing(issuer_id, endpoints, expected, behind, fetch):
        yield found
    for found in await _private(issuer_id, public_url, fetch):
        yield found


async def _metadata(url: str, issuer: str, fetch: Fetch) -> Mapping[str, Any]:
    answer = await fetch(url, {})
    if answer.status != 200:
        raise OSError(f"status {answer.status}")
    return parse_metadata(answer.body, issuer)


def _logout_uri(issuer_id: str, table: configuration.IssuerSettings, document: Document, public_url: str) -> str:
    plain = next(endpoint for endpoint in document.endpoints.values() if endpoint.name is None)
    announced = next((found for found in document.endpoints.values() if found.name == table.announce), plain)
    return public_url + announced.address(issuer_id)


async def _routing(
    issuer_id: str, endpoints: Endpoints, expected: Mapping[str, Any], behind: Fetch, fetch: Fetch
) -> list[Found]:
    """Whether each fronted URL, as apps and browsers call it, comes here.

    Each response of this gateway names its request, and what it passes on keeps the provider's own name for it. So a
    URL is routed here if the public response has one more such name than the provider's own.
    """
    probed = [endpoint for endpoint in endpoints.all if endpoint.kind != "redirect"]
    answers = await asyncio.gather(*(_both(endpoint, behind, fetch) for endpoint in probed))
    found: list[Found] = []
    for endpoint, (public, own) in zip(probed, answers, strict=True):
        found += _judged(issuer_id, endpoint, public, own)
        if endpoint.url == well_known(str(expected["issuer"]))[0] and isinstance(public, Fetched):
            found += _members(issuer_id, endpoint.url, public, expected)
    return found


async def _both(endpoint: Endpoint, behind: Fetch, fetch: Fetch) -> tuple[Fetched | OSError, Fetched | OSError]:
    return await _asked(endpoint.url, fetch), await _asked(endpoint.url, behind)


async def _asked(url: str, fetch: Fetch) -> Fetched | OSError:
    try:
        return await fetch(url, {"Accept": "application/json, */*;q=0.1"})
    except OSError as error:
        return error


def _judged(issuer_id: str, endpoint: Endpoint, public: Fetched | OSError, own: Fetched | OSError) -> Iterator[Found]:
    where = ("issuers", issuer_id, "front")
    called = f"{endpoint.url} ({endpoint.kind})"
    if isinstance(public, OSError):
        message = f"{called} could not be reached from here ({public}), so its routing was not checked"
        yield Problem(where, message, "check again where apps and browsers are"), False
        return
    refused = _named(public) > 0 and (_error(public) == "not_found" or public.status == 421)
    absent = endpoint.kind == "discovery" and isinstance(own, Fetched) and own.status in (404, 410)
    if refused and not absent:
        message = f"{called} comes here under another Host or path (status {public.status})"
        yield Problem(where, message, "let the proxy pass on Host and the path as they come"), True
    elif _named(public) <= (0 if isinstance(own, OSError) else _named(own)):
        message = f"{called} is answered without this gateway (status {public.status}): nothing is learnt there"
        yield Problem(where, message, _ROUTE), True


def _named(answer: Fetched) -> int:
    return len(_OUR_ID.findall(answer.headers.get("x-request-id", "")))


def _error(answer: Fetched) -> object:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return body.get("error") if isinstance(body, dict) else None


def _members(issuer_id: str, url: str, public: Fetched, expected: Mapping[str, Any]) -> Iterator[Found]:
    """Whether the published metadata is the provider's with our logout in it."""
    if public.status != 200:
        return
    try:
        members = parse_metadata(public.body, str(expected["issuer"]))
    except ValueError as error:
        yield Problem(("issuers", issuer_id, "front"), f"{url}: {error}", _ROUTE), True
        return
    if wrong := sorted(name for name in expected if members.get(name) != expected[name]):
        message = f"{url} does not say what it should about {', '.join(wrong)}"
        fix = "route it here, and let no cache before it keep an older one"
        yield Problem(("issuers", issuer_id, "front"), message, fix), True


async def _private(issuer_id: str, public_url: str, fetch: Fetch) -> list[Found]:
    """Whether what is for the login side and for machines can be reached by everybody."""
    found: list[Found] = []
    for path in (f"/{issuer_id}/sessions?sub=x", "/healthz"):
        answer = await _asked(public_url + path, fetch)
        if isinstance(answer, Fetched) and _named(answer) and answer.status in (200, 400, 401):
            message = f"{public_url}{path.partition('?')[0]} can be reached from outside"
            fix = "let the proxy deny it: `endsession proxy` prints how"
            found.append((Problem(("issuers", issuer_id, "front"), message, fix), False))
    return found
