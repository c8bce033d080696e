"""The knobs and their values, as the type `Policy` declares them, and the cases that show what each does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, get_args, get_type_hints

from endsession.protocol.policy import Policy

NUMBERS = {"max_hint_age"}
"""Knobs with more values than can be listed; test_hint_age.py has theirs."""
Show = Callable[[Policy], None]


class Cases:
    """The cases of one file. `@shows(knob, value)` registers one."""

    def __init__(self) -> None:
        self.cases: dict[tuple[str, Any], Show] = {}

    def __call__(self, knob: str, value: Any) -> Callable[[Show], Show]:
        """A decorator for a case, which is called with a policy that differs from the default in just this knob."""

        def register(show: Show) -> Show:
            assert (knob, value) not in self.cases
            self.cases[knob, value] = show
            return show

        return register

    def run(self, case: tuple[str, Any]) -> None:
        """Run one case."""
        knob, value = case
        self.cases[case](replace(Policy(), **{knob: value}))


def every_knob_and_value() -> Iterator[tuple[str, Any]]:
    """Each knob with each value that it can have."""
    for knob, kind in get_type_hints(Policy).items():
        if knob not in NUMBERS:
            for value in (True, False) if kind is bool else get_args(kind):
                yield knob, value
