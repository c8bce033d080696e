"""What the header and the claims of a token must say for it to be an ID token of this issuer.

Kinds of token are kept apart by rules that exclude each other (RFC 8725, sections 3.11 and 3.12): an access token, a
logout token or another security event is never taken for a hint, no matter who signed it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..protocol.decide import CLOCK_SKEW

_MAX_DATE = 253_402_300_799
"""The last second of the year 9999: a NumericDate beyond it is nonsense, not a date."""
_MAX_NAME = 255
"""OpenID Connect Core 1.0, section 2: `sub` has at most 255 characters; the same bound serves `sid`."""
_DAY = 86_400
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""Characters of no name: logs and databases should not meet them (T15)."""


NO_KEY = "no key of this issuer fits its kid and alg: jwks_uri, jwks_file or jwks has to be that of its signer"


class Refused(ValueError):
    """A check failed. The message names the check for the log and for `explain` and repeats nothing of the token."""


def check_header(header: Mapping[str, Any], *, inner: bool = False) -> tuple[str, str | None]:
    """Return `alg` and `kid`. Keys inside the header are data, never a source (R70)."""
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(alg, str):
        raise Refused("its header has no alg")
    if kid is not None and not isinstance(kid, str):
        raise Refused("its kid is not a string")
    if "crit" in header or "b64" in header:
        raise Refused("its header asks for an extension (crit, b64) that ID tokens do not use")
    if "zip" in header:
        raise Refused("compressed tokens are not accepted")
    if typ is not None and (not isinstance(typ, str) or typ.upper() != "JWT"):
        raise Refused("its typ is not that of an ID token")
    return alg, kid


def check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    """`iss` is compared character by character (T11); the commonest slip is named."""
    iss = claims.get("iss")
    if iss == issuer:
        return
    if isinstance(iss, str) and iss.rstrip("/") == issuer.rstrip("/"):
        where = "has a slash at its end" if iss.endswith("/") else "has no slash at its end"
        raise Refused(f"its iss is not this issuer: it {where}, as issuers.ID.issuer has to be written as well")
    raise Refused("its iss is not this issuer")


_KINDS: Mapping[str, tuple[str, ...]] = {
    "typ": ("ID", "JWT"),
    "token_use": ("id",),
    "tokenName": ("id_token",),
}
"""Claims by which some providers name the kind of a token, with what ID tokens have (tests/tokens/providers.json)."""
_MARKS = ("scope", "scp", "cnf", "token_introspection", "authorization_details", "azpacr", "appidacr")
"""Claims of access tokens and introspection responses (RFC 9068, 7800, 9701, 9396) that no ID token has.

Others are in both, and say nothing: `client_id`, `azp`, `sid`, `at_hash`, `nonce`, `jti`, `roles`.
"""


def check_kind(claims: Mapping[str, Any]) -> None:
    """Refuse tokens that say themselves that they are something other than an ID token."""
    if "events" in claims:
        raise Refused("it is a logout token or another security event")
    for name, expected in _KINDS.items():
        if name in claims and claims[name] not in expected:
            raise Refused(f"its claim {name} is not that of an ID token")
    if claims.get("purpose") in ("access_token", "refresh_token"):  # elsewhere the word can mean anything
        raise Refused("its claim purpose is that of another kind of token")
    for mark in _MARKS:
        # One provider's ID tokens have a scope as well, which is always this one.
        if mark in claims and not (mark == "scope" and claims[mark] == ["openid"]):
            raise Refused(f"it has {mark}, which marks another kind of token")


def client_of(claims: Mapping[str, Any], asked: str | None) -> str:
    """The client that the token was issued to: `azp`, else the one audience, else the one that the request names.

    `azp` has to be an audience as well (OpenID Connect Core 1.0, section 3.1.3.7): an access token names the client as
    `azp` and an API as `aud`, and is no hint (T12).
    """
    azp, aud = claims.get("azp"), claims.get("aud")
    audience = [aud] if isinstance(aud, str) else aud
    if not isinstance(audience, list) or not audience or not all(_is_name(member) for member in audience):
        raise Refused("its aud is neither a name nor a list of names")
    if azp is not None:
        if azp not in audience:
            raise Refused("its azp is not in its aud")
        return str(azp)
    if len(audience) == 1:
        return str(audience[0])
    if asked:
        # With a client_id that is none of them, the first stands for all: the request is then refused as for one.
        return asked if asked in audience else str(audience[0])
    raise Refused("it has several audiences, no azp, and the request names none of them by client_id")


def name(claims: Mapping[str, Any], member: str, *, required: bool) -> str | None:
    """A `sub` or `sid`: a string of 1 to 255 characters, none of them a control."""
    value = claims.get(member)
    if value is None and not required:
        return None
    if not _is_name(value) or len(str(value)) > _MAX_NAME:
        raise Refused(f"its {member} is not a name of 1 to {_MAX_NAME} characters")
    return str(value)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != "" and not _CONTROL.search(value)


def check_dates(claims: Mapping[str, Any], now: float) -> tuple[int, int]:
    """Return `iat` and `exp`. A past `exp` is for policy to judge; a future `iat` or `nbf` is never right."""
    iat, exp = date(claims, "iat"), date(claims, "exp")
    _check_passed("iat", iat, now)
    if "nbf" in claims:
        _check_passed("nbf", date(claims, "nbf"), now)
    return iat, exp


def _check_passed(member: str, at: int, now: float) -> None:
    """Within a day, clocks that differ are likelier than a strange token."""
    ahead = at - now
    if ahead > _DAY:
        raise Refused(f"its {member} lies in the future")
    if ahead > CLOCK_SKEW:
        why = f"by {ahead:.0f} s: set the clock of the provider, or of this machine"
        raise Refused(f"its {member} lies in the future, {why}")


def date(claims: Mapping[str, Any], member: str) -> int:
    """A NumericDate in whole seconds (RFC 7519, section 2). Booleans are no numbers here."""
    value = claims.get(member)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_DATE:
        raise Refused(f"its {member} is not a NumericDate")
    return int(value)
