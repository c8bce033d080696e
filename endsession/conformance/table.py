"""The books of a fuzzing run: how often each operation answered with each status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from endsession.contract.document import METHODS, Document


class Table:
    """Counts answers over one deployment or several of the same document, at some of its `paths` or at all."""

    def __init__(self, document: Document, paths: Collection[str] | None = None) -> None:
        self._document = document
        self._documented = {
            (path, method): frozenset(map(int, item[method]["responses"]))
            for path, item in document.raw["paths"].items()
            for method in METHODS
            if method in item and (paths is None or path in paths)
        }
        self._left_out = frozenset() if paths is None else document.raw["paths"].keys() - set(paths)
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._strange: Counter[str] = Counter()

    def count(self, method: str, url_path: str, status: int) -> None:
        """Book one answer. What the document does not foresee is kept apart."""
        path = self._document.path_of(url_path)
        if path is None:
            if status != 404:
                self._strange[f"{method} of no documented path: {status}"] += 1
            return
        self.count_path(method, path, status)

    def count_path(self, method: str, path: str, status: int) -> None:
        """Book one answer of a path template."""
        if path in self._left_out:
            return
        operation = (path, "get" if method == "HEAD" else method.lower())
        # A wrong method has no operation of its own, and counts for those that the path has.
        of_path = [one for one in self._documented if one[0] == path]
        for one in of_path if status == 405 else [operation]:
            if status in self._documented.get(one, ()):
                self._counts[(*one, status)] += 1
            else:
                self._strange[f"{method} {path}: {status}"] += 1

    @property
    def undocumented(self) -> dict[str, int]:
        """Answers that the document does not announce, with how often each was seen."""
        return dict(self._strange)

    def pairs(self) -> Iterator[tuple[str, str, int, int]]:
        """Every documented (path, method, status) with its count."""
        for (path, method), statuses in self._documented.items():
            for status in sorted(statuses):
                yield path, method, status, self._counts[path, method, status]

    def total(self, paths: Iterable[str], status: int) -> int:
        """How often one of `paths` answered with `status`."""
        wanted = set(paths)
        return sum(count for (path, _, seen), count in self._counts.items() if path in wanted and seen == status)

    def short(self, floor: int) -> list[str]:
        """The documented pairs that were seen fewer than `floor` times."""
        return [
            f"{method.upper()} {path}: {status} seen {count} times"
            for path, method, status, count in self.pairs()
            if count < floor
        ]

    def __str__(self) -> str:
        """One line per operation, with the count of each documented status."""
        statuses = sorted({status for _, _, status, _ in self.pairs()})
        rows = [["operation", *map(str, statuses)]]
        for (path, method), documented in self._documented.items():
            counts = [str(self._counts[path, method, one]) if one in documented else "" for one in statuses]
            rows.append([f"{method.upper()} {path}", *counts])
        width = max(len(row[0]) for row in rows)
        return "\n".join(f"{row[0]:<{width}}" + "".join(f"{cell:>6}" for cell in row[1:]) for row in rows)
