"""The keys of an issuer: those that verify hints, and those that are ours, which may be made here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .. import settings as configuration
from ..front.provider import UNSAID, FrontedProvider
from ..protocol.client import is_loopback, signing_problems
from ..provider.remote import Fetch
from ..settings import Problem
from ..store.provider_keys import ProviderKeys
from ..store.script import Database
from ..store.upkeep import known_secret, replace_secret, shared_secret
from ..tokens.keyring import KeyRing
from ..tokens.keys import Key, KeySet, KeySource
from ..tokens.seal import BadSeal, Vault
from ..tokens.signing import SigningKeys, new_key
from ..tokens.sources import FileKeys, InlineKeys, RemoteKeys
from .key_files import own_keys


@dataclass(frozen=True)
class KeyPorts:
    """What keys are wired to. `base` is the folder that relative paths start from."""

    base: Path
    clock: Callable[[], float]
    fetch: Fetch
    store: Database
    vault: Vault


async def key_source(
    issuer_id: str, table: configuration.IssuerSettings, provider: FrontedProvider | None, ports: KeyPorts
) -> KeySource:
    """The provider's keys, from wherever the settings say. Raises UnusableKey or OSError."""
    ring = KeyRing(
        ports.clock,
        retention=table.retired_keys_for,
        compromised=table.compromised_keys,
        memory=ProviderKeys(ports.store, issuer_id) if table.jwks is None else None,
    )
    await ring.recall()
    if table.jwks_uri is not None:
        return RemoteKeys(table.jwks_uri, ports.fetch, ring, ports.clock)
    if table.jwks_file is not None:
        source = FileKeys(ports.base / table.jwks_file, ring, ports.clock)
        await ring.save()
        return source
    if table.jwks is None and provider is not None:
        return keys_behind(provider, ring, ports)
    ring.replace(KeySet.load(table.jwks or {}))
    return InlineKeys(ring)


def keys_behind(provider: FrontedProvider, ring: KeyRing, ports: KeyPorts) -> RemoteKeys:
    """The keys at the `jwks_uri` of a fronted provider's metadata."""
    return RemoteKeys(f"the jwks_uri of {provider.identifier}", provider.fetch_keys, ring, ports.clock, unsaid=UNSAID)


async def signing_keys(
    issuer_id: str, table: configuration.IssuerSettings, ports: KeyPorts, problems: list[Problem]
) -> SigningKeys:
    """The keys of our logout tokens; `problems` gets what is wrong with them."""
    keys = own_keys(issuer_id, "signing_keys", table.signing_keys, ports.base, problems, SigningKeys)
    if not table.signing_keys and makes_keys(table):
        keys = [await _made_key(issuer_id, alg, ports) for alg in ("RS256", "ES256")]
    return SigningKeys(keys)


def unsigned(issuer_id: str, table: configuration.IssuerSettings, signing: SigningKeys) -> Iterator[Problem]:
    """A client that could never be told, for want of a key, is better refused now than found out at a logout."""
    for client_id, client in table.clients.items():
        for member, problem in signing_problems(client, signing.signs):
            alg = client.id_token_signed_response_alg
            fix = f"make a key (endsession keygen --alg {alg}) and name its file in issuers.{issuer_id}.signing_keys"
            yield Problem(("issuers", issuer_id, "clients", client_id, member), problem, fix)


def makes_keys(table: configuration.IssuerSettings) -> bool:
    """Whether the issuer makes its own keys where the settings name none: a front publishes them by itself."""
    return table.front is not None or on_this_machine(table)


async def _made_key(issuer_id: str, alg: str, ports: KeyPorts) -> Key:
    """A key that was made once and is kept sealed, so that all processes have the same."""
    name, store, vault = f"development key {alg} of {issuer_id}", ports.store, ports.vault
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


def on_this_machine(table: configuration.IssuerSettings) -> bool:
    """Whether the issuer is on a loopback address, as in development."""
    return is_loopback(urlsplit(table.issuer).hostname or "")
