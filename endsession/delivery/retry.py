"""What an attempt means, and when to try again (Back-Channel Logout 1.0, sections 2.5 and 2.8)."""

from __future__ import annotations

import email.utils
import random
from dataclasses import dataclass
from typing import Literal

from .app_error import error_of
from .http import AddressRefused, Answer

FIRST_DELAY = 1.0
LONGEST_DELAY = 900.0
LONGEST_RETRY_AFTER = 3600.0
_CHANCE = random.Random()  # noqa: S311  # spreads load, keeps no secret
"""Its own state: a program around the gateway that seeds Python's shared one would make all jitter alike."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """`delivered`, `failed` for good, or `retry`; `after` is what the app asked for in seconds, if it did."""

    outcome: Literal["delivered", "failed", "retry"]
    status: int | None
    reason: str
    after: float | None = None

    @property
    def blames_app(self) -> bool:
        """Whether the app seems to be down, so that it is left alone for a while."""
        return self.outcome == "retry" and self.status != 429


def judge(result: Answer | Exception, now: float) -> AttemptResult:
    """What came of a POST. 200 and 204 succeed; 5xx, 429 and no answer may be better later; all else is final."""
    if isinstance(result, AddressRefused):
        return AttemptResult("failed", None, str(result))
    if isinstance(result, TimeoutError):
        return AttemptResult("retry", None, "no answer in time")
    if isinstance(result, Exception):
        return AttemptResult("retry", None, f"no answer: {result}")
    if result.status in (200, 204):
        return AttemptResult("delivered", result.status, "delivered")
    if result.status == 429 or result.status >= 500:
        after = retry_after(result.headers.get("retry-after"), now)
        return AttemptResult("retry", result.status, f"the app answered {result.status}", after)
    said = error_of(result.body)
    reason = f"the app answered {result.status}, which is final" + (f": {said}" if said else "")
    return AttemptResult("failed", result.status, reason)


def retry_after(value: str | None, now: float) -> float | None:
    """Retry-After in seconds or as a date, capped (RFC 9110, section 10.2.3)."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_RETRY_AFTER)
    try:
        at = email.utils.parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(at - now, 0.0), LONGEST_RETRY_AFTER)


def delay(attempts: int, after: float | None) -> float:
    """Seconds until the next try, after `attempts` of them: exponential, with a fifth of jitter either way."""
    backoff: float = min(FIRST_DELAY * 2.0 ** min(attempts - 1, 20), LONGEST_DELAY)
    return max(backoff * _CHANCE.uniform(0.8, 1.2), after or 0.0)
