"""Targets: running deployments that are fuzzed. What one of them cannot answer, another can.

The fuzzer is synchronous and has a loop of its own, while a gateway's background work belongs to the loop that it was
started on. So a target hands whole requests over to its gateway's loop, and counts the answers in the run's table.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.types import Message, Receive, Scope, Send

from endsession.contract.document import Document
from endsession.protocol.errors import ServiceUnavailable
from endsession.settings.idle import NEEDS
from logout_conformance.reporting.table import Table
from tests.kit.deployment import CONFIGURATION, DOCUMENT, READER, TOKEN, Deployment, deploy, merged
from tests.kit.encrypted import private_key
from tests.kit.faults import StorageFaults
from tests.kit.flow import PLAIN
from tests.kit.logout_tokens import write_keys
from tests.kit.receivers import Receivers, receivers

__all__ = ["DEPLOYMENTS", "KEEPER", "TOLD_URI", "Table", "Target", "all_targets", "takes_hint", "target"]

T = TypeVar("T")
KEEPER = "a-token-for-clients"
TOLD_URI = "https://told.example/signed-out"
"""Where the app `told`, which takes logout tokens, wants its users back."""
DEPLOYMENTS: dict[str, Mapping[str, Any]] = {
    "ordinary": {},
    # Where the ordinary one asks the user, this one refuses.
    "strict": {"issuers": {"acme": {"preset": "strict"}}},
    # Its allowance is used up before the fuzzer comes.
    "limited": {"limits": {"logout_per_address": "1/day", "wrong_tokens_per_address": "1/day"}},
    # No issuer is the default and none has this host, and the document is not shown as a page.
    "nowhere": {"issuers": {"acme": {"default": None}}, "server": {"docs": False}},
    # The provider does not publish the metadata that ours are based on.
    "orphaned": {},
    # While a request of the fuzzer is answered, storage is unavailable or fails unexpectedly.
    "unavailable": {},
    "broken": {},
}
_FAILURES: dict[str, Callable[[], Exception]] = {
    "unavailable": lambda: ServiceUnavailable(detail="taken away"),
    "broken": lambda: RuntimeError("nobody expects this"),
}
_REFUSES_HINTS = {
    **dict.fromkeys(("on_invalid_hint", "on_no_params", "on_foreign_hint", "on_stale_sid"), "error"),
    "id_token_hint": "required",
    "on_unregistered_redirect": "error",
    "on_no_hint": "prompt",
    "redirect_without_hint": "never",
}
_REFUSES_STRANGERS = {"require_authenticated_user": True}
"""For endpoints that take no hint."""


def _acting(document: Document, path: str) -> dict[str, str]:
    """Those knobs that can act at an endpoint: others are refused at load."""
    takes = document.standard_parameters(path)
    return {
        knob: value
        for knob, value in _REFUSES_HINTS.items()
        if knob not in NEEDS or any(needed <= takes for needed in NEEDS[knob])
    }


class Target:
    """A running deployment, as the ASGI application that the fuzzer calls."""

    def __init__(self, deployment: Deployment, table: Table, portal: BlockingPortal, faults: StorageFaults) -> None:
        self.deployment, self._table, self._portal, self._faults = deployment, table, portal, faults
        self._loop = portal.call(_running_loop)
        self.failure: Callable[[], Exception] | None = None
        """What storage fails with while a request is answered. What `call` runs finds storage in order."""

    def call(self, function: Callable[..., Awaitable[T]], *arguments: Any, **options: Any) -> T:
        """Run a coroutine function on the gateway's loop and wait for it."""
        return self._portal.call(lambda: function(*arguments, **options))

    def send(self, method: str, path: str, **options: Any) -> Any:
        """Send a request that is not counted: one that prepares another (see `Deployment.send`)."""
        return self.call(self.deployment.send, method, path, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        answer = asyncio.run_coroutine_threadsafe(self._answer(scope, body), self._loop)
        messages = await asyncio.wrap_future(answer)
        self._table.count(scope["method"], scope["path"], messages[0]["status"])
        for message in messages:
            await send(message)

    async def _answer(self, scope: Scope, body: bytes) -> list[Message]:
        incoming: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        outgoing: list[Message] = []

        async def receive() -> Message:
            return incoming.pop() if incoming else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            outgoing.append(message)

        if self.failure is not None:
            self._faults.fail(self.failure)
        try:
            await self.deployment.app(dict(scope, client=("192.0.2.7", 40000)), receive, send)
        finally:
            self._faults.repair()
        return outgoing


async def _running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


@contextmanager
def target(
    folder: Path, table: Table, changes: Mapping[str, Any] | None = None, *, document: Document = DOCUMENT
) -> Iterator[Target]:
    """Run a deployment (see `deploy`) on a loop of its own, and count its answers in `table`."""
    faults = StorageFaults()
    running = deploy(folder, changes, document=document, ports=faults.ports)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(running) as deployment:
        yield Target(deployment, table, portal, faults)


@contextmanager
def all_targets(folder: Path, table: Table, document: Document = DOCUMENT) -> Iterator[dict[str, Target]]:
    """A target of each deployment, by its name."""
    with ExitStack() as stack:
        apps = stack.enter_context(receivers())
        targets = {}
        for name, changes in DEPLOYMENTS.items():
            (own := folder / name).mkdir()
            settings = merged(_common(own, apps, name, document), changes)
            targets[name] = stack.enter_context(target(own, table, settings, document=document))
            targets[name].failure = _FAILURES.get(name)
        targets["limited"].send("GET", PLAIN)
        for token in (TOKEN, READER, KEEPER, "a-token-of-a-stranger"):  # right ones still work once they were used
            targets["limited"].send("GET", "/acme/sessions", token=token)
        yield targets


def _common(folder: Path, apps: Receivers, name: str, document: Document) -> dict[str, Any]:
    """What every deployment has in addition to the ordinary configuration: apps, and keys in its folder."""
    (folder / "enc.jwk").write_text(json.dumps(private_key("RSA").as_dict(private=True)))
    keeper = {"name": "keeper", "sha256": hashlib.sha256(KEEPER.encode()).hexdigest()}
    acme: dict[str, Any] = {
        "signing_keys": write_keys(folder, "RS256", "ES256"),
        "decryption_keys": ["enc.jwk"],
        "clients": {
            "told": {"backchannel_logout_uri": apps.url("told"), "post_logout_redirect_uris": [TOLD_URI]},
            "framed": {
                "redirect_uris": ["https://framed.example/callback"],
                "frontchannel_logout_uri": "https://framed.example/logout",
            },
        },
    }
    if name == "strict":  # AuthPI's endpoint refuses by itself
        acme["dialects"] = {
            endpoint.name: {"policy": _acting(document, path) if takes_hint(document, path) else _REFUSES_STRANGERS}
            for path, endpoint in document.endpoints.items()
            if endpoint.name not in (None, "authpi")
        }
        # Under `strict` an endpoint at which a hint acts alone is served where it is named.
        acme["endpoints"] = [endpoint.name or "end-session" for endpoint in document.endpoints.values()]
    if name == "orphaned":
        acme["op_metadata_uri"] = apps.url("no-metadata")
    tokens = [*CONFIGURATION["management"]["tokens"], {**keeper, "issuers": ["*"], "scopes": ["clients:read"]}]
    return {
        "server": {"docs": True},
        "management": {"tokens": tokens},
        "delivery": {"allow_networks": ["127.0.0.0/8"]},
        "issuers": {"acme": acme},
    }


def takes_hint(document: Document, path: str) -> bool:
    """Whether a logout endpoint takes an `id_token_hint`, by whatever name."""
    return "IdTokenHint" in str(document.raw["paths"][path])
