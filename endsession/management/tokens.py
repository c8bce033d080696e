"""Management tokens: whose a bearer token is, and what its owner may do (T31)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..protocol.errors import InsufficientScope, NotFound, Unauthenticated
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

    def authenticate(self, token: str, address: str, issuer_id: str | None) -> Caller:
        """Whose token this is, sent from `address`. Raises Unauthenticated, or RateLimited after too many wrong ones.

        Tokens are compared by their digest, so no comparison tells anything about a token.
        """
        digest = hashlib.sha256(token.encode()).hexdigest()
        self.wrong.check(address, digest)
        caller = self.callers.get(digest)
        if caller is None:
            self.wrong.wrong(address)
            self._note("unknown token", None, issuer_id, address)
            raise Unauthenticated(detail="unknown bearer token")
        self.wrong.right(address, digest)
        return caller

    def authorize(self, caller: Caller | None, scope: str, issuer_id: str | None, address: str) -> None:
        """Raises InsufficientScope, or NotFound for an issuer out of the caller's reach; either leaves a trace."""
        if not self.has_scope(caller, scope):
            self._note(f"it lacks the scope {scope}", caller, issuer_id, address)
            raise InsufficientScope(detail=f"the token lacks the scope {scope}")
        if caller is None or issuer_id not in self.issuers or not ({"*", issuer_id} & caller.issuers):
            self._note("the issuer is out of its reach", caller, issuer_id, address)
            raise NotFound("There is no such issuer.")

    def has_scope(self, caller: Caller | None, scope: str) -> bool:
        """Whether the caller may use `scope` at its issuers."""
        return caller is not None and scope in caller.scopes

    def _note(self, reason: str, caller: Caller | None, issuer_id: str | None, address: str) -> None:
        """Keep a trace. A name of an issuer that there is not may be anything, and is left out."""
        known = issuer_id if issuer_id in self.issuers else ""
        self.refusals.note(known or "", reason, actor=caller.name if caller else "", address=address)
