"""The changelog and the decisions keep their form, and lead where they say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.kit.serving import ROOT

DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted(DECISIONS.glob("[0-9]*.md"))
INDEX = (DECISIONS / "README.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def test_decisions_are_numbered_and_in_the_index() -> None:
    """Numbers begin at 1 and leave none out; each page has its row, and each row its page."""
    assert PAGES
    assert [int(page.name[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))
    rows = re.findall(r"^\| \[(\d+)\]\(([^)]+)\) \| [^|]+ \| [^|]+ \|$", INDEX, re.MULTILINE)
    assert rows == [(str(int(page.name[:4])), page.name) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_says_what_was_rejected_and_what_it_costs(page: Path) -> None:
    """It has its number, four sections, at least one alternative with its reason, and fits a page."""
    text = page.read_text()
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Rejected", "Consequences"]
    rejected = text.partition("## Rejected\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\* \*\*[^*]+\*\*.*\S", rejected, re.MULTILINE)
    assert len(text.splitlines()) <= 60


def test_the_changelog_has_entries_under_known_headings() -> None:
    """Its first version is that of the package; each section is of a known kind and has entries."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.findall(r"^## (\S+)", CHANGELOG, re.MULTILINE)[0] == version
    sections = re.split(r"^### ", CHANGELOG, flags=re.MULTILINE)[1:]
    assert sections
    for section in sections:
        assert section.partition("\n")[0] in KINDS
        assert "\n* " in section
