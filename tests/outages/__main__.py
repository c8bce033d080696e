"""Brings about every fault, measures, and writes the tables of docs/reliability.md. Fails where a promise is broken.

python -m tests.outages
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.kit import servers

from .endurance import Tally, endure
from .running import Observed, run
from .scenarios import RESTARTED, SCENARIOS, Scenario

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
ANSWER, READINESS, RECOVERY = 3.0, 1.0, 5.0
"""The promises, in seconds."""
ROUNDS = 10


def write_section(name: str, lines: Sequence[str]) -> None:
    """Replace what stands between the marks of a section of the page."""
    begin, end = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
    inside = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    text = "\n".join([begin, *lines, end])
    PAGE.write_text(inside.sub(lambda _: text, PAGE.read_text()))


def row(scenario: Scenario, observed: Observed) -> tuple[str, list[str]]:
    """A row of the table, and the promises that did not hold."""
    slowest = max(took for _, _, took in observed.answers.values())
    statuses = {status for status, _, _ in observed.answers.values()}
    sees = "503, `Retry-After`" if 503 in statuses else "nothing"
    if scenario.reads_work:
        sees += " (reading works)"
    ready = f"{observed.readiness[0]} in {observed.readiness[1]:.2g} s"
    lost = ", ".join(observed.lost + observed.ended_meanwhile) or "nothing"
    cells = (
        scenario.storage,
        scenario.name,
        f"{sees}, in at most {slowest:.2g} s",
        ready,
        lost,
        f"{scenario.recovers}, after {observed.recovered_after:.2g} s",
    )
    broken = [
        f"{scenario.storage}, {scenario.name}: {what}"
        for what, is_so in (
            (f"an answer took {slowest:.1f} s", slowest > ANSWER),
            (f"/readyz took {observed.readiness[1]:.1f} s", observed.readiness[1] > READINESS),
            (f"it recovered after {observed.recovered_after:.2g} s", observed.recovered_after > RECOVERY),
            (f"lost: {lost}", lost != "nothing"),
        )
        if is_so
    ]
    return f"| {' | '.join(cells)} |", broken


async def outages() -> tuple[list[str], list[str]]:
    """The table of faults."""
    lines = [
        "| storage | fault | what a request sees | `/readyz` | what is lost | how it recovers |",
        "|---|---|---|---|---|---|",
    ]
    broken: list[str] = []
    with servers.postgres() as server:
        for scenario in (*SCENARIOS, RESTARTED):
            with tempfile.TemporaryDirectory() as folder:
                line, problems = row(scenario, await run(scenario, Path(folder), server))
            print(line, flush=True)
            lines.append(line)
            broken += problems
    return lines, broken


def figures(tally: Tally, seconds: float) -> list[str]:
    """The table of what the load went through."""
    faults = ", ".join(f"{count} times {what}" for what, count in tally.faults.items())
    rows = [
        ("faults", faults),
        ("logouts told as done, and done", f"{len(tally.signed_out):,}"),
        ("refused with 503, and nothing had ended", f"{len(tally.refused):,}"),
        ("told as unknown, or no connection, or it broke", f"{len(tally.unknown):,}"),
        ("deliveries in the ledger, all delivered", f"{tally.deliveries:,}"),
        ("logout tokens that came at the apps", f"{tally.tokens:,}"),
        ("told wrongly, lost or missing", f"{len(tally.wrong)}"),
        ("seconds", f"{seconds:.0f}"),
    ]
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]


async def main() -> int:
    """Run everything; the exit status says whether all promises held."""
    logging.disable()
    lines, broken = await outages()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = await endure(Path(folder), ROUNDS, lambda line: print(line, flush=True))
    endured = figures(tally, time.monotonic() - began)
    broken += tally.wrong
    print(*endured, *broken, sep="\n")
    if not broken:
        write_section("faults", lines)
        write_section("endurance", endured)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
