"""Storage that an operator has to put right: what is wrong with it, and how to fix it."""

from __future__ import annotations

from ..protocol.errors import ServiceUnavailable


class UnusableStorage(ServiceUnavailable):
    """Storage cannot be used as it is. `detail` says why, `fix` what to do about it; neither holds a password.

    `certain` is whether it would be the same from any machine: a server that cannot be reached from here may be
    reachable from where the gateway runs.
    """

    def __init__(self, detail: str = "", fix: str = "", *, certain: bool = True) -> None:
        super().__init__(detail=detail)
        self.fix, self.certain = fix, certain
