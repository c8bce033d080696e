"""What people read uses the words of docs/words.md."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = "docs/words.md"
READ = (".py", ".md", ".yaml", ".html", ".sql", ".toml", ".sh", "Makefile")
NOT_OURS = ("CODE_OF_CONDUCT.md", "tooling/released.yaml", "requirements", "sdk/package-lock.json")
AVOIDED = {
    "is over": r"\b(is|are|was|were) over\b(?! the)",
    "is away": r"\b(is|are|was|were) away\b(?! from)",
    "beside": r"\bbeside\b",
    "whoever": r"\bwhoever\b",
    "a text": r"\ba text\b",
    "what was sent": r"\bwhat was sent\b",
    "at the most": r"\bat the most\b",
    "of ours": r"\bof ours\b",
    "is no JSON object": r"\b(is|are) no (JSON|URL|URI|JWK|number|string|table|list|network|IP)\b",
    "belongs into": r"\bbelongs? into\b",
    "mend": r"\bmend(s|ed|ing)?\b",
    "for ever": r"\bfor ever\b",
    "one": r"\bfor one in\b",
}


def _files() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    return [
        name
        for name in listed
        if name.endswith(READ)
        and not name.startswith(NOT_OURS)
        and name not in (PAGE, "tests/project/test_words.py")
        and (ROOT / name).is_file()
    ]


@pytest.mark.parametrize("words", AVOIDED)
def test_words_to_avoid_stand_nowhere(words: str) -> None:
    """In no source, message, page, test or document; line breaks hide nothing."""
    found = []
    for name in _files():
        text = (ROOT / name).read_text()
        for hit in re.finditer(AVOIDED[words].replace(" ", r"[\s#]+"), text, re.IGNORECASE):
            found.append(f"{name}:{text.count(chr(10), 0, hit.start()) + 1}: {hit.group()!r}")
    assert found == [], f"{PAGE} has better words"


def test_the_page_lists_what_is_looked_for() -> None:
    """The right-hand column of "Say this" and the patterns here are the same list."""
    _, _, table = (ROOT / PAGE).read_text().partition("## Say this")
    listed = {
        re.findall(r'"([^"]+)"', row)[-1].removesuffix(" as a loop variable") for row in table.split("\n") if '"' in row
    }
    assert listed == set(AVOIDED)
