"""What the claims of a hint must say: whose it is, for whom, that it is an ID token, and since when (T10, T11, T12)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from endsession.protocol.client import Client
from endsession.protocol.decide import CLOCK_SKEW
from endsession.protocol.hint import VerifiedHint
from endsession.tokens.logout_token import EVENT
from tests.kit.tokens import id_claims, sign

from .reading import ISSUER, key_for, reader, reason, signed

WEB = Client(client_id="web")
APP = Client(client_id="app")


async def why(client_id: str | None = None, **claims: Any) -> str:
    """What is made of a signed token with these claims, sent with this `client_id`."""
    return reason(await reader(None, WEB, APP).read(signed(**{"aud": "web", **claims}), client_id))


# The issuer


@pytest.mark.parametrize(
    "iss",
    [
        "https://login.example/globex",
        ISSUER + "/",
        ISSUER.upper(),
        ISSUER.replace("https", "http"),
        ISSUER.replace("login.example", "login.example:443"),
        ISSUER + "\x00",
        " " + ISSUER,
        "https://login.example/acm%65",
        "",
        None,
        [ISSUER],
        {"iss": ISSUER},
        True,
    ],
    ids=str,
)
async def test_another_issuer_with_the_same_keys(iss: object) -> None:
    """Only `iss` stands between tenants that share keys, so it is compared character by character (T11, R3)."""
    assert (await why(iss=iss)).startswith("invalid: its iss is not this issuer")


# The kind of token


@pytest.mark.parametrize(
    "claims",
    [
        {"events": {EVENT: {}}},
        {"events": {}},
        {"events": {"https://schemas.openid.net/secevent/caep/event-type/session-revoked": {}}},
        {"events": []},
        {"typ": "Bearer"},
        {"typ": "Logout"},
        {"typ": "Refresh"},
        {"typ": "at+jwt"},
        {"typ": ["ID"]},
        {"typ": 1},
        {"token_use": "access"},
        {"token_use": "refresh"},
        {"token_use": ["id"]},
        {"token_use": ""},
    ],
    ids=str,
)
async def test_other_kinds_of_token(claims: dict[str, Any]) -> None:
    """Signed by the right key, for the right client, and no ID token by its own word (T12, R68)."""
    assert (await why(**claims)).startswith("invalid: it")


async def test_an_events_claim_of_null_is_one() -> None:
    """Its presence says what the token is, not its value."""
    claims = json.dumps(id_claims(aud="web") | {"events": None}).encode()
    hint = await reader(None, WEB).read(sign(claims, key=key_for("RS256")), None)
    assert reason(hint) == "invalid: it is a logout token or another security event"


@pytest.mark.parametrize(
    "claims", [{"typ": "ID"}, {"typ": "JWT"}, {"token_use": "id"}, {"purpose": "id"}, {"purpose": 1}], ids=str
)
async def test_id_tokens_that_say_so(claims: dict[str, Any]) -> None:
    """Keycloak, Cognito and Curity mark theirs."""
    assert await why(**claims) == "verified"


async def test_an_access_token_for_an_api_is_no_hint() -> None:
    """It carries the client as `azp` only: nobody may use it as an ID token (Core 1.0, section 3.1.3.7)."""
    assert await why(aud="https://api.example/", azp="web") == "invalid: its azp is not in its aud"
    assert await why(aud=["https://api.example/", "app"], azp="web") == "invalid: its azp is not in its aud"


# The client


@pytest.mark.parametrize(
    ("aud", "azp", "asked", "client"),
    [
        ("web", None, None, "web"),
        ("web", None, "app", "web"),
        (["web"], None, None, "web"),
        (["web", "app"], "web", None, "web"),
        (["web", "app"], "app", None, "app"),
        (["web", "app"], "app", "web", "app"),
        (["web", "https://api.example/"], "web", None, "web"),
        (["web", "app"], None, "web", "web"),
        (["web", "app"], None, "app", "app"),
        ("web", "web", None, "web"),
    ],
)
async def test_the_client_of_a_token(aud: object, azp: str | None, asked: str | None, client: str) -> None:
    """`azp`, else the one audience, else the audience that the request names (T2, R6)."""
    hint = await reader(None, WEB, APP).read(signed(aud=aud, azp=azp), asked)
    assert isinstance(hint, VerifiedHint)
    assert hint.client_id == client


@pytest.mark.parametrize("asked", [None, ""])
async def test_several_audiences_need_a_choice(asked: str | None) -> None:
    """Guessing would let one client be logged out by another's token."""
    assert (await why(asked, aud=["web", "app"])).startswith("invalid: it has several audiences")


