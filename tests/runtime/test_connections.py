"""How many connections are taken, and of whom."""

from __future__ import annotations

import pytest

from endsession.runtime.connections import QUIET, Connections


def test_a_trusted_proxy_may_have_as_many_as_there_may_be() -> None:
    """Everybody comes through it. Others are counted by address, IPv6 ones by /64 network."""
    counted = Connections(6, 2, ["10.0.0.7/24", "2001:db8::1"])
    assert [counted.add("10.0.0.1") for _ in range(3)] == [True] * 3
    assert [counted.add(f"2001:db8:1::{n}") for n in (1, 2, 3)] == [True, True, False]
    assert counted.add("2001:db8::1")
    assert not counted.add("10.0.0.1")
    counted.remove("10.0.0.1")
    assert counted.add("192.0.2.1")


def test_what_ends_is_not_counted_any_more() -> None:
    """Nothing is remembered of an address without connections."""
    counted = Connections(1000, 1)
    for number in range(1000):
        assert counted.add(f"192.0.2.{number % 250}")
        counted.remove(f"192.0.2.{number % 250}")
    assert not counted._by_address


def test_the_log_is_not_filled(caplog: pytest.LogCaptureFixture) -> None:
    """One warning a minute for each bound, however many connections are refused."""
    now = 0.0
    counted = Connections(2, 1, clock=lambda: now)
    for _ in range(100):
        counted.add("192.0.2.1")
    assert caplog.text.count("limits.connections_per_address: 192.0.2.1 has 1 connections") == 1
    now += QUIET
    counted.add("192.0.2.1")
    assert caplog.text.count("limits.connections_per_address") == 2
