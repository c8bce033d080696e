"""`endsession contract`, which is `logout-conformance` under another name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .deployment import FROM_CHECKOUT, ROOT, all_options, run_command, serving


@pytest.mark.sqlite_alone("it is about the command line")
def test_it_runs_the_same_command_line(tmp_path: Path) -> None:
    """The same options, in any order and from a file, the same report and exit status; only its name differs."""
    file = tmp_path / "contract.args"
    with serving(tmp_path) as url:
        options = [*all_options(tmp_path), "--only", "an unknown parameter is ignored"]
        file.write_text("\n".join([*options, url]))
        status, report, progress = run_command("endsession", "contract", f"@{file}")
        other_status, other_report, other_progress = run_command("logout_conformance", *options, url)
    assert (status, other_status) == (0, 0), report + progress
    assert progress == other_progress == "passed    an unknown parameter is ignored\n"
    assert report.splitlines()[0] == other_report.splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--help"], 0, "usage: endsession contract [-h]"),
        (["--rate", "0", "http://localhost"], 2, "endsession contract: --rate must be greater than 0."),
        (["--unknown", "http://localhost"], 2, "endsession contract: error: unrecognized arguments: --unknown"),
    ],
)
def test_it_answers_under_its_own_name(arguments: list[str], status: int, sentence: str) -> None:
    """Help and errors name the command that the user called, and options go to the suite untouched."""
    found, output, errors = run_command("endsession", "contract", *arguments)
    assert found == status
    assert sentence in output + errors


def test_the_help_of_endsession_lists_it() -> None:
    """With a line about what it does."""
    status, output, _ = run_command("endsession", "--help")
    assert status == 0
    assert "contract" in output
    assert "logout-conformance" in output


@pytest.mark.parametrize("missing", ["logout_conformance", "joserfc"])
def test_where_it_is_not_installed_it_says_how(missing: str) -> None:
    """The gateway needs no test suite. Without it, or without one of its libraries, the command names the fix."""
    code = f"import sys; sys.modules[{missing!r}] = None; from endsession.cli import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "contract", "http://127.0.0.1:9"],
        cwd=ROOT,
        env=FROM_CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"endsession contract: {missing}" in done.stderr
    assert "pip install logout-conformance, or in a checkout pip install ./conformance\n" in done.stderr
