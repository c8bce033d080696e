"""What the forge runs: the commands of this repository, on the Pythons that it promises, with few rights.

Workflows cannot be run here. What can be seen is that each command, file and action that they name is there.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kit.serving import ROOT

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = {path.name: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yml"))}
JOBS = [(name, key) for name, workflow in WORKFLOWS.items() for key in workflow["jobs"]]
WRITES = {("release.yml", "publish"): {"id-token"}, ("release.yml", "attach"): {"contents"}}
MAKE = re.compile(r"^make ([a-z-]+)", re.MULTILINE)


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All steps of a workflow."""
    for job in workflow["jobs"].values():
        yield from job.get("steps", ())


def commands(workflow: dict[str, Any]) -> str:
    """What a workflow runs, line by line."""
    return "\n".join(step["run"] for step in steps(workflow) if "run" in step)


def tracked(pattern: str) -> set[str]:
    """Files in git whose path matches, as paths from the root."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {path for path in listed.splitlines() if re.fullmatch(pattern, path)}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_a_workflow_names_is_there(name: str) -> None:
    """Each make target, script and workflow of the repository exists, and make can say what it would do."""
    text = commands(WORKFLOWS[name])
    for target in MAKE.findall(text):
        plan = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert plan.returncode == 0, plan.stderr
    scripts = re.findall(r"^\.\S+", text, re.MULTILINE)
    called = [job["uses"] for job in WORKFLOWS[name]["jobs"].values() if "uses" in job]
    for path in (*scripts, *called):
        assert (ROOT / path).is_file(), path
    assert scripts or called or MAKE.findall(text)


def test_ci_runs_what_a_change_has_to_pass() -> None:
    """The commands of .ci/run and those of the workflow are the same; `coverage` is `test-all` with lines counted."""
    here = set(MAKE.findall((ROOT / ".ci" / "run").read_text()))
    there = {"test-all" if name == "coverage" else name for name in MAKE.findall(commands(WORKFLOWS["ci.yml"]))}
    assert here
    assert here <= there
    assert there - here == {"test"}, "the tests with other servers are the forge's alone"


def test_ci_runs_on_every_python_that_is_promised() -> None:
    """The oldest is that of `requires-python`, and none after it is left out."""
    pythons = WORKFLOWS["ci.yml"]["jobs"]["tests"]["strategy"]["matrix"]["python"]
    (oldest,) = re.findall(r'requires-python = ">=3\.(\d+)"', (ROOT / "pyproject.toml").read_text())
    assert pythons == [f"3.{minor}" for minor in range(int(oldest), int(oldest) + len(pythons))]
    assert pythons[-1] == "3.14"


@pytest.mark.parametrize("name", WORKFLOWS)
def test_an_action_is_pinned_to_a_commit(name: str) -> None:
    """A tag can be moved to other code. The version stands in a comment, for people and for Dependabot."""
    used = re.findall(r"uses: (\S+/\S+@\S+)(.*)", (FOLDER / name).read_text())
    for action, comment in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_a_job_has_its_own_few_rights(name: str, job: str) -> None:
    """A workflow has none; a job names those that it needs, and writes only to release. Each ends by itself."""
    assert WORKFLOWS[name]["permissions"] == {}
    definition = WORKFLOWS[name]["jobs"][job]
    writes = {right for right, level in definition["permissions"].items() if level != "read"}
    assert writes == WRITES.get((name, job), set())
    assert "timeout-minutes" in definition or "uses" in definition


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_checkout_leaves_no_token_behind(name: str) -> None:
    """What is run afterwards, such as tests of a stranger's pull request, finds no credentials in the checkout."""
    for step in steps(WORKFLOWS[name]):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_every_lock_is_audited_and_updated() -> None:
    """`make audit` names each lock in git, and Dependabot each folder with one."""
    plan = subprocess.run(["make", "-n", "audit"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    pip, npm = tracked(r"(.*/)?requirements[^/]*\.txt"), tracked(r"(.*/)?package-lock\.json")
    assert pip
    assert npm
    for lock in pip:
        assert re.search(rf"\s{re.escape(lock)}\s", plan), lock
    for lock in npm:
        assert str(Path(lock).parent) in plan, lock
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    folders = {update["package-ecosystem"]: set(update.get("directories", [])) for update in updates}
    assert folders["pip"] == {f"/{Path(lock).parent}".replace("/.", "/") for lock in pip}
    assert folders["npm"] == {f"/{Path(lock).parent}" for lock in npm}
    assert all(update["cooldown"]["default-days"] >= 7 for update in updates)
