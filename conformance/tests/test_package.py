"""The wheel of the suite: one package, its licence, and a command that runs without the gateway."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import logout_conformance

from .deployment import ROOT


def test_the_wheel_runs_where_the_gateway_is_not_installed(tmp_path: Path) -> None:
    """Nothing but the suite lands in site-packages, and its command tests a deployment from there."""
    # An sdist, and a wheel from that.
    _call(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path, ROOT / "conformance")
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"logout_conformance"}
    (licence,) = (name for name in names if name.endswith("licenses/LICENSE"))
    assert zipfile.ZipFile(wheel).read(licence) == (ROOT / "LICENSE").read_bytes()
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    _call(*(sys.executable, "-m", "pip", "--python", python), *("install", "-q", "--no-index", "--no-deps", wheel))
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = environment / "bin" / "logout-conformance"
    done = subprocess.run([command, "http://127.0.0.1:9"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "logout-conformance: http://127.0.0.1:9/openapi.json does not respond: ConnectError\n"


def _call(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_versions_agree() -> None:
    """What reports say is what was installed, and the extra of the gateway accepts it."""
    suite = tomllib.loads((ROOT / "conformance" / "pyproject.toml").read_text())["project"]
    gateway = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert suite["version"] == logout_conformance.__version__
    major, minor, _ = map(int, suite["version"].split("."))
    assert gateway["optional-dependencies"]["contract"] == [f"{suite['name']}>={major}.{minor},<{major}.{minor + 1}"]
