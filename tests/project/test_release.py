"""What is looked at before a tag becomes a release."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.kit.serving import ROOT
from tooling.release import notes, obstacles

FILES = ("pyproject.toml", "conformance/pyproject.toml", "openapi/idp.yaml", "tooling/released.yaml", "CHANGELOG.md")


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A checkout in which 0.1.0 can be released."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "openapi/idp.yaml", tmp_path / "tooling/released.yaml")
    change(tmp_path, "CHANGELOG.md", "## 0.1.0 (unreleased)\n", "## 0.1.0\n")
    return tmp_path


def change(root: Path, name: str, old: str, new: str) -> None:
    """Replace something that is in a file."""
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new))


def test_a_version_that_is_ready_has_notes(ready: Path) -> None:
    """They are its section of the changelog, without those of other versions."""
    change(ready, "CHANGELOG.md", "## 0.1.0\n", "## 0.2.0\n\n* of another version\n\n## 0.1.0\n")
    assert list(obstacles("v0.1.0", ready)) == []
    assert notes("v0.1.0", ready).startswith("The first version.")
    assert "of another version" not in notes("v0.1.0", ready)


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("pyproject.toml", '\nversion = "0.1.0"', '\nversion = "0.1.1"', "the tag is v0.1.1 and not v0.1.0"),
        ("conformance/pyproject.toml", '"0.1.0"', '"0.1.3"', "conformance/pyproject.toml has version 0.1.3"),
        ("openapi/idp.yaml", "version: 0.1.0", "version: 0.1.2", "openapi/idp.yaml has version 0.1.2"),
        ("openapi/idp.yaml", "operationId: endSession\n", "operationId: endIt\n", "tooling/released.yaml is not this"),
        ("CHANGELOG.md", "## 0.1.0\n", "## 0.1.0 (unreleased)\n", "no section that is headed exactly: ## 0.1.0"),
    ],
)
def test_what_is_not_ready_is_named(ready: Path, name: str, old: str, new: str, problem: str) -> None:
    """A tag, a document, a kept document or a changelog that does not fit."""
    change(ready, name, old, new)
    assert problem in "\n".join(obstacles("v0.1.0", ready))
