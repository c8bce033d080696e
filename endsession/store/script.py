"""How a transaction is written down, apart from the database that runs it.

    def rename(sid: str, label: str) -> Script[bool]:
        rows = yield Statement("UPDATE sessions SET user_label = :label WHERE sid = :sid RETURNING sid", {...})
        return bool(rows)

A script that raises undoes everything that it did, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class Statement(NamedTuple):
    """One SQL statement with named parameters (`:name`), in the SQL that both backends understand.

    `{skip_locked}` and `{for_update}` stand for what only a database with row locks needs. With `many`, the statement
    runs once for each of them and yields no rows.
    """

    sql: str
    values: Mapping[str, Any] = {}
    many: Sequence[Mapping[str, Any]] | None = None


Rows = list[tuple[Any, ...]]
PLACES = 100
"""Values that `among` takes at most."""
AMONG = "(" + ", ".join(f":among{place}" for place in range(PLACES)) + ")"
"""What follows IN, for the values that `among` gives: always the same SQL, so that a database prepares it once."""


def among(values: Sequence[str]) -> dict[str, str]:
    """The values of `AMONG`: one to `PLACES` of them. The last one fills the places that are left."""
    return {f"among{place}": values[min(place, len(values) - 1)] for place in range(PLACES)}


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
