"""What is reported as unused, and what is used without being named in Python."""

from __future__ import annotations

from pathlib import Path

from tooling.unused import unused

SOURCE = """
from dataclasses import dataclass

@dataclass
class Row:
    summary: str
    never_read: str

def get_health() -> Row:
    return Row("", "")

def get_wealth() -> None:
    def inner() -> None: ...
"""


def test_what_nothing_uses_is_reported(tmp_path: Path) -> None:
    """A handler that the document names and a member that a template reads are used; their like is not."""
    (tmp_path / "rows.py").write_text(SOURCE)
    reported = [line.split("'")[1] for line in unused([tmp_path])]
    assert reported == ["never_read", "get_wealth", "inner"]
