"""schemathesis over the whole document: all of its checks and phases, through the transport of the run.

The fuzzer gets an ASGI application that passes each request on to the deployment. So its requests keep the same pace,
are recorded and judged in the same way, and cannot reach real users' sessions either.
"""

from __future__ import annotations

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

from ..context import Context
from ..conventions import LOGOUT_TAG
from ..exchange import Exchange
from ..pace import OutOfTime
from ..reporting.report import CheckResult, Report
from .guard import harmless
from .inputs import real_inputs

Message = dict[str, Any]
CASE_ID = "x-schemathesis-testcaseid"
_ANY_CLIENT_ERROR = [400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 421, 422, 428, 429]
_ACCEPTED = ["2xx", "3xx", 401, 403, 404, 409, 429]
_DROPPED = {"host", "content-length", "accept-encoding", "connection", "user-agent", CASE_ID}


class Relay:
    """The ASGI application that the fuzzer calls."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._prefix = urlsplit(context.target.public_url).path
        self.exchanges: dict[str, Exchange] = {}
        """By the id that the fuzzer gives each case."""
        self.out_of_time = False
        """Whether the time limit came before the fuzzer had finished."""

    async def __call__(self, scope: Message, receive: Callable[[], Any], send: Callable[[Message], Any]) -> None:
        """Pass a request on, and its response back."""
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
            self.out_of_time = True
            raise
        self.exchanges[headers.get(CASE_ID, "")] = exchange
        lines = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in exchange.headers]
        plain = [
            line for line in lines if line[0] not in (b"content-encoding", b"transfer-encoding", b"content-length")
        ]
        await send({"type": "http.response.start", "status": exchange.status, "headers": plain})
        await send({"type": "http.response.body", "body": exchange.body})

    def _pass_on(self, scope: Message, headers: dict[str, str], body: bytes) -> Exchange:
        context, query = self._context, scope["query_string"].decode("latin-1")
        path = scope.get("raw_path", b"").partition(b"?")[0].decode("latin-1").removeprefix(self._prefix)
        template = context.target.document.path_of(path)
        operation = context.target.operation(template, scope["method"])
        if operation is not None and operation.secured:
            path, query, body = harmless(context.fixtures, operation, path, query, body)
        exchange = context.http.send(
            scope["method"],
            path,
            query=query,
            body=body,
            headers={name: value for name, value in headers.items() if name.lower() not in _DROPPED},
            accept=headers.get("accept", "*/*"),
            base=context.target.base_of(template) if template else None,
        )
        if operation is not None and operation.secured:
            context.fixtures.track(operation.name, exchange)
        return exchange


def fuzz(context: Context, report: Report, progress: Callable[[str], None]) -> None:
    """Run all phases. Raises OutOfTime when the time limit comes first."""
    relay = Relay(context)
    schema = schemathesis.openapi.from_dict(dict(context.target.document.raw), config=_configuration(context))
    schema.app = relay
    schema.hook(real_inputs(context))
    failures: dict[str, int] = {}
    with _without_targeting():
        stream = engine.from_schema(schema).execute()
        for event in stream:
            if isinstance(event, events.ScenarioFinished):
                label = event.label or "several operations"
                found = 0 if relay.out_of_time else _add_failures(event, relay, report)
                failures[label] = failures.get(label, 0) + found
                relay.exchanges.clear()
            elif isinstance(event, events.NonFatalError) and not relay.out_of_time:
                report.add_failure("the fuzzer runs without errors", event.label, type(event.value).__name__)
            elif isinstance(event, events.PhaseStarted) and event.phase.is_enabled:
                phase = event.phase.name.name.lower().replace("_", " ")
                progress(f"fuzzing   {phase}, {report.requests} requests so far")
            elif isinstance(event, events.FatalError):
                raise event.exception
            if relay.out_of_time:
                stream.stop()
    for label, count in failures.items():
        reason = f"{count} failures" if count else ""
        report.results.append(CheckResult("the fuzzer finds nothing", label, "failed" if count else "passed", reason))
    if relay.out_of_time or context.http.pace.out_of_time:
        raise OutOfTime


def _add_failures(event: Any, relay: Relay, report: Report) -> int:
    count = 0
    for case_id, nodes in event.recorder.checks.items():
        for node in nodes:
            if info := node.failure_info:
                exchange = relay.exchanges.get(case_id)
                seen = f"{info.failure.title}: {exchange.status if exchange else 'no response'}"
                where = f"{exchange.method} {exchange.path}" if exchange and exchange.path else str(event.label)
                report.add_failure(f"schemathesis: {node.name}", where, seen, exchange)
                count += 1
    return count


def _configuration(context: Context) -> schemathesis.Config:
    options = context.options
    return schemathesis.Config.from_dict(
        {
            "seed": options.seed,
            "base-url": options.public_url,
            "max-redirects": 0,
            "headers": {"User-Agent": "logout-conformance"},
            "generation": {"mode": "all", "max-examples": options.max_examples, "database": "none"},
            "auth": {"openapi": {"managementToken": {"bearer": options.token}}} if options.token else {},
            "cache": {"enabled": False},
            "phases": {
                "coverage": {"enabled": True, "generate-duplicate-query-parameters": True},
                "stateful": {"enabled": True, "max-steps": 6},
            },
            "checks": {"negative_data_rejection": {"expected-statuses": _ANY_CLIENT_ERROR}},
            "operations": _what_may_be_refused(context),
        }
    )


def _what_may_be_refused(context: Context) -> list[dict[str, Any]]:
    """Well-formed input may still be refused: the schema cannot say whether a hint, a URI or a client is a real one."""

    def may_refuse(*statuses: int) -> dict[str, Any]:
        return {"positive_data_acceptance": {"expected-statuses": [*_ACCEPTED, *statuses]}}

    operations = list(context.target.operations())
    writing = [
        operation.name for operation in operations if operation.secured and "requestBody" in operation.definition
    ]
    left_out = [operation.name for operation in operations if operation.path in context.options.skip]
    rules: list[dict[str, Any]] = [
        {"include-tag": LOGOUT_TAG, "checks": may_refuse(400, 414, 422)},
        # A session that has ended can still be looked up: that is what its record is for.
        {"include-tag": "sessions", "checks": {"use_after_free": {"enabled": False}}},
    ]
    if writing:
        rules.append({"include-operation-id": writing, "checks": may_refuse(400, 422)})
    if left_out:
        rules.append({"include-operation-id": left_out, "enabled": False})
    return rules


@contextmanager
def _without_targeting() -> Iterator[None]:
    """schemathesis scores a 2xx, so Hypothesis would look for more of them. Here a refusal counts as much."""
    before = hypothesis.settings.get_current_profile_name()
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("logout-conformance", phases=phases)
    hypothesis.settings.load_profile("logout-conformance")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Generating overly large repr", HypothesisWarning)
            yield
    finally:
        hypothesis.settings.load_profile(before)
