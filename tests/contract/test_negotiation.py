"""Accept: what a caller names explicitly decides the form of an answer (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endsession.contract.negotiation import MAX_LENGTH, prefers, read_accept
from tests.kit.cost import lines_run

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", None),
        ("*/*", None),
        ("text/*", None),
        ("application/*", None),
        ("image/png, text/plain", None),
        ("text/html", "html"),
        ("TEXT/HTML", "html"),
        ("text/html;charset=utf-8", "html"),
        ("application/xhtml+xml", "html"),
        (BROWSER, "html"),
        ("application/json", "json"),
        ("application/json, text/plain, */*", "json"),
        ("application/json;q=0.9, text/html;q=0.8", "json"),
        ("application/json;q=0.8, text/html;q=0.9", "html"),
        ("application/json, text/html", "html"),
        ("application/json;q=1, text/html;q=1.0", "html"),
        ("text/html;q=0, application/json;q=0.1", "json"),
        ("text/html;q=0", None),
        ("application/json;q=0", None),
        ("text/html; q=0.2 , application/json ; q=0.3", "json"),
        ("text/html;level=1;q=0.2, application/json;q=0.3", "json"),
        ("text/html;q=0.1, text/html;q=0.9, application/json;q=0.5", "html"),
        ("text/html;q=much, application/json;q=0.1", "json"),
        ("text/html;q=nan, application/json;q=0.1", "json"),
        ("text/html;q=-1, application/json;q=0.1", "json"),
        ("text/html;q=inf, application/json", "json"),
        ("application/json;q=1e9, text/html", "html"),
        ("application/problem+json", None),
        (",,;;,", None),
        ("text/html2", None),
    ],
)
def test_the_form_that_is_named(accept: str, form: str | None) -> None:
    """Of the two forms the one with the higher weight; a page when they are equal; neither leaves it to policy."""
    assert prefers(accept) == form


@given(st.text())
def test_any_header_is_understood_or_left_to_policy(accept: str) -> None:
    """No header makes choosing fail."""
    assert prefers(accept) in ("html", "json", None)


def test_a_longer_header_than_any_program_sends_is_not_read() -> None:
    """It would cost more than the request, and stay in memory; up to a thousand characters it is."""
    fitting = "text/html," + "a/b," * 247
    assert len(fitting) == MAX_LENGTH - 2
    assert prefers(fitting) == "html"
    kept = read_accept.cache_info().currsize
    cost = lines_run(lambda: prefers("*/*"))
    for long in (fitting + "a/b", "text/html," + "a/b;q=0.1," * 6000):
        assert prefers(long) is None
        assert lines_run(partial(prefers, long)) <= cost + 2
    assert read_accept.cache_info().currsize <= kept + 1