@pytest.mark.parametrize("aud", ["web", ["web", "app"]])
@pytest.mark.parametrize("asked", ["other", "nobody"])
async def test_a_client_that_is_no_audience_is_not_the_hints(aud: object, asked: str) -> None:
    """Of several audiences as of one: the hint is another client's, which refuses the request."""
    hint = await reader(None, WEB, APP).read(signed(aud=aud), asked)
    assert isinstance(hint, VerifiedHint)
    assert hint.client_id == "web"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": None},
        {"aud": ""},
        {"aud": []},
        {"aud": 1},
        {"aud": True},
        {"aud": {"web": 1}},
        {"aud": ["web", 1]},
        {"aud": [["web"]]},
        {"aud": ["web", None]},
        {"azp": ""},
        {"azp": 1},
        {"azp": ["web"]},
        {"azp": {"web": 1}},
        {"azp": False},
        {"aud": "nobody"},
        {"aud": "Web"},
        {"aud": "web\x00"},
        {"aud": ["web", "app\x00"]},
        {"aud": ["web", "nobody"], "azp": "nobody"},
    ],
    ids=str,
)
async def test_no_client_no_hint(claims: dict[str, Any]) -> None:
    """Malformed audiences, and clients that are not registered here."""
    assert (await why(**claims)).startswith("invalid: it")


# The user and the session


@pytest.mark.parametrize("value", ["", 1, True, [], ["alice"], {"sub": "alice"}, "x" * 256, "a\x00", "a\n", "\x7f"])
@pytest.mark.parametrize("member", ["sub", "sid"])
async def test_names_are_short_text(member: str, value: Any) -> None:
    """1 to 255 characters (Core 1.0, section 2), and no controls, which no log and no database should meet (T15)."""
    assert (await why(**{member: value})).startswith(f"invalid: its {member} is not")


@pytest.mark.parametrize("member", ["sub", "sid"])
async def test_names_may_be_any_other_text(member: str) -> None:
    """As long as that, and in any language."""
    for value in ("x" * 255, "Zoë Müller", "\U0001f600", "a/b?c#d"):
        assert await why(**{member: value}) == "verified"


async def test_a_user_is_needed_and_a_session_is_not() -> None:
    """`sub` is required (Core 1.0, section 2), `sid` is not."""
    assert await why(sub=None) == "invalid: its sub is not a name of 1 to 255 characters"
    hint = await reader(None, WEB).read(signed(aud="web", sid=None), None)
    assert isinstance(hint, VerifiedHint)
    assert hint.sid is None


# Dates

DATES: list[object] = [
    None, "", "1700000000", True, False, [], {}, [1_700_000_000], -1, -0.5, 253_402_300_800, 10**18, 10**400, 1e300,
]  # fmt: skip


@pytest.mark.parametrize("value", DATES, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("member", ["iat", "exp"])
async def test_dates_are_numbers_within_reason(member: str, value: Any) -> None:
    """Numbers of seconds from 1970 to 9999; no booleans, no text, nothing that overflows (T10, R74)."""
    assert await why(**{member: value}) == f"invalid: its {member} is not a NumericDate"


@pytest.mark.parametrize("value", DATES[1:], ids=lambda value: repr(value)[:20])
async def test_so_is_nbf(value: object) -> None:
    """Where there is one."""
    assert await why(nbf=value) == "invalid: its nbf is not a NumericDate"


@pytest.mark.parametrize("member", ["iat", "exp", "nbf"])
@pytest.mark.parametrize("number", ["1e400", "-1e400", "1E+999999", "null"])
async def test_numbers_that_only_json_can_write(member: str, number: str) -> None:
    """An exponent that is infinity to Python."""
    claims = json.dumps(id_claims(aud="web") | {member: "HERE"}).replace('"HERE"', number)
    hint = await reader(None, WEB).read(sign(claims.encode(), key=key_for("RS256")), None)
    assert reason(hint) == f"invalid: its {member} is not a NumericDate"


async def test_the_last_second_of_the_year_9999_is_a_date() -> None:
    """Some providers issue tokens that never expire."""
    assert await why(exp=253_402_300_799) == "verified"


async def test_fractions_of_a_second_are_fine() -> None:
    """A NumericDate may have them (RFC 7519, section 2)."""
    assert await why(iat=time.time() - 1.5, exp=time.time() + 9.9, nbf=0.0) == "verified"


@pytest.mark.parametrize("member", ["iat", "nbf"])
async def test_the_future_is_not_yet(member: str) -> None:
    """But for the skew of clocks."""
    now = 1_800_000_000
    hints = reader(None, WEB, clock=lambda: now)
    future = f"invalid: its {member} lies in the future"
    for seconds, expected in (
        (CLOCK_SKEW, "verified"),
        (CLOCK_SKEW + 1, f"{future}, by {CLOCK_SKEW + 1:.0f} s: set the clock of the provider, or of this machine"),
        (100_000, future),
    ):
        claims: dict[str, Any] = {"aud": "web", "iat": now, "exp": now + 600, member: now + seconds}
        assert reason(await hints.read(signed(**claims), None)) == expected


async def test_a_past_exp_is_for_policy_to_judge() -> None:
    """An expired hint is a hint (R4)."""
    hint = await reader(None, WEB).read(signed(aud="web", iat=1_500_000_000, exp=1_500_000_001), None)
    assert isinstance(hint, VerifiedHint)
    assert (hint.iat, hint.exp) == (1_500_000_000, 1_500_000_001)
