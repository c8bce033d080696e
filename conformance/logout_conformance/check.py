"""A check: one sentence that is true of a logout service, and a function that tests it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from .exchange import Exchange
from .responses.redirects import state_problems

Scope = Literal["endpoint", "operation", "deployment"]


class CheckFailed(Exception):
    """The sentence is not true: what was seen, without anything secret, and in which exchange."""

    def __init__(self, seen: str, exchange: Exchange | None = None) -> None:
        self.seen, self.exchange = seen, exchange
        super().__init__(seen)


class CheckSkipped(Exception):
    """The check cannot be made here. The message says why. This is not a failure."""


@dataclass(frozen=True)
class Check:
    """`run` tests what `title` says: at each logout endpoint, at each operation, or once for the deployment.

    `needs` names options (`options.NEEDS`) without which it is skipped, and `applies` limits the endpoints or
    operations that it is made at.
    """

    title: str
    scope: Scope
    needs: tuple[str, ...]
    run: Callable[..., None]
    applies: Callable[[Any], bool] | None = None


@dataclass
class Registry:
    """The checks of one module, in the order in which they are made. It is the decorator that registers them."""

    checks: list[Check] = field(default_factory=list)

    def __call__(
        self, title: str, scope: Scope, *needs: str, where: Callable[[Any], bool] | None = None
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Register a function as a check. It gets the context, and the endpoint or operation of its scope.

        It returns when the title is true. It raises CheckFailed, mostly by `expect`, or CheckSkipped.
        """

        def add(function: Callable[..., None]) -> Callable[..., None]:
            self.checks.append(Check(title, scope, needs, function, where))
            return function

        return add


def expect(condition: object, seen: str, exchange: Exchange | None = None) -> None:
    """Raises CheckFailed unless the condition is true."""
    if not condition:
        raise CheckFailed(seen, exchange)


def expect_status(exchange: Exchange, *statuses: int) -> None:
    """Raises CheckFailed unless the response has one of these statuses."""
    if exchange.status not in statuses:
        raise CheckFailed(f"{exchange.status} instead of {' or '.join(map(str, statuses))}", exchange)


def expect_redirect(exchange: Exchange, uri: str, state: str | None) -> None:
    """Raises CheckFailed unless the response is a 303 to a registered URI, unchanged, with `state` added."""
    expect_status(exchange, 303)
    for problem in state_problems(exchange.header("location"), uri, state):
        raise CheckFailed(problem, exchange)
