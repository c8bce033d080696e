"""What holds for every URI, every registration and every state."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from hypothesis import assume, given
from hypothesis import strategies as st

from endsession.protocol.redirect import RegisteredRedirect, match, unusable, with_state
from tests.kit.properties import tried

MODES = st.sampled_from(["exact", "exact_or_native_loopback", "wildcard"])
PIECES = st.sampled_from(
    [
        *("https:", "http:", "javascript:", "//", "/", "\\", "@", ":", "?", "#", "*", "*.", ".", "..", "%2e", "%00"),
        *("app.example", "evil.example", "127.0.0.1", "[::1]", "443", "signed-out", "a", "A", " ", "\n", "é"),
    ]
)
URIS = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=30)
WELL_FORMED = st.from_regex(
    r"(https://[a-z]{1,9}\.example(:[1-9][0-9]{0,3})?(/[a-zA-Z0-9%~._-]{0,9}){0,2}(\?[a-z0-9=&%+]{0,12})?"
    r"|com\.[a-z]{1,9}:/[a-z]{0,9})",
    fullmatch=True,
)
STATES = st.text(max_size=40)
many = tried(500)


@many
@given(URIS, st.lists(URIS, max_size=3), st.booleans())
def test_exact_means_equal(uri: str, registered: list[str], native: bool) -> None:
    """What matches is among the registered strings, and usable; what is both, matches."""
    found = match(uri, registered, "exact", native=native)
    assert found == (uri if uri in registered and unusable(uri) is None else None)


@many
@given(URIS, URIS, MODES, st.booleans())
def test_looser_modes_keep_scheme_host_and_path(uri: str, registered: str, mode: str, native: bool) -> None:
    """Of what was asked, all but one host label or one loopback port stands in the registration."""
    found = match(uri, [registered], mode, native=native)  # type: ignore[arg-type]
    if found is None:
        return
    assert unusable(uri) is None
    one, other = urlsplit(uri), urlsplit(registered)
    assert (one.scheme, one.path, one.query, one.username) == (other.scheme, other.path, other.query, other.username)
    if "*" not in registered:
        assert one.hostname == other.hostname


@many
@given(st.from_regex(r"[a-z0-9.*@:/?#\\%-]{1,30}", fullmatch=True))
def test_a_wildcard_never_leaves_its_domain(host: str) -> None:
    """Whatever stands in the place of the star, the browser stays below the registered domain."""
    uri = f"https://{host}.apps.example/x"
    if match(uri, ["https://*.apps.example/x"], "wildcard", native=True):
        assert urlsplit(uri).hostname == f"{host}.apps.example"
        assert re.fullmatch(r"[a-z0-9-]+", host)


@many
@given(st.text(max_size=60) | URIS)
def test_unusable_never_raises(uri: str) -> None:
    """Any text gets a verdict, and what is usable is printable ASCII with a scheme and no fragment."""
    if unusable(uri) is None:
        assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.-]*:[\x21-\x7e]+", uri)
        assert "#" not in uri
        assert "\\" not in uri


@many
@given(WELL_FORMED, STATES)
def test_state_is_added_and_nothing_else_changes(uri: str, state: str) -> None:
    """Every other character stays as it was registered, and the state comes back as it was sent (R13)."""
    assume(unusable(uri) is None)
    result = with_state(RegisteredRedirect(uri), state)
    assert result.startswith(uri)
    added = result.removeprefix(uri)
    assert re.fullmatch(r"[?&]?state=[A-Za-z0-9_.~%-]*", added)
    assert unquote(added.split("=", 1)[1]) == state
    assert parse_qsl(urlsplit(result).query, keep_blank_values=True)[-1] == ("state", state)
    assert unusable(result) is None


@many
@given(WELL_FORMED)
def test_no_state_no_change(uri: str) -> None:
    """If and only if it was given."""
    assert with_state(RegisteredRedirect(uri), None) == uri


def test_state_joins_what_is_there() -> None:
    """A query that is there is continued, an empty one is begun."""
    for uri, expected in (
        ("https://a.example/x", "https://a.example/x?state=s%26t%3D1%0D%0A"),
        ("https://a.example/x?", "https://a.example/x?state=s%26t%3D1%0D%0A"),
        ("https://a.example/x?a=1", "https://a.example/x?a=1&state=s%26t%3D1%0D%0A"),
        ("https://a.example/x?a=1&", "https://a.example/x?a=1&state=s%26t%3D1%0D%0A"),
        ("com.example.app:/done", "com.example.app:/done?state=s%26t%3D1%0D%0A"),
    ):
        assert with_state(RegisteredRedirect(uri), "s&t=1\r\n") == expected
