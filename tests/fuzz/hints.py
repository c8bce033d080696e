"""Fuzzes `id_token_hint` with atheris, guided by the coverage of the tokens room.

    python -m tests.fuzz.hints SECONDS

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
from tests.kit.tokens import jwks

from .seeds import SECRET, part, seeds
from .watch import MEMORY, SLOWEST, peak_memory

CLIENTS = {
    "web": Client(client_id="web", client_secret=SecretStr(SECRET)),
    "hmac": Client(client_id="hmac", client_secret=SecretStr(SECRET), id_token_signed_response_alg="HS256"),
}


async def find_client(client_id: str) -> Client | None:
    """A client by its name."""
    return CLIENTS.get(client_id)


class Fuzzer:
    """Feeds inputs to a reader of hints, and keeps what the slowest took."""

    def __init__(self, seconds: int) -> None:
        self._began, self._seconds = time.monotonic(), seconds
        ring = KeyRing(time.time)
        ring.replace(KeySet.load(jwks("RS256", "ES256")))
        decryption = [Key.load(private_key(kind).as_dict(private=True)) for kind in ("RSA", "P-256")]
        self.reader = IdTokenHints("https://login.example/acme", InlineKeys(ring), find_client, time.time, decryption)
        self.loop = asyncio.new_event_loop()
        self.runs, self.slowest = 0, 0.0

    def read(self, hint: str) -> None:
        """Hold one input to the rules. An input is timed again before it is called slow: machines stumble."""
        took = self._timed(hint)
        if took > SLOWEST:
            took = min(self._timed(hint) for _ in range(5))
        self.slowest = max(self.slowest, took)
        assert took <= SLOWEST, f"{took * 1000:.0f} ms"

    def _timed(self, hint: str) -> float:
        began = time.perf_counter()
        result = self.loop.run_until_complete(self.reader.read(hint, "web"))
        took = time.perf_counter() - began
        assert isinstance(result, VerifiedHint | RefusedHint), result
        return took

    def _report(self) -> None:
        """The figures of the run. libFuzzer knows no other way to end than to leave the process."""
        peak = peak_memory()
        took = time.monotonic() - self._began
        print(
            f"{self.runs} hints in {took:.0f} s; the slowest took {self.slowest * 1000:.1f} ms; "
            f"peak memory {peak // 2**20} MiB",
            flush=True,
        )
        os._exit(0 if peak <= MEMORY else 1)

    def one_input(self, octets: bytes) -> None:
        """Called by atheris."""
        self.runs += 1
        if time.monotonic() - self._began > self._seconds:
            self._report()
        kind, rest = octets[:1], octets[1:]
        if kind < b"\x80":
            self.read(rest.decode("utf-8", "replace"))
            return
        header, _, claims = rest.partition(b"\x00")
        segments = [part(header), part(claims), "c2lnbmF0dXJl"]
        if kind >= b"\xc0":
            segments += ["AAAA", "AAAA"]
        self.read(".".join(segments))


def main(seconds: int) -> None:
    """Fuzz for that long."""
    logging.disable(logging.CRITICAL)
    fuzzer = Fuzzer(seconds)
    with TemporaryDirectory() as folder:
        for name, hint in seeds().items():
            (Path(folder) / name).write_bytes(b"\x00" + hint.encode())
            fuzzer.read(hint)
        options = ["-max_len=33000", "-rss_limit_mb=1024", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *options, folder], fuzzer.one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
