"""Which of a provider's tokens are ID tokens: all of its ID tokens, and no other (T12).

`providers.json` has the claims of each kind of token, from the providers' documentation, with values made up, and
`client` as the client of the ID token. A token for an API is refused for its audience alone, so each is here as if the
client were its audience, as it is where an app calls itself: what is left is the mark that says which kind it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from endsession.protocol.client import Client

from .reading import reader, reason, signed

TOKENS = json.loads((Path(__file__).parent / "providers.json").read_text())
ID_TOKENS: dict[str, dict[str, Any]] = TOKENS["ID tokens"]
OTHER_TOKENS: dict[str, dict[str, Any]] = TOKENS["other tokens"]
CLIENT = Client(client_id="client")


async def made_of(claims: dict[str, Any], header: dict[str, Any]) -> str:
    """What is made of a token with these claims in addition to those that every token has."""
    said = {"aud": "client", "sid": None, "nonce": None, "auth_time": None, **claims}
    return reason(await reader(None, CLIENT).read(signed(header=header, **said), None))


@pytest.mark.parametrize("typ", [None, "JWT"])
@pytest.mark.parametrize("provider", ID_TOKENS)
async def test_an_id_token_is_accepted(provider: str, typ: str | None) -> None:
    """With the claims that its provider puts into it: a mark must not be one that an ID token can have."""
    assert await made_of(ID_TOKENS[provider], {"typ": typ}) == "verified"


@pytest.mark.parametrize("typ", [None, "JWT"])
@pytest.mark.parametrize("token", OTHER_TOKENS)
async def test_another_token_is_refused(token: str, typ: str | None) -> None:
    """By its marks alone: the header does not say what it is, and the client is the audience."""
    told = await made_of(OTHER_TOKENS[token], {"typ": typ})
    assert told.startswith(("invalid: its claim", "invalid: it has", "invalid: it is a logout token")), told


@pytest.mark.parametrize("mark", ["scope", "scp", "cnf", "token_introspection", "authorization_details", "events"])
async def test_a_mark_counts_whatever_its_value(mark: str) -> None:
    """Empty, null or nonsense: an ID token does not have it."""
    for value in ("", [], {}, 0, False, "openid", ["openid", "openid"], {"openid": 1}):
        assert (await made_of({mark: value}, {})).startswith("invalid: it"), value


@pytest.mark.parametrize("scope", ["openid", ["openid", "profile"], [], ["profile"], ["openid", "openid"]])
async def test_one_scope_alone_is_an_id_tokens(scope: object) -> None:
    """UAA's ID tokens have `["openid"]`, always and exactly that."""
    assert await made_of({"scope": ["openid"]}, {}) == "verified"
    assert await made_of({"scope": scope}, {}) == "invalid: it has scope, which marks another kind of token"
