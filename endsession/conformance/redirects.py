"""Redirects: 303, to a registered URI that the request asked for with its `state`, or on within the service (T1)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from .exchange import Exchange
from .target import Operation, Target

_GOES_ON = ("logout",)
"""Tags of the operations that a logout may lead to."""


def redirect_problems(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """What is wrong with where an answer leads."""
    locations = exchange.all("location")
    if not 300 <= exchange.status < 400:
        if locations:
            yield f"{exchange.status} with a Location"
        return
    if exchange.status != 303:
        yield f"{exchange.status}, where only 303 leaves the request's parameters behind"
    if len(locations) != 1:
        yield f"a redirect with {len(locations)} Locations"
    for location in locations:
        if target.is_ours(location):
            going = target.operation(target.path_of(location), "GET")
            if going is None or going.tag not in _GOES_ON or operation is None or operation.tag not in _GOES_ON:
                yield "a redirect to an address of this service that is no step of a logout"
        else:
            yield from _leaving(exchange, location, target)


def _leaving(exchange: Exchange, location: str, target: Target) -> Iterator[str]:
    uri = next(
        (known for known in sorted(target.known_redirects, key=len, reverse=True) if location.startswith(known)), None
    )
    if uri is None:
        yield "a redirect to a URI that is not registered"
        return
    dialect = target.document.endpoints.get(exchange.path or "")
    if dialect is None:  # the request that it belongs to came before
        return
    asked = exchange.parameter(dialect.vendor_name("post_logout_redirect_uri"))
    if asked is not None and asked in target.known_redirects:
        uri = asked
    elif asked is not None:
        yield "a redirect to another URI than the one that was asked for"
    yield from state_problems(location, uri, exchange.parameter(dialect.vendor_name("state")))


def state_problems(location: str, uri: str, state: str | None) -> Iterator[str]:
    """`location` is the registered `uri`, character by character, with `state` as one more query parameter."""
    if not location.startswith(uri):
        yield "the registered URI is changed in the redirect"
        return
    rest = location[len(uri) :]
    if state is None:
        if rest:
            yield "the redirect carries more than the registered URI, and no state was sent"
        return
    joint = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    if not rest.startswith(f"{joint}state="):
        yield "the redirect does not carry state as one more query parameter"
        return
    value = rest[len(joint) + len("state=") :]
    if "&" in value or "#" in value or state not in (unquote(value), unquote_plus(value)):
        yield "the redirect carries another state than the one that was sent"
