"""Before a logout is answered its transaction has been synced to disk, counted from outside of the process."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import httpx2
import psycopg
import pytest

from tests.kit import servers
from tests.kit.apps import deploy_with_apps, sign_in
from tests.kit.deployment import CONFIGURATION, cookie_of, merged
from tests.kit.flow import PLAIN
from tests.kit.programs import needs_program
from tests.kit.receivers import Receivers, receivers
from tests.kit.tokens import id_token

from .test_kill import APPS, configure, log_out, register

LOGOUTS = 10


@pytest.fixture
def apps() -> Iterator[Receivers]:
    """Apps that take logout tokens."""
    with receivers() as running:
        yield running


@needs_program("strace", apt="strace", why="counts system calls with strace")
def test_sqlite_syncs_before_each_answer(tmp_path: Path, apps: Receivers) -> None:
    """By system calls: between the request and its answer there is a sync, every time."""
    configuration = merged(CONFIGURATION, configure(tmp_path, apps, f"sqlite:///{tmp_path / 'storage.db'}"))
    (tmp_path / "configuration.json").write_text(json.dumps(configuration))
    log = tmp_path / "calls"
    trace = ["strace", "-f", "-e", "trace=fsync,fdatasync"]
    command = [*trace, sys.executable, "-m", "tests.crash.victim", str(tmp_path), "never"]
    with (
        log.open(
            "w"
        ) as calls,  # strace buffers what it writes into a file of its own, and not what it writes to stderr
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=calls, text=True, start_new_session=True) as process,
    ):
        assert process.stdout is not None
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        try:
            with httpx2.Client(base_url=url, headers={"host": "login.example"}, trust_env=False) as http:
                for number in range(LOGOUTS):
                    register(http, f"s{number}")
                for number in range(LOGOUTS):
                    before = _syncs(log)
                    assert log_out(http, f"s{number}") == 200
                    assert _syncs(log) > before
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _syncs(log: Path) -> int:
    """How many syncs have been finished."""
    return len(re.findall(r"f(?:data)?sync\b.*\s= 0$", log.read_text(), re.MULTILINE))


async def test_postgresql_has_flushed_before_each_answer(
    tmp_path: Path, apps: Receivers, carried_postgres: str
) -> None:  # fmt: skip
    """By the database's own log: its flushed part has the commit, also where its default is not to wait for that."""
    url = servers.fresh_schema(carried_postgres)
    changes = {"storage": {"url": url + "%20-csynchronous_commit%3Doff"}}
    async with (
        deploy_with_apps(tmp_path, apps, *APPS, changes=changes) as gateway,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as observer,
    ):
        for number in range(LOGOUTS):
            sid = f"s{number}"
            await sign_in(gateway, *APPS, sid=sid)
            before = await _one(observer, "SELECT pg_current_wal_insert_lsn()")
            response = await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a", sid=sid)}, cookie=cookie_of(sid))
            flushed = await _one(observer, "SELECT pg_current_wal_flush_lsn()")
            assert response.status_code == 200
            # The last writer of the row is the transaction that ended the session.
            ending = await _one(observer, "SELECT xmin FROM sessions WHERE sid = %s AND ended_at IS NOT NULL", sid)
            folder = await _one(observer, "SHOW data_directory")
            assert "COMMIT" in servers.write_ahead_log(folder, ending, before, flushed)


async def _one(observer: psycopg.AsyncConnection, query: LiteralString, *values: str) -> str:
    """The one value that a query gives."""
    row = await (await observer.execute(query, values)).fetchone()
    assert row is not None
    return str(row[0])
