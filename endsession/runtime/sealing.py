"""The sealing secrets: where they come from, and that the storage was sealed with one of them.

They are never in the storage: a reader of it, or of a backup, can neither make a handle nor open a secret.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import stat
from pathlib import Path

from .. import settings as configuration
from ..settings import Problem
from ..store.clients import reseal_clients, secret_name
from ..store.script import Database
from ..store.upkeep import replace_secret, shared_secret
from ..tokens.seal import BadSeal, Vault

log = logging.getLogger(__name__)

_WHERE = ("storage", "sealing_secrets")
_CHECK = "sealing check"
"""A value that every node has to be able to open: a node with another secret must not find out at a logout."""
_SHORTEST = 32


def sealing_secrets(settings: configuration.Settings, base: Path) -> list[str]:
    """The secrets, the one that seals first: of the settings, else of the file next to the SQLite database.

    The file is made where there is none, and has a secret in each line. Raises BadSettings.
    """
    if settings.storage.sealing_secrets:
        return [secret.get_secret_value() for secret in settings.storage.sealing_secrets]
    database = sqlite_file(settings, base)
    if database is None:
        problem = Problem(_WHERE, "it is missing, and PostgreSQL has no file for it", "make one: openssl rand -hex 32")
        raise settings.refuse([problem])
    file = secret_file(database)
    try:
        found = _read_or_make(file)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        message, fix = f"{file} cannot be used: {why}", "let its folder be writable, or set storage.sealing_secrets"
        raise settings.refuse([Problem(_WHERE, message, fix)]) from None
    if not found or any(len(secret) < _SHORTEST for secret in found):
        message = f"{file} holds no secret, or one that is shorter than {_SHORTEST} characters"
        raise settings.refuse([Problem(_WHERE, message, "put it back from a backup; one secret in each line")])
    return found


def sqlite_file(settings: configuration.Settings, base: Path) -> Path | None:
    """The file of the database; None where it is no SQLite."""
    url = settings.storage.url
    return base / url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else None


def secret_file(database: Path) -> Path:
    """The file of the sealing secrets of an SQLite database, where the settings have none."""
    return database.with_name(database.name + ".secret")


def _read_or_make(file: Path) -> list[str]:
    if not file.exists():
        # A link appears with its content, so that a process that starts at the same time never reads half a secret.
        fresh = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        try:
            with os.fdopen(descriptor, "w") as opened:
                opened.write(secrets.token_hex(32) + "\n")
                opened.flush()
                os.fsync(opened.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(fresh, file)
        finally:
            fresh.unlink()
    return file.read_text(encoding="utf-8").split()


async def open_vault(settings: configuration.Settings, known: list[str], store: Database) -> Vault:
    """The vault of the storage, with everything in it sealed with the first secret.

    Raises BadSettings when the storage was sealed with none of the secrets.
    """
    vault = Vault(known)
    sealed = await store.write(shared_secret(_CHECK, vault.seal(_CHECK, "")))
    try:
        vault.unseal(_CHECK, sealed)
    except BadSeal:
        message = "the storage was sealed with another secret, so questions and stored secrets could not be opened"
        fix = "add the secret that was used before (docs/operations.md says what to do if it is lost)"
        raise settings.refuse([Problem(_WHERE, message, fix)]) from None
    if not vault.is_current(sealed):
        await store.write(replace_secret(_CHECK, sealed, vault.seal(_CHECK, "")))
    await _reseal(vault, store)
    return vault


async def _reseal(vault: Vault, store: Database) -> None:
    """Seal the secrets of clients that stand in the clear, or are sealed with a secret that is going to be removed."""

    def reseal(issuer_id: str, client_id: str, clear: str | None, sealed: str | None) -> str | None:
        name = secret_name(issuer_id, client_id)
        if clear is not None:
            return vault.seal(name, clear)
        if sealed is None or vault.is_current(sealed):
            return None
        try:
            return vault.seal(name, vault.unseal(name, sealed))
        except BadSeal:
            log.warning("the stored secret of a client of %s cannot be opened; register the client again", issuer_id)
            return None

    after: tuple[str, str] | None = ("", "")
    while after is not None:
        after = await store.write(reseal_clients(reseal, after))
