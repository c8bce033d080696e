"""Wiring of issuers: from their settings to what the handlers and the outbox need of each."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import TypeAdapter

from .. import settings as configuration
from ..contract.document import Document
from ..contract.endpoint import LogoutEndpoint
from ..delivery.endings import NotifyPolicy
from ..delivery.http import GuardedClient
from ..delivery.provider_call import ProviderEnding
from ..delivery.sender import IssuerRoutes
from ..delivery.ssrf import LOOPBACK, unreachable
from ..front.issuer_front import front_cookie_name
from ..front.provider import Fronts
from ..front.published import Published
from ..gateway import Issuer, SessionCookie
from ..protocol.client import Client
from ..protocol.errors import SecretUnavailable
from ..protocol.policy import Policy
from ..provider.metadata import ProviderMetadata, logout_members
from ..settings import Problem
from ..store.clients import load_client, secret_name
from ..store.script import Database
from ..store.seen_hints import SeenHints
from ..tokens.hint import FindClient, IdTokenHints
from ..tokens.keyring import KeyRing
from ..tokens.keys import Key, KeySource, UnusableKey
from ..tokens.logout_token import LogoutTokens
from ..tokens.seal import BadSeal, Vault
from ..tokens.signing import DecryptionKeys, SigningKeys
from ..tokens.sources import RemoteKeys
from .issuer_keys import KeyPorts, key_source, keys_behind, on_this_machine, signing_keys, unsigned
from .key_files import JWK_SET, own_keys, unreadable
from .outgoing import channels_to_provider
from .sealing import NOT_OPENED

_CLIENT = TypeAdapter(Client)


@dataclass(frozen=True)
class IssuerPorts(KeyPorts):
    """What issuers are wired to."""

    http: GuardedClient
    http_on_this_machine: GuardedClient
    """For issuers on a loopback address only: it may reach apps on this machine as well."""
    seen_hints: SeenHints
    ending_of: Callable[[configuration.IssuerSettings], ProviderEnding | None]
    """How an issuer's provider is asked to end a session."""
    public_url: str
    fronts: Fronts


async def wire(
    settings: configuration.Settings, document: Document, ports: IssuerPorts
) -> tuple[dict[str, Issuer], dict[str, IssuerRoutes]]:
    """Wire every issuer. Raises BadSettings with every key that cannot be used."""
    problems: list[Problem] = []
    issuers: dict[str, Issuer] = {}
    routes: dict[str, IssuerRoutes] = {}
    for issuer_id, table in settings.issuers.items():
        signing = await signing_keys(issuer_id, table, ports, problems)
        provider = ports.fronts.providers.get(issuer_id)
        try:
            keys = await key_source(issuer_id, table, provider, ports)
        except OSError as error:
            file = ports.base / (table.jwks_file or "")
            problems.append(unreadable(("issuers", issuer_id, "jwks_file"), file, error))
            continue
        except UnusableKey as error:
            member = "jwks_file" if table.jwks_file else "jwks"
            problems.append(Problem(("issuers", issuer_id, member), str(error), JWK_SET))
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

    own = signing.public() + DecryptionKeys(decryption).public()
    provider = ports.fronts.providers.get(issuer_id)

    def public_keys() -> list[dict[str, Any]]:
        return own + (keys.public() if table.publish_op_keys or provider is not None else [])

    plain = next(endpoint for endpoint in document.endpoints.values() if endpoint.name is None)
    announce = next((found for found in document.endpoints.values() if found.name == table.announce), plain)
    logout_uri = ports.public_url + announce.address(issuer_id)
    logout_metadata = logout_members(logout_uri, with_sid=table.id_tokens_have_sid)
    published = None
    if provider is not None:
        ring = KeyRing(ports.clock, compromised=table.compromised_keys)
        theirs = keys if isinstance(keys, RemoteKeys) else keys_behind(provider, ring, ports)
        published = Published(provider, theirs, own, logout_metadata, with_sid=table.id_tokens_have_sid)
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
        cookie=_front_cookie(table) if table.front else _cookie(table.cookie) if table.cookie else None,
        session_lifetime=table.session_lifetime,
        session_idle=table.session_idle,
        serves=partial(configuration.serves, table),
        announce=announce,
        with_sid=table.id_tokens_have_sid,
        lack_sid=partial(ports.seen_hints.lack_sid, issuer_id),
        signs=signing.signs,
        refused_uri=reach(table, settings),
        metadata=provider.metadata if provider is not None else _metadata(table, ports),
        publishes_op_keys=table.publish_op_keys,
        logout_metadata=logout_metadata,
        published=published,
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
    """A client's secret. Raises SecretUnavailable: without it nobody knows whether a hint is good."""
    try:
        return vault.unseal(secret_name(issuer_id, client_id), sealed)
    except BadSeal as problem:
        detail = f"issuer {issuer_id}: the client_secret of client {client_id} {NOT_OPENED} ({problem})"
        raise SecretUnavailable(detail=detail) from None


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


def _front_cookie(table: configuration.IssuerSettings) -> SessionCookie:
    """By which the front knows a browser; it stays after a logout, when the provider's cookies are withheld by it."""
    return SessionCookie(front_cookie_name(table.issuer), is_sid=False, clearing="")


def _cookie(table: configuration.Cookie) -> SessionCookie:
    attributes = [f"{table.name}=", "Max-Age=0", f"Path={table.path}"]
    attributes += [f"Domain={table.domain}"] if table.domain else []
    attributes += ["Secure"] if table.secure else []
    attributes += ["HttpOnly"] if table.http_only else []
    attributes += [f"SameSite={table.same_site.capitalize()}"] if table.same_site else []
    attributes += ["Partitioned"] if table.partitioned else []
    return SessionCookie(table.name, table.match == "sid", "; ".join(attributes))
