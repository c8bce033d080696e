"""Twice ten breakages chosen by somebody who had not seen the checks: each is reported, by the claim that it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from endsession.contract.negotiation import prefers

from . import fresh_breakages as fresh
from . import second_breakages as second
from .deployment import contract, parties, serving

REPORTED: list[tuple[fresh.Regression, str]] = [
    (fresh.clears_any_cookie, "the provider's cookie is cleared when its session ends, and only then"),
    (fresh.a_yes_loses_state, "a yes goes on to the registered URI with state"),
    (fresh.serves_disabled_clients, "a disabled client is refused, and the session stays"),
    (
        fresh.an_update_forgets_the_apps,
        "a session is registered, changed, looked up, ended, and then takes no changes",
    ),
    (fresh.redelivers_nothing, "the ledger says who was to be told, and a delivery can be tried again"),
    (fresh.shares_with_every_origin, "answers are not shared with other sites"),
    (fresh.takes_browsers_for_programs, "Accept decides between a page and JSON"),
    # The checks of that time missed these three; the claims were added because of them.
    (fresh.language_spends_the_question, "a question that was asked again can still be answered"),
    (fresh.trusts_labels, "registered names are text on pages, never markup"),
    (fresh.believes_the_forwarded_host, "the metadata leads to no host that the request names"),
    # The second ten: the checks of that time reported nine, and the ledger that shows every app by chance only.
    (second.looks_at_the_first_cookie_only, "the browser's session is found among other cookies"),
    (second.compares_redirects_without_case, "a URI that is not registered is refused, and the session stays"),
    (
        second.leaves_state_unescaped,
        "a registered URI of a client is followed with state, character by character",
    ),
    (second.a_page_skips_a_session, "lists show what was asked for, page by page"),
    (second.takes_hints_from_the_future, "a hint that does not verify ends nothing"),
    (second.a_stale_sid_is_no_doubt, "a hint of an earlier session of the same user does not end this browser's"),
    (second.a_no_leaves_the_question_open, "a no keeps the session, and spends the question"),
    (second.the_ledger_shows_every_app, "the ledger says who was to be told, and a delivery can be tried again"),
    (
        second.metadata_names_the_issuer_with_a_slash,
        "the metadata is the issuer's own, and leads to documented addresses",
    ),
    (second.refuses_forms_with_a_charset, "a form is known in any writing of its media type"),
]

TRIED_BY: dict[fresh.Regression, str] = {fresh.shares_with_every_origin: "an answer from another site is 403"}
"""What holds of every answer is judged while a claim is tried; here it takes one that sends `Origin`."""


@pytest.fixture(autouse=True)
def _no_remembered_accept() -> Iterator[None]:
    """What an `Accept` header prefers is remembered in the process, and must not outlive a regression."""
    yield
    prefers.cache_clear()


@pytest.mark.parametrize(("regress", "claim"), REPORTED, ids=lambda one: getattr(one, "__name__", ""))
def test_a_fresh_breakage_is_reported(
    regress: fresh.Regression, claim: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run finds the contract broken, and names the claim that does not hold."""
    wrap = regress(monkeypatch)
    with serving(tmp_path, wrap) as url:
        status, report, errors = contract(url, *parties(tmp_path), "--only", TRIED_BY.get(regress, claim))
    assert status == 1, errors
    assert f"BROKEN: {claim}\n" in report, report
