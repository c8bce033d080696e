"""Fuzzes `id_token_hint` with atheris, guided by the coverage of the tokens room, from the hints of the catalogue on.

    python -m tests.fuzzing.coverage_guided SECONDS

What must hold for every input: a value and never an exception, within 50 ms, and with bounded memory. One half of the
inputs is taken as it is, the other as the header and claims of a token that is put together around them, since few
mutations of base64 decode to anything. Ends with an error, and the input, when one breaks a rule.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["endsession.tokens"]):
    from endsession.tokens.hint import IdTokenHints
    from endsession.tokens.keyring import KeyRing
    from endsession.tokens.keys import Key, KeySet
    from endsession.tokens.sources import InlineKeys

from pydantic import SecretStr

from endsession.protocol.client import Client
from endsession.protocol.hint import RefusedHint, VerifiedHint
from tests.kit.encrypted import private_key
from tests.kit.tokens import SECRET, jwks

from . import properties
from .hints import every_hint, segment


async def find_client(client_id: str) -> Client | None:
    """The client web has a secret, so that encrypted hints are decrypted with it; hmac has hints signed with it."""
    algorithms = {"web": "RS256", "other": "ES256", "hmac": "HS256"}
    if client_id not in algorithms:
        return None
    alg = algorithms[client_id]
    return Client(client_id=client_id, client_secret=SecretStr(SECRET), id_token_signed_response_alg=alg)  # type: ignore[arg-type]


class Fuzzer:
    """Feeds inputs to a reader of hints."""

    def __init__(self, seconds: int) -> None:
        self._began, self._seconds, self._runs = time.monotonic(), seconds, 0
        ring = KeyRing(time.time)
        ring.replace(KeySet.load(jwks("RS256", "ES256")))
        decryption = [Key.load(private_key(kind).as_dict(private=True)) for kind in ("RSA", "P-256")]
        self._reader = IdTokenHints("https://login.example/acme", InlineKeys(ring), find_client, time.time, decryption)
        self._loop = asyncio.new_event_loop()

    def read(self, hint: str) -> None:
        """Hold one input to the rules."""
        result = self._loop.run_until_complete(properties.timed_read(self._reader, hint, "web"))
        assert isinstance(result, VerifiedHint | RefusedHint), result

    def one_input(self, octets: bytes) -> None:
        """Called by atheris."""
        self._runs += 1
        if time.monotonic() - self._began > self._seconds:
            self._report()
        kind, rest = octets[:1], octets[1:]
        if kind < b"\x80":
            self.read(rest.decode("utf-8", "replace"))
            return
        header, _, claims = rest.partition(b"\x00")
        encrypted = ["AAAA", "AAAA"] if kind >= b"\xc0" else []
        self.read(".".join([segment(header), segment(claims), segment(b"signature"), *encrypted]))

    def _report(self) -> None:
        """The figures of the run. libFuzzer knows no other way to end than to leave the process."""
        peak, took = properties.peak_memory(), time.monotonic() - self._began
        print(
            f"{self._runs} hints in {took:.0f} s; the slowest took {properties.slowest * 1000:.1f} ms; "
            f"peak memory {peak // 2**20} MiB",
            flush=True,
        )
        os._exit(0 if peak <= properties.MEMORY else 1)


def main(seconds: int) -> None:
    """Fuzz for that long."""
    logging.disable(logging.CRITICAL)
    fuzzer = Fuzzer(seconds)
    with TemporaryDirectory() as folder:
        for number, hint in enumerate((*every_hint().values(), "", "." * 1000, "{}")):
            (Path(folder) / str(number)).write_bytes(b"\x00" + hint.encode())
            fuzzer.read(hint)
        options = ["-max_len=33000", "-rss_limit_mb=1024", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *options, folder], fuzzer.one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
