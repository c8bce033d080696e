"""The report for people: what failed and how to reproduce it, the table of statuses, and what was skipped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from .coverage import MISSING, NEEDS_OPTION, NO_TIME, NOT_HERE, OUT_OF_REACH, SEEN
from .result import RunResult

_MARKS = {MISSING: "MISS", NEEDS_OPTION: "opt", OUT_OF_REACH: "out", NOT_HERE: "pol", NO_TIME: "time"}
_LEGEND = """\
A number: how often the status was seen. out: needs a fault of the service, out of reach from outside.
opt: not tested, an option is missing. pol: not with this policy or deployment. time: the time limit came first.
MISS: should have been seen and was not, which is a failure. Empty: the document has no such response."""


def render(result: RunResult) -> str:
    """The whole report."""
    parts = [*_failures(result), _table(result), _LEGEND, *_not_seen(result), *_skipped(result), _summary(result)]
    return "\n\n".join(part for part in parts if part)


def _failures(result: RunResult) -> Iterator[str]:
    for number, failure in enumerate(result.report.failures.values(), 1):
        times = f" ({failure.times} times)" if failure.times > 1 else ""
        lines = [f"{number}. FAILED: {failure.title}", f"   at    {failure.where or 'the deployment'}{times}"]
        lines.append(f"   seen  {result.redaction.text(failure.seen)}")
        if failure.curl:
            lines.append(f"   try   {failure.curl}")
        yield "\n".join(lines)
    for status in result.coverage:
        if status.state == MISSING:
            yield f"FAILED: {status.operation.label} never responded with {status.status}, which the document has"


def _table(result: RunResult) -> str:
    columns = sorted({status.status for status in result.coverage})
    rows: dict[str, dict[int, str]] = defaultdict(dict)
    for status in result.coverage:
        cell = str(status.count) if status.state == SEEN else _MARKS[status.state]
        rows[status.operation.label][status.status] = cell
    width = max((len(label) for label in rows), default=0)
    lines = [f"{'operation':<{width}}" + "".join(f"{column:>6}" for column in columns)]
    lines += [
        f"{label:<{width}}" + "".join(f"{row.get(column, ''):>6}" for column in columns) for label, row in rows.items()
    ]
    return "\n".join(line.rstrip() for line in lines)


def _not_seen(result: RunResult) -> Iterator[str]:
    """Statuses that were not seen, by reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for status in result.coverage:
        if status.state in (NEEDS_OPTION, NOT_HERE):
            reason = f"not tested: {status.reason}" if status.state == NEEDS_OPTION else status.reason
            by_reason[reason].append(f"{status.operation.label} {status.status}")
    if by_reason:
        yield "Statuses that were not seen:\n" + "\n".join(
            f"  {reason}: {len(places)} ({', '.join(places[:4])}{', ...' if len(places) > 4 else ''})"
            for reason, places in by_reason.items()
        )


def _skipped(result: RunResult) -> Iterator[str]:
    """Checks that were skipped, by reason."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for check in result.report.results:
        if check.outcome == "skipped":
            by_reason[check.reason].append(f"{check.title}{f' [{check.where}]' if check.where else ''}")
    if by_reason:
        yield "Checks that were skipped:\n" + "\n".join(
            f"  {reason}:\n" + "\n".join(f"    {title}" for title in titles) for reason, titles in by_reason.items()
        )


def _summary(result: RunResult) -> str:
    report = result.report
    seen = sum(status.state == SEEN for status in result.coverage)
    lines = [
        f"{report.requests} requests in {result.seconds:.0f} s, {report.limited} of them rate-limited (429).",
        f"{seen} of {len(result.coverage)} documented statuses seen; checks at all places: "
        f"{report.outcomes('passed')} passed, {report.outcomes('failed')} failed, "
        f"{report.outcomes('skipped')} skipped.",
    ]
    if report.limited:
        lines.append("A rate limit slows this test down: raise it for the test (limits.logout_per_address).")
    if result.cut_short:
        lines.append("The time limit came before the end of the run: raise it with --time-limit SECONDS.")
    failures = len(report.failures) + result.missing
    lines.append(f"The contract is broken: {failures} failures." if result.failed else "No check failed.")
    return "\n".join(lines)
