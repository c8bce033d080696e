"""What `endsession check` tries at the storage and at the shared counter of rate limits. Nothing is left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import settings as configuration
from ..limiter import COMMANDS, CannotCount, try_shared
from ..settings import Problem
from ..store.examine import Examined, examine_file
from ..store.unusable import UnusableStorage
from .check_counts import counted_at_fronts
from .sealing import cannot_open, sqlite_file

_URL = ("storage", "url")


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem; `certain` ones are mistakes, the others could not be looked into."""

    problem: Problem
    certain: bool


def check_storage(settings: configuration.Settings, base: Path) -> Iterator[Finding]:
    """Whether it can be used, its sealed contents too. A server may be out of reach from here alone."""
    try:
        found = _examine(settings, base)
    except UnusableStorage as error:
        yield Finding(Problem(_URL, error.detail, error.fix), error.certain)
        return
    for problem in cannot_open(settings, base, found):
        yield Finding(problem, certain=True)
    for issuer_id, table in settings.issuers.items():
        clients = [client_id for issuer, client_id in found.without_sid if issuer == issuer_id]
        if clients and table.id_tokens_have_sid:
            message = (
                f"verified ID tokens of {', '.join(clients)} carry no sid, so their logout tokens name the user alone"
            )
            fix = "set it to false, or let the provider put sid into its ID tokens"
            yield Finding(Problem(("issuers", issuer_id, "id_tokens_have_sid"), message, fix), certain=False)
    yield from _endings(settings, found)
    for problem in counted_at_fronts(settings, found.front_counts):
        yield Finding(problem, certain=False)


def _endings(settings: configuration.Settings, found: Examined) -> Iterator[Finding]:
    for issuer_id, count in found.never_known:
        if issuer_id in settings.issuers and settings.issuers[issuer_id].ending is not None:
            message = (
                f"the provider knew none of the {count} sessions that it was asked to end, so all may live on there"
            )
            fix = "compare a sid of the ledger with those that the provider shows; docs/provider-endings.md says more"
            yield Finding(Problem(("issuers", issuer_id, "ending"), message, fix), certain=False)


def _examine(settings: configuration.Settings, base: Path) -> Examined:
    """Raises UnusableStorage."""
    if (file := sqlite_file(settings, base)) is not None:
        return examine_file(file)
    from ..store.examine_postgres import examine_server  # noqa: PLC0415  # psycopg costs memory that SQLite users keep

    return examine_server(settings.storage.url)


async def check_limits(settings: configuration.Settings) -> AsyncIterator[Finding]:
    """Whether the shared counter counts: it does for the gateway what it does here."""
    if settings.limits.storage == "memory://":
        return
    try:
        await try_shared(settings.limits.storage)
    except CannotCount as error:
        message = f"the shared counter cannot be used, so each process counts for itself: {error}"
        fix = "make sure that it is running and reachable, and that host and port are right"
        if error.certain:
            fix = "correct user, password and database in it, and let the user run " + COMMANDS
        yield Finding(Problem(("limits", "storage"), message, fix), error.certain)
