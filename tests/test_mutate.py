"""The mutation runner makes one change at a time, and none that is no change."""

from __future__ import annotations

import ast

from tooling.mutate import mutants

SOURCE = '''
"""A docstring is no code AND stays = 1."""
@dataclass(frozen=True)
class Counter:
    limit: int = 3

    def check(self, count, names):
        """Raise when there are too many."""
        if count >= self.limit and names is not None:
            raise ValueError
        return "SELECT 1 WHERE a = 1 AND due_at <= :now AND s.lease IS NULL"
'''


def test_each_mutant_is_one_change() -> None:
    """Comparisons, connectives, conditions, constants, results, raised errors and conditions of SQL."""
    found = list(mutants(SOURCE))
    assert sorted(mutant.what for mutant in found) == [
        "3 becomes 4",
        "GtE becomes Gt",
        "IsNot becomes Is",
        "and becomes or",
        "line 10 is left out",
        "the condition is negated",
        "without AND due_at <= :now",
        "without AND s.lease IS NULL",
    ]
    whole = ast.unparse(ast.parse(SOURCE))
    assert len({mutant.source for mutant in found} | {whole}) == len(found) + 1


def test_a_mutant_says_where_it_is() -> None:
    """By the line of what was changed."""
    assert {mutant.line for mutant in mutants(SOURCE) if "SELECT" in mutant.what or "becomes Gt" in mutant.what} == {9}
