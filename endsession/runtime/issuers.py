"""Wiring of issuers: from their settings to what the handlers and the outbox need of each."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from .. import settings as configuration
from ..contract.document import Document
from ..contract.endpoint import LogoutEndpoint
from ..delivery.endings import NotifyPolicy
from ..delivery.http import GuardedClient
from ..delivery.provider_call import ProviderEnding
from ..delivery.sender import IssuerRoutes
from ..delivery.ssrf import LOOPBACK, unreachable
from ..gateway import Issuer, SessionCookie
from ..protocol.client import Client, is_loopback, signing_problems
from ..protocol.errors import ServiceUnavailable
from ..protocol.policy import Policy
from ..provider.metadata import ProviderMetadata
from ..provider.remote import Fetch
from ..settings import Problem
from ..store.clients import load_client, secret_name
from ..store.provider_keys import ProviderKeys
from ..store.script import Database
from ..store.seen_hints import SeenHints
from ..store.upkeep import known_secret, replace_secret, shared_secret
from ..tokens.hint import FindClient, IdTokenHints
from ..tokens.keyring import KeyRing
from ..tokens.keys import Key, KeySet, KeySource, UnusableKey
from ..tokens.logout_token import LogoutTokens
from ..tokens.seal import BadSeal, Vault
from ..tokens.signing import DecryptionKeys, SigningKeys, new_key, read_keys
from ..tokens.sources import FileKeys, InlineKeys, RemoteKeys
from .outgoing import channels_to_provider

_CLIENT = TypeAdapter(Client)


@dataclass(frozen=True)
class IssuerPorts:
    """What issuers are wired to. `base` is the folder that relative paths start from."""

    base: Path
    clock: Callable[[], float]
    fetch: Fetch
    store: Database
    vault: Vault
    http: GuardedClient
    http_on_this_machine: GuardedClient
    """For issuers on a loopback address only: it may reach apps on this machine as well."""
    seen_hints: SeenHints
    ending_of: Callable[[configuration.IssuerSettings], ProviderEnding | None]
    """How an issuer's provider is asked to end a session."""


async def wire(
    settings: configuration.Settings, document: Document, ports: IssuerPorts
) -> tuple[dict[str, Issuer], dict[str, IssuerRoutes]]:
    """Wire every issuer. Raises BadSettings with every key that cannot be used."""
    problems: list[Problem] = []
    issuers: dict[str, Issuer] = {}
    routes: dict[str, IssuerRoutes] = {}
    for issuer_id, table in settings.issuers.items():
        signing = await _signing_keys(issuer_id, table, ports, problems)
        try:
            keys = await _key_source(issuer_id, table, ports)
        except (UnusableKey, OSError) as error:
            problems.append(Problem(("issuers", issuer_id, "jwks_file" if table.jwks_file else "jwks"), str(error)))
            continue
        problems += unsigned(issuer_id, table, signing)
        problems += refused_uris(issuer_id, table, settings)
        decryption = own_keys(issuer_id, "decryption_keys", table.decryption_keys, ports.base, problems, DecryptionKeys)
        find_client = _client_finder(issuer_id, table.clients, ports.store, ports.vault)
        hints = IdTokenHints(table.issuer, keys, find_client, ports.clock, decryption)
        issuers[issuer_id] = _issuer(issuer_id, table, document, settings, hints, keys, signing, decryption, ports)
        routes[issuer_id] = IssuerRoutes(
            tokens=LogoutTokens(table.issuer, signing),
            http=ports.http_on_this_machine if on_this_machine(table) else ports.http,
            find_client=find_client,
            op_backchannel_uri=table.op_backchannel_uri,
            with_sid=table.id_tokens_have_sid,
            lack_sid=partial(ports.seen_hints.lack_sid, issuer_id),
            ending=ports.ending_of(table),
        )
    if problems:
        raise settings.refuse(problems)
    return issuers, routes


