"""Whether an answer that was never seen had to be seen: for every documented answer, what it takes to get it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .endpoint import Endpoint
from .options import NEEDS
from .parties import Parties
from .table import Table
from .target import Operation, Target

REACHED, MISSING, LACKING, OUTSIDE, ELSEWHERE, TIME = (
    "reached",
    "missing",
    "not tried",
    "outside",
    "elsewhere",
    "no time",
)
"""`missing` is a failure. `outside` needs a fault of the service, `elsewhere` another policy or deployment."""


@dataclass(frozen=True)
class Pair:
    """A documented answer: how often it was seen, and if never, what that means and why."""

    operation: Operation
    status: int
    count: int
    meaning: str
    why: str = ""


def pairs(
    target: Target, table: Table, parties: Parties, endpoints: list[Endpoint], *, cut_short: bool
) -> Iterator[Pair]:
    """Every documented answer, in the order of the document."""
    by_place = {(one.operation.path, one.operation.method): one for one in endpoints}
    for path, method, status, count in table.pairs():
        operation = target.operation(path, method.upper())
        assert operation is not None
        if count:
            yield Pair(operation, status, count, REACHED)
            continue
        endpoint = by_place.get((path, operation.method))
        meaning, why = _why_never(operation, status, parties, endpoint, by_place)
        if meaning == MISSING and parties.options.only:
            meaning, why = LACKING, "left out by --only"
        if meaning == MISSING and cut_short:
            meaning, why = TIME, "the time was over first (--time-limit)"
        yield Pair(operation, status, 0, meaning, why)


def _why_never(
    operation: Operation,
    status: int,
    parties: Parties,
    endpoint: Endpoint | None,
    by_place: Mapping[tuple[str, str], Endpoint],
) -> tuple[str, str]:
    if status in (500, 503):
        return OUTSIDE, "needs a fault of the service"
    if status == 421:
        return ELSEWHERE, "a proxy refuses other hosts first"
    if status == 429 and "until-limited" in parties.have:
        return ELSEWHERE, "no limit was met"
    if operation.path in parties.options.skip:
        return LACKING, "left out by --skip"
    needs = _needs(operation, status)
    if lacking := parties.missing(needs):
        return LACKING, "give " + " and ".join(NEEDS[need] for need in lacking)
    if endpoint is not None and (why := _by_policy(endpoint, status, parties)):
        return ELSEWHERE, why
    if why := _by_deployment(operation, status, endpoint, parties, by_place):
        return ELSEWHERE, why
    return MISSING, "it should have been seen"


def _needs(operation: Operation, status: int) -> tuple[str, ...]:
    """What the directed checks need to get an answer."""
    if status == 429:
        return ("issuer", "until-limited")
    if operation.secured:
        return _management_needs(operation, status)
    if operation.tag == "discovery":
        return ("issuer",) if status == 200 else ()
    if operation.tag != "logout" or status in (404, 405, 413, 414, 415):
        return ()
    of_its_own: dict[str, dict[int, tuple[str, ...]]] = {
        "confirmLogout": {200: ("issuer", "cookie"), 303: ("issuer", "cookie", "redirect"), 403: ("issuer", "cookie")},
        "resumeLogout": {200: ("issuer", "key", "cookie"), 303: ("issuer", "key", "cookie", "redirect")},
        "logoutStatus": {200: ("issuer", "key", "token", "cookie")},
        "continueLogout": {303: ("issuer", "key", "clients", "cookie")},
    }
    return of_its_own.get(operation.name, _LOGOUT).get(status, ("issuer",))


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
    room: tuple[str, ...] = (operation.tag,) if operation.tag in ("clients", "deliveries") else ()
    if operation.name == "redeliver" and status == 200:
        room = ("clients", "deliveries")
    return ("issuer", "token", *room)


def _by_policy(endpoint: Endpoint, status: int, parties: Parties) -> str:
    """Why the policy of a logout endpoint lets nobody see a status; empty if it does not stand in the way."""
    knob = endpoint.knob
    if not endpoint.policy and status in (200, 303, 401, 403, 422):
        return "depends on a policy that is not known (a token with sessions:read tells it)"
    if status == 303 and not {"id_token_hint", "post_logout_redirect_uri"} <= endpoint.takes:
        return "this endpoint takes no hint, or no URI"
    if status == 303 and knob("prompt") == "always":
        return "prompt = always: it is the question that leads on"
    hints = "id_token_hint" in endpoint.takes
    if status == 401 and not (
        (hints and (knob("on_invalid_hint") == "error" or knob("on_dead_session") == "error"))
        or knob("require_authenticated_user")
    ):
        return "on_invalid_hint = " + str(knob("on_invalid_hint"))
    if status == 403 and not hints:
        return "this endpoint takes no hint"
    if status == 422 and knob("on_unregistered_redirect") == "ignore":
        return "on_unregistered_redirect = ignore"
    if status == 422 and not {"id_token_hint", "post_logout_redirect_uri"} <= endpoint.takes:
        return "this endpoint takes no hint, or no URI"
    return ""


def _by_deployment(
    operation: Operation,
    status: int,
    endpoint: Endpoint | None,
    parties: Parties,
    by_place: Mapping[tuple[str, str], Endpoint],
) -> str:
    """Why this deployment, or its endpoints taken together, have no such answer; empty if they should."""
    if endpoint is not None and status == 404 and endpoint.dialect.issuer_from != "path":
        return "the issuer comes from the host, and there is a default one"
    if operation.tag == "document" and 404 in operation.statuses:
        return f"it is switched {'on' if status == 404 else 'off'} here"
    if operation.name == "getConfiguration" and status == 200:
        return "the issuer's identifier is not the prefix of this address"
    if operation.secured and status == 403 and str(operation.definition.get("x-scope")).endswith(":read"):
        return "the token of --other-token-file may do this"
    if operation.name in ("putClient", "deleteClient") and status == 409:
        return "trying it would write to a client of the settings file"
    if operation.name == "resumeLogout" and status in (200, 303, 401, 403, 422):
        if status in (401, 403, 422):
            return "depends on what the policy refuses after parking"
        if not any(one.knob("hint_authority") == "cookie" for one in by_place.values()):
            return "no endpoint parks a request (hint_authority)"
    asking = any(one.knob("prompt") != "never" for one in by_place.values())
    if operation.name == "confirmLogout" and status in (200, 303, 403) and not asking:
        return "no endpoint asks (prompt)"
    after_yes = any(one.knob("redirect_without_hint") == "after_confirmation" for one in by_place.values())
    if operation.name == "confirmLogout" and status == 303 and not after_yes:
        return "no endpoint goes on after a yes (redirect_without_hint)"
    return ""
