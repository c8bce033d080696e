"""The files of keys that settings name, and what is wrong with those that cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..settings import Problem
from ..settings.problems import Location
from ..tokens.keys import Key, UnusableKey
from ..tokens.signing import SigningKeys, read_keys

JWK_SET = "it has to be the provider's JWK Set, as its jwks_uri gives it: a table with the member keys"


def own_keys(
    issuer_id: str,
    member: str,
    names: Sequence[str],
    base: Path,
    problems: list[Problem],
    hold: Callable[[Sequence[Key]], SigningKeys],
) -> list[Key]:
    """The keys of the files that a setting names, each held to what `hold` asks of it."""
    keys: list[Key] = []
    for index, name in enumerate(names):
        try:
            keys += hold(read_keys(base / name)).keys
        except UnusableKey as error:
            fix = f"make a new one: endsession keygen --alg {'RS256' if hold is SigningKeys else 'RSA-OAEP-256'}"
            problems.append(Problem(("issuers", issuer_id, member, index), str(error), fix))
        except OSError as error:
            problems.append(unreadable(("issuers", issuer_id, member, index), base / name, error))
    return keys


def unreadable(location: Location, file: Path, error: OSError) -> Problem:
    """A file that a setting names and that cannot be read."""
    message = f"{file} cannot be read: {error.strerror or error}"
    return Problem(location, message, "correct the name, or let the user that endsession runs as read it")
