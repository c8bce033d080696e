"""Whether a version can be released under a tag, and what is said about it.

python -m tooling.release TAG FILE    writes the notes of the release to FILE; the status is 1 if it is not ready
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]


def obstacles(tag: str, root: Path = ROOT) -> Iterator[str]:
    """What has to be put right before the checkout in `root` is released as `tag`."""
    package, suite = (_version(root / folder / "pyproject.toml") for folder in ("", "conformance"))
    document = yaml.safe_load((root / "openapi" / "idp.yaml").read_text())
    if tag != f"v{package}":
        yield f"pyproject.toml has version {package}, so the tag is v{package} and not {tag}"
    if suite != package:
        yield f"conformance/pyproject.toml has version {suite}, and pyproject.toml {package}"
    if document["info"]["version"] != package:
        yield f"openapi/idp.yaml has version {document['info']['version']}, and pyproject.toml {package}"
    if document != yaml.safe_load((root / "tooling" / "released.yaml").read_text()):
        yield "tooling/released.yaml is not this document: run python -m tooling.breaking --release"
    if not notes(tag, root):
        yield f"CHANGELOG.md has no section that is headed exactly: ## {tag.removeprefix('v')}"


def _version(file: Path) -> str:
    return str(tomllib.loads(file.read_text())["project"]["version"])


def notes(tag: str, root: Path = ROOT) -> str:
    """The section of the changelog about the version of `tag`, without its heading; empty when there is none."""
    heading = re.escape(f"## {tag.removeprefix('v')}")
    section = re.search(rf"^{heading}\n(.*?)(?=^## |\Z)", (root / "CHANGELOG.md").read_text(), re.MULTILINE | re.DOTALL)
    return section[1].strip() if section else ""


def main(tag: str, file: Path) -> int:
    """Write the notes, or print what stands in the way."""
    problems = list(obstacles(tag))
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        file.write_text(notes(tag) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
