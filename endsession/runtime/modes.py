"""Who on this machine can read the files that hold secrets, or put others in their place, for `endsession check`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from .. import settings as configuration
from ..settings import Problem
from ..settings.problems import Location
from ..settings.sources import SECRETS_VARIABLE
from .sealing import secret_file, sqlite_file

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""Anybody but the owner: for files that the gateway makes itself."""
_STRANGERS = stat.S_IRWXO | stat.S_IWGRP
"""For files that are given to it: a group is how a file of root's reaches a service."""
_WRITERS = stat.S_IWGRP | stat.S_IWOTH


def open_to_others(settings: configuration.Settings, base: Path) -> Iterator[Problem]:
    """Yield a warning for each file and each folder of the database, the secrets and the keys that others can use.

    `base` is the folder that relative paths start from.
    """
    if os.name != "posix":
        return
    folders: dict[Path, Location] = {}
    if (database := sqlite_file(settings, base)) is not None:
        files = [database.with_name(database.name + suffix) for suffix in ("", "-wal", "-shm")]
        yield from _files(files, ("storage", "url"), _OTHERS, folders)
        if not settings.storage.sealing_secrets:
            yield from _files([secret_file(database)], ("storage", "sealing_secrets"), _OTHERS, folders)
    for issuer_id, issuer in settings.issuers.items():
        for member in ("signing_keys", "decryption_keys"):
            for index, name in enumerate(getattr(issuer, member)):
                yield from _files([base / name], ("issuers", issuer_id, member, index), _STRANGERS, folders)
    if folder := os.environ.get(SECRETS_VARIABLE):
        secrets = [path for path in sorted(Path(folder).iterdir()) if path.is_file()]
        place = f"environment variable {SECRETS_VARIABLE}"
        for problem in _files(secrets, (), _STRANGERS, {}):
            yield Problem((), problem.message, problem.fix, place)
        yield from _folder(Path(folder), (), place)
    for path, location in folders.items():
        yield from _folder(path, location)


def _files(
    files: Iterable[Path], location: Location, too_much: int, folders: dict[Path, Location]
) -> Iterator[Problem]:
    """Warnings about files; `folders` gets where they are."""
    for file in files:
        folders.setdefault(file.parent.resolve(), location)
        if file.exists() and (mode := stat.S_IMODE(file.stat().st_mode)) & too_much:
            message = f"{file} can be used by other users of this machine (its mode is {mode:04o})"
            yield Problem(location, message, f"chmod {mode & ~too_much & 0o600:04o} {file}")


def _folder(folder: Path, location: Location, place: str = "") -> Iterator[Problem]:
    """In a sticky folder, nobody can replace another's file."""
    if not folder.is_dir():
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & _WRITERS and not mode & stat.S_ISVTX:
        message = f"other users of this machine can replace what is in {folder} (its mode is {mode:04o})"
        yield Problem(location, message, f"chmod go-w {folder}", place)
