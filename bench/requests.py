"""The CPU of each kind of request that anybody can send, within the limits and over them, at a server as it is shipped.

    python -m bench.requests [COUNT]

The server is a process with its log and its limits on, behind a proxy that it trusts: a request within the limits comes
from an address of its own, one over them from an address that has used up its allowance. What is counted is the CPU of
the server's process, with all of its threads, as the kernel has it.
"""

from __future__ import annotations

import json
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from endsession.tokens.keys import Key
from endsession.tokens.signing import new_key, sign

from .hint import ISSUER
from .logouts import running, write_settings

FORM = "application/x-www-form-urlencoded"
USED_UP = "203.0.113.1"
LIMIT_MS, LIMITED_MS = 10.0, 3.0
"""Milliseconds that a request may cost, and one over a limit. Decryption with an RSA key of 4096 bits may cost more."""


@dataclass(frozen=True)
class Kind:
    """A kind of request. `make` is called for each; `limited` says that a limit holds for it."""

    name: str
    make: Callable[[], bytes]
    limited: bool = True
    decrypts: bool = False


def head(method: str, target: str, body: bytes = b"", /, **headers: str) -> bytes:
    """A request with a placeholder for the address that it comes from."""
    lines = {"Host": "login.example", "X-Forwarded-For": "{address}", **headers}
    if body:
        lines["Content-Length"] = str(len(body))
    text = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target} HTTP/1.1\r\n{text}\r\n".encode() + body


def form(target: str, body: str | bytes, **headers: str) -> bytes:
    """A POST of a form."""
    return head("POST", target, body if isinstance(body, bytes) else body.encode(), Content_Type=FORM, **headers)


class Hints:
    """ID tokens of the provider, in all the ways that are refused or taken."""

    def __init__(self, key: Key, encryption: Key) -> None:
        self._key, self._encryption = key, encryption

    def good(self) -> str:
        """One that verifies, of another user each time."""
        now, sid = int(time.time()), secrets.token_hex(8)
        claims = {"iss": ISSUER, "sub": f"u{sid}", "aud": "web", "sid": sid, "iat": now, "exp": now + 600}
        return sign({}, claims, self._key, "RS256")

    def bad(self) -> str:
        """One with another signature."""
        return self.good()[:-8] + "AAAAAAAA"

    def encrypted(self, inside: str | None = None) -> str:
        """A good one, encrypted to the gateway; its own RSA operation is what is dear."""
        from jwcrypto import jwe  # noqa: PLC0415

        protected = json.dumps({"alg": "RSA-OAEP-256", "enc": "A128CBC-HS256", "cty": "JWT"})
        token = jwe.JWE((inside or self.good()).encode(), protected, recipient=self._encryption.jwk)
        return str(token.serialize(compact=True))


def kinds(hints: Hints) -> Iterator[Kind]:
    """Every kind of request that needs no management token."""
    endpoints = {"end-session": "/acme/end-session", "logout": "/acme/logout", "ping": "/idp/init_logout.openid"}
    html = "text/html,application/xhtml+xml,*/*;q=0.8"
    for name, path in endpoints.items():
        yield Kind(f"GET {name}, plain", lambda path=path: head("GET", path, Accept=html))  # type: ignore[misc]
        yield Kind(f"POST {name}, plain", lambda path=path: form(path, "state=x", Accept=html))  # type: ignore[misc]
        for what, token in (("bad", hints.bad), ("good", hints.good), ("encrypted", hints.encrypted)):

            def get(path: str = path, token: Callable[[], str] = token) -> bytes:
                return head("GET", f"{path}?{urlencode({'id_token_hint': token()})}", Accept=html)

            def post(path: str = path, token: Callable[[], str] = token) -> bytes:
                return form(path, urlencode({"id_token_hint": token()}), Accept=html)

            yield Kind(f"GET {name}, {what} hint", get, decrypts=what == "encrypted")
            yield Kind(f"POST {name}, {what} hint", post, decrypts=what == "encrypted")
    plain = endpoints["end-session"]
    yield Kind("Accept of 20 KB", lambda: head("GET", plain, Accept="a/b;q=0.1," * 2000))
    yield Kind("Accept of 60 KB", lambda: head("GET", plain, Accept="a/b;q=0.1," * 6000))
    yield Kind("form of 64 KB, one field", lambda: form(plain, "state=" + "%41" * 21_000))
    yield Kind("form of 64 KB, a hint", lambda: form(plain, "id_token_hint=" + "a." * 32_000))
    yield Kind("form of 64 KB, 30 000 fields", lambda: form(plain, "a=&" * 21_000))
    yield Kind("form of 64 KB, in chunks of a byte", lambda: _chunked(plain))
    yield Kind("90 header lines", lambda: head("GET", plain, **{f"X_{n}": "y" for n in range(90)}))
    yield Kind("12 000 header lines", lambda: head("GET", plain, **{f"X_{n}": "" for n in range(12_000)}))
    yield Kind("cookies of 30 KB", lambda: head("GET", plain, Cookie="a=b;" * 7500, Accept=html))
    yield Kind("4000 cookies of our name", lambda: head("GET", plain, Cookie="op=b;" * 4000, Accept=html))
    yield Kind("query of 16 KB", lambda: head("GET", f"{plain}?state={'%41' * 5400}"))
    yield Kind("query of 16 KB, 100 fields", lambda: head("GET", f"{plain}?{('a=' + '%41' * 50 + '&') * 99}"))
    yield Kind("query of 1500 parameters", lambda: head("GET", f"{plain}?{'a=b&' * 1500}", Accept=html))
    yield Kind("50 000 cookies", lambda: head("GET", plain, Cookie="a=;" * 50_000, Accept=html))
    yield Kind("query of 40 KB", lambda: head("GET", f"{plain}?state={'a' * 40_000}"))
    yield Kind("answer with a bad handle", lambda: form("/acme/logout/confirm", "handle=x.y&decision=yes", Accept=html))
    yield Kind("resume with a bad handle", lambda: head("GET", "/acme/logout/resume?handle=x.y"))
    yield Kind("continue with a bad handle", lambda: head("GET", "/acme/logout/continue/x.y"))
    yield Kind("status with a bad handle", lambda: head("GET", f"/acme/logout/status/{'x' * 400}"))
    yield Kind("HEAD end-session", lambda: head("HEAD", plain), limited=False)
    yield Kind("another host", lambda: head("GET", plain).replace(b"login.example", b"x.example"))
    open_ones = {
        "discovery": "/acme/.well-known/openid-configuration", "keys": "/acme/jwks.json", "document": "/openapi.json",
        "document as YAML": "/openapi.yaml", "reference page": "/docs", "health": "/healthz", "readiness": "/readyz",
        "404": "/nowhere", "404, long": "/" + "x/" * 8000, "404 with Accept": "/nothing/here",
    }  # fmt: skip
    for name, path in open_ones.items():
        yield Kind(name, lambda path=path: head("GET", path, Accept=html), limited=False)  # type: ignore[misc]
    yield Kind("405", lambda: head("DELETE", plain), limited=False)
    yield Kind("management, no token", lambda: head("GET", "/acme/sessions"), limited=False)
    wrong = {"Authorization": "Bearer a-wrong-token"}
    json_type = {"Content_Type": "application/json", **wrong}
    yield Kind("management, wrong token", lambda: head("GET", "/acme/sessions", **wrong))
    yield Kind("management, malformed JSON", lambda: head("PUT", "/acme/sessions/x", b"[" * 60_000, **json_type))
    yield Kind("no HTTP", lambda: b"\x16\x03\x01\x02\x00 GET {address}\r\n\r\n", limited=False)


