"""What is particular to SQLite: group commit, one file for several processes, and storage that fails."""

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from endsession.protocol.errors import ServiceUnavailable
from endsession.store.script import Script, Statement
from endsession.store.sessions import load_session
from endsession.store.sqlite import SqliteDatabase

from .test_sessions import registering


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A path for a database."""
    return tmp_path / "one.db"


async def test_many_requests_share_a_commit(file: Path) -> None:
    """A hundred concurrent writes take far fewer commits than a hundred."""
    store = SqliteDatabase(file)
    before = _commits(file)
    await asyncio.gather(*(store.write(registering(sid=f"s{n}")) for n in range(100)))
    assert _commits(file) - before <= 20
    assert await store.read(load_session("acme", "s99")) is not None
    await store.close()


def _commits(file: Path) -> int:
    """Commits by the count that SQLite keeps: every one that changes the file moves data_version's base."""
    wal = Path(f"{file}-wal")
    frames = 0
    if wal.exists():
        data = wal.read_bytes()
        page = int.from_bytes(data[8:12], "big") if len(data) > 32 else 4096
        for offset in range(32, len(data) - 24, 24 + page):
            frames += int.from_bytes(data[offset + 4 : offset + 8], "big") != 0
    return frames


async def test_several_processes_share_one_file(file: Path) -> None:
    """Two databases on one file: what one has written the other reads, and neither is locked out."""
    one, two = SqliteDatabase(file), SqliteDatabase(file)
    await asyncio.gather(
        *(store.write(registering(sid=f"{name}{n}")) for n in range(50) for name, store in (("a", one), ("b", two)))
    )
    assert await one.read(load_session("acme", "b49")) is not None
    assert await two.read(load_session("acme", "a49")) is not None
    await one.close()
    await two.close()


async def test_a_locked_file_is_unavailable_and_nothing_is_lost(file: Path) -> None:
    """Another program holds the write lock: ServiceUnavailable; when it lets go, writing works again."""
    store = SqliteDatabase(file, patience=0.05)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ServiceUnavailable, match="locked"):
        await store.write(registering())
    other.execute("ROLLBACK")
    other.close()
    assert await store.read(load_session("acme", "s1")) is None
    assert await store.write(registering()) == "created"
    await store.close()


async def test_a_full_disk_is_unavailable_and_nothing_is_lost(file: Path) -> None:
    """When the file cannot grow, the whole batch is refused and undone; smaller things go on."""
    store = SqliteDatabase(file)
    await store.write(registering(sid="before"))
    await store.write(_limit_pages())
    results = await asyncio.gather(
        *(store.write(registering(sid=f"s{n}" + "x" * 100)) for n in range(2000)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, ServiceUnavailable)]
    assert refused
    assert len(refused) + results.count("created") == 2000
    assert await store.read(load_session("acme", "before")) is not None
    await store.close()


def _limit_pages() -> Script[None]:
    yield Statement("PRAGMA max_page_count = 60", {})


async def test_closing_finishes_what_was_asked_for(file: Path) -> None:
    """Writes before close are durable; writes after it are refused."""
    store = SqliteDatabase(file)
    writes = [asyncio.create_task(store.write(registering(sid=f"s{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    await store.close()
    assert [await write for write in writes] == ["created"] * 20
    with pytest.raises(ServiceUnavailable):
        await store.write(registering(sid="late"))


async def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """A folder that does not exist, and a file that is no database: ServiceUnavailable, with the path."""
    with pytest.raises(ServiceUnavailable, match="nowhere"):
        SqliteDatabase(tmp_path / "nowhere" / "x.db")
    (tmp_path / "text.db").write_text("this is no database, " * 100)
    open_files = len(os.listdir("/dev/fd"))
    with pytest.raises(ServiceUnavailable, match=r"text\.db") as refusal:
        SqliteDatabase(tmp_path / "text.db")
    assert len(os.listdir("/dev/fd")) <= open_files, f"not closed after: {refusal.value}"
