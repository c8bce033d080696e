"""schemathesis over the whole document: every built-in check and every phase, through the run's own wire.

The fuzzer is given an ASGI application that passes each request on to the deployment. So the fuzzer's requests keep the
same pace, are booked and judged in the same way, and touch nobody real either.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import schemathesis
from hypothesis.errors import HypothesisWarning
from schemathesis import engine
from schemathesis.engine import events

from .book import Book, Verdict
from .claim import Scene
from .exchange import Exchange
from .guard import harmless
from .inputs import real_inputs
from .pace import OutOfTime

Message = dict[str, Any]
CASE_ID = "x-schemathesis-testcaseid"
_ANY_CLIENT_ERROR = [400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 421, 422, 428, 429]
_TAKEN = ["2xx", "3xx", 401, 403, 404, 409, 429]
_DROPPED = {"host", "content-length", "accept-encoding", "connection", "user-agent", CASE_ID}


class Relay:
    """The application that the fuzzer calls."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._prefix = urlsplit(scene.target.public_url).path
        self.exchanges: dict[str, Exchange] = {}
        """By the fuzzer's name of the case."""
        self.over = False
        """Whether the time was over before the fuzzer was done."""

    async def __call__(self, scope: Message, receive: Callable[[], Any], send: Callable[[Message], Any]) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            exchange = self._pass_on(scope, headers, body)
        except OutOfTime:
            self.over = True
            raise
        self.exchanges[headers.get(CASE_ID, "")] = exchange
        given = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in exchange.headers]
        plain = [one for one in given if one[0] not in (b"content-encoding", b"transfer-encoding", b"content-length")]
        await send({"type": "http.response.start", "status": exchange.status, "headers": plain})
        await send({"type": "http.response.body", "body": exchange.body})

    def _pass_on(self, scope: Message, headers: dict[str, str], body: bytes) -> Exchange:
        scene, query = self._scene, scope["query_string"].decode("latin-1")
        path = scope.get("raw_path", b"").partition(b"?")[0].decode("latin-1").removeprefix(self._prefix)
        template = scene.target.document.path_of(path)
        item = scene.target.document.raw["paths"].get(template, {})
        operation = scene.target.operation(template, scope["method"])
        if operation is not None and operation.secured:
            path, query, body = harmless(scene.parties, operation, path, query, body)
        exchange = scene.wire.send(
            scope["method"],
            path,
            query=query,
            body=body,
            headers={name: value for name, value in headers.items() if name.lower() not in _DROPPED},
            accept=headers.get("accept", "*/*"),
            base=scene.target.base_of(template) if template and item else None,
        )
        if operation is not None and operation.secured:
            scene.parties.remember(operation.name, exchange)
        return exchange


def fuzz(scene: Scene, book: Book, say: Callable[[str], None]) -> None:
    """Run all phases. Raises OutOfTime when the run's time is over before they are."""
    relay = Relay(scene)
    schema = schemathesis.openapi.from_dict(dict(scene.target.document.raw), config=_configuration(scene))
    schema.app = relay
    schema.hook(real_inputs(scene))
    broken: dict[str, int] = {}
    with _quietly():
        stream = engine.from_schema(schema).execute()
        for event in stream:
            if isinstance(event, events.ScenarioFinished):
                label = event.label or "several operations"
                found = 0 if relay.over else _book_failures(event, relay, book)
                broken[label] = broken.get(label, 0) + found
                relay.exchanges.clear()
            elif isinstance(event, events.NonFatalError) and not relay.over:
                book.fail("the fuzzer gets through", event.label, type(event.value).__name__)
            elif isinstance(event, events.PhaseStarted) and event.phase.is_enabled:
                say(f"fuzzing   {event.phase.name.name.lower().replace('_', ' ')}, {book.requests} requests so far")
            elif isinstance(event, events.FatalError):
                raise event.exception
            if relay.over:
                stream.stop()
    for label, count in broken.items():
        outcome = "broken" if count else "held"
        book.verdicts.append(Verdict("the fuzzer finds nothing", label, outcome, f"{count} failures" if count else ""))
    if relay.over or time.monotonic() >= scene.wire.pace.deadline:
        raise OutOfTime


def _book_failures(event: Any, relay: Relay, book: Book) -> int:
    count = 0
    for case_id, nodes in event.recorder.checks.items():
        for node in nodes:
            if info := node.failure_info:
                exchange = relay.exchanges.get(case_id)
                seen = f"{info.failure.title}: {exchange.status if exchange else 'no answer'}"
                where = f"{exchange.method} {exchange.path}" if exchange and exchange.path else str(event.label)
                book.fail(f"schemathesis: {node.name}", where, seen, exchange)
                count += 1
    return count


def _configuration(scene: Scene) -> schemathesis.Config:
    options = scene.options
    return schemathesis.Config.from_dict(
        {
            "seed": options.seed,
            "base-url": options.public_url,
            "max-redirects": 0,
            "headers": {"User-Agent": "endsession contract"},
            "generation": {"mode": "all", "max-examples": options.max_examples, "database": "none"},
            "auth": {"openapi": {"managementToken": {"bearer": options.token}}} if options.token else {},
            "cache": {"enabled": False},
            "phases": {
                "coverage": {"enabled": True, "generate-duplicate-query-parameters": True},
                "stateful": {"enabled": True, "max-steps": 6},
            },
            "checks": {"negative_data_rejection": {"expected-statuses": _ANY_CLIENT_ERROR}},
            "operations": _what_may_be_refused(scene),
        }
    )


def _what_may_be_refused(scene: Scene) -> list[dict[str, Any]]:
    """Well formed is not yet allowed: whether a hint, a URI or an app is a real one is no matter of its form."""

    def may_refuse(*statuses: int) -> dict[str, Any]:
        return {"positive_data_acceptance": {"expected-statuses": [*_TAKEN, *statuses]}}

    writers = [one.name for one in scene.target.operations() if one.secured and "requestBody" in one.definition]
    left_out = [one.name for one in scene.target.operations() if one.path in scene.options.skip]
    rules: list[dict[str, Any]] = [
        {"include-tag": "logout", "checks": may_refuse(400, 414, 422)},
        # A session that was ended can still be looked up: that is what its record is for.
        {"include-tag": "sessions", "checks": {"use_after_free": {"enabled": False}}},
    ]
    if writers:
        rules.append({"include-operation-id": writers, "checks": may_refuse(400, 422)})
    if left_out:
        rules.append({"include-operation-id": left_out, "enabled": False})
    return rules


@contextmanager
def _quietly() -> Iterator[None]:
    """schemathesis scores a 2xx, and Hypothesis would look for more of them; a refusal counts as much here."""
    before = hypothesis.settings.get_current_profile_name()
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("contract", phases=phases)
    hypothesis.settings.load_profile("contract")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Generating overly large repr", HypothesisWarning)
            yield
    finally:
        hypothesis.settings.load_profile(before)
