"""Every knob is moved by a test: for each value there is one called `test_KNOB_VALUE`, which sets the knob to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from endsession.protocol.policy import Policy

from .knobs import NUMBERS, every_knob_and_value

FILES = ("test_knobs_on_requests.py", "test_knobs_on_sessions.py", "test_knobs_at_the_endpoint.py", "test_request.py")
HERE = Path(__file__).parent


def settings_by_test(source: str) -> dict[str, list[tuple[str, Any]]]:
    """The tests of a file by name, each with the settings in it: `KNOB=VALUE` of a call, or `{"KNOB": VALUE}`."""
    functions = [item for item in ast.parse(source).body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {function.name: list(_settings(function)) for function in functions if function.name.startswith("test_")}


def _settings(function: ast.AST) -> Iterator[tuple[Any, Any]]:
    for node in ast.walk(function):
        if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
            yield node.arg, node.value.value
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Constant):
                    yield key.value, value.value


TESTS = {name: found for file in FILES for name, found in settings_by_test((HERE / file).read_text()).items()}


@pytest.mark.parametrize(("knob", "value"), list(every_knob_and_value()))
def test_every_value_of_every_knob_has_its_test(knob: str, value: Any) -> None:
    """A new knob or a new value needs one, and there is no exemption."""
    name = f"test_{knob}_{str(value).lower()}"
    assert name in TESTS, f"no file of {FILES} has {name}"
    assert (knob, value) in TESTS[name], f"{name} does not set {knob} = {value!r}"


def test_knobs_with_numbers_have_a_file() -> None:
    """`test_hint_age.py` has the values of `max_hint_age` on both sides of its limit; no other knob is a number."""
    numbers = {field.name for field in fields(Policy) if type(field.default) is int}
    assert numbers == NUMBERS == {"max_hint_age"}
    assert "test_max_hint_age" in settings_by_test((HERE / "test_hint_age.py").read_text())


def test_a_test_that_sets_nothing_is_seen() -> None:
    """The name alone is not enough, nor is a value of another knob."""
    source = 'def test_prompt_never():\n    policy = Policy(other="never", prompt="auto")\n    {"x": "never"}\n'
    assert ("prompt", "never") not in settings_by_test(source)["test_prompt_never"]
    assert ("prompt", "auto") in settings_by_test(source)["test_prompt_never"]
