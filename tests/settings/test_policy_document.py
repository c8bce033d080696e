"""docs/policy.md and the code say the same: presets, knobs, values, and the session matrix row by row."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from endsession.protocol.hint import Hint
from endsession.protocol.policy import Policy
from endsession.protocol.session import Sessions
from endsession.settings.presets import PRESETS
from endsession.settings.values import duration
from tests.protocol.worlds import DEAD, NO_HINT, C, H, hint, outcome

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "policy.md").read_text()
KNOBS = [knob.name for knob in fields(Policy)]
HINTS = get_type_hints(Policy)


def table(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, the first being the table's own."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def written(knob: str, value: Any) -> str:
    """A value as the document writes it."""
    if knob == "max_hint_age":
        return "`24h`" if value == 86_400 else f"`{duration(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_the_presets() -> None:
    """Each preset is a column, each knob a row, in the order of the code, with the values of the code."""
    head, *rows = table("Presets")
    assert head == ["knob", *(f"`{preset}`" for preset in PRESETS)]
    assert rows == [
        [f"[`{knob}`](#{knob})", *(written(knob, getattr(policy, knob)) for policy in PRESETS.values())]
        for knob in KNOBS
    ]


@pytest.mark.parametrize("knob", KNOBS)
def test_every_knob_and_every_value_is_described(knob: str) -> None:
    """A heading for the knob, and a line for each value that it can have."""
    section = TEXT.split(f"\n### {knob}\n")[1].split("\n### ")[0]
    kind = HINTS[knob]
    values = () if kind is int else (True, False) if kind is bool else get_args(kind)
    assert {f"`{word}`" for word in re.findall(r"(?m)^\* `(\w+)`:", section)} == {
        written(knob, item) for item in values
    }
    assert re.match(r"\n[A-Z]", section)


def test_there_is_no_knob_too_many() -> None:
    """What was removed from the code is removed here."""
    assert re.findall(r"(?m)^### (\w+)$", TEXT) == KNOBS


BOB = replace(C, sub="bob")
H2 = replace(H, sid="H2")
WITHOUT_SID = hint(None)
ROWS: dict[str, list[tuple[Hint, Sessions]]] = {
    "the hint is of C": [(hint("C"), Sessions("presented", C, named=C))],
    "C is another user's than the hint's": [
        (hint("H"), Sessions("presented", BOB, named=H)),
        (hint("H"), Sessions("presented", BOB)),
        (WITHOUT_SID, Sessions("presented", BOB)),
    ],
    "C is the same user's, and the hint has another `sid`, live or not": [
        (hint("H"), Sessions("presented", C, named=H)),
        (hint("H"), Sessions("presented", C, named=DEAD)),
        (hint("H"), Sessions("presented", C)),
    ],
    "the hint has no `sid`, and its user is C's": [(WITHOUT_SID, Sessions("presented", C))],
    "no C, a cookie is configured, H is live": [
        (hint("H"), Sessions("not_presented", named=H)),
        (hint("H"), Sessions("presented", named=H)),
        (hint("H"), Sessions("presented", ended_here=replace(C, live=False), named=H)),
    ],
    "no C, no cookie is configured, H is live": [(hint("H"), Sessions("not_configured", named=H))],
    "no C, H has ended or is unknown": [
        (hint("H"), Sessions(cookie, named=named))
        for cookie in ("not_configured", "not_presented", "presented")
        for named in (DEAD, None)
    ],
    "no C, H is another user's than the hint says": [
        (hint("H"), Sessions(cookie, named=replace(H, sub="bob")))
        for cookie in ("not_configured", "not_presented", "presented")
    ],
    "no C, a cookie is configured, no `sid`, the user has one live session with the client": [
        (WITHOUT_SID, Sessions("not_presented", of_subject=(H,)))
    ],
    "no C, a cookie is configured, no `sid`, the user has several": [
        (WITHOUT_SID, Sessions("not_presented", of_subject=(H, H2)))
    ],
    "no C, a cookie is configured, no `sid`, the user has none": [(WITHOUT_SID, Sessions("not_presented"))],
    "no C, no cookie is configured, no `sid`, the user has one live session with the client": [
        (WITHOUT_SID, Sessions("not_configured", of_subject=(H,)))
    ],
    "no C, no cookie is configured, no `sid`, the user has several": [
        (WITHOUT_SID, Sessions("not_configured", of_subject=(H, H2)))
    ],
    "no C, no cookie is configured, no `sid`, the user has none": [(WITHOUT_SID, Sessions("not_configured"))],
    "no hint, C": [(NO_HINT, Sessions("presented", C))],
    "no hint, no C, a cookie is configured": [(NO_HINT, Sessions("not_presented")), (NO_HINT, Sessions("presented"))],
    "no hint, no C, no cookie is configured": [(NO_HINT, Sessions("not_configured"))],
}
PHRASES = {
    "C ends": r"end C",
    "H ends": r"end H",
    "nothing ends": r"nothing( over)?",
    "403": r"403 access_denied",
    "asks, a yes ends C": r"ask \w+ C",
    "asks, a yes ends H": r"ask \w+ H",
    "asks, a yes ends nothing": r"ask \w+",
}
KNOB_PHRASES = {
    "on_foreign_hint": {"prompt": r"ask foreign_hint( C)?", "error": r"403 access_denied"},
    "on_stale_sid": {"prompt": r"ask stale_sid C", "error": r"403 access_denied"},
    "on_dead_session": {"success": r"nothing( over)?", "error": r"401 session_expired"},
}


def test_the_session_matrix_has_these_rows() -> None:
    """A row too many or too few is a mistake on one of the two sides."""
    head, *rows = table("Which session ends")
    assert head == ["case", '`hint_authority = "cookie"`', '`hint_authority = "hint"`']
    assert [row[0] for row in rows] == list(ROWS)


@pytest.mark.parametrize("authority", ["cookie", "hint"])
@pytest.mark.parametrize("row", ROWS)
def test_the_session_matrix(row: str, authority: str) -> None:
    """What the document says is what is decided; where it names a knob, that knob decides, and no other."""
    said = next(cells for cells in table("Which session ends") if cells[0] == row)
    phrase = said[1 if authority == "cookie" else 2]
    for claim, sessions in ROWS[row]:
        for knob, values in KNOB_PHRASES.items():
            for value, pattern in values.items():
                policy = Policy(**{"hint_authority": authority, knob: value})  # type: ignore[arg-type]
                found = outcome(policy, claim, sessions)
                if phrase == f"`{knob}`":
                    assert re.fullmatch(pattern, found), (claim, sessions, knob, value)
                elif not phrase.startswith("`"):
                    assert re.fullmatch(PHRASES[phrase], found), (claim, sessions, knob, value)
