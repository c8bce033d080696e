"""The trace of a decision: the steps that led to it, by which an operator sees what decided."""

from __future__ import annotations

import pytest

from endsession.protocol.decide import decide
from endsession.protocol.policy import Policy
from endsession.protocol.session import Sessions
from endsession.settings.presets import AUTHPI

from .worlds import INVALID, URI, C, H, case, hint

REFUSED = "422 invalid_redirect_uri"
UNUSABLE = "The post_logout_redirect_uri is not an absolute URI that a browser may be sent to."


def test_of_an_ending() -> None:
    """In the order in which things were judged."""
    assert decide(case(Policy(), hint(), post_logout_redirect_uri=URI)).trace == (
        "hint verified",
        "client known",
        "redirect registered; redirect_match = exact",
        "the hint is of the browser's session",
    )


def test_of_a_question() -> None:
    """It ends with why it is asked."""
    assert decide(case(Policy(), client=None)).trace == (
        "no hint; id_token_hint = optional",
        "no client named",
        "ask: no_hint",
    )
    assert decide(case(Policy(), INVALID)).trace == (
        "hint refused: its signature does not verify; on_invalid_hint = prompt",
        "client known",
        "ask: invalid_hint",
    )


def test_of_a_refusal() -> None:
    """It ends with the status and the code, after the knob that refused."""
    assert decide(case(AUTHPI, hint("H"), Sessions("presented", C, named=H))).trace == (
        "hint verified",
        "client known",
        "the hint is of another session of the same user; on_stale_sid = error",
        "refuse: 403 access_denied",
    )


def test_of_a_client_that_is_unknown() -> None:
    """A client that was named and is not there is not the same as none."""
    decision = decide(case(Policy(on_unregistered_redirect="ignore"), client=None, client_id="nobody"))
    assert decision.trace[1] == "client unknown"
    assert decide(case(Policy(), hint(), client=None)).trace[1] == "client unknown"


@pytest.mark.parametrize(
    ("uri", "why", "description"),
    [
        ("https://app.example/", "it is not among the client's post_logout_redirect_uris", None),
        ("https://app.example/#x", "it has a fragment", UNUSABLE),
        ("/signed-out", "it is not an absolute URI", UNUSABLE),
        ("javascript:alert(1)", "the scheme javascript is not allowed", UNUSABLE),
    ],
)
def test_of_a_redirect_that_may_not_be(uri: str, why: str, description: str | None) -> None:
    """The log says what is wrong with it; the caller learns whether it can ever be right."""
    decision = decide(case(Policy(), hint(), post_logout_redirect_uri=uri))
    assert decision.trace[2:] == (
        f"redirect refused: {why}; on_unregistered_redirect = error",
        f"refuse: {REFUSED}",
    )
    assert decision.error is not None
    assert decision.error.detail == why
    assert decision.error.description == (description or type(decision.error).description)
