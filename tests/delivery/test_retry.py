"""What an attempt means, and when to try again."""

import pytest

from endsession.delivery.bounded import AnswerTooLong
from endsession.delivery.breaker import REST, THRESHOLD, Breakers
from endsession.delivery.http import AddressRefused, Answer
from endsession.delivery.retry import LONGEST_DELAY, LONGEST_RETRY_AFTER, delay, judge, retry_after

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (Answer(200, {}), "delivered"),
        (Answer(204, {}), "delivered"),
        (Answer(201, {}), "failed"),
        (Answer(302, {}), "failed"),
        (Answer(400, {}), "failed"),
        (Answer(404, {}), "failed"),
        (Answer(429, {}), "retry"),
        (Answer(500, {}), "retry"),
        (Answer(503, {}), "retry"),
        (OSError("reset"), "retry"),
        (TimeoutError(), "retry"),
        (AddressRefused("private"), "failed"),
        (AnswerTooLong("long"), "retry"),
    ],
)
def test_verdicts(result: Answer | Exception, outcome: str) -> None:
    """R31, R32: retry only what looks recoverable."""
    assert judge(result, NOW).outcome == outcome


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("99999999", LONGEST_RETRY_AFTER),
        ("Fri, 15 Jan 2027 08:00:10 GMT", 10.0),
        ("Fri, 15 Jan 2021 08:00:10 GMT", 0.0),
        ("soon", None),
        ("Fri, 15 Jan 99999999999999999999 08:00:10 GMT", None),
        ("Fri, 15 Jan 2027 08:00:10 +99999999999999999999", None),
        ("-5", None),
        ("\u0667", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    """Seconds or a date, capped; what is neither is ignored."""
    assert retry_after(value, NOW) == seconds


def test_delays_grow_and_stay_bounded() -> None:
    """Exponential with jitter, capped; an app's own wish is a lower bound."""
    for attempts, expected in ((1, 1.0), (2, 2.0), (3, 4.0), (5, 16.0), (60, LONGEST_DELAY)):
        assert all(0.8 * expected <= delay(attempts, None) <= 1.2 * expected for _ in range(50))
    assert len({delay(3, None) for _ in range(20)}) > 1
    assert delay(1, 30.0) == 30.0


def test_a_dead_host_rests_and_is_probed() -> None:
    """After enough failures in a row a host is left alone; then one probe, whose success closes the breaker."""
    breakers = Breakers()
    for _ in range(THRESHOLD):
        assert breakers.rests_until("dead", NOW) is None
        breakers.report("dead", failed=True, now=NOW)
    assert breakers.rests_until("dead", NOW + 1) == NOW + REST
    assert breakers.rests_until("alive", NOW + 1) is None
    later = NOW + REST + 1
    assert breakers.rests_until("dead", later) is None
    assert breakers.rests_until("dead", later) is not None
    breakers.report("dead", failed=True, now=later)
    assert breakers.rests_until("dead", later + 1) == later + REST
    breakers.rests_until("dead", later + REST)
    breakers.report("dead", failed=False, now=later + REST)
    assert breakers.rests_until("dead", later + REST) is None


def test_a_probe_that_never_reports_blocks_nobody_for_ever() -> None:
    """Whatever became of a probe, there is another one after a rest."""
    breakers = Breakers()
    for _ in range(THRESHOLD):
        breakers.report("dead", failed=True, now=NOW)
    assert breakers.rests_until("dead", NOW + REST) is None
    assert breakers.rests_until("dead", NOW + REST + 1) == NOW + 2 * REST
    assert breakers.rests_until("dead", NOW + 2 * REST) is None


def test_success_forgets_earlier_failures() -> None:
    """Only failures in a row count."""
    breakers = Breakers()
    for _ in range(THRESHOLD - 1):
        breakers.report("host", failed=True, now=NOW)
    breakers.report("host", failed=False, now=NOW)
    breakers.report("host", failed=True, now=NOW)
    assert breakers.rests_until("host", NOW) is None
