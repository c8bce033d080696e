"""Ports that fail when a test says so. What they stand in front of is real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import GeneratorType
from typing import Any, TypeVar

from endsession.protocol.errors import ServiceUnavailable
from endsession.runtime.app import Ports, open_store
from endsession.store.script import Database, Script

T = TypeVar("T")


class FailingDatabase:
    """A database in front of a real one; while `failure` makes an exception, every script meets that one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.failure: Callable[[], Exception] | None = None

    async def read(self, script: Script[T], *, within: float | None = None) -> T:
        """See Database."""
        if self.failure is not None:
            script.close()
            raise self.failure()
        return await self._database.read(script, within=within)

    async def write(self, script: Script[T], *, within: float | None = None) -> T:
        """See Database."""
        if self.failure is not None:
            script.close()
            raise self.failure()
        return await self._database.write(script, within=within)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


def name_of(script: Script[Any]) -> str:
    """The function that wrote the script down."""
    assert isinstance(script, GeneratorType)
    return script.__name__


class StorageFaults:
    """Surroundings whose storage can be taken away and given back."""

    def __init__(self) -> None:
        self._databases: list[FailingDatabase] = []

    @property
    def ports(self) -> Ports:
        """For `deploy`."""
        return Ports(Path(), open_store=self._open)

    def _open(self, url: str, base: Path) -> Database:
        database = FailingDatabase(open_store(url, base))
        self._databases.append(database)
        return database

    def fail(self, failure: Callable[[], Exception] = lambda: ServiceUnavailable(detail="taken away")) -> None:
        """From now on, every script fails."""
        for database in self._databases:
            database.failure = failure

    def repair(self) -> None:
        """From now on, storage works again."""
        for database in self._databases:
            database.failure = None
