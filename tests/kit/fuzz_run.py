"""One run of schemathesis over the whole document, through the real application of one deployment."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import schemathesis
from hypothesis.errors import HypothesisWarning
from schemathesis import engine
from schemathesis.engine import events

from .deployment import TOKEN
from .fuzz_cast import Cast
from .fuzz_deployments import Plan
from .fuzz_inputs import real_inputs
from .fuzz_stage import Stage

_REFUSED = [400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 422, 428, 429, "5xx"]
"""Any of these refuses what violates the document; 413 and 414 because a size can be over a limit first."""
_TAKEN = ["2xx", "3xx", 401, 403, 404, 409, 429, "5xx"]
"""What schemathesis lets an operation answer to what does not."""


def configuration(plan: Plan) -> schemathesis.Config:
    """Every built-in check and every phase; the same requests for the same seed."""
    return schemathesis.Config.from_dict(
        {
            "seed": plan.seed,
            "base-url": "https://login.example",
            "generation": {
                "mode": "all" if plan.thorough else "positive",
                "max-examples": plan.few,
                "database": "none",
            },
            "auth": {"openapi": {"managementToken": {"bearer": TOKEN}}},
            "phases": {
                "examples": {"enabled": plan.thorough},
                "coverage": {"enabled": plan.thorough, "generate-duplicate-query-parameters": True},
                "stateful": {"enabled": plan.thorough, "max-steps": 6, "generation": {"max-examples": plan.few}},
            },
            "checks": {"negative_data_rejection": {"expected-statuses": _REFUSED}},
            "operations": _exceptions(plan),
        }
    )


def _exceptions(plan: Plan) -> list[dict[str, Any]]:
    def may_refuse(*statuses: int) -> dict[str, Any]:
        return {"positive_data_acceptance": {"expected-statuses": [*_TAKEN, *statuses]}}

    exceptions: list[dict[str, Any]] = [
        # Well formed is not yet allowed: whether a hint, a handle, a URI or a client is a real one is no matter of its
        # form. Here, and only here, a request that fits the document can be refused.
        {
            "include-tag": "logout",
            "phases": {"fuzzing": {"generation": {"max-examples": plan.examples}}},
            "checks": may_refuse(400, 414, 422),
        },
        {
            "include-operation-id": ["putSession", "joinSession", "putClient", "explainLogout"],
            "checks": may_refuse(400, 422),
        },
        # A session that was ended can still be looked up: that is what its record is for.
        {"include-tag": "sessions", "checks": {"use_after_free": {"enabled": False}}},
    ]
    if plan.operations:
        exceptions.append({"exclude-operation-id": list(plan.operations), "enabled": False})
    return exceptions


def fuzz(stage: Stage, plan: Plan) -> list[str]:
    """Run all phases; returns what failed, each with a request that shows it."""
    config = configuration(plan)
    schema = schemathesis.openapi.from_asgi("/openapi.json", stage, config=config, headers={"host": "login.example"})
    schema.hook(real_inputs(Cast(stage), stage.deployment.gateway.document, plan.seed))
    problems = []
    with _no_search_for_success():
        for event in engine.from_schema(schema).execute():
            problems += [f"{plan.name}: {problem}" for problem in _problems(event)]
    return problems


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


def _problems(event: Any) -> Iterator[str]:
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
