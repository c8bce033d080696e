"""Reading an `id_token_hint`: from raw input to a `VerifiedHint`, or to a reason why not.

The order is cheap before dear: shape, kind, issuer, client and algorithm are settled before the one expensive step,
the signature; and nothing that a token says is believed before that step (R66 to R74).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from ..protocol.client import Client
from ..protocol.hint import Hint, RefusedHint, VerifiedHint
from . import claims
from .claims import Refused
from .compact import Malformed, RawJws, parse_jws, segments
from .encryption import DecryptedToken, RawJwe, Undecipherable, derived_key, fitting
from .keys import Key, KeySource, secret_key, verifies

FindClient = Callable[[str], Awaitable[Client | None]]


@dataclass(frozen=True, slots=True)
class IdTokenHints:
    """Reads the hints of one issuer. `issuer` is compared exactly with `iss`; `clock` gives seconds since 1970."""

    issuer: str
    keys: KeySource
    find_client: FindClient
    clock: Callable[[], float]
    decryption_keys: Sequence[Key] = ()

    async def read(self, raw: str, client_id: str | None, *, encrypted_needs_client: bool = False) -> Hint:
        """Verify `raw`.

        `client_id` is the request's own. It chooses among several audiences, and it names the secret that
        an encrypted token may be encrypted with; `encrypted_needs_client` refuses an encrypted token without it.
        Raises ServiceUnavailable when the issuer's keys cannot be had; a bad token is a value, never an exception.
        """
        encrypted = False
        try:
            parts = segments(raw)
            if len(parts) == 5:
                encrypted = True
                if encrypted_needs_client and client_id is None:
                    raise Refused("it is encrypted, and policy asks for client_id with an encrypted hint")
                parts = segments(await self._decrypt(RawJwe(parts), client_id))
                if len(parts) != 3:
                    raise Refused("what is encrypted in it is not a signed token")
            return await self._verify(parse_jws(parts), client_id)
        except Malformed as problem:
            # One answer for all encrypted hints: another one for what is malformed inside would say that a key fits.
            return RefusedHint("invalid" if encrypted else "malformed", str(problem))
        except (Refused, Undecipherable) as problem:
            return RefusedHint("invalid", str(problem))

    async def _decrypt(self, token: RawJwe, client_id: str | None) -> DecryptedToken:
        """What is inside (Core 1.0, sections 3.1.2.1 and 10.2): encrypted to this issuer, or with a client's secret."""
        if not token.symmetric:
            keys = fitting(self.decryption_keys, token.alg, token.kid)
            if not keys:
                raise Refused("it is encrypted to a key that this issuer does not have (decryption_keys)")
            return token.decrypt(keys)
        client = await self.find_client(client_id) if client_id else None
        if client is None or client.client_secret is None:
            raise Refused("it is encrypted with a client's secret, and the request names no client that has one")
        secret = client.client_secret.get_secret_value()
        return token.decrypt([derived_key(secret, token.alg, token.enc)])

    async def _verify(self, token: RawJws, client_id: str | None) -> VerifiedHint:
        alg, kid = claims.check_header(token.header)
        claims.check_kind(token.claims)
        claims.check_issuer(token.claims, self.issuer)
        client = await self.find_client(claims.client_of(token.claims, client_id))
        if client is None:
            raise Refused("it was issued to a client that is not registered here")
        if alg != client.id_token_signed_response_alg:
            raise Refused("its alg is not the client's id_token_signed_response_alg")
        iat, exp = claims.check_dates(token.claims, self.clock())
        await self._check_signature(token, alg, kid, client, iat)
        return VerifiedHint(
            client_id=client.client_id,
            sub=str(claims.name(token.claims, "sub", required=True)),
            sid=claims.name(token.claims, "sid", required=False),
            iat=iat,
            exp=exp,
            by_secret=alg.startswith("HS"),
        )

    async def _check_signature(self, token: RawJws, alg: str, kid: str | None, client: Client, iat: int) -> None:
        keys = await self.verification_keys(alg, kid, client, iat)
        if not keys:
            raise Refused(claims.NO_KEY)
        if not any(verifies(key, alg, token.signing_input, token.signature) for key in keys):
            raise Refused("its signature does not verify")

    async def verification_keys(self, alg: str, kid: str | None, client: Client, iat: int) -> list[Key]:
        """`iat` is not verified yet; a key that it is too new for is not tried, and any other signs it as well."""
        if not alg.startswith("HS"):
            return await self.keys.candidates(alg, kid, iat)
        if client.secret_has_expired(self.clock()):
            raise Refused("the secret of its client has expired (client_secret_expires_at)")
        secret = client.client_secret
        return [secret_key(secret.get_secret_value())] if secret else []
