"""The catalogue of hints (`tests/fuzzing/hints.py`): each is what it says, and each check of the reader has one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from endsession import tokens
from endsession.protocol.client import Client
from endsession.protocol.hint import Hint, RefusedHint, VerifiedHint
from endsession.tokens.keys import Key
from tests.fuzzing.hints import HINTS
from tests.kit.encrypted import private_key
from tests.kit.tokens import id_claims, jwks

from .reading import reader

CLIENTS = (
    Client(client_id="web"),
    Client(client_id="other", id_token_signed_response_alg="ES256"),
    Client(client_id="gone"),
)
READER = reader(jwks("RS256", "ES256"), *CLIENTS, decryption=[Key.load(private_key("RSA").as_dict(private=True))])
OF_POLICY = "it is encrypted, and policy asks for client_id with an encrypted hint"
"""Not a hint's own reason: `test_encrypted_hints.py` has it."""
OF_THE_CLIENT = "the secret of its client has expired (client_secret_expires_at)"
"""Nor is this: `test_algorithms.py` has it."""


async def read(name: str, client_id: str | None = None) -> Hint:
    """What is made of a hint of the catalogue."""
    return await READER.read(HINTS[name].make(id_claims()), client_id)


@pytest.mark.parametrize("name", [name for name in HINTS if not HINTS[name].refused])
async def test_a_good_hint_verifies(name: str) -> None:
    """What it is worth is for policy to say."""
    assert isinstance(await read(name), VerifiedHint)


@pytest.mark.parametrize("name", [name for name in HINTS if HINTS[name].refused])
@pytest.mark.parametrize("client_id", [None, "web"])
async def test_a_bad_hint_is_refused_by_the_check_that_it_is_made_for(name: str, client_id: str | None) -> None:
    """With the reason that the catalogue gives, also where the request names the client."""
    hint = await read(name, client_id)
    assert isinstance(hint, RefusedHint)
    of_one = client_id is not None and name == "for several clients"  # the first of them then stands for all
    assert (HINTS["for an unknown client"] if of_one else HINTS[name]).refused in hint.reason
    assert hint.kind == ("malformed" if HINTS[name].malformed else "invalid")


async def test_every_check_has_a_hint() -> None:
    """Whatever the reader can say of a hint, some hint of the catalogue makes it say."""
    refusals = [hint for name in HINTS if isinstance(hint := await read(name), RefusedHint)]
    given = {hint.reason for hint in refusals} | {OF_POLICY, OF_THE_CLIENT}
    assert {pattern for pattern in reasons() if not any(re.fullmatch(pattern, reason) for reason in given)} == set()


def reasons() -> Iterator[str]:
    """A pattern for each reason that stands in the reader's source."""
    for module in ("compact", "claims", "encryption", "hint"):
        source = (Path(tokens.__file__).parent / f"{module}.py").read_text()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "Malformed",
                "Refused",
                "Undecipherable",
            ):
                text = node.args[0]
                parts = text.values if isinstance(text, ast.JoinedStr) else [text]
                yield "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts)
