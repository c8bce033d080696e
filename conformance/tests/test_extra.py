"""What the command needs beyond the gateway's own libraries, and schemathesis' own command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .deployment import ROOT, serving


@pytest.mark.parametrize("library", ["schemathesis", "joserfc"])
def test_without_the_extra_the_mend_is_named(library: str) -> None:
    """The gateway needs no fuzzer: where there is none, the command says how to get it."""
    code = f"import sys; sys.modules[{library!r}] = None; from endsession.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "contract", "http://127.0.0.1:9", "--no-fuzz"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert f"needs {library}: pip install 'endsession[contract]'" in done.stderr


def test_schemathesis_alone_runs_with_the_kept_settings(tmp_path: Path) -> None:
    """`schemathesis run` finds schemathesis.toml, and finds nothing to complain of at a running gateway."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", "URL/openapi.json", "--max-examples", "2"]
    command += ["--include-tag", "logout", "--phases", "examples,fuzzing", "-H", "Host: login.example"]
    with serving(tmp_path) as url:
        done = subprocess.run(
            [word.replace("URL", url) for word in command],
            cwd=ROOT,
            env={**os.environ, "CONTRACT_TOKEN": ""},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
