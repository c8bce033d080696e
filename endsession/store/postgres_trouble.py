"""Why PostgreSQL cannot be used at the start and in `endsession check`: the cause that it reported, and the fix."""

from __future__ import annotations

import re

import psycopg

from .unusable import UnusableStorage

_ENCODING = "UTF8"
_URL = "storage.url (ENDSESSION_STORAGE__URL)"
_REACH = "make sure that it is running and reachable, and that host and port are right"
_ESCAPE = "; special characters of a password are percent-encoded"

_CAUSES = (
    (r'database ".*" does not exist', True, f"CREATE DATABASE with ENCODING 'UTF8', or correct its name in {_URL}"),
    (r'role ".*" does not exist', True, f"create the role, or correct its name in {_URL}"),
    (r"authentication failed|no password supplied", True, f"correct the role and its password in {_URL}{_ESCAPE}"),
    (r"no pg_hba\.conf entry", True, "admit this role in the server's pg_hba.conf, or set sslmode=require in the URL"),
    (r"permission denied for database", True, "GRANT CONNECT ON DATABASE to this role, or use another role"),
    (r"read-only|hot standby", True, "name the primary in storage.url, or end the server's read-only mode"),
    (r"too many|connection slots", False, "raise max_connections, or the role's CONNECTION LIMIT"),
    (r"resolved", False, _REACH + _ESCAPE),
)
"""What is reported, whether it is so from everywhere, and the fix. What a server says in another language is reported
with the general fix."""


def cannot_connect(url: str, error: psycopg.Error) -> UnusableStorage:
    """The error for a connection that was not made. Of libpq's words, only those that cannot hold a password."""
    cause = _cause(str(error))
    detail = f"{_server(url)} cannot be used: {cause}"
    for pattern, certain, fix in _CAUSES:
        if re.search(pattern, cause):
            return UnusableStorage(detail, fix, certain=certain)
    return UnusableStorage(detail, _REACH, certain=False)


def cannot_use(url: str, error: psycopg.Error) -> UnusableStorage:
    """The error for what the server refused after the login, in its own words: they are about tables and rights."""
    detail = f"{_server(url)} refuses what the gateway needs: {(str(error).splitlines() or [''])[0]}"
    if isinstance(error, psycopg.errors.InsufficientPrivilege | psycopg.errors.InvalidSchemaName):
        return UnusableStorage(detail, "let the role own its schema, or GRANT USAGE, CREATE ON SCHEMA to it")
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return UnusableStorage(detail, "name the primary in storage.url, or end the read-only mode")
    if isinstance(error, psycopg.OperationalError):
        return UnusableStorage(detail, _REACH, certain=False)
    return UnusableStorage(detail, "give the gateway a schema or a database that nothing else uses")


def check_encoding(url: str, encoding: str) -> None:
    """Raises UnusableStorage for a database that cannot hold every name: a user would be refused for its letters."""
    if encoding != _ENCODING:
        detail = f"{_server(url)} has the encoding {encoding}, and the gateway needs {_ENCODING}"
        fix = f"make another database: CREATE DATABASE endsession ENCODING '{_ENCODING}' TEMPLATE template0"
        raise UnusableStorage(detail, fix)


def _server(url: str) -> str:
    """Which server, database and role `url` names, without its password."""
    said = psycopg.conninfo.conninfo_to_dict(url)
    named = {name: str(said.get(name) or "") for name in ("host", "port", "dbname", "user")}
    if any("@" in part for part in named.values()) or re.search(r"[^\d,]", named["port"]):
        return "PostgreSQL"  # a password that is not percent-encoded has come apart into the other members
    where = ":".join(filter(None, (named["host"], named["port"])))
    also = [f'{word} "{named[member]}"' for word, member in (("database", "dbname"), ("role", "user")) if named[member]]
    return "PostgreSQL" + (f" at {where}" if where else "") + (f" ({', '.join(also)})" if also else "")


def _cause(message: str) -> str:
    """The cause of a failed connection. libpq repeats the host first, which can hold a piece of a password."""
    if "resolve host" in message:
        return "its host name cannot be resolved"
    if "timeout" in message:
        return "it does not respond"
    first = message.partition("\n")[0]
    for before in ("FATAL: ", "failed: "):
        if before in first:
            return first.rpartition(before)[2].strip()
    return "the connection failed"
