"""Our own keys: of the files that settings name, with what is wrong with them, or made here."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from ..settings import Problem
from ..settings.problems import Location
from ..store.script import Database
from ..store.upkeep import known_secret, replace_secret, shared_secret
from ..tokens.keys import Key, UnusableKey
from ..tokens.seal import BadSeal, Vault
from ..tokens.signing import SigningKeys, new_key, read_keys

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


async def made_key(issuer_id: str, alg: str, store: Database, vault: Vault) -> Key:
    """A key that was made once and is kept sealed, so that all processes have the same."""
    name = f"development key {alg} of {issuer_id}"
    sealed = await store.read(known_secret(name))
    if sealed is None:
        sealed = await store.write(shared_secret(name, vault.seal(name, json.dumps(new_key(alg)))))
    try:
        key = vault.unseal(name, sealed)
    except BadSeal:  # its secret is gone, and so is the key: another will do, since apps find it in the JWK Set
        sealed = await store.write(replace_secret(name, sealed, vault.seal(name, json.dumps(new_key(alg)))))
        key = vault.unseal(name, sealed)
    if not vault.is_current(sealed):
        await store.write(replace_secret(name, sealed, vault.seal(name, key)))
    return Key.load(json.loads(key))
