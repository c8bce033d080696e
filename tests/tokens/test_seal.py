"""Sealed handles: what travels through a browser comes back unchanged and in time, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endsession.tokens.seal import MAX_HANDLE_BYTES, BadHandle, Sealer
from tests.kit.properties import tried

SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
KEY = Sealer.new_key()
CONTENT: dict[str, Any] = {"issuer": "acme", "sid": "s-alice", "redirect": None, "n": 1, "list": ["é", {"a": True}]}


class Clock:
    """A time that passes only when a test says so."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time of the seal."""
    return Clock()


@pytest.fixture
def sealer(clock: Clock) -> Sealer:
    """A seal with the usual lifetime of ten minutes."""
    return Sealer(KEY, clock)


def test_what_is_sealed_comes_back(sealer: Sealer) -> None:
    """On any node that shares the key, unread on the way, in characters that a URL keeps."""
    handle = sealer.seal("question", CONTENT)
    assert Sealer(KEY, Clock()).unseal("question", handle) == CONTENT
    assert "alice" not in handle
    assert set(handle) <= set(SAFE)


def test_two_handles_of_the_same_content_differ(sealer: Sealer) -> None:
    """So that each is used once."""
    assert sealer.seal("question", CONTENT) != sealer.seal("question", CONTENT)


@pytest.mark.parametrize("purpose", ["", "Question", "question ", "parked", "status"])
def test_a_handle_is_for_one_purpose(sealer: Sealer, purpose: str) -> None:
    """One of a parked request answers no question."""
    with pytest.raises(BadHandle, match="something else"):
        sealer.unseal(purpose, sealer.seal("question", CONTENT))


def test_a_handle_is_for_ten_minutes(sealer: Sealer, clock: Clock) -> None:
    """To the second."""
    handle = sealer.seal("question", CONTENT)
    clock.now += 600
    assert sealer.unseal("question", handle) == CONTENT
    clock.now += 1
    with pytest.raises(BadHandle, match="too old"):
        sealer.unseal("question", handle)


def test_the_lifetime_can_be_another(clock: Clock) -> None:
    """It is the seal's."""
    sealer = Sealer(KEY, clock, lifetime=5)
    handle = sealer.seal("question", CONTENT)
    clock.now += 6
    with pytest.raises(BadHandle):
        sealer.unseal("question", handle)


def test_a_handle_from_the_future_is_refused(sealer: Sealer, clock: Clock) -> None:
    """But for the skew of clocks between nodes."""
    handle = sealer.seal("question", CONTENT)
    clock.now -= 60
    assert sealer.unseal("question", handle) == CONTENT
    clock.now -= 1
    with pytest.raises(BadHandle):
        sealer.unseal("question", handle)


def test_a_foreign_key_opens_nothing(sealer: Sealer, clock: Clock) -> None:
    """Nor does it make what is accepted here."""
    stranger = Sealer(Sealer.new_key(), clock)
    with pytest.raises(BadHandle):
        stranger.unseal("question", sealer.seal("question", CONTENT))
    with pytest.raises(BadHandle):
        sealer.unseal("question", stranger.seal("question", CONTENT))


def test_any_changed_character_is_noticed(sealer: Sealer) -> None:
    """Each one, the last included: a handle that is used once must not have a second spelling."""
    for length in range(3):
        handle = sealer.seal("question", {"pad": "x" * 16 * length})
        for index, character in enumerate(handle):
            for other in "AZaz09-_" if index < len(handle) - 1 else SAFE:
                if other != character:
                    with pytest.raises(BadHandle):
                        sealer.unseal("question", handle[:index] + other + handle[index + 1 :])


@pytest.mark.parametrize("extra", ["=", "==", "====", "A", ".", "!", "\n", " ", "+", "/", "\x00", "é", "\ud800"])
def test_nothing_can_be_added(sealer: Sealer, extra: str) -> None:
    """Padding, white space and other alphabets, which lenient decoders skip, make no second spelling either."""
    handle = sealer.seal("question", CONTENT)
    for spoilt in (handle + extra, extra + handle, handle[:20] + extra + handle[20:], handle + "." + extra):
        with pytest.raises(BadHandle):
            sealer.unseal("question", spoilt)


def test_nothing_can_be_left_out(sealer: Sealer) -> None:
    """From either end."""
    handle = sealer.seal("question", CONTENT)
    for index in range(1, len(handle), 7):
        for cut in (handle[:index], handle[index:], handle[:index] + handle[index + 1 :]):
            with pytest.raises(BadHandle):
                sealer.unseal("question", cut)


@pytest.mark.parametrize("character", ["x", '"', "\n", "é", "漢", "\U0001f600"])
def test_what_a_request_may_say_at_most_fits(sealer: Sealer, character: str) -> None:
    """The longest `state` in any language, with the longest redirect URI, client_id and names with it."""
    content = {"state": character * 2048, "redirect": "x" * 2048, "client_id": "x" * 255, "label": "é" * 255, **CONTENT}
    handle = sealer.seal("question", content)
    assert len(handle) <= MAX_HANDLE_BYTES
    assert sealer.unseal("question", handle) == content


def test_a_long_text_is_refused_unread(sealer: Sealer) -> None:
    """The length is checked before anything is decoded."""
    with pytest.raises(BadHandle, match="not one of our handles"):
        sealer.unseal("question", "A" * (MAX_HANDLE_BYTES + 1))


@tried(300)
@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda octets: octets.decode("latin-1")))
def test_any_other_text_is_a_bad_handle(text: str) -> None:
    """One kind of error for all of it."""
    with pytest.raises(BadHandle):
        Sealer(KEY, Clock()).unseal("question", text)
