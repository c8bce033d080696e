"""Two runs of schemathesis over the whole document, through real deployments: one explores, one aims.

Exploring goes through every phase of the fuzzer but that of chains (fuzz_chains.py), at one deployment, with requests
that fit the document and requests that violate it. Aiming then visits all deployments until every documented answer was
seen often enough. Both hold every answer to the document and to all checks of schemathesis.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import hypothesis
import schemathesis
from hypothesis.errors import HypothesisWarning
from schemathesis import engine
from schemathesis.engine import events
from starlette.types import ASGIApp

from endsession.contract.document import Document
from logout_conformance.reporting.table import Table

from .deployment import TOKEN
from .fuzz_cast import Cast
from .fuzz_hooks import Aiming, mixing
from .fuzz_stage import Stage

SEED = 20
_REFUSED = [400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 422, 428, 429, "5xx"]
"""Any of these refuses what violates the document; 413 and 414 because a size can be over a limit first."""
TAKEN = ["2xx", "3xx", 401, 403, 404, 409, 429, "5xx"]
"""What schemathesis lets an operation answer to what does not."""
_ANY = ["2xx", "3xx", "4xx", "5xx"]


def explore(stage: Stage, *, examples: int = 50, few: int = 25, operations: Collection[str] = ()) -> list[str]:
    """Every phase but the stateful one, at one deployment; returns what failed, each with a request that shows it.

    `examples` is how many requests are made up for an operation of the tag `logout`; the others, which have less to
    say, get `few`. `operations` are operationIds; none means all of them.
    """
    config = {
        "generation": {"mode": "all", "max-examples": few, "database": "none"},
        "phases": {
            "examples": {"enabled": True},
            "coverage": {"enabled": True, "generate-duplicate-query-parameters": True},
            "stateful": {"enabled": False},
        },
        "checks": {"negative_data_rejection": {"expected-statuses": _REFUSED}},
        "operations": [*_what_may_be_refused(examples), *only(operations)],
    }
    hook = mixing(Cast(stage), stage.deployment.gateway.document, SEED)
    return [problem for event in run(stage, config, hook) for problem in problems_of(event)]


def _what_may_be_refused(examples: int) -> list[dict[str, Any]]:
    def may_refuse(*statuses: int) -> dict[str, Any]:
        return {"positive_data_acceptance": {"expected-statuses": [*TAKEN, *statuses]}}

    return [
        # Well formed is not yet allowed: whether a hint, a handle, a URI or a client is a real one is no matter of its
        # form. Here, and only here, a request that fits the document can be refused.
        {
            "include-tag": "logout",
            "phases": {"fuzzing": {"generation": {"max-examples": examples}}},
            "checks": may_refuse(400, 414, 422),
        },
        {
            "include-operation-id": ["putSession", "joinSession", "putClient", "explainLogout"],
            "checks": may_refuse(400, 422),
        },
        # A session that was ended can still be looked up: that is what its record is for.
        {"include-tag": "sessions", "checks": {"use_after_free": {"enabled": False}}},
    ]


def aim(
    stages: Mapping[str, Stage], document: Document, table: Table, floor: int, *, operations: Collection[str] = ()
) -> list[str]:
    """Generated requests at all deployments until every documented answer has been seen `floor` times.

    Returns what failed; an answer other than the one that was aimed at is a failure as well.
    """
    aiming = Aiming(stages, document, table, floor, SEED)
    needed = {name: count for name, count in aiming.needed().items() if not operations or name in operations}
    config: dict[str, Any] = {
        "generation": {"mode": "positive", "database": "none"},
        "phases": {
            "examples": {"enabled": False},
            "coverage": {"enabled": False},
            "stateful": {"enabled": False},
            # The cast has all that there is to know; what answers teach in passing would make no two runs alike.
            "fuzzing": {"extra-data-sources": {"responses": False}, "error-feedback": {"enabled": False}},
        },
        # What an aim has to be answered with is known better than these know it.
        "checks": {
            "positive_data_acceptance": {"expected-statuses": _ANY},
            "negative_data_rejection": {"expected-statuses": _ANY},
            "not_a_server_error": {"expected-statuses": _ANY},
            "use_after_free": {"enabled": False},
        },
        "operations": [
            *({"include-operation-id": name, "generation": {"max-examples": needed[name]}} for name in needed),
            *only(needed),
        ],
    }
    if not needed:
        return []
    problems = []
    for event in run(aiming, config, aiming.hook()):
        problems += [*problems_of(event), *aiming.misses(event)]
    return problems


def only(operations: Collection[str]) -> list[dict[str, Any]]:
    """The settings that leave all other operations out; none named means all of them."""
    return [{"exclude-operation-id": list(operations), "enabled": False}] if operations else []


def run(app: ASGIApp, config: Mapping[str, Any], hook: Any) -> Iterator[Any]:
    """The events of a run with every built-in check; the same requests for the same seed."""
    common = {
        "seed": SEED,
        "base-url": "https://login.example",
        "continue-on-failure": True,
        "auth": {"openapi": {"managementToken": {"bearer": TOKEN}}},
    }
    configuration = schemathesis.Config.from_dict({**common, **config})
    schema = schemathesis.openapi.from_asgi(
        "/openapi.json", app, config=configuration, headers={"host": "login.example"}
    )
    schema.hook(hook)
    with _no_search_for_success():
        yield from engine.from_schema(schema).execute()


@contextmanager
def _no_search_for_success() -> Iterator[None]:
    """schemathesis scores a 2xx, and Hypothesis would look for more of them; a refusal counts as much here."""
    before = hypothesis.settings.get_current_profile_name()
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("no search", phases=phases)
    hypothesis.settings.load_profile("no search")
    try:
        with warnings.catch_warnings():
            # A hint of 32768 characters is what the document allows.
            warnings.filterwarnings("ignore", "Generating overly large repr", HypothesisWarning)
            yield
    finally:
        hypothesis.settings.load_profile(before)


def problems_of(event: Any) -> Iterator[str]:
    """What failed, each with a request that shows it."""
    if isinstance(event, events.ScenarioFinished):
        for nodes in event.recorder.checks.values():
            for node in nodes:
                if info := node.failure_info:
                    yield f"{event.phase.name} {event.label}: {node.name}: {info.failure.message}\n{info.code_sample}"
    elif isinstance(event, events.NonFatalError):
        yield f"{event.label}: {event.info.format()}"
    elif isinstance(event, events.FatalError):
        raise event.exception
    elif isinstance(event, events.EngineFinished) and event.stop_reason is not engine.StopReason.COMPLETED:
        yield f"the run stopped early: {event.stop_reason}"
