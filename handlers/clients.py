"""Clients kept in the database, in addition to those of the settings file (management operations)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import SecretStr, TypeAdapter, ValidationError
from starlette.responses import Response

from endsession.contract.rendering import json_in_slices, json_response, without_none
from endsession.contract.request import Request
from endsession.gateway import Gateway, Issuer
from endsession.protocol.client import Client, registration_problems, sid_problems, signing_problems
from endsession.protocol.client_keys import public_jwks
from endsession.protocol.errors import (
    ClientOfSettings,
    InsufficientScope,
    InvalidClientMetadata,
    InvalidRequest,
    NotFound,
    UnregistrableRedirectUri,
)
from endsession.store.clients import clients_page, remove_client, secret_name, store_client

_AT_ONCE = 100
"""Clients that are read at once, so that no other request waits long for it."""
_CLIENT = TypeAdapter(Client)
_QUOTED = re.compile(r"""^(['"]).*\1: """)
_MEMBERS = {member.name for member in fields(Client)}


async def list_clients(request: Request, gateway: Gateway) -> Response:
    """Clients of an issuer, page by page, or one."""
    issuer = gateway.find_issuer(request)
    if client_id := request.query.get("client_id"):
        client = await issuer.client(client_id)
        if client is None:
            raise NotFound("There is no such client.")
        return json_response({"clients": [_as_json(client)]})
    limit = request.page_size
    found = await _after(request.query.get("cursor", ""), limit + 1, gateway, issuer)
    shown = (_as_json(_CLIENT.validate_python(client)) for _, client in found[:limit])
    return await json_in_slices(without_none(clients=shown, next=found[limit - 1][0] if len(found) > limit else None))


async def _after(
    cursor: str, count: int, gateway: Gateway, issuer: Issuer
) -> list[tuple[str, Client | dict[str, Any]]]:
    """The first `count` clients after a client_id: those of the settings, then those of the database."""
    configured = issuer.notify_policy.clients
    found: list[tuple[str, Client | dict[str, Any]]] = []
    if not cursor or cursor in configured:
        found += [(name, configured[name]) for name in sorted(configured) if name > cursor]
        cursor = ""
    more = True
    while more and len(found) < count:
        page = await gateway.store.read(clients_page(issuer.id, after=cursor, limit=_AT_ONCE))
        found += [(name, metadata) for name, metadata in page if name not in configured]
        more = len(page) == _AT_ONCE
        cursor = page[-1][0] if page else cursor
    return found[:count]


async def put_client(request: Request, gateway: Gateway) -> Response:
    """Register a client, or replace its registration. What is registered keeps the rules that hold when it is used."""
    issuer, client_id = gateway.find_issuer(request), request.query["client_id"]
    request.client_id = client_id
    _check_not_in_settings(issuer, client_id)
    metadata = {name: value for name, value in request.body.items() if name in _MEMBERS}
    if metadata.setdefault("client_id", client_id) != client_id:
        raise InvalidRequest("The client_id of the body is not that of the query.")
    try:
        client = _CLIENT.validate_python(metadata)
    except ValidationError as error:
        member = str(error.errors()[0]["loc"][0])
        raise _refusal(member, "it has the wrong type or none of its possible values") from None
    problems = (
        *registration_problems(client),
        *sid_problems(client, with_sid=issuer.with_sid),
        *signing_problems(client, issuer.signs),
    )
    uri = client.backchannel_logout_uri
    if uri and (why := issuer.refused_uri(uri)):
        problems = (*problems, ("backchannel_logout_uri", why))
    for member, problem in problems:
        raise _refusal(member, _QUOTED.sub("", problem), problem)  # the URI of a list is for the log alone
    _check_may_sign_hints(request, gateway, issuer, client)
    secret = metadata.pop("client_secret", None)
    sealed = None if secret is None else gateway.vault.seal(secret_name(issuer.id, client_id), secret)
    created = await gateway.store.write(store_client(issuer.id, client_id, metadata, sealed, gateway.trace(request)))
    return json_response(_as_json(client), 201 if created else 200)


async def delete_client(request: Request, gateway: Gateway) -> Response:
    """Forget a client."""
    issuer, client_id = gateway.find_issuer(request), request.query["client_id"]
    request.client_id = client_id
    _check_not_in_settings(issuer, client_id)
    if not await gateway.store.write(remove_client(issuer.id, client_id, gateway.trace(request))):
        raise NotFound("There is no such client.")
    return Response(status_code=204)


def _refusal(member: str, rule: str, detail: str = "") -> InvalidClientMetadata:
    """RFC 7591, section 3.2.2: of a redirect URI, or of anything else."""
    kind = UnregistrableRedirectUri if member.endswith("redirect_uris") else InvalidClientMetadata
    return kind(f"The member {member} cannot be registered: {rule}.", detail=detail)


def _check_may_sign_hints(request: Request, gateway: Gateway, issuer: Issuer, client: Client) -> None:
    """Anyone who sets the secret of HS256 hints can make them, and log users of the client out with them (T31)."""
    by_secret = client.id_token_signed_response_alg.startswith("HS")
    if by_secret and not gateway.management.has_scope(request.caller, "sessions:write"):
        raise InsufficientScope("A client whose hints its own secret signs needs the scope sessions:write as well.")


def _check_not_in_settings(issuer: Issuer, client_id: str) -> None:
    if client_id in issuer.notify_policy.clients:
        raise ClientOfSettings


def _as_json(client: Client) -> Mapping[str, Any]:
    """A client's metadata without its secret, and without private keys that were stored before they were refused."""
    members = {name: getattr(client, name) for name in _MEMBERS}
    members["jwks"] = public_jwks(client.jwks) if client.jwks is not None else None
    shown = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in sorted(members.items())
        if not isinstance(value, SecretStr)
    }
    return without_none(**shown)
