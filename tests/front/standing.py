"""A gateway on a socket, before a provider that publishes what it should, and answers all else as a test wants."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from endsession.contract.document import Document
from tests.kit.deployment import Deployment, deploy
from tests.kit.fronted import Conversation, RawProvider, exchange, provider, serving, until
from tooling.documents import FRONTED

from .documented import Seen
from .scripted import ISSUER, only_acme

LEARN = ["authorization", "token", "par", "introspection", "userinfo", "revocation"]
PASSED = {kind: path for kind, path in FRONTED.items() if kind not in ("discovery", "jwks", "logout")}
"""Paths at which requests are passed on, by kind."""
PREFIX = FRONTED["redirect"]
OPENID, OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"


def key_of(path: str) -> str:
    """A fronted path as the document writes it."""
    return path + "{rest}" if path == PREFIX else path


METADATA = {
    "issuer": ISSUER,
    "jwks_uri": f"{ISSUER}/certs",
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "pushed_authorization_request_endpoint": f"{ISSUER}/par",
    "end_session_endpoint": f"{ISSUER}/bye",
    "introspection_endpoint": f"{ISSUER}/introspect",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
    "revocation_endpoint": f"{ISSUER}/revoke",
}


def as_http(status: bytes, body: bytes, *lines: bytes) -> bytes:
    """A response of a provider."""
    head = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


@dataclass
class Moody:
    """A provider that publishes what it should, and answers all else with `says`, or not at all."""

    says: bytes | None = b""
    keys: bool = True

    async def __call__(self, conversation: Conversation) -> None:
        """Answer a request."""
        method, target, _ = conversation.head.split(b" ", 2)
        published = {OPENID.encode(): METADATA, **({b"/certs": {"keys": []}} if self.keys else {})}
        fresh = b"Cache-Control: max-age=3600"
        if target in published and method == b"GET":
            await conversation.say(as_http(b"200 OK", json.dumps(published[target]).encode(), fresh))
        elif target.startswith((b"/.well-known/", b"/certs")) and method == b"GET":
            await conversation.say(as_http(b"404 Not Found", b"", fresh))
        elif self.says is None:
            await conversation.left()
        elif self.says:
            await conversation.say(self.says)
        else:
            conversation.reset()


@dataclass
class Standing:
    """A gateway on a socket, and the provider behind it."""

    gateway: Deployment
    address: tuple[str, int]
    moody: Moody
    op: RawProvider
    of_provider: AsyncExitStack
    """To be closed to end the provider."""

    @property
    def document(self) -> Document:
        """As it is served now."""
        return self.gateway.gateway.served_document()

    async def ask(self, method: str, path: str, *lines: str, body: bytes = b"") -> Seen:
        """One request as it is; a `body` needs its Content-Length among `lines`."""
        head = [f"{method} {path} HTTP/1.1", "Host: login.example", "Connection: close", *lines, "", ""]
        return Seen.of(*await exchange(self.address, "\r\n".join(head).encode("latin-1"), body))

    @asynccontextmanager
    async def while_busy(self, path: str, method: str) -> AsyncIterator[None]:
        """While a request waits for a provider that does not answer, and breaks the connection at the end."""
        before = len(self.op.requests)
        task = asyncio.create_task(self.ask(method, path))
        await until(lambda: len(self.op.requests) > before)
        try:
            yield
        finally:
            self.op.requests[before].reset()
            await task


@asynccontextmanager
async def standing_gateway(folder: Path, *, keys: bool = True, seconds: float = 20.0) -> AsyncIterator[Standing]:
    """Run both; with `keys` false the provider has no JWK Set."""
    moody = Moody(keys=keys)
    async with AsyncExitStack() as of_provider, AsyncExitStack() as stack:
        op = await of_provider.enter_async_context(provider(moody))
        changes = only_acme(op.port, learn=LEARN, redirect_paths=[PREFIX], timeout=seconds)
        gateway = await stack.enter_async_context(deploy(folder, changes))
        await gateway.gateway.fronts.look()
        address = await stack.enter_async_context(serving(gateway.app))
        yield Standing(gateway, address, moody, op, of_provider)
