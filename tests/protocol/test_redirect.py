"""Where a browser may be sent: the tricks that have worked elsewhere, each against each way of matching (T1)."""

from __future__ import annotations

import pytest

from endsession.protocol.redirect import FORBIDDEN_SCHEMES, RedirectMatch, match, unusable

REGISTERED = "https://app.example/signed-out"
MODES: tuple[RedirectMatch, ...] = ("exact", "exact_or_native_loopback", "wildcard")
every_mode = pytest.mark.parametrize("mode", MODES)

TRICKS = [
    # Prefix and suffix.
    "https://app.example/signed-out/",
    "https://app.example/signed-out/../evil",
    "https://app.example/signed-out.evil.example",
    "https://app.example.evil.example/signed-out",
    "https://evil-app.example/signed-out",
    "https://app.example/signed-ou",
    "https://app.example",
    "https://evil.example/https://app.example/signed-out",
    "https://evil.example/?https://app.example/signed-out",
    "https://evil.example#https://app.example/signed-out",
    # User information.
    "https://app.example@evil.example/signed-out",
    "https://app.example:443@evil.example/signed-out",
    "https://app.example%40evil.example/signed-out",
    "https://user@app.example/signed-out",
    "https://@app.example/signed-out",
    # Backslashes and slashes.
    "https:\\\\app.example\\signed-out",
    "https://app.example\\@evil.example/signed-out",
    "https://evil.example\\.app.example/signed-out",
    "https:/app.example/signed-out",
    "https:///app.example/signed-out",
    "https:app.example/signed-out",
    "//app.example/signed-out",
    "///app.example/signed-out",
    "/signed-out",
    "signed-out",
    "https://app.example//signed-out",
    # Encodings.
    "https://app.example/signed%2Dout",
    "https://app.example/signed-out%2F..%2Fevil",
    "https://app.example/%2e%2e/signed-out",
    "https://app%2Eexample/signed-out",
    "https://app。example/signed-out",
    "https://app.example/signed\u2010out",
    "https://app.example/signed-out%00",
    "https://app.example/signed-out\x00",
    "https://app.example/signed-out\n",
    "https://app.example/signed-out\r\nSet-Cookie: a=b",
    " https://app.example/signed-out",
    "https://app.example/signed-out ",
    "https://app.example/signed-\tout",
    # Ports and case.
    "https://app.example:443/signed-out",
    "https://app.example:8443/signed-out",
    "https://app.example:/signed-out",
    "https://app.example:99999/signed-out",
    "https://App.example/signed-out",
    "HTTPS://app.example/signed-out",
    "https://app.example/Signed-Out",
    "https://app.example./signed-out",
    "http://app.example/signed-out",
    # Query and fragment.
    "https://app.example/signed-out?",
    "https://app.example/signed-out?x=1",
    "https://app.example/signed-out?next=https://evil.example",
    "https://app.example/signed-out;x=1",
    "https://app.example/signed-out#",
    "https://app.example/signed-out#x",
    # Wildcards in what is asked for.
    "https://*.example/signed-out",
    "https://*/signed-out",
    "*",
    "",
]
SCHEMES_THAT_RUN = [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "javascript://app.example/%0aalert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "blob:https://app.example/0b1c",
    "file:///etc/passwd",
    "filesystem:https://app.example/temporary/x",
    "view-source:https://app.example/signed-out",
    "about:blank",
    "chrome://settings",
    "chrome-extension://abcdefghijklmnop/x.html",
    "moz-extension://abcdefghijklmnop/x.html",
    "resource://gre/x",
    "jar:https://app.example/x!/y",
    "feed:javascript:alert(1)",
    "mhtml:https://app.example/x",
    "ms-its:https://app.example/x",
    "content://com.example/x",
    "intent://app.example/#Intent;scheme=https;end",
    "ws://app.example/",
    "mailto:x@app.example",
    "ms-msdt:/id",
    "search-ms:query=x",
]


@every_mode
@pytest.mark.parametrize("uri", TRICKS)
def test_trick(uri: str, mode: RedirectMatch) -> None:
    """Nothing but the registered string itself is the registered string."""
    assert match(uri, [REGISTERED], mode, native=True) is None


@every_mode
def test_the_registered_uri_matches(mode: RedirectMatch) -> None:
    """Also among others, and with everything that belongs to it."""
    for uri in (REGISTERED, "https://app.example/bye?x=1&y=%2F", "com.example.app:/done", "http://[::1]:8080/done"):
        assert match(uri, ["https://other.example/", uri], mode, native=True) == uri


@every_mode
@pytest.mark.parametrize("uri", SCHEMES_THAT_RUN)
def test_a_scheme_that_runs_something_is_never_used(uri: str, mode: RedirectMatch) -> None:
    """Not even if it stands in a registration: the rule holds at registration and again at use."""
    assert unusable(uri) is not None
    assert match(uri, [uri], mode, native=True) is None


@every_mode
@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/a b",
        "https://user:secret@app.example/",
        "https://app.example/#",
        "https:///signed-out",
        "https://",
        "https:",
        "com.example.app:",
        "https://[::1/",
        "https://app.example:port/",
        "https://*.apps.example/signed-out",
        "https://app.example\\signed-out",
        "com.example.app:\\done",
        "1https://app.example/",
        "ht_tps://app.example/",
        "/signed-out",
        "",
    ],
)
def test_what_can_never_be_a_target_is_not_one(uri: str, mode: RedirectMatch) -> None:
    """Whatever slipped into a registration."""
    assert match(uri, [uri], mode, native=True) is None


