"""The sealing secrets: where they come from, and that the storage was sealed with one of them.

They are never in the storage: a reader of it, or of a backup, can neither make a handle nor open a secret.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from .. import settings as configuration
from ..settings import Problem
from ..store.clients import reseal_clients, secret_name
from ..store.examine import Examined
from ..store.script import Database
from ..store.upkeep import replace_secret, shared_secret
from ..tokens.seal import BadSeal, Vault

log = logging.getLogger(__name__)

WHERE = ("storage", "sealing_secrets")
_CHECK = "sealing check"
"""A value that every node has to be able to open: a node with another secret must not find out at a logout."""
_SHORTEST = 32
NOT_OPENED = (
    "cannot be opened with storage.sealing_secrets: add the secret that was used before, or register the client again"
)
_ANOTHER = Problem(
    WHERE,
    "the storage was sealed with another secret, so questions and stored secrets could not be opened",
    "add the secret that was used before (docs/operations.md says what to do if it is lost)",
)


def sealing_secrets(settings: configuration.Settings, base: Path) -> list[str]:
    """The secrets, the one that seals first: of the settings, else of the file next to the SQLite database.

    The file is made where there is none, and has a secret in each line. Raises BadSettings.
    """
    if settings.storage.sealing_secrets:
        return [secret.get_secret_value() for secret in settings.storage.sealing_secrets]
    database = sqlite_file(settings, base)
    if database is None:
        problem = Problem(WHERE, "it is missing, and PostgreSQL has no file for it", "make one: openssl rand -hex 32")
        raise settings.refuse([problem])
    file = secret_file(database)
    try:
        if not file.exists():
            _make(file)
        found = _read(file)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        message, fix = f"{file} cannot be used: {why}", "let its folder be writable, or set storage.sealing_secrets"
        raise settings.refuse([Problem(WHERE, message, fix)]) from None
    if not found or any(len(secret) < _SHORTEST for secret in found):
        message = f"{file} holds no secret, or one that is shorter than {_SHORTEST} characters"
        raise settings.refuse([Problem(WHERE, message, "put it back from a backup; one secret in each line")])
    return found


def sqlite_file(settings: configuration.Settings, base: Path) -> Path | None:
    """The file of the database; None where it is no SQLite."""
    url = settings.storage.url
    return base / url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else None


def secret_file(database: Path) -> Path:
    """The file of the sealing secrets of an SQLite database, where the settings have none."""
    return database.with_name(database.name + ".secret")


def _make(file: Path) -> None:
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


def _read(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").split()


def cannot_open(settings: configuration.Settings, base: Path, found: Examined) -> Iterator[Problem]:
    """Yield what of a storage cannot be opened with the secrets. Makes no file."""
    if not found.secrets and not found.client_secrets:
        return
    database = sqlite_file(settings, base)
    if not settings.storage.sealing_secrets and database is not None and not secret_file(database).exists():
        message = f"{secret_file(database)} is missing, and what the storage keeps is sealed with its secret"
        yield Problem(WHERE, message, "put it back from a backup (docs/operations.md says what to do if it is lost)")
        return
    try:
        vault = Vault(sealing_secrets(settings, base))
    except configuration.BadSettings as error:
        yield from error.problems
        return
    if any(name == _CHECK and not _opens(vault, name, sealed) for name, sealed in found.secrets):
        yield _ANOTHER
        return
    for issuer_id in settings.issuers:
        lost = [
            client_id
            for issuer, client_id, sealed in found.client_secrets
            if issuer == issuer_id and not _opens(vault, secret_name(issuer, client_id), sealed)
        ]
        if lost:
            message = f"it does not open the client_secret of {', '.join(lost)} of {issuer_id}: their hints get 503"
            yield Problem(WHERE, message, "add the secret that was used before, or register these clients again")


def _opens(vault: Vault, name: str, sealed: str) -> bool:
    try:
        vault.unseal(name, sealed)
    except BadSeal:
        return False
    return True


async def open_vault(settings: configuration.Settings, known: list[str], store: Database) -> Vault:
    """The vault of the storage, with everything in it sealed with the first secret.

    Raises BadSettings when the storage was sealed with none of the secrets.
    """
    vault = Vault(known)
    sealed = await store.write(shared_secret(_CHECK, vault.seal(_CHECK, "")))
    try:
        vault.unseal(_CHECK, sealed)
    except BadSeal:
        raise settings.refuse([_ANOTHER]) from None
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
            log.warning("issuer %s: the client_secret of client %s %s", issuer_id, client_id, NOT_OPENED)
            return None

    after: tuple[str, str] | None = ("", "")
    while after is not None:
        after = await store.write(reseal_clients(reseal, after))
