"""Clients for what goes out: deliveries to apps, and calls of providers' admin APIs."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from pathlib import Path

from .. import settings as configuration
from ..delivery.access_tokens import AccessTokens, Credentials, FixedToken, TokenEndpoint
from ..delivery.bounded import MAX_BODY
from ..delivery.http import GuardedClient
from ..delivery.provider_call import ProviderEnding
from ..delivery.ssrf import LOOPBACK
from ..network.lookup import Lookups, Resolve
from ..protocol.provider_api import ProviderApi, path_with
from ..settings.ending import Ending, description_of
from ..store.deliveries import Channel

MAX_ADMIN_BODY = 64 * 1024
"""Bytes of an admin API's response that are read: access tokens of some providers take several KiB."""


def guarded_client(
    settings: configuration.Settings, base: Path, resolve: Resolve, *, loopback: bool, max_body: int = MAX_BODY
) -> GuardedClient:
    """A client that keeps to `[delivery]`. `loopback` lets it reach this machine; `base` is where paths start."""
    delivery = settings.delivery
    networks = tuple(ipaddress.ip_network(network) for network in delivery.allow_networks)
    return GuardedClient(
        timeout=delivery.timeout,
        allowed=(*networks, *(LOOPBACK if loopback else ())),
        ca_file=str(base / delivery.ca_file) if delivery.ca_file else "",
        proxy=delivery.proxy,
        connections=2 * delivery.concurrency,
        resolve=resolve,
        max_body=max_body,
    )


def channels_to_provider(table: configuration.IssuerSettings) -> tuple[Channel, ...]:
    """The ways in which an issuer's provider itself is told of an ending; both may be on."""
    token: tuple[Channel, ...] = ("op",) if table.op_backchannel_uri is not None else ()
    return (*token, "op_admin") if table.ending is not None else token


def credentials_of(
    ending: Ending, api: ProviderApi, http: GuardedClient, clock: Callable[[], float], monotonic: Callable[[], float]
) -> Credentials:
    """What a checked `ending` authenticates with. `monotonic` says when access tokens expire."""
    if api.token is None or ending.client_id is None or ending.client_secret is None:
        return FixedToken(ending.token.get_secret_value() if ending.token else None)
    endpoint = TokenEndpoint(
        url=ending.url.rstrip("/") + path_with(api.token.path, ending.values),
        client_id=ending.client_id,
        client_secret=ending.client_secret.get_secret_value(),
        scope=api.token.scope,
        client_authentication=api.token.client_authentication,
    )
    return AccessTokens(endpoint, http, clock, monotonic)


async def try_credentials(settings: configuration.Settings, base: Path, ending: Ending, *, loopback: bool) -> None:
    """Get an access token, where there is a token endpoint. Ends nothing. Raises NoAccessToken, and OSError."""
    lookups = Lookups()
    http = guarded_client(settings, base, lookups, loopback=loopback, max_body=MAX_ADMIN_BODY)
    try:
        await credentials_of(ending, description_of(ending, base), http, time.time, time.monotonic).token()
    finally:
        await http.close()
        await lookups.close()


def provider_ending(
    ending: Ending,
    base: Path,
    http: GuardedClient,
    clock: Callable[[], float],
    monotonic: Callable[[], float],
    timeout: float,
) -> ProviderEnding:
    """What ends sessions at a provider, as a checked `ending` says. `timeout` in seconds bounds one attempt."""
    api = description_of(ending, base)
    way = api.way(ending.scope)
    assert way is not None, "settings are checked before"
    return ProviderEnding(
        way=way,
        url=ending.url.rstrip("/"),
        values=ending.values,
        credentials=credentials_of(ending, api, http, clock, monotonic),
        http=http,
        clock=clock,
        timeout=timeout,
    )
