"""Wrong management tokens: guessing is made slow (T31). `refusals.py` tells the operator who guesses.

Each process counts for itself. Over the limit an address is refused before its token is looked at, or guessing would go
on as before; but for a token that was right from there, so that nobody behind the same address can lock its owner out.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from limits import parse

from ..limiter import OwnCounter, network_of
from ..protocol.errors import RateLimited

REMEMBERED = 1000
"""Pairs of an address and a token that was right from there."""


class WrongTokens:
    """Counts wrong tokens by address. A token is its SHA-256 here."""

    def __init__(self, rate: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`rate` is as in `10/minute`, or empty for no limit. `clock` gives seconds since any moment."""
        self._rate, self._clock = parse(rate) if rate else None, clock
        self._counter = OwnCounter()
        self._right: OrderedDict[tuple[str, str], None] = OrderedDict()

    def check(self, address: str, token: str) -> None:
        """Raises RateLimited where too many wrong tokens came from, unless this one was right before."""
        if self._rate is None or (network_of(address), token) in self._right:
            return
        if wait := self._counter.wait(self._rate, ("wrong token", network_of(address)), self._clock()):
            raise RateLimited(int(wait) + 1, detail="too many wrong bearer tokens")

    def right(self, address: str, token: str) -> None:
        """A token was right."""
        pair = (network_of(address), token)
        self._right[pair] = None
        self._right.move_to_end(pair)
        if len(self._right) > REMEMBERED:
            self._right.popitem(last=False)

    def wrong(self, address: str) -> None:
        """A token was nobody's."""
        if self._rate is not None:
            self._counter.count(self._rate, ("wrong token", network_of(address)), self._clock())
