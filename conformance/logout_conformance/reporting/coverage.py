"""Whether a documented status that was never seen should have been: for each status, what it takes to get it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..conventions import LOGOUT_TAG
from ..endpoint import Endpoint
from ..fixtures import Fixtures
from ..options import NEEDS
from ..target import Operation, Target
from .table import Table

SEEN, MISSING, NEEDS_OPTION, OUT_OF_REACH, NOT_HERE, NO_TIME = (
    "seen",
    "missing",
    "needs an option",
    "out of reach",
    "not here",
    "no time",
)
"""`missing` is a failure. `out of reach` needs a fault of the service, `not here` another policy or deployment."""

Places = Mapping[tuple[str, str], Endpoint]
"""Logout endpoints by path template and method."""


@dataclass(frozen=True)
class DocumentedStatus:
    """A status that an operation documents: how often it was seen, and if never, why."""

    operation: Operation
    status: int
    count: int
    state: str
    reason: str = ""


def coverage(
    target: Target, table: Table, fixtures: Fixtures, endpoints: list[Endpoint], *, cut_short: bool
) -> Iterator[DocumentedStatus]:
    """Every documented status, in the order of the document."""
    places = {(endpoint.operation.path, endpoint.operation.method): endpoint for endpoint in endpoints}
    for path, method, status, count in table.pairs():
        operation = target.operation(path, method.upper())
        assert operation is not None
        if count:
            yield DocumentedStatus(operation, status, count, SEEN)
            continue
        state, reason = _why_never(operation, status, fixtures, places)
        if state == MISSING and fixtures.options.only:
            state, reason = NEEDS_OPTION, "left out by --only"
        if state == MISSING and cut_short:
            state, reason = NO_TIME, "the time limit came first (--time-limit)"
        yield DocumentedStatus(operation, status, 0, state, reason)


def _why_never(operation: Operation, status: int, fixtures: Fixtures, places: Places) -> tuple[str, str]:
    if status in (500, 503):
        return OUT_OF_REACH, "needs a fault of the service"
    if status == 421:
        return NOT_HERE, "a proxy refuses other hosts first"
    if status == 429 and "until-limited" in fixtures.available:
        return NOT_HERE, "no limit was reached"
    if operation.path in fixtures.options.skip:
        return NEEDS_OPTION, "left out by --skip"
    if missing := fixtures.missing(_needs(operation, status)):
        return NEEDS_OPTION, "give " + " and ".join(NEEDS[need] for need in missing)
    endpoint = places.get((operation.path, operation.method))
    if endpoint is not None and (reason := _by_policy(endpoint, status)):
        return NOT_HERE, reason
    if reason := _by_deployment(operation, status, endpoint, places):
        return NOT_HERE, reason
    return MISSING, "it should have been seen"


def _needs(operation: Operation, status: int) -> tuple[str, ...]:
    """What the checks need to get a status."""
    if status == 429:
        return ("issuer", "until-limited")
    if operation.secured:
        return _management_needs(operation, status)
    if operation.tag == "discovery":
        return ("issuer",) if status == 200 else ()
    if operation.tag != LOGOUT_TAG or status in (404, 405, 413, 414, 415):
        return ()
    by_name: dict[str, dict[int, tuple[str, ...]]] = {
        "confirmLogout": {200: ("issuer", "cookie"), 303: ("issuer", "cookie", "redirect"), 403: ("issuer", "cookie")},
        "resumeLogout": {200: ("issuer", "key", "cookie"), 303: ("issuer", "key", "cookie", "redirect")},
        "logoutStatus": {200: ("issuer", "key", "token", "cookie")},
        "continueLogout": {303: ("issuer", "key", "clients", "cookie")},
    }
    return by_name.get(operation.name, _LOGOUT).get(status, ("issuer",))


_LOGOUT: dict[int, tuple[str, ...]] = {
    200: ("issuer", "key"),
    303: ("issuer", "key", "redirect"),
    401: ("issuer",),
    403: ("issuer", "key", "token", "clients"),
    422: ("issuer", "key", "redirect", "token"),
}


def _management_needs(operation: Operation, status: int) -> tuple[str, ...]:
    if status in (401, 405):
        return ()
    if status == 403:
        return ("issuer", "token", "other-token")
    scopes: tuple[str, ...] = (operation.tag,) if operation.tag in ("clients", "deliveries") else ()
    if operation.name == "redeliver" and status == 200:
        scopes = ("clients", "deliveries")
    return ("issuer", "token", *scopes)


def _by_policy(endpoint: Endpoint, status: int) -> str:
    """Why the policy of a logout endpoint rules a status out; empty if it does not."""
    knob = endpoint.knob
    hints = "id_token_hint" in endpoint.takes
    redirects = hints and "post_logout_redirect_uri" in endpoint.takes
    if not endpoint.policy and status in (200, 303, 401, 403, 422):
        return "depends on a policy that is not known (a token with sessions:read shows it)"
    if status == 303 and not redirects:
        return "this endpoint takes no hint, or no URI"
    if status == 303 and knob("prompt") == "always":
        return "prompt = always: the redirect comes after the question"
    if status == 401 and not (
        (hints and (knob("on_invalid_hint") == "error" or knob("on_dead_session") == "error"))
        or knob("require_authenticated_user")
    ):
        return "on_invalid_hint = " + str(knob("on_invalid_hint"))
    if status == 403 and not hints:
        return "this endpoint takes no hint"
    if status == 422 and knob("on_unregistered_redirect") == "ignore":
        return "on_unregistered_redirect = ignore"
    if status == 422 and not redirects:
        return "this endpoint takes no hint, or no URI"
    return ""


def _by_deployment(operation: Operation, status: int, endpoint: Endpoint | None, places: Places) -> str:
    """Why this deployment, or all of its endpoints together, rule a status out; empty if they do not."""

    def somewhere(knob: str, value: str) -> bool:
        return any(place.knob(knob) == value for place in places.values())

    if endpoint is not None and status == 404 and endpoint.extension.issuer_from != "path":
        return "the issuer comes from the host, and there is a default one"
    if operation.tag == "document" and 404 in operation.statuses:
        return f"it is switched {'on' if status == 404 else 'off'} here"
    if operation.name == "getConfiguration" and status == 200:
        return "the issuer's identifier is not the prefix of this URL"
    if operation.secured and status == 403 and str(operation.definition.get("x-scope")).endswith(":read"):
        return "the token of --other-token-file has this scope"
    if operation.name in ("putClient", "deleteClient") and status == 409:
        return "testing it would write to a client of the settings file"
    if operation.name == "resumeLogout" and status in (200, 303, 401, 403, 422):
        if status in (401, 403, 422):
            return "depends on what the policy refuses after parking"
        if not somewhere("hint_authority", "cookie"):
            return "no endpoint parks a request (hint_authority)"
    asking = any(place.knob("prompt") != "never" for place in places.values())
    if operation.name == "confirmLogout" and status in (200, 303, 403) and not asking:
        return "no endpoint asks (prompt)"
    if (
        operation.name == "confirmLogout"
        and status == 303
        and not somewhere("redirect_without_hint", "after_confirmation")
    ):
        return "no endpoint redirects after a yes (redirect_without_hint)"
    return ""
