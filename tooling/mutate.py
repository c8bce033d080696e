"""Changes code in small ways, one at a time, and prints the changes that no test notices.

    python -m tooling.mutate endsession/flow/find.py tests/handlers tests/store
    python -m tooling.mutate endsession/limiter.py tests/test_limiter.py --count 10 --seed 2

Each mutant is run in a copy of the tree, by the tests that are named, but for the slow ones. A survivor is either the
same program in other words or something that no test holds; which of the two it is takes a reader. The exit status says
whether any survived.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = (".git", ".venv", "node_modules", "__pycache__", ".*_cache", ".hypothesis")
Alteration = tuple[str, Callable[[], object]]
"""What is altered, in words, and what alters it."""

_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_SQL_CONDITION = re.compile(r" AND (?:\w+\.)?\w+ (?:IS NOT NULL|IS NULL|[<>=]+ \S+)")


@dataclass(frozen=True)
class Mutant:
    """A file with one change. `line` is where it is."""

    line: int
    what: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a file. Docstrings, and what decorates a definition, are left alone."""
    whole = ast.parse(source)
    no_code = [top for node in ast.walk(whole) for top in getattr(node, "decorator_list", ())]
    no_code += [node for node in ast.walk(whole) if isinstance(node, ast.Expr) and _is_text(node.value)]
    left_alone = {id(node) for top in no_code for node in ast.walk(top)}
    for index, node in enumerate(ast.walk(whole)):
        for number, (what, _) in enumerate(() if id(node) in left_alone else _alterations(node)):
            tree = ast.parse(source)
            altered = next(node for i, node in enumerate(ast.walk(tree)) if i == index)
            list(_alterations(altered))[number][1]()
            yield Mutant(_line(node), what, ast.unparse(ast.fix_missing_locations(tree)))


def _line(node: Any) -> int:
    return int(getattr(node, "lineno", 0))


def _alterations(node: Any) -> Iterator[Alteration]:
    match node:
        case ast.Compare(ops=[first, *rest]):
            other = _OPPOSITES[type(first)]
            yield f"{type(first).__name__} becomes {other.__name__}", lambda: setattr(node, "ops", [other(), *rest])
        case ast.BoolOp(op=ast.And()):
            yield "and becomes or", lambda: setattr(node, "op", ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield "or becomes and", lambda: setattr(node, "op", ast.And())
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield "the condition is negated", lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), test))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "it returns None", lambda: setattr(node, "value", ast.Constant(None))
        case ast.Constant(value=bool(truth)):
            yield f"{truth} becomes {not truth}", lambda: setattr(node, "value", not truth)
        case ast.Constant(value=int(number)):
            yield f"{number} becomes {number + 1}", lambda: setattr(node, "value", number + 1)
        case ast.Constant(value=str(text)):
            for found in _SQL_CONDITION.finditer(text):
                left = text[: found.start()] + text[found.end() :]
                yield f"without{found[0]}", lambda left=left: setattr(node, "value", left)  # type: ignore[misc]
    for index, statement in enumerate(getattr(node, "body", []) if isinstance(node, ast.stmt) else []):
        if isinstance(statement, ast.Raise) or (isinstance(statement, ast.Expr) and not _is_text(statement.value)):
            what = f"line {statement.lineno} is left out"
            yield what, lambda index=index: node.body.__setitem__(index, ast.Pass())  # type: ignore[misc]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def passes(source: str, file: Path, tests: list[str], tree: Path, seconds: float) -> bool:
    """Whether the tests pass with `source` in the place of the file. `tree` is a copy that is put right again."""
    place = tree / file.relative_to(ROOT)
    place.write_text(source)
    options = ["-x", "-q", "-m", "not slow", "--timeout", "60", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *options, *tests]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(  # noqa: S603  # pytest, with the tests that the caller names
            command, cwd=tree, env=environment, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    else:
        return done.returncode == 0
    finally:
        shutil.copyfile(file, place)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--count", type=int, default=20, help="how many mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=300, help="after which the tests have noticed a mutant")
    options = parser.parse_args()
    file = options.file.resolve()
    every = list(mutants(file.read_text()))
    chance = random.Random(options.seed)  # noqa: S311  # the same mutants for the same seed
    drawn = chance.sample(every, min(options.count, len(every)))
    print(f"{options.file}: {len(drawn)} of {len(every)} mutants", flush=True)
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
        if not passes(file.read_text(), file, options.tests, tree, options.seconds):
            parser.exit(2, "the tests fail without any change, so they would notice everything\n")
        for mutant in sorted(drawn, key=lambda mutant: mutant.line):
            alive = passes(mutant.source, file, options.tests, tree, options.seconds)
            survivors += alive
            print(f"  {'SURVIVED' if alive else 'noticed '}  line {mutant.line}: {mutant.what}", flush=True)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
