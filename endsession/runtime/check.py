"""What `endsession check` looks at beyond the settings: storage, keys, who else can read their files, and
what the provider publishes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import settings as configuration
from ..contract.document import Document
from ..protocol.errors import ServiceUnavailable
from ..provider.metadata import parse_metadata
from ..provider.remote import Fetch
from ..settings import Problem
from ..store.examine import examine_file, examine_server
from ..tokens.keys import KeySet
from ..tokens.signing import DecryptionKeys, SigningKeys, unpublished
from ..tokens.sources import parse_keys
from .check_front import look_at_front
from .issuer_keys import makes_keys, own_keys, unsigned
from .issuers import refused_uris
from .modes import open_to_others


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem; `certain` ones are mistakes, the others could not be looked into."""

    problem: Problem
    certain: bool


async def look_around(
    settings: configuration.Settings, public_url: str, base: Path, fetch: Fetch, document: Document | None = None
) -> AsyncIterator[Finding]:
    """Every finding about storage and every issuer. `base` is the folder that relative paths start from.

    Fronts are looked at where `document`, which is what is served, is given.
    """
    for finding in _storage(settings, base):
        yield finding
    for problem in open_to_others(settings, base):
        yield Finding(problem, certain=False)
    for issuer_id, table in settings.issuers.items():
        problems: list[Problem] = []
        keys = own_keys(issuer_id, "signing_keys", table.signing_keys, base, problems, SigningKeys)
        own_keys(issuer_id, "decryption_keys", table.decryption_keys, base, problems, DecryptionKeys)
        signing = SigningKeys(keys)
        if not problems and (keys or not makes_keys(table)):
            problems += unsigned(issuer_id, table, signing)
        problems += refused_uris(issuer_id, table, settings)
        problems += _own_copy(issuer_id, table, base)
        for problem in problems:
            yield Finding(problem, certain=True)
        async for finding in _provider(issuer_id, table, signing, f"{public_url}/{issuer_id}/jwks.json", fetch):
            yield finding
        if table.front is not None and document is not None:
            async for problem, certain in look_at_front(issuer_id, settings, document, public_url, fetch):
                yield Finding(problem, certain)


def _storage(settings: configuration.Settings, base: Path) -> Iterator[Finding]:
    """Whether it can be used. A server may be out of reach from here and in reach where the gateway runs."""
    url = settings.storage.url
    in_file = url.startswith("sqlite:")
    try:
        found = examine_file(base / url.removeprefix("sqlite:///")) if in_file else examine_server(url)
    except ServiceUnavailable as error:
        fix = (
            "create its folder and make it writable"
            if in_file
            else "make sure that it is running and accepts this user"
        )
        yield Finding(Problem(("storage", "url"), error.detail, fix), certain=in_file)
        return
    if newer := found.unknown_migrations:
        message = f"a newer version has changed its schema (migration {', '.join(map(str, newer))})"
        yield Finding(Problem(("storage", "url"), message, "run that version: migrations go forward only"), True)
    for issuer_id, table in settings.issuers.items():
        clients = [client_id for issuer, client_id in found.without_sid if issuer == issuer_id]
        if clients and table.id_tokens_have_sid:
            message = (
                f"verified ID tokens of {', '.join(clients)} carry no sid, so their logout tokens name the user alone"
            )
            fix = "set it to false, or let the provider put sid into its ID tokens"
            yield Finding(Problem(("issuers", issuer_id, "id_tokens_have_sid"), message, fix), certain=False)


def _own_copy(issuer_id: str, table: configuration.IssuerSettings, base: Path) -> list[Problem]:
    """The provider's keys, where they stand in the settings or in a file."""
    try:
        if table.jwks_file is not None:
            parse_keys((base / table.jwks_file).read_bytes())
        elif table.jwks is not None:
            KeySet.load(table.jwks)
    except (OSError, ValueError) as error:
        return [Problem(("issuers", issuer_id, "jwks_file" if table.jwks_file else "jwks"), str(error))]
    return []


async def _provider(
    issuer_id: str, table: configuration.IssuerSettings, signing: SigningKeys, ours: str, fetch: Fetch
) -> AsyncIterator[Finding]:
    """Apps verify logout tokens with what the provider publishes: our keys have to be among it."""
    member, uri = "jwks_uri", table.jwks_uri
    try:
        if table.op_metadata_uri is not None:
            member = "op_metadata_uri"
            uri = parse_metadata(await _get(table.op_metadata_uri, fetch), table.issuer)["jwks_uri"]
            member = "jwks_uri"
        if uri is None or uri == ours or table.publish_op_keys or not signing.keys:
            return
        missing = unpublished(signing, parse_keys(await _get(uri, fetch)))
    except OSError as error:
        message = f"it could not be fetched from here ({error}), so it was not checked"
        yield Finding(Problem(("issuers", issuer_id, member), message, "check again where it can be reached"), False)
    except ValueError as error:
        yield Finding(Problem(("issuers", issuer_id, member), str(error)), certain=True)
    else:
        if missing:
            message = f"{uri} does not have {', '.join(missing)}: apps will not find the keys of our logout tokens"
            fix = (
                f"publish there what {ours} has, or set publish_op_keys = true and let the provider's jwks_uri be that"
            )
            yield Finding(Problem(("issuers", issuer_id, "signing_keys"), message, fix), certain=True)


async def _get(url: str, fetch: Fetch) -> bytes:
    answer = await fetch(url, {})
    if answer.status != 200:
        raise OSError(f"status {answer.status}")
    return answer.body
