"""What the fuzzer's cases are turned into before they are sent: the hooks of its two runs (`before_generate_case`).

Which parts a request gets is not drawn by Hypothesis, which likes to repeat with small changes what it drew before.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.engine import events
from starlette.types import Receive, Scope, Send

from endsession.contract.document import METHODS, Document
from logout_conformance.reporting.table import Table

from .fuzz_aims import Aim, aims_of
from .fuzz_cast import Cast
from .fuzz_inputs import put_parts
from .fuzz_kinds import Parts, Slots, slots_of
from .fuzz_spoil import spoil
from .fuzz_stage import Stage

SHARE_LEFT_ALONE = 0.25

Hook = Callable[[Any, st.SearchStrategy[Case]], st.SearchStrategy[Case]]


def mixing(cast: Cast, document: Document, seed: int) -> Hook:
    """Three of four cases become a request that fits together, as an app would send it, but for up to two of its parts.

    Each kind of refusal is a spoiled part or two away from a logout that works.
    """
    chance = random.Random(seed)

    def before_generate_case(context: Any, strategy: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
        slots = slots_of(document, context.operation.path, context.operation.method.lower())

        def mix(case: Case) -> Case:
            fits = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
            if fits and chance.random() >= SHARE_LEFT_ALONE:
                put_parts(cast, case, _mixture(slots, chance))
            return case

        return strategy.map(mix) if slots else strategy

    return before_generate_case


def _mixture(slots: Slots, chance: random.Random) -> Parts:
    can_be_spoiled = [slot for slot, kinds in slots.items() if len(kinds) > 1]
    count = min(chance.choice([0, 1, 1, 2]), len(can_be_spoiled))
    spoiled = {slot: chance.choice(slots[slot][1:]) for slot in chance.sample(can_be_spoiled, count)}
    return {slot: kinds[0] for slot, kinds in slots.items()} | spoiled


class Aiming:
    """Gives each case the aim that its operation is farthest from, and sends it to the deployment of that aim.

    It is the ASGI application of the run. Cases are generated and sent one after the other.
    """

    def __init__(self, stages: Mapping[str, Stage], document: Document, table: Table, floor: int, seed: int) -> None:
        self._stages, self._document, self._table, self._floor = stages, document, table, floor
        self._casts = {name: Cast(stage) for name, stage in stages.items()}
        self._chance = random.Random(seed)
        self._tries: Counter[tuple[str, str, Aim]] = Counter()
        self._aim_of: dict[str, Aim] = {}
        self._current = stages["ordinary"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        await self._current(scope, receive, send)

    def needed(self) -> dict[str, int]:
        """How many requests each operation needs, by operationId. Those that need none are left out."""
        needed = {}
        for path, item in self._document.raw["paths"].items():
            for method in METHODS:
                if method in item and (missing := sum(self._missing(path, method).values())):
                    needed[item[method]["operationId"]] = missing
        return needed

    def _missing(self, path: str, method: str) -> dict[int, int]:
        seen = {status: count for p, m, status, count in self._table.pairs() if (p, m) == (path, method)}
        return {status: self._floor - count for status, count in seen.items() if count < self._floor}

    def hook(self) -> Hook:
        """The hook of the run."""

        def before_generate_case(context: Any, strategy: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
            path, method = context.operation.path, context.operation.method.lower()
            aims = aims_of(self._document, path, method)
            # An operation without parameters has one request only; the number lets it be made as often as is needed.
            pairs = st.tuples(strategy, st.integers(0, 2**64))
            return pairs.map(lambda drawn: self._take_aim(drawn[0], path, method, aims))

        return before_generate_case

    def _take_aim(self, case: Case, path: str, method: str, aims: list[Aim]) -> Case:
        missing = self._missing(path, method)
        wanted = [aim for aim in aims if aim.status in missing] or aims
        aim = min(wanted, key=lambda one: self._tries[path, method, one])
        self._tries[path, method, aim] += 1
        self._aim_of[case.id] = aim
        self._current = self._stages[aim.at]
        put_parts(self._casts[aim.at], case, aim.whole(self._document, path, method))
        if aim.spoilt:
            spoil(case, aim.spoilt, self._chance)
        return case

    def misses(self, event: Any) -> Iterator[str]:
        """The aims that were answered otherwise."""
        if not isinstance(event, events.ScenarioFinished):
            return
        for name, interaction in event.recorder.interactions.items():
            aim, response = self._aim_of.get(name), interaction.response
            if aim is not None and response is not None and response.status_code != aim.status:
                yield f"{event.label}: {aim} was answered with {response.status_code}"
