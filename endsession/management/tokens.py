"""Management tokens: whose a bearer token is, and what its owner may do (T31)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..protocol.errors import NotFound
from .refusals import Refusals
from .wrong_tokens import WrongTokens


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of a management token."""

    name: str
    issuers: frozenset[str]
    scopes: frozenset[str]


@dataclass(frozen=True)
class ManagementTokens:
    """The tokens of the settings, by the SHA-256 of each, and the issuers that there are."""

    callers: Mapping[str, Caller]
    issuers: Collection[str]
    wrong: WrongTokens
    refusals: Refusals

    def authenticate(self, token: str, address: str) -> Caller | None:
        """Whose token this is, sent from `address`; None when nobody's. Raises RateLimited.

        Tokens are compared by their digest, so no comparison tells anything about a token.
        """
        digest = hashlib.sha256(token.encode()).hexdigest()
        self.wrong.check(address, digest)
        caller = self.callers.get(digest)
        if caller is None:
            self.wrong.wrong(address)
        else:
            self.wrong.right(address, digest)
        return caller

    def allows(self, caller: Caller | None, scope: str, issuer_id: str | None) -> bool:
        """Whether the caller may use `scope`. An issuer out of its reach does not exist for it. Raises NotFound."""
        if caller is None or scope not in caller.scopes:
            return False
        if issuer_id not in self.issuers or not ({"*", issuer_id} & caller.issuers):
            raise NotFound("There is no such issuer.")
        return True

    def note_refusal(self, caller: Caller | None, reason: str, issuer_id: str | None, address: str) -> None:
        """Keep a trace of a refused token. A name of an issuer that there is not may be anything, and is left out."""
        known = issuer_id if issuer_id in self.issuers else ""
        self.refusals.note(known or "", reason, actor=caller.name if caller else "", address=address)
