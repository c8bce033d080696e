"""The errors that reach a caller: their codes, their status, and what their sentences may hold."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from endsession.protocol import errors
from endsession.protocol.errors import EndsessionError

ROOT = Path(__file__).resolve().parents[2]
ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, EndsessionError)]
DESCRIPTION = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749, section 5.2: printable ASCII without quotes and backslashes."""


def make(kind: type[EndsessionError]) -> EndsessionError:
    """One error of each kind."""
    return kind(5) if kind is errors.RateLimited else kind()


@pytest.mark.parametrize("kind", ALL)
def test_an_error_keeps_to_the_character_set(kind: type[EndsessionError]) -> None:
    """`error` and `error_description` are within what RFC 6749, section 5.2, allows."""
    error = make(kind)
    assert DESCRIPTION.fullmatch(error.description)
    assert re.fullmatch(r"[a-z_]+", error.code)
    assert 400 <= error.status < 600
    assert kind.__doc__


def test_so_does_every_sentence_in_the_code() -> None:
    """Every sentence that is given to an error anywhere, with names of parameters in the place of what varies."""
    sentences = [
        (path.name, sentence)
        for folder in ("endsession", "handlers")
        for path in (ROOT / folder).rglob("*.py")
        for sentence in _sentences(path)
    ]
    assert len(sentences) > 10
    for place, sentence in sentences:
        assert DESCRIPTION.fullmatch(sentence), (place, sentence)
        assert sentence.endswith("."), (place, sentence)


def _sentences(path: Path) -> list[str]:
    """The first argument of each error that is made in a file."""
    names = {kind.__name__ for kind in ALL}
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
            text = node.args[0]
            if isinstance(text, ast.JoinedStr):
                found.append(
                    "".join(str(part.value) if isinstance(part, ast.Constant) else "name" for part in text.values)
                )
            elif isinstance(text, ast.Constant) and isinstance(text.value, str):
                found.append(text.value)
    return found


def test_401_says_how_to_authenticate() -> None:
    """RFC 9110, section 15.5.2."""
    for kind in ALL:
        assert ("WWW-Authenticate" in make(kind).headers) == (kind.status == 401 or kind is errors.InsufficientScope)


def test_429_and_503_say_when_to_come_back() -> None:
    """RFC 6585, section 4, and RFC 9110, section 15.6.4: whole seconds, at least one."""
    for kind in ALL:
        assert ("Retry-After" in make(kind).headers) == (kind.status in (429, 503))
    assert errors.RateLimited(0).headers["Retry-After"] == "1"


def test_the_detail_is_for_the_log_only() -> None:
    """What the log says is not what the caller is told."""
    error = errors.InvalidToken(detail="its signature does not verify")
    assert "signature" not in error.description
    assert "its signature does not verify" in str(error)


def test_every_reason_for_a_bad_hint_sounds_the_same() -> None:
    """Nothing can be probed: one sentence, whatever was wrong (T24)."""
    one, other = errors.InvalidToken(detail="unknown key"), errors.InvalidToken(detail="its iss is not this issuer")
    assert (one.code, one.status, one.description, one.headers) == (
        other.code, other.status, other.description, other.headers
    )  # fmt: skip
