"""The app's sessions in a database, so that a request of the provider can end them: a signed cookie alone cannot end.

SQLite, for all processes of one machine. On several machines use the database that they share, in the same way.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .logout_token import CLOCK_SKEW, BadLogoutToken, LogoutToken

TABLES = """
CREATE TABLE IF NOT EXISTS sessions (key TEXT PRIMARY KEY, sub TEXT NOT NULL, sid TEXT);
CREATE INDEX IF NOT EXISTS sessions_sid ON sessions (sid);
CREATE INDEX IF NOT EXISTS sessions_sub ON sessions (sub);
CREATE TABLE IF NOT EXISTS seen (name TEXT PRIMARY KEY, until REAL NOT NULL);
"""
SIGN_IN = 3600
"""Seconds that a sign-in may take: for so long an ended `sid` is remembered."""


class AlreadyEnded(Exception):
    """The session was ended while its user was signing in: send the user to the provider again."""


class Sessions:
    """Who is signed in. `key` is a random value that the app's cookie has."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._transaction() as database:
            database.executescript(TABLES)

    def begin(self, sub: str, sid: str | None) -> str:
        """Call it when an ID token has been checked, with its `sub` and `sid`. Returns the key. Raises AlreadyEnded."""
        key = secrets.token_urlsafe(32)
        with self._transaction() as database:
            database.execute("INSERT INTO sessions VALUES (?, ?, ?)", (key, sub, sid))
            if database.execute("SELECT 1 FROM seen WHERE name = ?", (f"sid {sid}",)).fetchone():
                raise AlreadyEnded
        return key

    def user(self, key: str | None) -> str | None:
        """The `sub` of a live session. Ask with each request."""
        with self._transaction() as database:
            found = database.execute("SELECT sub FROM sessions WHERE key = ?", (key,)).fetchone()
        return str(found[0]) if found else None

    def end(self, token: LogoutToken) -> None:
        """End what a token names. Raises BadLogoutToken if its `jti` was used before. All of it happens, or nothing."""
        now = time.time()
        with self._transaction() as database:
            database.execute("DELETE FROM seen WHERE until < ?", (now,))
            try:
                database.execute("INSERT INTO seen VALUES (?, ?)", (f"jti {token.jti}", token.exp + CLOCK_SKEW))
            except sqlite3.IntegrityError:
                raise BadLogoutToken("its jti was used before") from None
            if token.sid:
                database.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (f"sid {token.sid}", now + SIGN_IN))
                database.execute("DELETE FROM sessions WHERE sid = ?", (token.sid,))
            else:
                database.execute("DELETE FROM sessions WHERE sub = ?", (token.sub,))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=10)) as database, database:
            yield database
