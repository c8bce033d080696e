"""The report for people: what is broken and how to see it, the table of answers, and what was not tried."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from .reach import ELSEWHERE, LACKING, MISSING, OUTSIDE, REACHED, TIME
from .run import Result

_MARKS = {MISSING: "MISS", LACKING: "opt", OUTSIDE: "out", ELSEWHERE: "pol", TIME: "time"}
_LEGEND = """\
A number: how often the answer was seen. out: needs a fault of the service, cannot be reached from outside.
opt: not tried, for lack of an option. pol: not with this policy or deployment. time: the run's time was over first.
MISS: should have been seen and was not, which is a failure. Empty: the document has no such answer there."""


def text(result: Result) -> str:
    """The whole report."""
    parts = [*_failures(result), _table(result), _LEGEND, *_reasons(result), *_not_tried(result), _summary(result)]
    return "\n\n".join(part for part in parts if part)


def _failures(result: Result) -> Iterator[str]:
    for number, failure in enumerate(result.book.failures.values(), 1):
        times = f" ({failure.times} times)" if failure.times > 1 else ""
        lines = [f"{number}. BROKEN: {failure.claim}", f"   at    {failure.where or 'the deployment'}{times}"]
        lines.append(f"   seen  {result.redaction.text(failure.seen)}")
        if failure.curl:
            lines.append(f"   try   {failure.curl}")
        yield "\n".join(lines)
    for pair in result.pairs:
        if pair.meaning == MISSING:
            yield f"BROKEN: {pair.operation.label} never answered {pair.status}, which the document announces"


def _table(result: Result) -> str:
    statuses = sorted({pair.status for pair in result.pairs})
    rows: dict[str, dict[int, str]] = defaultdict(dict)
    for pair in result.pairs:
        rows[pair.operation.label][pair.status] = str(pair.count) if pair.meaning == REACHED else _MARKS[pair.meaning]
    width = max((len(label) for label in rows), default=0)
    lines = [f"{'operation':<{width}}" + "".join(f"{status:>6}" for status in statuses)]
    lines += [
        f"{label:<{width}}" + "".join(f"{row.get(status, ''):>6}" for status in statuses) for label, row in rows.items()
    ]
    return "\n".join(line.rstrip() for line in lines)


def _reasons(result: Result) -> Iterator[str]:
    """Answers that were not seen, by why."""
    why: dict[str, list[str]] = defaultdict(list)
    for pair in result.pairs:
        if pair.meaning in (LACKING, ELSEWHERE):
            why[f"not tried: {pair.why}" if pair.meaning == LACKING else pair.why].append(
                f"{pair.operation.label} {pair.status}"
            )
    if why:
        yield "Answers that were not seen:\n" + "\n".join(
            f"  {reason}: {len(places)} ({', '.join(places[:4])}{', ...' if len(places) > 4 else ''})"
            for reason, places in why.items()
        )


def _not_tried(result: Result) -> Iterator[str]:
    why: dict[str, list[str]] = defaultdict(list)
    for verdict in result.book.verdicts:
        if verdict.outcome == "not tried":
            why[verdict.why].append(f"{verdict.claim}{f' [{verdict.where}]' if verdict.where else ''}")
    if why:
        yield "Claims that were not tried:\n" + "\n".join(
            f"  {reason}:\n" + "\n".join(f"    {claim}" for claim in claims) for reason, claims in why.items()
        )


def _summary(result: Result) -> str:
    book = result.book
    outcomes = [verdict.outcome for verdict in book.verdicts]
    reached = sum(pair.meaning == REACHED for pair in result.pairs)
    missing = sum(pair.meaning == MISSING for pair in result.pairs)
    lines = [
        f"{book.requests} requests in {result.seconds:.0f} s,"
        f" {book.refused_by_limit} of them refused by a limit (429).",
        f"{reached} of {len(result.pairs)} documented answers seen; {outcomes.count('held')} trials of claims held,"
        f" {outcomes.count('broken')} broken, {outcomes.count('not tried')} not tried.",
    ]
    if book.refused_by_limit:
        lines.append("The deployment limits how fast it can be tested: raise limits.logout_per_address for the test.")
    if result.cut_short:
        lines.append("The run was cut short by its time: give more with --time-limit SECONDS.")
    verdict = f"{len(book.failures) + missing} failures." if result.broken else "Nothing is broken."
    lines.append(f"The contract is broken: {verdict}" if result.broken else verdict)
    return "\n".join(lines)
