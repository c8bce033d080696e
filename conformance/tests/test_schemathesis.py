"""schemathesis' own command line, with the settings that the repository keeps for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .deployment import ROOT, serving


@pytest.mark.usefixtures("backend")
def test_schemathesis_alone_runs_with_the_kept_settings(tmp_path: Path) -> None:
    """`schemathesis run` finds schemathesis.toml, and reports nothing about a running gateway."""
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
