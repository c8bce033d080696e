"""Removes, one status after the other, the code that answers with it, and shows that the fuzzing run then fails.

    python -m tests.contract.removals             about five minutes
    python -m tests.contract.removals 401 422     these statuses only

It works on a copy of the tree: the statements are cut out of the source, and the scenarios of that status are sent to
the three logout paths of the copy, in a process of its own. A removal that goes unnoticed makes the command fail.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.kit.deployment import DOCUMENT

ROOT = Path(__file__).parents[2]
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
            Cut(ANSWER, "response = await _signed_out(request, gateway, issuer, outcome, digest)", NOTHING),
            Cut(ANSWER, "response = await frames_page(gateway, issuer, outcome, frames, digest)", NOTHING),
            Cut(LOGOUT, "return ask(request, gateway, issuer, received, evaluation)", "pass"),
            Cut(OPERATION, "if request else Response()", "if request else None"),
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
        "the status of storage that is unavailable (it becomes that of any error)",
        (Cut("endsession/protocol/errors.py", "    status = 503\n", ""),),
    ),
}
"""By status: what is removed, in words, and the removals."""


def announced(status: int) -> list[str]:
    """The operations at the logout paths that announce a status."""
    items = [(path, DOCUMENT.raw["paths"][path]) for path in PATHS]
    return [
        f"{method.upper()} {path}"
        for path, item in items
        for method in ("get", "post")
        if str(status) in item[method]["responses"]
    ]


def copy_tree(root: Path) -> None:
    """A copy of everything that a run needs. The links of the package are kept, or it would have a second copy."""
    for name in TREES:
        shutil.copytree(ROOT / name, root / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))


def unnoticed(status: int) -> list[str]:
    """The operations at which nobody notices that the code of a status is gone: none, if the run is worth anything."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy_tree(root)
        for removal in REMOVALS[status][1]:
            removal.apply(root)
        command = [sys.executable, "-W", "ignore", "-m", "tests.fuzzing.contract", *PATHS, "--status", str(status)]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode and not done.stdout:
        raise RuntimeError(f"the fuzzer did not run: {done.stderr}")
    said = done.stdout.splitlines()
    return [
        label for label in announced(status) if not any(line.startswith(f"{label}: {status} seen ") for line in said)
    ]


def main(statuses: list[int]) -> int:
    """The exit status says whether a removal went unnoticed."""
    failed = 0
    for status in statuses or REMOVALS:
        missed = unnoticed(status)
        failed += bool(missed)
        print(f"{status}, without {REMOVALS[status][0]}: {', '.join(missed) or 'noticed'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main([int(argument) for argument in sys.argv[1:]]))
