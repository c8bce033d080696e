"""docs/sdks.md does what it says: its programs are the ones in examples/sdk, and its commands run on a demo."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sdk.tests.programs import COMPILE, ROOT, run
from tests.examples.running import running

PAGE = (ROOT / "docs" / "sdks.md").read_text()
EXAMPLES = ROOT / "examples" / "sdk"
MADE_BEFORE = ("make demo", "make sdks")
"""What `make test-sdks` and the test have done when the other commands run."""


def blocks(language: str) -> list[str]:
    """The page's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_shows_the_programs_that_it_runs() -> None:
    """Someone who copies from the page gets what is tested."""
    assert blocks("python") == [(EXAMPLES / "tour.py").read_text()]
    assert blocks("ts") == [(EXAMPLES / "tour.ts").read_text()]


@pytest.mark.parametrize("language", COMPILE)
def test_the_programs_compile(language: str, tmp_path: Path) -> None:
    """Each passes the strict checks of its language."""
    COMPILE[language](EXAMPLES / f"tour.{language}", tmp_path)


def test_its_commands_work_on_a_demo(tmp_path: Path) -> None:
    """Pasted in order, they make three programs that register, log out and read the ledger, and print what it says."""
    for name in ("sdk", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    commands = [block for block in blocks("sh") if block.strip() not in MADE_BEFORE]
    assert len(commands) == 3
    with running(tmp_path) as demo:
        url = f"http://localhost:{demo.port}"
        printed = run(["bash", "-ec", "\n".join(commands)], tmp_path, {"ENDSESSION_URL": url})
    (promised,) = blocks("text")
    for line in promised.replace("8080", str(demo.port)).splitlines():
        beginning = line.partition("eyJ")[0].partition(" [")[0]
        assert printed.count(beginning) == 3, printed
