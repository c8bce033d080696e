"""Redirects: 303, to the registered URI that was requested with its `state`, or to a next step of the logout."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from ..conventions import LOGOUT_TAG
from ..exchange import Exchange
from ..target import Operation, Target


def redirect_problems(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """Open redirects, and redirects that lose or change something."""
    locations = exchange.all("location")
    if not 300 <= exchange.status < 400:
        if locations:
            yield f"{exchange.status} with a Location"
        return
    if exchange.status != 303:
        yield f"{exchange.status}: only 303 makes every browser drop the parameters of the request"
    if len(locations) != 1:
        yield f"a redirect with {len(locations)} Locations"
    for location in locations:
        if target.is_internal(location):
            step = target.operation(target.path_of(location), "GET")
            if step is None or step.tag != LOGOUT_TAG or operation is None or operation.tag != LOGOUT_TAG:
                yield "a redirect to a URL of this service that is not a step of a logout"
        else:
            yield from _to_a_client(exchange, location, target)


def _to_a_client(exchange: Exchange, location: str, target: Target) -> Iterator[str]:
    longest_first = sorted(target.known_redirects, key=len, reverse=True)
    uri = next((known for known in longest_first if location.startswith(known)), None)
    if uri is None:
        yield "a redirect to a URI that is not registered"
        return
    extension = target.document.endpoints.get(exchange.path or "")
    if extension is None:  # a later step: the URI was requested in an earlier one
        return
    requested = exchange.parameter(extension.vendor_name("post_logout_redirect_uri"))
    if requested is not None and requested in target.known_redirects:
        uri = requested
    elif requested is not None:
        yield "a redirect to another URI than the requested one"
    yield from state_problems(location, uri, exchange.parameter(extension.vendor_name("state")))


def state_problems(location: str, uri: str, state: str | None) -> Iterator[str]:
    """`location` must be the registered `uri`, character by character, with `state` as an added query parameter."""
    if not location.startswith(uri):
        yield "the registered URI is changed in the redirect"
        return
    rest = location[len(uri) :]
    if state is None:
        if rest:
            yield "the redirect has more than the registered URI, and the request had no state"
        return
    joint = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    if not rest.startswith(f"{joint}state="):
        yield "the redirect does not have state as an added query parameter"
        return
    value = rest[len(joint) + len("state=") :]
    if "&" in value or "#" in value or state not in (unquote(value), unquote_plus(value)):
        yield "the redirect has another state than the request"
