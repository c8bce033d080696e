"""How often each documented operation responded with each status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

from ..document import METHODS


class Paths(Protocol):
    """What a table needs of an OpenAPI document."""

    @property
    def raw(self) -> Mapping[str, Any]:
        """The parsed document."""

    def path_of(self, url_path: str) -> str | None:
        """The path template that the path of a URL matches, or None."""


class Table:
    """Counts the responses of one or more deployments of the same document, at some of its `paths` or at all."""

    def __init__(self, document: Paths, paths: Collection[str] | None = None) -> None:
        self._document = document
        self._documented = {
            (path, method): frozenset(int(status) for status in item[method]["responses"] if str(status).isdigit())
            for path, item in document.raw["paths"].items()
            for method in METHODS
            if method in item and (paths is None or path in paths)
        }
        self._left_out = frozenset() if paths is None else document.raw["paths"].keys() - set(paths)
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._undocumented: Counter[str] = Counter()

    def count(self, method: str, url_path: str, status: int) -> None:
        """Count a response by the path of its URL. Undocumented ones are counted apart."""
        path = self._document.path_of(url_path)
        if path is None:
            if status != 404:
                self._undocumented[f"{method} of no documented path: {status}"] += 1
            return
        self.count_path(method, path, status)

    def count_path(self, method: str, path: str, status: int) -> None:
        """Count a response by its path template."""
        if path in self._left_out:
            return
        operation = (path, "get" if method == "HEAD" else method.lower())
        # A wrong method has no operation, so its 405 counts for all operations of the path.
        of_path = [key for key in self._documented if key[0] == path]
        for key in of_path if status == 405 else [operation]:
            if status in self._documented.get(key, ()):
                self._counts[(*key, status)] += 1
            else:
                self._undocumented[f"{method} {path}: {status}"] += 1

    @property
    def undocumented(self) -> dict[str, int]:
        """Responses that the document does not have, with how often each was seen."""
        return dict(self._undocumented)

    def pairs(self) -> Iterator[tuple[str, str, int, int]]:
        """Every documented (path, method, status) with its count."""
        for (path, method), statuses in self._documented.items():
            for status in sorted(statuses):
                yield path, method, status, self._counts[path, method, status]

    def total(self, paths: Iterable[str], status: int) -> int:
        """How often any of `paths` responded with `status`."""
        wanted = set(paths)
        return sum(count for (path, _, seen), count in self._counts.items() if path in wanted and seen == status)

    def short(self, floor: int) -> list[str]:
        """The documented statuses that were seen fewer than `floor` times."""
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
            counts = [str(self._counts[path, method, status]) if status in documented else "" for status in statuses]
            rows.append([f"{method.upper()} {path}", *counts])
        width = max(len(row[0]) for row in rows)
        return "\n".join(f"{row[0]:<{width}}" + "".join(f"{cell:>6}" for cell in row[1:]) for row in rows)
