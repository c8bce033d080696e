"""How a transaction is written down, apart from the database that runs it.

    def rename(sid: str, label: str) -> Script[bool]:
        rows = yield Statement("UPDATE sessions SET user_label = :label WHERE sid = :sid RETURNING sid", {...})
        return bool(rows)

A script that raises undoes everything that it did, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class Statement(NamedTuple):
    """One SQL statement with named parameters (`:name`), in the SQL that both backends understand.

    `{skip_locked}` and `{for_update}` stand for what only a database with row locks needs.
    """

    sql: str
    values: Mapping[str, Any]


def insert_many(table: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> Statement:
    """One INSERT of several rows, so that a session with fifty apps costs no fifty round trips."""
    sql, names = _insert(table, columns, len(rows))
    return Statement(sql, dict(zip(names, chain.from_iterable(rows), strict=True)))


@lru_cache(maxsize=128)
def _insert(table: str, columns: tuple[str, ...], count: int) -> tuple[str, tuple[str, ...]]:
    width = len(columns)
    names = tuple(f"v{number}" for number in range(count * width))
    places = (", ".join(f":{name}" for name in names[row : row + width]) for row in range(0, len(names), width))
    values = ", ".join(f"({place})" for place in places)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}", names


Rows = list[tuple[Any, ...]]
Script = Generator[Statement, Rows, T]


PATIENCE = 2.5
"""Seconds that an operation may take in all, so that a request is answered within three, by a 503 if need be."""


class Database(Protocol):
    """Runs scripts, each within `PATIENCE`.

    Raises ServiceUnavailable when storage cannot be reached or does not take the change: then nothing was changed.
    Raises its subclass OutcomeUnknown when the answer to COMMIT was lost: the change was made, or it was not.
    """

    async def prepare(self) -> None:
        """Connect, and bring the schema up to date. To be called once, before anything else."""
        ...

    async def read(self, script: Script[T], *, within: float | None = None) -> T:
        """Run a script that changes nothing. `within` is another bound than `PATIENCE`, in seconds."""
        ...

    async def write(self, script: Script[T], *, within: float | None = None) -> T:
        """Run a script as one transaction. When this returns, its effects have been synced to disk."""
        ...

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever another process announces work, where the backend can tell. To be called once."""
        ...

    def announce(self) -> None:
        """Tell other processes that there is work, soon and without waiting for it."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of the storage."""
        ...
