"""The books of a run: what was sent, what was claimed, and what was found broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .exchange import Exchange
from .table import Table

MAX_EXCHANGES = 20_000
"""So many are kept for HAR, the first ones; a run that makes more has its failures in the report all the same."""


@dataclass
class Failure:
    """A claim that does not hold. `where` is the operation, `times` how often the same was seen."""

    claim: str
    where: str
    seen: str
    curl: str = ""
    times: int = 1


@dataclass
class Verdict:
    """What became of a claim at one place: `held`, `broken` or `not tried`, and then why."""

    claim: str
    where: str
    outcome: str
    why: str = ""


@dataclass
class Book:
    """Everything that is reported at the end."""

    table: Table
    describe: Callable[[Exchange], str]
    """A request as a curl line without secrets."""
    keep_exchanges: bool = False
    exchanges: list[Exchange] = field(default_factory=list)
    failures: dict[tuple[str, str, str], Failure] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    judged: Counter[str] = field(default_factory=Counter)
    """How often each claim on every answer was looked at."""
    refused_by_limit: int = 0
    requests: int = 0

    def keep(self, exchange: Exchange) -> None:
        """Book an answer."""
        self.requests += 1
        self.refused_by_limit += exchange.status == 429
        if exchange.path is not None:
            self.table.count_path(exchange.method, exchange.path, exchange.status)
        if self.keep_exchanges and len(self.exchanges) < MAX_EXCHANGES:
            self.exchanges.append(exchange)

    def fail(self, claim: str, where: str, seen: str, exchange: Exchange | None = None) -> None:
        """Book a failure; the same one again only counts."""
        known = self.failures.get((claim, where, seen))
        if known is not None:
            known.times += 1
            return
        curl = self.describe(exchange) if exchange is not None else ""
        self.failures[claim, where, seen] = Failure(claim, where, seen, curl)
