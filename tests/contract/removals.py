"""Removes, one status after the other, the code that answers with it, and shows that the fuzzing run then fails.

    python -m tests.contract.removals             about ten minutes; writes its table into docs/contract-coverage.md
    python -m tests.contract.removals 401 422     these statuses only; writes nothing

It works on a copy of the tree: the statements are cut out of the source, and the fuzzer aims at the three logout paths
of the copy, in a process of its own. A removal that goes unnoticed makes the command fail.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.contract.coverage import ROOT, write_section
from tests.kit.deployment import DOCUMENT

PATHS = ("/{issuer_id}/logout", "/idp/init_logout.openid", "/{issuer_id}/end-session")
TREES = ("endsession", "handlers", "settings", "openapi", "tests")


@dataclass(frozen=True)
class Cut:
    """A piece of a file, and what stands there instead: as little as can be."""

    file: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Cut it out of every place of the file where it stands. Raises ValueError where it does not."""
        path = root / self.file
        text = path.read_text()
        if self.old not in text:
            raise ValueError(f"{self.file} does not hold {self.old!r} any more")
        path.write_text(text.replace(self.old, self.new))


@dataclass(frozen=True)
class Raises:
    """Every statement of the engine and the handlers that raises one of these errors."""

    errors: tuple[str, ...]

    def apply(self, root: Path) -> None:
        """Put `pass` in the place of each. Raises ValueError where an error is raised nowhere."""
        left = set(self.errors)
        for path in [*(root / "endsession").rglob("*.py"), *(root / "handlers").rglob("*.py")]:
            taken = _Taken(self.errors)
            tree = taken.visit(ast.parse(path.read_text()))
            if taken.found:
                path.write_text(ast.unparse(ast.fix_missing_locations(tree)))
            left -= taken.found
        if left:
            raise ValueError(f"nothing raises {', '.join(sorted(left))} any more")


class _Taken(ast.NodeTransformer):
    def __init__(self, errors: tuple[str, ...]) -> None:
        self._errors = errors
        self.found: set[str] = set()

    def visit_Raise(self, node: ast.Raise) -> ast.AST:  # the name is ast's
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if isinstance(raised, ast.Name) and raised.id in self._errors:
            self.found.add(raised.id)
            return ast.Pass()
        return node


ANSWER, LOGOUT, OPERATION = "endsession/flow/answer.py", "handlers/logout.py", "endsession/contract/operation.py"
NOTHING = "response = Response(status_code=204)"
REMOVALS: dict[int, tuple[str, tuple[Cut | Raises, ...]]] = {
    200: (
        "the pages and results at the end, the question, and the answer to a HEAD",
        (
            Cut(ANSWER, "response = await _signed_out(request, gateway, issuer, outcome)", NOTHING),
            Cut(ANSWER, "response = await frames_page(gateway, issuer, outcome, frames)", NOTHING),
            Cut(LOGOUT, "return ask(request, gateway, issuer, received, evaluation)", "pass"),
            Cut(OPERATION, "return Response()  # a HEAD", "pass  # a HEAD"),
        ),
    ),
    303: (
        "the redirect to the registered URI, and the parking of a form from another site",
        (
            Cut(ANSWER, "elif outcome.decision.redirect is not None:", "elif False:"),
            Cut(LOGOUT, "return park(request, gateway, issuer, received)", "pass"),
        ),
    ),
    400: ("every `raise InvalidRequest`", (Raises(("InvalidRequest",)),)),
    401: (
        "every `raise InvalidToken`, `SessionExpired` and `LoginRequired`",
        (Raises(("InvalidToken", "SessionExpired", "LoginRequired")),),
    ),
    403: ("every `raise AccessDenied`", (Raises(("AccessDenied",)),)),
    404: ("every `raise NotFound`", (Raises(("NotFound",)),)),
    405: (
        "the answer to a method that the path does not know",
        (Cut("endsession/contract/app.py", "if status == 405 and path:", "if False:"),),
    ),
    413: ("every `raise BodyTooLarge`", (Raises(("BodyTooLarge",)),)),
    414: ("every `raise UriTooLong`", (Raises(("UriTooLong",)),)),
    415: ("every `raise UnsupportedMediaType`", (Raises(("UnsupportedMediaType",)),)),
    421: ("every `raise MisdirectedRequest`", (Raises(("MisdirectedRequest",)),)),
    422: (
        "every `raise InvalidRedirectUri` and `UnknownClient`",
        (Raises(("InvalidRedirectUri", "UnknownClient")),),
    ),
    429: ("every `raise RateLimited`", (Raises(("RateLimited",)),)),
    500: (
        "the status of an error that nobody expected (it becomes 501)",
        (Cut("endsession/protocol/errors.py", "    status = 500\n", "    status = 501\n"),),
    ),
    503: (
        "the status of storage that is away (it becomes that of any error)",
        (Cut("endsession/protocol/errors.py", "    status = 503\n", ""),),
    ),
}
"""By status: what is removed, in words, and the removals."""


def documented(path: str) -> list[tuple[str, int]]:
    """The methods of a path with each status that they announce."""
    item = DOCUMENT.raw["paths"][path]
    return [(method, int(status)) for method in ("get", "post") for status in item[method]["responses"]]


def _statuses(path: str) -> set[int]:
    return {status for _, status in documented(path)}


def copy_tree(root: Path) -> None:
    """A copy of everything that a run needs."""
    for name in TREES:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))


def fuzz_without(status: int, path: str) -> list[str]:
    """What the run over one path says once the code of `status` is gone."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy_tree(root)
        for removal in REMOVALS[status][1]:
            removal.apply(root)
        command = [sys.executable, "-W", "ignore", "-m", "tests.contract.aim_at", path]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=600)
    said = [line for line in done.stdout.splitlines() if line]
    return said or [f"it did not run: {done.stderr.strip().splitlines()[-1]}"] if done.returncode else []


def report(status: int, path: str) -> tuple[str, bool]:
    """A row of the table, and whether the removal was noticed for each method that announces the status."""
    said = fuzz_without(status, path)
    rows, noticed = [], True
    for method in [method for method, one in documented(path) if one == status]:
        wanted = f"{method.upper()} {path}: {status} seen "
        found = [line for line in said if line.startswith(wanted)]
        noticed = noticed and bool(found)
        rows.append(f"`{found[0]}`" if found else "**not noticed**")
    others = len([line for line in said if " seen " not in line])
    return f"| {status} | `{path}` | {REMOVALS[status][0]} | {'; '.join(rows)}; {others} other failures |", noticed


def main(wanted: list[int]) -> int:
    """Print the table; the exit status says whether every removal was noticed."""
    lines = ["| status | path | removed | the run said |", "|---|---|---|---|"]
    cases = [(status, path) for status in wanted or REMOVALS for path in PATHS if status in _statuses(path)]
    unnoticed = 0
    print(*lines, sep="\n")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for row, noticed in pool.map(report, *zip(*cases, strict=True)):
            unnoticed += not noticed
            lines.append(row)
            print(row, flush=True)
    if not wanted:
        write_section("removals", lines)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main([int(argument) for argument in sys.argv[1:]]))
