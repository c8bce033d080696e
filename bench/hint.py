"""What verifying an RS256 hint costs, all checks included, against the bare signature check of `cryptography`.

python -m bench.hint
"""

from __future__ import annotations

import asyncio
import time
from base64 import urlsafe_b64decode

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from endsession.protocol.client import Client
from endsession.protocol.hint import VerifiedHint
from endsession.tokens.hint import IdTokenHints
from endsession.tokens.keyring import KeyRing
from endsession.tokens.keys import Key, KeySet
from endsession.tokens.signing import new_key, sign
from endsession.tokens.sources import InlineKeys

from .figures import microseconds, row

ISSUER = "https://login.example/acme"


def token(key: Key) -> str:
    """An ordinary ID token."""
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "alice", "aud": "web", "sid": "s1", "iat": now, "exp": now + 3600, "nonce": "n"}
    return sign({}, claims, key, "RS256")


async def measure() -> list[str]:
    """The figures, as rows of a table."""
    key = Key.load(new_key("RS256"))
    hint = token(key)
    client = Client(client_id="web")

    async def find_client(client_id: str) -> Client | None:
        return client

    ring = KeyRing(time.time)
    ring.replace(KeySet([key]))
    hints = IdTokenHints(ISSUER, InlineKeys(ring), find_client, time.time)
    assert isinstance(await hints.read(hint, None), VerifiedHint)
    signing_input, _, signature = hint.rpartition(".")
    raw, message = urlsafe_b64decode(signature + "=="), signing_input.encode()
    public, pad, digest = key.jwk.get_op_key("verify"), padding.PKCS1v15(), SHA256()

    async def bare() -> None:
        public.verify(raw, message, pad, digest)

    async def ours() -> None:
        await hints.read(hint, None)

    least, all_checks = await microseconds(bare, 3000), await microseconds(ours, 3000)
    return [
        row("bare RS256 verification", least, "us"),
        row("reading a hint, all checks", all_checks, "us", f"{all_checks / least:.2f} times; goal: 3"),
    ]


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
