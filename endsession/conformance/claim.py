"""A claim: one sentence that holds of a logout service, and a function that tries it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .endpoint import Endpoint
from .exchange import Exchange
from .options import Options
from .parties import Parties
from .redaction import Redaction
from .target import Operation, Target
from .wire import Wire


class Broken(Exception):
    """The claim does not hold: what was seen, without anything secret, and where."""

    def __init__(self, seen: str, exchange: Exchange | None = None) -> None:
        self.seen, self.exchange = seen, exchange
        super().__init__(seen)


class NotTried(Exception):
    """The claim cannot be tried here, and the message says why. That is no failure."""


@dataclass(frozen=True)
class Claim:
    """`says` is the sentence; `scope` is where it is tried: each `endpoint`, each `operation`, or the `deployment`."""

    says: str
    scope: str
    needs: tuple[str, ...]
    run: Callable[..., None]
    applies: Callable[[Any], bool] | None = None


@dataclass
class Register:
    """The claims of one file."""

    claims: list[Claim] = field(default_factory=list)

    def __call__(
        self, says: str, scope: str = "endpoint", *needs: str, where: Callable[[Any], bool] | None = None
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Register a function as the trial of a claim; `where` limits the places it is tried at."""

        def add(function: Callable[..., None]) -> Callable[..., None]:
            self.claims.append(Claim(says, scope, needs, function, where))
            return function

        return add


@dataclass(frozen=True)
class Scene:
    """What a trial has at hand."""

    options: Options
    target: Target
    wire: Wire
    parties: Parties
    redaction: Redaction
    endpoints: list[Endpoint]

    def path(self, operation: Operation, **values: str) -> str:
        """A path of an operation. What `values` does not fill is well formed, and names nothing real."""
        dialect = self.target.document.endpoints.get(operation.path)
        issuer = values.pop("issuer_id", None) or self.options.issuer or "contract-nobody"
        path = dialect.address(issuer) if dialect else operation.path.replace("{issuer_id}", issuer)
        ordinary = {"sid": "contract-nobody", "handle": "contract-no-handle", "delivery_id": "0c"}
        for name, value in {**ordinary, **values}.items():
            path = path.replace(f"{{{name}}}", value)
        return path

    def token_for(self, operation: Operation) -> str:
        """The bearer token, where an operation takes one."""
        return (self.options.token or "") if operation.secured else ""

    def junk(self, what: str) -> str:
        """A value that stands nowhere else, so that it is known again."""
        return f"contract-{what}-{secrets.token_hex(8)}"

    def live(self, session: Any, exchange: Exchange) -> None:
        """The session is still alive. Raises Broken."""
        if (state := self.parties.state(session)) != "live":
            raise Broken(f"the session is {state} after {exchange.status}", exchange)

    def ended(self, session: Any, exchange: Exchange) -> None:
        """The session is over. Raises Broken."""
        if (state := self.parties.state(session)) != "ended":
            raise Broken(f"the session is {state} after {exchange.status}", exchange)


def expect(condition: object, seen: str, exchange: Exchange | None = None) -> None:
    """Raises Broken unless the condition holds."""
    if not condition:
        raise Broken(seen, exchange)


def expect_status(exchange: Exchange, *statuses: int) -> None:
    """Raises Broken unless the answer has one of these statuses."""
    if exchange.status not in statuses:
        raise Broken(f"{exchange.status} in place of {' or '.join(map(str, statuses))}", exchange)
