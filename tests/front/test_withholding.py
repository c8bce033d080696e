"""Which of the provider's cookies are withheld after an ending, and how a browser is made to delete them."""

from __future__ import annotations

from typing import Any

import pytest

from endsession.front.withholding import (
    MOST_WITHHELD,
    Withholding,
    cookie_digest,
    deleted_digest,
    deletions,
    withholding,
)
from endsession.settings import Front
from endsession.store.front import Browser

OWN = ("__Host-endsession-browser",)
COOKIES = [("sid", "1"), ("csrf", "2"), ("lang", "de"), ("__Host-endsession-browser", "x")]


def decided(browser: Browser, shown: list[tuple[str, str]] = COOKIES, **front: Any) -> Withholding:
    """What becomes of a request's cookies."""
    return withholding(shown, browser, Front(upstream="http://op.internal:9000", **front), OWN)


def ended(*dead: str, cleaned: bool = False, withheld: int = 0) -> Browser:
    """A browser whose newest session has ended."""
    return Browser(sid="s", ended=True, cleaned=cleaned, withheld=withheld, dead=frozenset(dead))


def test_nothing_is_withheld_while_a_session_lives() -> None:
    """Nor from a browser of which nothing is known."""
    assert decided(Browser()) == decided(Browser(sid="s")) == Withholding()


def test_what_the_first_request_after_an_ending_shows_was_alive() -> None:
    """All of it but our own; from then on that and nothing else, by value."""
    first = decided(ended())
    assert first.names == ("sid", "csrf", "lang")
    later = ended(*first.dead, cleaned=True, withheld=1)
    assert decided(later, [("sid", "1"), ("csrf", "new")]).names == ("sid",)
    assert decided(later, [("sid", "new")]) == Withholding(attempt=1)


def test_what_was_deleted_at_the_logout_has_been_set_since() -> None:
    """Another value of a name that the browser was made to delete passes; that value, and other names, do not."""
    alive = [cookie_digest("sid", "1"), deleted_digest("s", "sid")]
    assert decided(ended(*alive), [("sid", "1")]).names == ("sid",)
    assert decided(ended(*alive), [("sid", "2")]) == Withholding()
    assert decided(ended(*alive), [("sid", "2"), ("other", "1")]).names == ("other",)


def test_a_deletion_at_an_earlier_logout_says_nothing_about_a_later_ending() -> None:
    """The session that an administrator ends had cookies of the same names."""
    earlier = [cookie_digest("sid", "0"), deleted_digest("an-earlier-one", "sid")]
    assert decided(ended(*earlier), [("sid", "1")]).names == ("sid",)


@pytest.mark.parametrize(
    ("front", "names"),
    [
        ({"keep_cookies": ("lang",)}, ("sid", "csrf")),
        ({"keep_cookies": ("l*", "cs*")}, ("sid",)),
        ({"cookies": ("sid",)}, ("sid",)),
        ({"cookies": ("s*", "lang"), "keep_cookies": ("sid",)}, ("lang",)),
        ({"end_provider_session": ()}, ()),
    ],
)
def test_the_settings_say_which(front: dict[str, Any], names: tuple[str, ...]) -> None:
    """`cookies` names those that are withheld, `keep_cookies` those that always pass."""
    assert decided(ended(), **front).names == names


def test_what_comes_again_and_again_passes_in_the_end() -> None:
    """It cannot be deleted, and a provider that goes on without it would be asked again and again."""
    dead = cookie_digest("sid", "1")
    assert decided(ended(dead, cleaned=True, withheld=MOST_WITHHELD - 1), [("sid", "1")]).names == ("sid",)
    assert decided(ended(dead, cleaned=True, withheld=MOST_WITHHELD), [("sid", "1")]) == Withholding(in_vain=True)


def test_a_deletion_reaches_a_cookie_however_it_was_set() -> None:
    """With and without Domain, at each path, and partitioned; a `__Host-` cookie has no Domain and one path."""
    lines = [line.decode() for _, line in deletions(["sid"], host="login.op.example", paths=["/", "/o"], https=True)]
    for path in ("/", "/o"):
        for scope in ("", "; Domain=login.op.example", "; Domain=op.example"):
            assert f"sid=; Max-Age=0; Path={path}{scope}; Secure" in lines
        assert f"sid=; Max-Age=0; Path={path}; Secure; Partitioned" in lines
    hosted = [line.decode() for _, line in deletions(["__Host-a"], host="op.example", paths=["/", "/o"], https=True)]
    assert hosted == ["__Host-a=; Max-Age=0; Path=/; Secure", "__Host-a=; Max-Age=0; Path=/; Secure; Partitioned"]
