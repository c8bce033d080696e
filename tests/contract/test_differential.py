"""The compiled contract and connexion's own application make the same of a request, but for a list of hardenings.

Both run the same document with the same stub behind every operation, so what differs is routing and validation alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from functools import cache
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp

from tests.kit.deployment import DOCUMENT
from tests.kit.properties import tried

from .corpus import Sent, fitting, operations
from .hardenings import HARDENINGS, Hardening
from .spoilt import spoils, with_field
from .standard import Verdict, compiled, standard, verdict


@cache
def both() -> tuple[ASGIApp, ASGIApp]:
    """The two applications."""
    return standard(DOCUMENT), compiled(DOCUMENT)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """A loop for tests that Hypothesis calls many times."""
    logging.disable(logging.CRITICAL)  # connexion writes every refusal, with the whole value, and every failure
    with asyncio.Runner() as runner:
        yield runner
    logging.disable(logging.NOTSET)


async def compare(sent: Sent) -> tuple[Verdict, Verdict]:
    """What the standard application makes of a request, and what ours does."""
    theirs, ours = both()
    return await verdict(theirs, sent), await verdict(ours, sent)


def reasons(sent: Sent, theirs: Verdict, ours: Verdict) -> list[Hardening]:
    """The hardenings that explain a difference; fails when none does."""
    found = [item for item in HARDENINGS if item.explains(sent, theirs, ours)]
    body = sent.payload[:200]
    assert found, (
        f"{sent.method} {sent.path} ?{sent.query_string[:200]} {body!r} as {sent.content_type}: {theirs} {ours}"
    )
    return found


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.definition["operationId"])
def test_a_request_that_fits_is_accepted_by_both(runner: asyncio.Runner, operation: object) -> None:
    """Each operation's own example: the comparison would mean little if both refused everything."""
    assert runner.run(compare(fitting(operation))) == ("accepted", "accepted")  # type: ignore[arg-type]


def test_one_corpus_one_verdict_but_for_the_hardenings(runner: asyncio.Runner) -> None:
    """Every way to spoil every operation's request: the same verdict, or a hardening that says why; none is idle."""

    async def whole_corpus() -> tuple[Counter[Verdict], Counter[str]]:
        agreed: Counter[Verdict] = Counter()
        seen: Counter[str] = Counter()
        for operation in operations():
            for _, sent in spoils(fitting(operation)):
                theirs, ours = await compare(sent)
                if theirs == ours:
                    agreed[ours] += 1
                else:
                    seen.update(reason.why for reason in reasons(sent, theirs, ours))
        return agreed, seen

    agreed, seen = runner.run(whole_corpus())
    idle = [item.why for item in HARDENINGS if not seen[item.why]]
    assert idle == []
    assert sum(agreed.values()) > 2000
    assert {"accepted", 400, 401, 404, 405, 415} <= set(agreed), "the corpus has to reach every kind of verdict"


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """A request that is spoiled up to three times over, and may carry any text."""
    sent = fitting(draw(st.sampled_from(operations())))
    for _ in range(draw(st.integers(0, 3))):
        ways = list(spoils(sent))
        _, sent = ways[draw(st.integers(0, len(ways) - 1))]
    if names := [name for name, _ in (*sent.query, *(sent.form or ()))]:
        text = draw(st.none() | st.text(max_size=20))
        if text is not None:
            sent = with_field(sent, draw(st.sampled_from(names)), quote(text))
    return sent


@tried(400)
@given(requests())
def test_any_mixture_has_one_verdict_but_for_the_hardenings(runner: asyncio.Runner, sent: Sent) -> None:
    """Several things wrong at once are still refused by both, or accepted by both, or a hardening says why not."""
    theirs, ours = runner.run(compare(sent))
    if theirs != ours:
        reasons(sent, theirs, ours)
