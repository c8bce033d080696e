"""The deletion of cookies where a response has no room for all places at which they may be."""

from __future__ import annotations

from endsession.front.withholding import MAX_HEAD, MOST_WITHHELD, deletions

HOST, PATHS = "sso.eu.corp.example", ["/", "/realms/acme/", "/realms/acme"]
PLACES = 2 * len(PATHS) * 4
"""Partitioned or not, at each path, host-only and of three domains."""


def lines(names: list[str], *, room: int = MAX_HEAD, attempt: int = 0) -> list[str]:
    """The Set-Cookie lines."""
    found = deletions(names, host=HOST, paths=PATHS, https=True, room=room, attempt=attempt)
    assert sum(len(name) + len(value) + 4 for name, value in found) <= room
    return [value.decode() for _, value in found]


def test_every_name_comes_before_any_has_a_second_place() -> None:
    """The first response deletes all host-only cookies, however many there are."""
    names = [f"cookie_{n:02}" for n in range(30)]
    assert lines(names)[:30] == [f"{name}=; Max-Age=0; Path=/; Secure" for name in names]


def test_the_attempts_together_reach_every_place() -> None:
    """Of four cookies on a host deep down, none is at a place that no response has tried."""
    names = [f"cookie_{n}" for n in range(4)]
    tried = {line for attempt in range(MOST_WITHHELD) for line in lines(names, attempt=attempt)}
    assert len(tried) == PLACES * len(names)


def test_a_cookie_pinned_to_its_host_comes_first_and_costs_two_lines() -> None:
    """Its place is known: there is no Domain, and the path is `/` (RFC 6265bis, section 4.1.3.2)."""
    found = lines(["other", "__Host-session"], room=200, attempt=1)
    assert found[:2] == [f"__Host-session=; Max-Age=0; Path=/; Secure{more}" for more in ("", "; Partitioned")]


def test_without_tls_nothing_is_secure_or_partitioned() -> None:
    """Browsers would ignore such a line; an address and a name without a dot are nobody's domain."""
    for host in ("127.0.0.1", "localhost"):
        assert deletions(["c"], host=host, paths=["/"], https=False) == [(b"set-cookie", b"c=; Max-Age=0; Path=/")]