def _issuer(
    issuer_id: str,
    table: configuration.IssuerSettings,
    document: Document,
    settings: configuration.Settings,
    hints: IdTokenHints,
    keys: KeySource,
    signing: SigningKeys,
    decryption: Sequence[Key],
    ports: IssuerPorts,
) -> Issuer:
    policies: dict[str, Policy] = {}

    def policy_of(endpoint: LogoutEndpoint) -> Policy:
        if endpoint.path not in policies:
            policies[endpoint.path] = configuration.policy_for(table, endpoint)
        return policies[endpoint.path]

    def public_keys() -> list[dict[str, Any]]:
        own = signing.public() + DecryptionKeys(decryption).public()
        return own + (keys.public() if table.publish_op_keys else [])

    plain = next(endpoint for endpoint in document.endpoints.values() if endpoint.name is None)
    named = (endpoint for endpoint in document.endpoints.values() if endpoint.name == table.announce)
    return Issuer(
        id=issuer_id,
        identifier=table.issuer,
        find_client=_client_finder(issuer_id, table.clients, ports.store),
        hints=hints,
        note_hint=partial(ports.seen_hints.note, issuer_id) if table.id_tokens_have_sid else lambda hint: None,
        notify_policy=NotifyPolicy(
            issuer_id=issuer_id,
            clients=table.clients,
            everyone=table.participants == "all",
            provider=channels_to_provider(table),
            deadline=settings.delivery.deadline,
            wait=table.notify_wait,
        ),
        public_keys=public_keys,
        policy_of=policy_of,
        cookie=_cookie(table.cookie) if table.cookie else None,
        session_lifetime=table.session_lifetime,
        session_idle=table.session_idle,
        serves=partial(configuration.serves, table),
        announce=next(named, plain),
        with_sid=table.id_tokens_have_sid,
        signs=signing.signs,
        refused_uri=reach(table, settings),
        metadata=_metadata(table, ports),
        publishes_op_keys=table.publish_op_keys,
    )


def _metadata(table: configuration.IssuerSettings, ports: IssuerPorts) -> ProviderMetadata | None:
    url = table.op_metadata_uri
    return None if url is None else ProviderMetadata(url, table.issuer, ports.fetch, ports.clock)


def _client_finder(
    issuer_id: str, clients: Mapping[str, Client], store: Database, vault: Vault | None = None
) -> FindClient:
    """Finds a client of the settings, else of the database; a stored one has its secret only where there is `vault`."""

    async def find_client(client_id: str) -> Client | None:
        if client_id in clients:
            return clients[client_id]
        stored = await store.read(load_client(issuer_id, client_id))
        if stored is None:
            return None
        secret = {}
        if stored.sealed_secret is not None and vault is not None:
            secret["client_secret"] = _opened(vault, issuer_id, client_id, stored.sealed_secret)
        return _CLIENT.validate_python(stored.metadata | secret)

    return find_client


def _opened(vault: Vault, issuer_id: str, client_id: str, sealed: str) -> str:
    """A client's secret. Raises ServiceUnavailable: without it nobody knows whether a hint is good."""
    try:
        return vault.unseal(secret_name(issuer_id, client_id), sealed)
    except BadSeal as problem:
        detail = f"the stored secret of a client of {issuer_id} cannot be used ({problem}); register the client again"
        raise ServiceUnavailable(detail=detail) from None


async def _key_source(issuer_id: str, table: configuration.IssuerSettings, ports: IssuerPorts) -> KeySource:
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
    ring.replace(KeySet.load(table.jwks or {}))
    return InlineKeys(ring)


async def _signing_keys(
    issuer_id: str, table: configuration.IssuerSettings, ports: IssuerPorts, problems: list[Problem]
) -> SigningKeys:
    keys = own_keys(issuer_id, "signing_keys", table.signing_keys, ports.base, problems, SigningKeys)
    if not table.signing_keys and on_this_machine(table):
        keys = [await _development_key(issuer_id, alg, ports) for alg in ("RS256", "ES256")]
    return SigningKeys(keys)


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
        except (UnusableKey, OSError) as error:
            problems.append(Problem(("issuers", issuer_id, member, index), str(error)))
    return keys


