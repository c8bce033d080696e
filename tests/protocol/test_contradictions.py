"""Combinations of knobs that cannot be meant are named, and everything else is left alone."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from endsession.protocol.policy import Policy, contradictions
from endsession.settings.presets import PRESETS

from .knobs import every_knob_and_value

CONTRADICTIONS: list[tuple[dict[str, Any], bool, set[tuple[str, ...]]]] = [
    (
        {"prompt": "never"},
        True,
        {
            ("prompt", "on_invalid_hint"),
            ("prompt", "on_no_params"),
            ("prompt", "on_foreign_hint"),
            ("prompt", "on_stale_sid"),
            ("prompt", "redirect_without_hint"),
        },
    ),
    ({"prompt": "always", "bare_post_is_consent": True}, True, {("prompt", "bare_post_is_consent")}),
    ({"prompt": "always", "on_no_params": "done"}, True, {("prompt", "on_no_params")}),
    ({"prompt": "always", "on_no_hint": "done"}, True, {("prompt", "on_no_hint")}),
    ({"id_token_hint": "required"}, True, {("id_token_hint", "on_no_params")}),
    (
        {"id_token_hint": "required", "on_no_params": "error", "on_no_hint": "done"},
        True,
        {("id_token_hint", "on_no_hint")},
    ),
    ({"id_token_hint": "required", "on_no_params": "done"}, True, {("id_token_hint", "on_no_params")}),
    (
        {"encrypted_hint": "require_client_id", "client_id_param": "ignore"},
        True,
        {("encrypted_hint", "client_id_param")},
    ),
    (
        {"encrypted_hint": "require_client_id", "client_id_param": "reject"},
        True,
        {("encrypted_hint", "client_id_param")},
    ),
    ({"require_authenticated_user": True}, False, {("require_authenticated_user",)}),
]


@pytest.mark.parametrize(("knobs", "has_cookie", "expected"), CONTRADICTIONS)
def test_contradiction(knobs: dict[str, Any], has_cookie: bool, expected: set[tuple[str, ...]]) -> None:
    """Each is found, with the knobs that take part in it, and a sentence that names each of them."""
    found = dict(contradictions(Policy(**knobs), has_cookie=has_cookie))
    assert set(found) == expected
    for names, why in found.items():
        assert all(name in why for name in names)


def test_never_asking_needs_something_to_match_a_session_by() -> None:
    """Without the cookie and without the hint's authority each request would have to ask."""
    silent = PRESETS["authpi"]
    assert list(contradictions(silent, has_cookie=False)) == []
    by_cookie = Policy(**{**_values(silent), "hint_authority": "cookie"})
    assert [names for names, _ in contradictions(by_cookie, has_cookie=True)] == []
    assert [names for names, _ in contradictions(by_cookie, has_cookie=False)] == [("prompt", "hint_authority")]


@pytest.mark.parametrize("has_cookie", [True, False])
@pytest.mark.parametrize("preset", PRESETS)
def test_no_preset_contradicts_itself(preset: str, has_cookie: bool) -> None:
    """With or without a cookie."""
    assert list(contradictions(PRESETS[preset], has_cookie=has_cookie)) == []


def test_a_browser_that_can_be_known_may_be_asked_for() -> None:
    """With the cookie, `require_authenticated_user` makes sense."""
    assert list(contradictions(Policy(require_authenticated_user=True), has_cookie=True)) == []


def test_only_the_listed_pairs_contradict() -> None:
    """Any two values of two knobs are fine together, but for those above."""
    listed = {name for _, _, expected in CONTRADICTIONS for names in expected for name in names}
    for (combination, first), (two, second) in itertools.combinations(every_knob_and_value(), 2):
        if combination != two:
            policy = Policy(**{combination: first, two: second})
            for names, _ in contradictions(policy, has_cookie=True):
                assert set(names) <= listed
                assert {combination, two} & set(names)


def _values(policy: Policy) -> dict[str, Any]:
    return {knob: getattr(policy, knob) for knob in policy.__dataclass_fields__}