def test_forbidden_schemes_are_written_as_they_are_compared() -> None:
    """Lower case, without the colon."""
    assert all(scheme == scheme.lower().strip(": ") for scheme in FORBIDDEN_SCHEMES)


WILDCARD = "https://*.apps.example/signed-out"


@pytest.mark.parametrize("uri", ["https://one.apps.example/signed-out", "https://a-1.apps.example/signed-out"])
def test_a_wildcard_is_one_host_label(uri: str) -> None:
    """And only where the policy says so."""
    assert match(uri, [WILDCARD], "wildcard", native=False) == uri
    assert match(uri, [WILDCARD], "exact", native=False) is None
    assert match(uri, [WILDCARD], "exact_or_native_loopback", native=True) is None


@pytest.mark.parametrize(
    "uri",
    [
        "https://one.two.apps.example/signed-out",
        "https://apps.example/signed-out",
        "https://.apps.example/signed-out",
        "https://-a.apps.example/signed-out",
        "https://a-.apps.example/signed-out",
        "https://evil.example/.apps.example/signed-out",
        "https://evil.example?.apps.example/signed-out",
        "https://evil.example%2f.apps.example/signed-out",
        "https://evil.example:443.apps.example/signed-out",
        "https://evil.example\\.apps.example/signed-out",
        "https://a@evil.apps.example/signed-out",
        "https://One.apps.example/signed-out",
        "https://one.appsXexample/signed-out",
        "https://one.apps.example:8443/signed-out",
        "https://one.apps.example/signed-out?x=1",
        "https://one.apps.example/signed-out/",
        "https://one.apps.example/signed-out\n",
        "http://one.apps.example/signed-out",
        "https://*.apps.example/signed-out",
        "https://" + "a" * 64 + ".apps.example/signed-out",
    ],
)
def test_a_wildcard_is_nothing_more(uri: str) -> None:
    """Not two labels, not none, and everything around it stays equal."""
    assert match(uri, [WILDCARD], "wildcard", native=False) is None


def test_a_star_elsewhere_is_no_wildcard() -> None:
    """Not in the path, not within a label, not in the scheme."""
    for registered in ("https://app.example/*", "https://app-*.example/", "*://app.example/", "https://*/"):
        for uri in ("https://app.example/x", "https://app-1.example/", "https://app.example/"):
            assert match(uri, [registered], "wildcard", native=True) is None


LOOPBACK = "http://127.0.0.1/done?x=1"


@pytest.mark.parametrize("uri", ["http://127.0.0.1:49152/done?x=1", "http://127.0.0.1:1/done?x=1", LOOPBACK])
def test_a_native_apps_loopback_port_may_vary(uri: str) -> None:
    """RFC 8252, section 7.3: the system gives the port; where the policy says so, and for native apps only."""
    assert match(uri, [LOOPBACK], "exact_or_native_loopback", native=True) == uri
    if uri != LOOPBACK:
        assert match(uri, [LOOPBACK], "exact_or_native_loopback", native=False) is None
        assert match(uri, [LOOPBACK], "exact", native=True) is None
        assert match(uri, [LOOPBACK], "wildcard", native=True) is None


@pytest.mark.parametrize(
    "uri",
    [
        "http://[::1]:49152/done?x=1",
        "http://localhost:49152/done?x=1",
        "http://127.0.0.2:49152/done?x=1",
        "http://127.1:49152/done?x=1",
        "http://127.0.0.1:99999/done?x=1",
        "http://127.0.0.1:49152/done",
        "http://127.0.0.1:49152/done?x=2",
        "http://127.0.0.1:49152/DONE?x=1",
        "http://127.0.0.1:80@evil.example/done?x=1",
        "http://127.0.0.1:80.evil.example/done?x=1",
        "http://127.0.0.1.evil.example:80/done?x=1",
        "https://127.0.0.1:49152/done?x=1",
    ],
)
def test_nothing_but_the_port_may_vary(uri: str) -> None:
    """The same literal address, the same path, the same query, the same scheme."""
    assert match(uri, [LOOPBACK], "exact_or_native_loopback", native=True) is None


def test_the_other_loopback_literal() -> None:
    """IPv6 has its own, and it does not stand for the IPv4 one."""
    registered = "http://[::1]:80/done"
    assert match("http://[::1]:4711/done", [registered], "exact_or_native_loopback", native=True)
    assert match("http://127.0.0.1:4711/done", [registered], "exact_or_native_loopback", native=True) is None


@pytest.mark.parametrize(
    "host", ["x;sandbox", "x,y", "x'y", 'x"y', "a%41", "[v1.;x]", "x$y", "x&y", "(x)", "[::1];sandbox", "[::1]x", "x:"]
)
def test_a_host_is_a_host_name(host: str) -> None:
    """A page names such a host in its Content-Security-Policy, where `;` and `,` would begin something else (T16)."""
    assert unusable(f"https://{host}/")
    assert match(f"https://{host}/", [f"https://{host}/"], "exact", native=True) is None


@pytest.mark.parametrize("host", ["app.example", "my_app.example:8443", "xn--bcher-kva.example", "192.0.2.1", "[::1]"])
def test_hosts_that_are_fine(host: str) -> None:
    """Names, also with an underscore or in Punycode, and addresses."""
    assert unusable(f"https://{host}/") is None
