"""The pace of a run: its rate, a limit of the deployment, and its time limit."""

from __future__ import annotations

import pytest

from logout_conformance.pace import OutOfTime, Pace


class StoppedClock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float, /) -> None:
        """Wait."""
        assert seconds >= 0
        self.now += seconds


def test_requests_keep_their_distance() -> None:
    """At 4 requests a second, each is sent a quarter of a second after the last one, and the first at once."""
    clock = StoppedClock()
    pace = Pace(4, 10, clock)
    times = []
    for _ in range(3):
        pace.wait(limited=False)
        times.append(clock.now)
    assert times == [100.0, 100.25, 100.5]


def test_a_limit_delays_limited_requests_only() -> None:
    """After a 429, others go on, and limited ones wait as long as the deployment asked for."""
    clock = StoppedClock()
    pace = Pace(1000, 60, clock)
    pace.back_off(30)
    pace.wait(limited=False)
    assert clock.now < 101
    pace.wait(limited=True)
    assert clock.now == 130.0


def test_a_turn_after_the_deadline_is_refused_at_once() -> None:
    """Nothing waits for a limit that ends after the run; the requests that it does not count still go on."""
    clock = StoppedClock()
    pace = Pace(1000, 20, clock)
    pace.back_off(30)
    with pytest.raises(OutOfTime):
        pace.wait(limited=True)
    assert clock.now == 100.0
    pace.wait(limited=False)
    assert not pace.out_of_time


def test_an_extended_run_may_clean_up() -> None:
    """After the deadline no request is sent until the run is extended."""
    clock = StoppedClock()
    pace = Pace(1, 5, clock)
    clock.now = 106.0
    assert pace.out_of_time
    with pytest.raises(OutOfTime):
        pace.wait(limited=False)
    pace.extend(30)
    pace.wait(limited=False)
    assert not pace.out_of_time
