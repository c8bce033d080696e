"""The files of `examples/ci`, run as a CI server runs them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tests.kit import storages
from tests.kit.ports import free_port

from .deployment import FROM_CHECKOUT, ROOT

CI = ROOT / "examples" / "ci"


@pytest.mark.usefixtures("backend")
def test_the_script_starts_a_gateway_tests_it_and_stops_it(tmp_path: Path) -> None:
    """It exits with 0, writes the report, and sees everything that needs no fault."""
    port = str(free_port())
    for name in ("contract.sh", "endsession.toml"):
        (tmp_path / name).write_text((CI / name).read_text().replace("8480", port))
    done = subprocess.run(
        ["sh", str(tmp_path / "contract.sh"), "--no-fuzz", "--junit", "contract.xml"],
        cwd=tmp_path,
        env={
            **FROM_CHECKOUT,
            "ENDSESSION": f"{sys.executable} -m endsession",
            **storages.environment(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No check failed." in done.stdout
    assert len(ElementTree.parse(tmp_path / "contract.xml").getroot()) == 3


def test_the_workflow_pins_what_it_uses() -> None:
    """Every action is pinned to a commit, and the script that it runs is the one in the repository."""
    workflow = yaml.safe_load((CI / "contract.yml").read_text())
    steps = workflow["jobs"]["contract"]["steps"]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[a-z/-]+@[0-9a-f]{40}", action) for action in used)
    assert any("ci/contract.sh" in step.get("run", "") for step in steps)
    assert workflow["permissions"] == {"contents": "read"}
