"""A request as a handler sees it: host and cookies read as they were sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from endsession.contract.request import Request, host_name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("login.example", "login.example"),
        ("LOGIN.Example:8443", "login.example"),
        ("login.example.", "login.example"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("[2001:DB8::1]:443", "[2001:db8::1]"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("", ""),
        (":80", ""),
        ("login.example:", ""),
        ("login.example:http", ""),
        ("login.example:123456", ""),
        ("login.example:80:80", ""),
        ("user@login.example", ""),
        ("login.example/path", ""),
        ("login.example\n", ""),
        ("login_example", ""),
        ("::1", ""),
        ("[::1", ""),
        ("[::1]x", ""),
        ("bücher.example", ""),
    ],
)
def test_a_host_has_a_name_or_none(host: str, name: str) -> None:
    """Without its port, in lower case; what is no host has none, and so is nobody's."""
    assert host_name(host) == name


@given(st.text())
def test_any_text_is_a_host_or_none(host: str) -> None:
    """No Host header makes reading fail, and a name is never more than was sent."""
    assert host_name(host) in ("", host_name(host_name(host)))


def request(cookie: str | None) -> Request:
    """A request with that Cookie header."""
    headers = Headers({"cookie": cookie} if cookie is not None else {})
    return Request("GET", None, {}, {}, {}, None, headers, "192.0.2.7", None, "0")


def test_split_cookie_headers_are_read_together() -> None:
    """HTTP/2 splits the header, and not every proxy joins it again (RFC 9113, section 8.2.3)."""
    headers = Headers(raw=[(b"cookie", b"a=b"), (b"cookie", b"op=1; c=d"), (b"cookie", b"op=2")])
    split = Request("GET", None, {}, {}, {}, None, headers, "192.0.2.7", None, "0")
    assert split.cookies("op") == ["1", "2"]


@pytest.mark.parametrize(
    ("header", "values"),
    [
        (None, []),
        ("", []),
        ("op=1", ["1"]),
        ("a=b; op=1; c=d", ["1"]),
        ("op=1; op=2", ["1", "2"]),
        (" op = 1 ;op=2", ["1", "2"]),
        ("op=", [""]),
        ("op", [""]),
        ("op=a=b==", ["a=b=="]),
        ('op="quoted"', ['"quoted"']),
        ("OP=1; xop=2; op2=3", []),
        ("op=%20; other", ["%20"]),
        (";;=;op=1;=x", ["1"]),
        ("op=\xff\xfe", ["\xff\xfe"]),
    ],
)
def test_a_cookies_values_are_as_sent(header: str | None, values: list[str]) -> None:
    """Raw and all of them: a neighbour site can add one of the same name, and must not hide the right one."""
    assert request(header).cookies("op") == values
