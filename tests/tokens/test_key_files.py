"""Keys in the settings and keys in a file, which is read again when it changes and never makes things worse."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from endsession.tokens.keyring import KeyRing
from endsession.tokens.keys import UnusableKey
from endsession.tokens.sources import FileKeys, InlineKeys

from .reading import public, ring

K1, K2 = public("RS256"), public("RS256", "k2")


class Clock:
    """A time that passes only when a test says so."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def publish(path: Path, *keys: object) -> None:
    """Replace the file, as careful tools do: written next to it, then renamed."""
    written = path.with_suffix(".new")
    written.write_text(json.dumps({"keys": keys}))
    os.replace(written, path)


def overwrite(path: Path, octets: bytes) -> None:
    """Change the file in place, as careless tools do."""
    path.write_bytes(octets)


async def known(keys: FileKeys | InlineKeys) -> list[str | None]:
    """The kids that are tried for a token without one."""
    return [key.kid for key in await keys.candidates("RS256", None, 0)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with one key."""
    path = tmp_path / "jwks.json"
    publish(path, K1)
    return path


async def test_inline_keys_are_what_they_are() -> None:
    """From the settings, by kid or without one."""
    keys = InlineKeys(ring({"keys": [K1, K2]}))
    assert await known(keys) == [K1["kid"], K2["kid"]]
    assert [key.kid for key in await keys.candidates("RS256", K2["kid"], 0)] == [K2["kid"]]
    assert [key["kid"] for key in keys.public()] == [K1["kid"], K2["kid"]]


async def test_a_changed_file_is_read_again(path: Path) -> None:
    """At the next token, at most once a second; rotation needs no restart."""
    clock = Clock()
    keys = FileKeys(path, KeyRing(clock, retention=0), clock)
    publish(path, K1, K2)
    clock.now += 0.9
    assert await known(keys) == [K1["kid"]]
    clock.now += 0.1
    assert await known(keys) == [K1["kid"], K2["kid"]]
    assert [key["kid"] for key in keys.public()] == [K1["kid"], K2["kid"]]


async def test_a_file_written_in_place_is_read_again(path: Path) -> None:
    """The same file with other content."""
    clock = Clock()
    keys = FileKeys(path, KeyRing(clock, retention=0), clock)
    overwrite(path, json.dumps({"keys": [K2]}).encode())
    clock.now += 1
    assert await known(keys) == [K2["kid"]]


async def test_an_unchanged_file_is_not(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at, and not read."""
    clock = Clock()
    keys = FileKeys(path, KeyRing(clock, retention=0), clock)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    clock.now += 100
    assert await known(keys) == [K1["kid"]]


@pytest.mark.parametrize(
    "broken", [b"", b"{", b"[]", b'{"keys": 1}', b"\xff\xfe", b"[" * 100_000], ids=lambda broken: repr(broken[:12])
)
async def test_a_broken_file_takes_no_keys_away(path: Path, broken: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """An editor's half-written file, a wrong file: the keys stay, the log says so, and the repaired file is read."""
    clock = Clock()
    keys = FileKeys(path, KeyRing(clock, retention=0), clock)
    overwrite(path, broken)
    clock.now += 1
    with caplog.at_level(logging.WARNING):
        assert await known(keys) == [K1["kid"]]
    assert f"could not reload keys from {path}" in caplog.text
    publish(path, K2)
    clock.now += 1
    assert await known(keys) == [K2["kid"]]


async def test_a_removed_file_takes_no_keys_away(path: Path) -> None:
    """Nor does one that cannot be read."""
    clock = Clock()
    keys = FileKeys(path, KeyRing(clock, retention=0), clock)
    os.unlink(path)
    clock.now += 1
    assert await known(keys) == [K1["kid"]]
    os.mkdir(path)
    clock.now += 1
    assert await known(keys) == [K1["kid"]]


async def test_a_clock_that_is_set_back_stops_nothing(path: Path) -> None:
    """The next look does not wait until the clock has caught up."""
    clock = Clock()
    keys = FileKeys(path, KeyRing(clock, retention=0), clock)
    clock.now -= 1_000_000
    publish(path, K2)
    assert await known(keys) == [K2["kid"]]


def test_at_the_start_a_file_has_to_be_right(tmp_path: Path) -> None:
    """The gateway does not start with keys that it cannot read, and the message says what is wrong."""
    with pytest.raises(FileNotFoundError):
        FileKeys(tmp_path / "nowhere.json", KeyRing(Clock(), retention=0), Clock())
    path = tmp_path / "jwks.json"
    path.write_text("{}")
    with pytest.raises(UnusableKey, match="the document has no member keys"):
        FileKeys(path, KeyRing(Clock(), retention=0), Clock())
    path.write_text("not json")
    with pytest.raises(UnusableKey, match=r"it is not a JWK Set \(JSONDecodeError\)"):
        FileKeys(path, KeyRing(Clock(), retention=0), Clock())
