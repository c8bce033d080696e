"""Show that the linters see what they are there for: a document with one fault for each rule of the house.

python -m tooling.spoil RULESET SPECTRAL...     (SPECTRAL is the command that lints)
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from endsession.contract.document import load_document

Faults = dict[str, Callable[[dict[str, Any]], Any]]


def _logout(raw: dict[str, Any]) -> Any:
    return raw["paths"]["/{issuer_id}/logout"]["get"]


def _schemas(raw: dict[str, Any]) -> Any:
    return raw["components"]["schemas"]


FAULTS: Faults = {
    "operation-id-camel-case": lambda raw: _logout(raw).update(operationId="end_session"),
    "one-tag": lambda raw: _logout(raw).update(tags=["logout", "health"]),
    "summary-without-full-stop": lambda raw: _logout(raw).update(summary="Log out."),
    "description-is-a-sentence": lambda raw: _logout(raw).update(description="logs out"),
    "parameter-described": lambda raw: raw["components"]["parameters"]["State"].pop("example"),
    "member-described": lambda raw: _schemas(raw)["Attempt"]["properties"]["at"].pop("description"),
    "schema-described": lambda raw: _schemas(raw)["Attempt"].pop("description"),
    "body-has-example": lambda raw: raw["components"]["responses"]["Healthy"]["content"]["application/json"].pop(
        "example"
    ),
    "errors-are-oauth-errors": lambda raw: raw["components"]["responses"]["NotFound"]["content"]
    ["application/json"].update(schema={"$ref": "#/components/schemas/LogoutResult"}),
    "errors-have-json": lambda raw: raw["components"]["responses"]["Forbidden"]["content"].pop("application/json"),
}  # fmt: skip


def unregistered_sub(ruleset: Path, spectral: list[str]) -> set[str]:
    """The rules of the house that did not see their fault, or that have none here."""
    ours = {name for name, rule in yaml.safe_load(ruleset.read_text())["rules"].items() if isinstance(rule, dict)}
    raw = copy.deepcopy(dict(load_document().raw))
    for spoil in FAULTS.values():
        spoil(raw)
    with tempfile.TemporaryDirectory() as folder:
        (file := Path(folder) / "spoilt.json").write_text(json.dumps(raw))
        command = [*spectral, "lint", "--quiet", "--format", "json", "--ruleset", str(ruleset), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # the linter of the caller
    seen = {problem["code"] for problem in json.loads(done.stdout)}
    return (ours - seen) | (ours ^ set(FAULTS))


if __name__ == "__main__":
    if missing := unregistered_sub(Path(sys.argv[1]), sys.argv[2:]):
        sys.exit(f"these rules do not see their fault: {', '.join(sorted(missing))}")
