"""Files of an operator's own that are not OpenAPI 3.0: each mistake is told in a sentence, with its place and a fix."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from endsession.contract.added_paths import shipped
from tests.kit.serving import CHECKOUT, ROOT
from tests.settings.operator import Operator, operator
from tests.settings.test_together import SERVER, add

from .mistakes import BODY, GET, WRONG, Change, form, get, parameter
from .test_files import one_endpoint

__all__ = ["operator"]

EXTRA = add(SERVER, 'extra_paths = ["mine.yaml"]')


def write(operator: Operator, change: Change) -> None:
    """Settings that name a file with one endpoint, and the change in it."""
    content = one_endpoint()
    change(content)
    (operator.folder / "mine.yaml").write_text(yaml.safe_dump(content))
    operator.write(EXTRA)


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_not_openapi(operator: Operator, kind: str) -> None:
    """The setting, the file, the place in it, what is wrong there, and what to write instead."""
    change, message, fix = WRONG[kind]
    write(operator, change)
    head = "FOLDER/endsession.toml, line 3: server.extra_paths.0 (ENDSESSION_SERVER__EXTRA_PATHS)"
    assert operator.told_once() == (head, f"FOLDER/mine.yaml: {message}.", fix)


def test_all_mistakes_at_once(operator: Operator) -> None:
    """Of every operation, so that one start is enough to see them all."""

    def change(content: dict[str, Any]) -> None:
        parameter("schema", requird=True)(content)
        get(summary=5)(content)
        form(required=True)(content)

    write(operator, change)
    messages = {line.strip() for line in operator.told().splitlines() if line.startswith("    FOLDER/mine.yaml")}
    assert messages == {
        f"FOLDER/mine.yaml: {GET} parameters 0: OpenAPI does not know requird here.",
        f"FOLDER/mine.yaml: {GET} parameters 0: it has no schema.",
        f"FOLDER/mine.yaml: {GET} summary: it is not a string.",
        f"FOLDER/mine.yaml: {BODY} required: it is not a list.",
    }


def test_statuses_need_no_quotes(operator: Operator) -> None:
    """YAML reads `200` as a number, and the document that is served has it as a string, like every other."""
    write(operator, get(responses={200: {"description": "The page."}}))
    operator.start()


@pytest.mark.parametrize("command", ["check", "serve"])
def test_both_commands_tell_it(operator: Operator, command: str) -> None:
    """Before anything starts, with the status of settings that are wrong."""
    write(operator, parameter(requird=True))
    done = subprocess.run(
        [*CHECKOUT, command, "--config", str(operator.file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-3:] == [
        f"{operator.file}, line 3: server.extra_paths.0 (ENDSESSION_SERVER__EXTRA_PATHS)",
        f"    {operator.folder}/mine.yaml: {GET} parameters 0: OpenAPI does not know requird here.",
        "    Fix: did you mean required?",
    ]


@pytest.mark.parametrize(("settings", "loaded"), [(add(SERVER, 'vendors = ["okta"]'), "False"), (EXTRA, "True")])
def test_only_who_has_such_files_loads_the_validator(operator: Operator, settings: str, loaded: str) -> None:
    """It takes time at the start and some 10 MB."""
    write(operator, lambda content: None)
    operator.write(settings)
    code = (
        "import sys; from pathlib import Path; from endsession import cli; cli._load(Path(sys.argv[1]));"
        "print('openapi_spec_validator' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(operator.file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == loaded


def test_the_example_of_the_documentation_is_right(operator: Operator) -> None:
    """docs/vendors.md: what an operator copies first."""
    text = (Path(ROOT) / "docs" / "vendors.md").read_text()
    (operator.folder / "mine.yaml").write_text(text.split("```yaml\n")[1].split("```")[0])
    operator.write(EXTRA)
    operator.start()


@pytest.mark.parametrize("vendor", shipped())
def test_the_vendors_files_keep_the_same_rules(operator: Operator, vendor: str) -> None:
    """They are what operators copy next."""
    (operator.folder / "mine.yaml").write_bytes(shipped()[vendor].read_bytes())
    operator.write(EXTRA)
    operator.start()
