"""Report code that nothing uses: vulture, which is told the names that are in the document and in templates.

python -m tooling.unused

What else is used without being named in Python stands in `pyproject.toml`, each with its reason.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, nodes
from vulture import Vulture

from endsession.contract.app import HandlerResolver
from endsession.contract.document import METHODS, Document, load_document

ROOT = Path(__file__).resolve().parents[1]


def handlers(document: Document) -> Iterator[str]:
    """The functions that the operations of `document` are served by."""
    resolver = HandlerResolver(document)
    for path, item in document.raw["paths"].items():
        for method in METHODS:
            if method in item:
                operation = SimpleNamespace(path=path, method=method, operation_id=item[method]["operationId"])
                yield resolver.resolve(operation).function.__name__


def read_by_templates(folder: Path) -> Iterator[str]:
    """The attributes that the templates below `folder` read."""
    for template in folder.rglob("templates/*"):
        for attribute in Environment(autoescape=True).parse(template.read_text()).find_all(nodes.Getattr):
            yield attribute.attr


def unused(paths: Iterable[Path], exclude: Iterable[str] = ()) -> list[str]:
    """A line with place and name for each thing in `paths` that nothing in `paths` uses."""
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["vulture"]
    names = {*settings["ignore_names"], *handlers(load_document()), *read_by_templates(ROOT / "endsession")}
    finder = Vulture(ignore_names=sorted(names), ignore_decorators=settings["ignore_decorators"])
    finder.scavenge(list(paths), exclude=list(exclude))
    return [item.get_report() for item in finder.get_unused_code(min_confidence=settings["min_confidence"])]


def main() -> int:
    """Print what is unused in the paths of `pyproject.toml`. The status is 1 if there is any."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["vulture"]
    found = unused([ROOT / path for path in settings["paths"]], settings["exclude"])
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
