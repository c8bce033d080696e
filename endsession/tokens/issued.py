"""Reading an ID token on its way from the provider to an app: to learn from it, not to be convinced by it.

More lenient than reading a hint: the app is not refused, so what some providers do wrongly (an empty `aud`, an
`auth_time` with a fraction) must not hide a session. A signature that can be checked has to be right.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..protocol.errors import ProviderUnavailable
from . import claims
from .claims import Refused
from .compact import Malformed, RawJws, parse_jws, segments
from .hint import IdTokenHints
from .keys import Key, verifies


@dataclass(frozen=True, slots=True)
class IssuedIdToken:
    """What an ID token says of a sign-in. Times are seconds since 1970."""

    client_id: str
    sub: str
    sid: str | None
    auth_time: float | None
    nonce: str | None


class Encrypted(Refused):
    """The ID token is encrypted to its app."""


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """Reads the ID tokens that an issuer issues; `hints` has its keys and its clients."""

    hints: IdTokenHints

    async def read(self, raw: str, client_id: str | None, *, from_provider: bool) -> IssuedIdToken:
        """Read an ID token; `client_id` is the app that it was issued to, where that is known.

        With `from_provider` it came from the provider's own token endpoint: where no key is at hand, the connection
        to the provider stands in for the signature (Core 1.0, section 3.1.3.7, rule 6). Raises Refused, and
        ServiceUnavailable when the keys are unavailable and needed.
        """
        try:
            parts = segments(raw)
            if len(parts) == 5:
                raise Encrypted("it is encrypted to its app")
            token = parse_jws(parts)
        except Malformed as problem:
            raise Refused(str(problem)) from None
        claims.check_issuer(token.claims, self.hints.issuer)
        named = self._client_of(token, client_id)
        await self._check_signature(token, named, from_provider=from_provider)
        nonce = token.claims.get("nonce")
        return IssuedIdToken(
            client_id=named,
            sub=str(claims.name(token.claims, "sub", required=True)),
            sid=claims.name(token.claims, "sid", required=False),
            auth_time=_time(token),
            nonce=nonce if isinstance(nonce, str) else None,
        )

    def _client_of(self, token: RawJws, client_id: str | None) -> str:
        if token.claims.get("aud") in (None, [], "") and client_id:
            return client_id
        return claims.client_of(token.claims, client_id)

    async def _check_signature(self, token: RawJws, client_id: str, *, from_provider: bool) -> None:
        alg, kid = token.header.get("alg"), token.header.get("kid")
        if alg == "none" and from_provider and not token.signature:
            return  # Core 1.0, section 2: allowed where the token comes from the token endpoint alone
        if not isinstance(alg, str) or not (kid is None or isinstance(kid, str)):
            raise Refused("its header has no alg, or a kid that is not a string")
        try:
            keys = await self._keys(alg, kid, client_id, claims.date(token.claims, "iat"))
        except ProviderUnavailable:
            if not from_provider:
                raise
            keys = []
        if not keys and from_provider:
            return
        if not keys:
            raise Refused(claims.NO_KEY)
        if not any(verifies(key, alg, token.signing_input, token.signature) for key in keys):
            raise Refused("its signature does not verify")

    async def _keys(self, alg: str, kid: str | None, client_id: str, iat: int) -> list[Key]:
        """Raises ProviderUnavailable, and ServiceUnavailable where the storage is."""
        client = await self.hints.find_client(client_id)
        if client is not None:
            return await self.hints.verification_keys(alg, kid, client, iat)
        return [] if alg.startswith("HS") else await self.hints.keys.candidates(alg, kid, iat)


def _time(token: RawJws) -> float | None:
    """`auth_time`, whole or with a fraction; None where it is missing or no time."""
    value = token.claims.get("auth_time")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