def _chunked(target: str) -> bytes:
    return head("POST", target, Content_Type=FORM, Transfer_Encoding="chunked") + b"1\r\na\r\n" * 64_000 + b"0\r\n\r\n"


def cpu_seconds(process: int) -> float:
    """The CPU time of a process, with its threads (Linux: schedstat counts nanoseconds)."""
    tasks = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def exchange(port: int, request: bytes) -> int:
    """Send a request on a connection of its own; the status of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        answer = b""
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(1 << 20):
                answer += part if len(answer) < 100 else b""
        except OSError:  # a server that has answered need not read on, and may have gone
            pass
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def cost(port: int, process: int, requests: list[bytes]) -> tuple[float, int]:
    """Milliseconds of CPU for each request, in the best of three rounds, and the status of the last answer."""
    status, rounds = 0, []
    for _ in range(3):
        before = cpu_seconds(process)
        for request in requests:
            status = exchange(port, request)
        rounds.append((cpu_seconds(process) - before) / len(requests) * 1e3)
    return min(rounds), status


def measure(count: int) -> bool:
    """Print the table; whether every row keeps to its bound."""
    key, encryption = Key.load(new_key("RS256")), Key.load(_rsa_4096())
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "enc.jwk").write_text(encryption.jwk.export())
        file = write_settings(folder, key, limits="", more='decryption_keys = ["enc.jwk"]', server="docs = true")
        with running("endsession", "serve", "--config", str(file), log=folder / "log") as (port, process):
            for _ in range(70):
                exchange(port, _from(head("GET", "/acme/end-session"), USED_UP))
                wrong = head("GET", "/acme/sessions", Authorization="Bearer wrong")
                exchange(port, _from(wrong, USED_UP))
            number = 0
            for kind in kinds(Hints(key, encryption)):
                within = []
                for _ in range(count):
                    number += 1
                    within.append(_from(kind.make(), f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"))
                first, status = cost(port, process, within)
                over, refused = cost(port, process, [_from(kind.make(), USED_UP) for _ in within])
                fits = (first <= LIMIT_MS or kind.decrypts) and (over <= LIMITED_MS or not kind.limited)
                good &= fits
                limited = f"{over:.2f} | {refused or 'closed'}" if kind.limited else "| not limited"
                much = "" if fits else " TOO MUCH"
                print(f"| {kind.name} | {first:.2f} | {status or 'closed'} | {limited} |{much}", flush=True)
    return good


def _from(request: bytes, address: str) -> bytes:
    return request.replace(b"{address}", address.encode(), 1)


def _rsa_4096() -> dict[str, object]:
    from jwcrypto import jwk  # noqa: PLC0415

    return dict(jwk.JWK.generate(kty="RSA", size=4096, use="enc", alg="RSA-OAEP-256", kid="e").export(as_dict=True))


if __name__ == "__main__":
    print("| request | ms | status | ms over the limit | status |\n|---|---|---|---|---|")
    sys.exit(0 if measure(int(sys.argv[1]) if len(sys.argv) > 1 else 50) else 1)
