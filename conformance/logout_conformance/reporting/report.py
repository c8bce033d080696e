"""What a run saw: its requests, the results of its checks, and what failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ..exchange import Exchange
from .table import Table

MAX_EXCHANGES = 20_000
"""How many exchanges are kept for HAR, the first ones. Failures are kept in any case."""

Outcome = Literal["passed", "failed", "skipped"]


@dataclass
class Failure:
    """A check or a rule that failed. `where` is the operation, `times` how often the same was seen."""

    title: str
    where: str
    seen: str
    curl: str = ""
    times: int = 1


@dataclass(frozen=True)
class CheckResult:
    """The outcome of a check at one endpoint, operation, or (with an empty `where`) for the deployment."""

    title: str
    where: str
    outcome: Outcome
    reason: str = ""


@dataclass
class Report:
    """Everything that is written down at the end."""

    table: Table
    describe: Callable[[Exchange], str]
    """A request as a curl command without secrets."""
    keep_exchanges: bool = False
    exchanges: list[Exchange] = field(default_factory=list)
    failures: dict[tuple[str, str, str], Failure] = field(default_factory=dict)
    results: list[CheckResult] = field(default_factory=list)
    limited: int = 0
    """How many responses were 429."""
    requests: int = 0

    def add_exchange(self, exchange: Exchange) -> None:
        """Count a response, and keep it if exchanges are kept."""
        self.requests += 1
        self.limited += exchange.status == 429
        if exchange.path is not None:
            self.table.count_path(exchange.method, exchange.path, exchange.status)
        if self.keep_exchanges and len(self.exchanges) < MAX_EXCHANGES:
            self.exchanges.append(exchange)

    def add_failure(self, title: str, where: str, seen: str, exchange: Exchange | None = None) -> None:
        """Add a failure. The same one again is only counted."""
        known = self.failures.get((title, where, seen))
        if known is not None:
            known.times += 1
            return
        curl = self.describe(exchange) if exchange is not None else ""
        self.failures[title, where, seen] = Failure(title, where, seen, curl)

    def outcomes(self, outcome: Outcome) -> int:
        """How many results have that outcome."""
        return sum(result.outcome == outcome for result in self.results)
