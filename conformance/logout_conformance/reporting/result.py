"""The result of a run, as reports are written from it."""

from __future__ import annotations

from dataclasses import dataclass

from ..redaction import Redaction
from ..target import Target
from .coverage import MISSING, DocumentedStatus
from .report import Report


@dataclass(frozen=True)
class RunResult:
    """What a run found. `cut_short` says whether its time limit came before its end."""

    target: Target
    report: Report
    coverage: list[DocumentedStatus]
    redaction: Redaction
    cut_short: bool
    seconds: float

    @property
    def missing(self) -> int:
        """How many documented statuses should have been seen and were not."""
        return sum(status.state == MISSING for status in self.coverage)

    @property
    def failed(self) -> bool:
        """Whether anything failed."""
        return bool(self.report.failures) or self.missing > 0
