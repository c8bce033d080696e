"""Exploring: every phase of schemathesis but the stateful one, at one target, with fixtures in most fitting cases.

Every answer is held to the document and to the checks of schemathesis. The same seed makes the same cases.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import schemathesis
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning
from schemathesis import Case, GenerationMode, engine
from schemathesis.engine import events
from starlette.types import ASGIApp

from tests.kit.deployment import TOKEN

from .fixtures import Fixtures
from .inputs import FIELDS, fitting, put_inputs
from .targets import Target

SEED = 20
BASE_URL = "https://login.example"
LEFT_ALONE = 0.25
"""The share of fitting cases into which no fixtures are put."""
REFUSED = [400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 422, 428, 429, "5xx"]
"""Any of these refuses what violates the document; 413 and 414 because a size can be over a limit first."""
TAKEN = ["2xx", "3xx", 401, 403, 404, 409, 429, "5xx"]
"""What schemathesis lets an operation answer to what fits."""


def explore(target: Target, *, examples: int = 50, few: int = 25, operations: Collection[str] = ()) -> list[str]:
    """Every phase of schemathesis but the stateful one; returns what failed, each with a request that shows it.

    `examples` is how many cases are made up for an operation of the tag `logout`; the others, which have less to say,
    get `few`. `operations` are operationIds; none means all of them.
    """
    config = {
        "generation": {"mode": "all", "max-examples": few, "database": "none"},
        "phases": {"coverage": {"generate-duplicate-query-parameters": True}, "stateful": {"enabled": False}},
        "checks": {"negative_data_rejection": {"expected-statuses": REFUSED}},
        "operations": [
            # Well formed is not yet allowed: whether a hint, a handle, a URI or a client is a real one is no matter of
            # its form. Here, and only here, a request that fits the document can be refused.
            {
                "include-tag": "logout",
                "phases": {"fuzzing": {"generation": {"max-examples": examples}}},
                "checks": {"positive_data_acceptance": {"expected-statuses": [*TAKEN, 400, 414, 422]}},
            },
            {
                "include-operation-id": [
                    "putSession",
                    "joinSession",
                    "registerIdToken",
                    "hydraToken",
                    "putClient",
                    "explainLogout",
                ],
                "checks": {"positive_data_acceptance": {"expected-statuses": [*TAKEN, 400, 422]}},
            },
            # A session that was ended can still be looked up: that is what its record is for.
            {"include-tag": "sessions", "checks": {"use_after_free": {"enabled": False}}},
            *only(operations),
        ],
    }
    found = events_of(target, config, _putting(Fixtures(target)))
    return [problem for event in found for problem in problems_of(event)]


def _putting(fixtures: Fixtures) -> Any:
    """Most fitting cases become a request that works, as an app would send it, but for up to two of its fields.

    Each kind of refusal is a field or two away from a logout that works. Hypothesis does not draw them, since it likes
    to repeat with small changes what it drew before.
    """
    chance = random.Random(SEED)

    def before_generate_case(context: Any, strategy: st.SearchStrategy[Case[Any]]) -> st.SearchStrategy[Case[Any]]:
        works = fitting(fixtures.document, context.operation.path, context.operation.method.lower())
        changeable = [field for field in works if len(FIELDS[field].names) > 1]

        def put(case: Case[Any]) -> Case[Any]:
            fits = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
            if fits and chance.random() >= LEFT_ALONE:
                count = min(chance.choice([0, 1, 1, 2]), len(changeable))
                changed = {field: chance.choice(FIELDS[field].names[1:]) for field in chance.sample(changeable, count)}
                put_inputs(fixtures, case, works | changed)
            return case

        return strategy.map(put) if works else strategy

    return before_generate_case


def only(operations: Collection[str]) -> list[dict[str, Any]]:
    """The settings that leave all other operations out; none named means all of them."""
    return [{"exclude-operation-id": list(operations), "enabled": False}] if operations else []


def events_of(target: Target, config: Mapping[str, Any], hook: Any) -> Iterator[Any]:
    """The events of a run of schemathesis' engine."""
    auth = {"openapi": {"managementToken": {"bearer": TOKEN}}}
    schema = schema_of(target, {"continue-on-failure": True, "auth": auth, **config})
    schema.hook(hook)
    with warnings.catch_warnings():
        # A hint of 32768 characters is what the document allows.
        warnings.filterwarnings("ignore", "Generating overly large repr", HypothesisWarning)
        yield from engine.from_schema(schema).execute()


def schema_of(app: ASGIApp, config: Mapping[str, Any]) -> Any:
    """The document of a target, as schemathesis reads it under these settings."""
    configuration = schemathesis.Config.from_dict({"seed": SEED, "base-url": BASE_URL, **config})
    headers = {"host": "login.example"}
    return schemathesis.openapi.from_asgi("/openapi.json", app, config=configuration, headers=headers)


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
