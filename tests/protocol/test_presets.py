"""What each preset makes of the requests that specifications and vendors disagree on (`docs/policy.md`)."""

from __future__ import annotations

from typing import Any

import pytest

from endsession.protocol.session import Sessions
from endsession.settings.presets import PRESETS

from .worlds import DAY, DEAD, INVALID, MALFORMED, NO_HINT, URI, C, H, hint, outcome

NOBODY = Sessions("not_presented")
ELSEWHERE = "https://evil.example/"
ORDER = ("oidc", "authpi", "pingfederate", "strict")

# The request, then the outcome under oidc, authpi, pingfederate, strict.
SITUATIONS: dict[str, tuple[dict[str, Any], str, str, str, str]] = {
    "a matching hint": (
        {"said": hint(), "post_logout_redirect_uri": URI},
        "end C, redirect", "end C, redirect", "end C, redirect", "end C, redirect",
    ),
    "no hint": (
        {"client_id": "web"},
        "ask no_hint C", "400 invalid_request", "ask no_hint C", "400 invalid_request",
    ),
    "no hint and a URI": (
        {"client_id": "web", "post_logout_redirect_uri": URI},
        "ask no_hint C, redirect", "400 invalid_request", "ask no_hint C, redirect", "400 invalid_request",
    ),
    "no hint, and nobody signed in": (
        {"client_id": "web", "sessions": NOBODY, "post_logout_redirect_uri": URI},
        "nothing, link", "400 invalid_request", "nothing, link", "400 invalid_request",
    ),
    "an invalid hint": (
        {"said": INVALID},
        "ask invalid_hint C", "401 invalid_token", "ask invalid_hint C", "401 invalid_token",
    ),
    "a hint that is not a JWT": (
        {"said": MALFORMED},
        "ask invalid_hint C", "400 invalid_request", "ask invalid_hint C", "400 invalid_request",
    ),
    "no parameters": (
        {},
        "ask no_hint C", "400 invalid_request", "ask no_hint C", "400 invalid_request",
    ),
    "an unregistered URI": (
        {"said": hint(), "post_logout_redirect_uri": ELSEWHERE},
        "422 invalid_redirect_uri", "422 invalid_redirect_uri", "end C", "422 invalid_redirect_uri",
    ),
    "a URI without client and hint": (
        {"client": None, "post_logout_redirect_uri": URI},
        "400 invalid_request", "400 invalid_request", "ask no_hint C", "400 invalid_request",
    ),
    "another client's id": (
        {"said": hint(), "client_id": "other"},
        "400 invalid_request", "end C", "400 invalid_request", "400 invalid_request",
    ),
    "a logout_hint of another user": (
        {"client_id": "web", "logout_hint": "bob"},
        "ask foreign_hint C", "400 invalid_request", "ask no_hint C", "400 invalid_request",
    ),
    "no cookie presented": (
        {"said": hint("H"), "sessions": Sessions("not_presented", named=H)},
        "nothing", "end H", "nothing", "nothing",
    ),
    "no cookie configured": (
        {"said": hint("H"), "sessions": Sessions("not_configured", named=H)},
        "ask unmatched H", "end H", "ask unmatched H", "ask unmatched H",
    ),
    "another user's hint": (
        {"said": hint("H", "bob")},
        "ask foreign_hint C", "403 access_denied", "ask foreign_hint C", "403 access_denied",
    ),
    "another session's hint": (
        {"said": hint("H"), "sessions": Sessions("presented", C, named=H)},
        "ask stale_sid C", "403 access_denied", "ask stale_sid C", "403 access_denied",
    ),
    "an expired hint of a dead session": (
        {"said": hint("H", age=DAY - 1), "sessions": Sessions("not_presented", named=DEAD)},
        "nothing over", "nothing over", "nothing over", "nothing over",
    ),
    "a hint of two days ago of a dead session": (
        {"said": hint("H", age=2 * DAY), "sessions": Sessions("not_presented", named=DEAD)},
        "nothing over", "nothing over", "nothing over", "401 invalid_token",
    ),
    "a hint of five weeks ago of a dead session": (
        {"said": hint("H", age=35 * DAY), "sessions": Sessions("not_presented", named=DEAD)},
        "nothing", "401 invalid_token", "nothing", "401 invalid_token",
    ),
}  # fmt: skip


@pytest.mark.parametrize("preset", ORDER)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_preset(situation: str, preset: str) -> None:
    """Each preset answers each situation as its vendor or specification has it."""
    arguments, *outcomes = SITUATIONS[situation]
    arguments = dict(arguments)
    said, sessions = arguments.pop("said", NO_HINT), arguments.pop("sessions", None)
    assert outcome(PRESETS[preset], said, sessions, **arguments) == outcomes[ORDER.index(preset)]


def test_every_preset_has_a_column() -> None:
    """A new preset needs its outcomes here."""
    assert set(PRESETS) == set(ORDER)
