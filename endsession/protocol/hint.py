"""What became of an `id_token_hint`: absent, refused with a reason, or verified.

The raw token is not a value of this room. Only the tokens room makes a `VerifiedHint`, and only a `VerifiedHint` is
believed by `decide`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class NoHint:
    """The request carried no hint."""


@dataclass(frozen=True, slots=True)
class RefusedHint:
    """A hint that does not verify.

    `kind` is "malformed" for what is no JWT at all (400) and "invalid" for the rest (401); `reason` is for the log and
    for `explain`, says which check failed, and holds no part of the token.
    """

    kind: Literal["malformed", "invalid"]
    reason: str


@dataclass(frozen=True, slots=True)
class VerifiedHint:
    """The claims of an ID token of this issuer for `client_id` (OpenID Connect Core 1.0, section 2).

    Age and expiry are not judged here: whether an old hint is good depends on its session, so `decide` does it.
    `iat` and `exp` are seconds since 1970. `by_secret` says that it is signed with the client's own secret (HS256 and
    its kin): anyone who knows that secret can have made it, and not the issuer alone.
    """

    client_id: str
    sub: str
    sid: str | None
    iat: int
    exp: int
    by_secret: bool = False


Hint = NoHint | RefusedHint | VerifiedHint
