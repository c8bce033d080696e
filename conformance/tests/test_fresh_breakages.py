"""Twice ten breakages by authors who had not seen the checks: every one is found, by the check or rule it violates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from endsession.contract.negotiation import read_accept

from . import fresh_breakages as fresh
from . import second_breakages as second
from .deployment import SkippingClock, all_options, run, serving

FOUND: list[tuple[fresh.Regression, str]] = [
    (fresh.clears_any_cookie, "the provider's cookie is cleared when its session ends, and only then"),
    (fresh.a_yes_loses_state, "a yes redirects to the registered URI with state"),
    (fresh.serves_disabled_clients, "a disabled client is refused, and the session is kept"),
    (
        fresh.an_update_forgets_the_apps,
        "a session is registered, changed, looked up, ended, and then cannot change",
    ),
    (fresh.redelivers_nothing, "the ledger shows who was to be notified, and a delivery can be repeated"),
    (fresh.shares_with_every_origin, "no other origin can read a response"),
    (fresh.takes_browsers_for_programs, "Accept decides between a page and JSON"),
    # The checks of that time missed these three. Three checks were added because of them.
    (fresh.language_spends_the_question, "a question that was asked again can still be answered"),
    (fresh.trusts_labels, "pages show registered names as text, never as markup"),
    (fresh.believes_the_forwarded_host, "no host of a request gets into the metadata"),
    # The second ten. The checks of that time found nine, and the ledger that shows every app only by chance.
    (second.looks_at_the_first_cookie_only, "the session's cookie is found among other cookies"),
    (second.compares_redirects_without_case, "an unregistered URI is refused, and the session is kept"),
    (
        second.leaves_state_unescaped,
        "a registered URI is followed with state, character by character",
    ),
    (second.a_page_skips_a_session, "lists are filtered and paged as requested"),
    (second.takes_hints_from_the_future, "an invalid hint ends nothing"),
    (
        second.a_stale_sid_is_no_doubt,
        "a hint of an earlier session of the same user does not end this browser's session",
    ),
    (second.a_no_leaves_the_question_open, "a no keeps the session and uses up the question"),
    (second.the_ledger_shows_every_app, "the ledger shows who was to be notified, and a delivery can be repeated"),
    (
        second.metadata_names_the_issuer_with_a_slash,
        "the metadata is that of the issuer, and has documented URLs",
    ),
    (second.refuses_forms_with_a_charset, "the media type of a form is accepted in any spelling"),
]

MADE_BY: dict[fresh.Regression, str] = {fresh.shares_with_every_origin: "a decision from another site is 403"}
"""A rule judges the responses to whatever check runs. This one needs a check that sends `Origin`."""


@pytest.fixture(autouse=True)
def _forget_parsed_accept() -> Iterator[None]:
    """The process caches what an `Accept` header prefers, which must not outlive a regression."""
    yield
    read_accept.cache_clear()


@pytest.mark.slow
@pytest.mark.sqlite_alone("it is the suite that is tested, and no breakage depends on the storage")
@pytest.mark.parametrize(("regress", "title"), FOUND, ids=lambda value: getattr(value, "__name__", ""))
def test_a_fresh_breakage_is_found(
    regress: fresh.Regression, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails, and names the check or rule that does not hold."""
    wrap, clock = regress(monkeypatch), SkippingClock()
    with serving(tmp_path, wrap, clock=clock) as url:
        only = ["--only", MADE_BY.get(regress, title)]
        status, report, errors = run(url, *all_options(tmp_path), *only, clock=clock)
    assert status == 1, errors
    assert f"FAILED: {title}\n" in report, report
