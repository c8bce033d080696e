"""Reaching: every scenario is sent, so that every documented status of every operation is seen."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from itertools import cycle
from typing import Any

import hypothesis
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from endsession.contract.document import METHODS, Document

from .explore import BASE_URL, SEED, schema_of
from .fixtures import Fixtures
from .inputs import put_inputs
from .mutations import mutate
from .scenarios import scenarios_of
from .targets import Table, Target

FLOOR = 20
"""How often every documented status has to be seen."""
_LEFT_TO_EXPLORE = [
    checks.positive_data_acceptance,
    checks.negative_data_rejection,
    checks.use_after_free,
    checks.ignored_auth,
    not_a_server_error,
]
"""Checks that guess what the answer should be, which a scenario knows."""


def reach(
    targets: Mapping[str, Target],
    document: Document,
    table: Table,
    floor: int = FLOOR,
    *,
    paths: Collection[str] = (),
    statuses: Collection[int] = (),
) -> list[str]:
    """Send scenarios until every documented status was seen `floor` times, and each scenario at least once.

    Returns what failed; an answer other than the scenario's is a failure as well. No `paths` means all, and so with
    `statuses`.
    """
    fixtures = {name: Fixtures(target) for name, target in targets.items()}
    chance, problems = random.Random(SEED), []
    for _, operation, path, method in operations_of(targets["ordinary"], paths):
        for status, scenarios in scenarios_of(document, path, method):
            if statuses and status not in statuses:
                continue
            seen = {(p, m, s): count for p, m, s, count in table.pairs()}
            count = max(floor - seen[path, method, status], len(scenarios))
            for case, scenario in zip(cases_of(operation, count), cycle(scenarios), strict=False):
                put_inputs(fixtures[scenario.target], case, scenario.whole(document, path, method))
                if scenario.mutation:
                    mutate(case, scenario.mutation, chance)
                response, wrong = send(case, targets[scenario.target])
                if response.status_code != status:
                    wrong.append(f"it was answered with {response.status_code} in place of {status}")
                problems += [f"{operation.label}: {scenario}: {why}" for why in wrong]
    return problems


def operations_of(target: Target, paths: Collection[str] = ()) -> Iterator[tuple[str, Any, str, str]]:
    """The operations of a target's document: operationId, the operation as schemathesis has it, path and method."""
    schema = schema_of(target, {})
    for path, item in target.deployment.gateway.document.raw["paths"].items():
        for method in METHODS:
            if method in item and (not paths or path in paths):
                yield item[method]["operationId"], schema[path][method.upper()], path, method


def cases_of(operation: Any, count: int) -> list[Case[Any]]:
    """Generated cases that fit the document."""
    cases = []

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=count,
        phases=[hypothesis.Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    # An operation without parameters has one case only; the number lets it be made as often as is needed.
    @hypothesis.given(operation.as_strategy(), st.integers(0, 2**64))
    def collect(case: Case[Any], _number: int) -> None:
        cases.append(case)

    collect()
    return cases


def send(case: Case[Any], target: Target) -> tuple[Any, list[str]]:
    """The answer to a case, and what the checks find wrong with it."""
    response = case.call(base_url=BASE_URL, app=target)
    try:
        case.validate_response(response, excluded_checks=_LEFT_TO_EXPLORE, transport_kwargs={"app": target})
    except FailureGroup as group:
        return response, [
            f"{failure.title}: {failure.message}\n{case.as_curl_command()}" for failure in group.exceptions
        ]
    return response, []