def reach(table: configuration.IssuerSettings, settings: configuration.Settings) -> Callable[[str], str | None]:
    """Why a delivery to a URL is refused, as far as the URL itself tells. An egress proxy has rules of its own."""
    delivery = settings.delivery
    if delivery.proxy:
        return lambda url: None
    networks = [ipaddress.ip_network(network) for network in delivery.allow_networks]
    return partial(unreachable, allowed=[*networks, *(LOOPBACK if on_this_machine(table) else ())])


def refused_uris(
    issuer_id: str, table: configuration.IssuerSettings, settings: configuration.Settings
) -> Iterator[Problem]:
    """Where no logout token would ever be sent is better refused now than found out at a logout."""
    refused = reach(table, settings)
    fix = "correct it, or name its network in delivery.allow_networks if the app is there"
    if table.op_backchannel_uri and (why := refused(table.op_backchannel_uri)):
        yield Problem(("issuers", issuer_id, "op_backchannel_uri"), why, fix)
    if table.ending and (why := refused(table.ending.url)):
        yield Problem(("issuers", issuer_id, "ending", "url"), why, fix.replace("app", "admin API"))
    for client_id, client in table.clients.items():
        if client.backchannel_logout_uri and (why := refused(client.backchannel_logout_uri)):
            yield Problem(("issuers", issuer_id, "clients", client_id, "backchannel_logout_uri"), why, fix)


def unsigned(issuer_id: str, table: configuration.IssuerSettings, signing: SigningKeys) -> Iterator[Problem]:
    """A client that could never be told, for want of a key, is better refused now than found out at a logout."""
    for client_id, client in table.clients.items():
        for member, problem in signing_problems(client, signing.signs):
            alg = client.id_token_signed_response_alg
            fix = f"make a key (endsession keygen --alg {alg}) and name its file in issuers.{issuer_id}.signing_keys"
            yield Problem(("issuers", issuer_id, "clients", client_id, member), problem, fix)


async def _development_key(issuer_id: str, alg: str, ports: IssuerPorts) -> Key:
    """A key for an issuer on this machine, made once and kept sealed, so that all processes have the same."""
    name, store, vault = f"development key {alg} of {issuer_id}", ports.store, ports.vault
    sealed = await store.read(known_secret(name))
    if sealed is None:
        sealed = await store.write(shared_secret(name, vault.seal(name, json.dumps(new_key(alg)))))
    try:
        key = vault.unseal(name, sealed)
    except BadSeal:  # its secret is gone, and so is the key: it is for development, and another will do
        sealed = await store.write(replace_secret(name, sealed, vault.seal(name, json.dumps(new_key(alg)))))
        key = vault.unseal(name, sealed)
    if not vault.is_current(sealed):
        await store.write(replace_secret(name, sealed, vault.seal(name, key)))
    return Key.load(json.loads(key))


def on_this_machine(table: configuration.IssuerSettings) -> bool:
    """Whether the issuer is on a loopback address, as in development: it may make its own keys."""
    return is_loopback(urlsplit(table.issuer).hostname or "")


def _cookie(table: configuration.Cookie) -> SessionCookie:
    attributes = [f"{table.name}=", "Max-Age=0", f"Path={table.path}"]
    attributes += [f"Domain={table.domain}"] if table.domain else []
    attributes += ["Secure"] if table.secure else []
    attributes += ["HttpOnly"] if table.http_only else []
    attributes += [f"SameSite={table.same_site.capitalize()}"] if table.same_site else []
    attributes += ["Partitioned"] if table.partitioned else []
    return SessionCookie(table.name, table.match == "sid", "; ".join(attributes))
