"""Sealed handles: what travels through a browser comes back unchanged and in time, or not at all."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endsession.tokens.seal import MAX_HANDLE_BYTES, BadHandle, BadSeal, Sealer, Vault
from tests.kit.properties import tried

SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SECRETS = ["a-secret-that-all-nodes-share-0123"]
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
    return Sealer(SECRETS, clock)


def test_what_is_sealed_comes_back(sealer: Sealer) -> None:
    """On any node that shares the secret, unread on the way, in characters that a URL keeps."""
    handle = sealer.seal("question", CONTENT)
    assert Sealer(SECRETS, Clock()).unseal("question", handle) == CONTENT
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
    sealer = Sealer(SECRETS, clock, lifetime=5)
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
    stranger = Sealer(["a-secret-of-some-other-deployment"], clock)
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
        Sealer(SECRETS, Clock()).unseal("question", text)


# Rotation


def test_a_secret_is_replaced_without_a_broken_question(clock: Clock) -> None:
    """All secrets open and the first seals, so handles of before and of after are good on nodes of either step."""
    old, new = "the-secret-of-last-year-0123456789", "the-secret-of-this-year-0123456789"
    steps = [Sealer(secrets, clock) for secrets in ([old], [old, new], [new, old], [new])]
    for before, after in pairwise(steps):
        assert after.unseal("question", before.seal("question", CONTENT)) == CONTENT
        assert before.unseal("question", after.seal("question", CONTENT)) == CONTENT
    with pytest.raises(BadHandle):
        steps[3].unseal("question", steps[0].seal("question", CONTENT))


# What the database keeps


def test_a_value_is_opened_under_its_own_name_only() -> None:
    """The sealed secret of one client is worth nothing in the place of another's."""
    vault = Vault(SECRETS)
    sealed = vault.seal("secret of client web", "s3cret")
    assert vault.unseal("secret of client web", sealed) == "s3cret"
    assert "s3cret" not in sealed
    with pytest.raises(BadSeal):
        vault.unseal("secret of client other", sealed)


@pytest.mark.parametrize("sealed", ["", "s3cret", "\xff", "gAAAAA"])
def test_what_is_not_sealed_is_not_opened(sealed: str) -> None:
    """Nothing that somebody wrote into the database passes for what was sealed."""
    with pytest.raises(BadSeal):
        Vault(SECRETS).unseal("x", sealed)


def test_a_value_is_current_while_the_first_secret_sealed_it() -> None:
    """So that what an old secret sealed is found before that secret is removed."""
    old, new = "the-secret-of-last-year-0123456789", "the-secret-of-this-year-0123456789"
    sealed = Vault([old]).seal("x", "value")
    both = Vault([new, old])
    assert both.unseal("x", sealed) == "value"
    assert Vault([old, new]).is_current(sealed)
    assert not both.is_current(sealed)
    assert both.is_current(both.seal("x", "value"))


def test_a_handle_is_no_value_of_the_database(sealer: Sealer) -> None:
    """Each use has a key of its own: what a browser brings cannot be put into the database, nor the other way."""
    handle = sealer.seal("x", CONTENT)
    with pytest.raises(BadSeal):
        Vault(SECRETS).unseal("x", handle + "=" * (-len(handle) % 4))
    with pytest.raises(BadHandle):
        sealer.unseal("x", Vault(SECRETS).seal("x", "value").rstrip("="))
