"""What `endsession check` looks at beyond the settings: storage, the shared rate limits, keys, who else can read their
files, and what the provider publishes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from .. import settings as configuration
from ..contract.document import Document
from ..delivery.access_tokens import NoAccessToken
from ..provider.metadata import parse_metadata
from ..provider.remote import Fetch
from ..settings import Problem
from ..settings.ending import Ending
from ..tokens.keys import KeySet
from ..tokens.signing import DecryptionKeys, SigningKeys, unpublished
from ..tokens.sources import parse_keys
from .check_front import look_at_front
from .check_storage import Finding, check_limits, check_storage
from .issuer_keys import makes_keys, on_this_machine, unsigned
from .issuers import refused_uris
from .key_files import JWK_SET, own_keys, unreadable
from .modes import open_to_others
from .outgoing import try_credentials


async def look_around(
    settings: configuration.Settings, public_url: str, base: Path, fetch: Fetch, document: Document | None = None
) -> AsyncIterator[Finding]:
    """Every finding. `base` is the folder that relative paths start from.

    Fronts are looked at where `document`, which is what is served, is given.
    """
    for finding in check_storage(settings, base):
        yield finding
    async for finding in check_limits(settings):
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
        if table.ending is not None and not problems:
            async for finding in _credentials(issuer_id, table, table.ending, settings, base):
                yield finding
        async for finding in _provider(issuer_id, table, signing, f"{public_url}/{issuer_id}/jwks.json", fetch):
            yield finding
        if table.front is not None and document is not None:
            async for problem, certain in look_at_front(issuer_id, settings, document, public_url, fetch):
                yield Finding(problem, certain)


def _own_copy(issuer_id: str, table: configuration.IssuerSettings, base: Path) -> list[Problem]:
    """The provider's keys, where they stand in the settings or in a file."""
    try:
        if table.jwks_file is not None:
            parse_keys((base / table.jwks_file).read_bytes())
        elif table.jwks is not None:
            KeySet.load(table.jwks)
    except OSError as error:
        return [unreadable(("issuers", issuer_id, "jwks_file"), base / (table.jwks_file or ""), error)]
    except ValueError as error:
        return [Problem(("issuers", issuer_id, "jwks_file" if table.jwks_file else "jwks"), str(error), JWK_SET)]
    return []


async def _credentials(
    issuer_id: str,
    table: configuration.IssuerSettings,
    ending: Ending,
    settings: configuration.Settings,
    base: Path,
) -> AsyncIterator[Finding]:
    """Whether the admin API's credentials get an access token. Which rights it has shows only a call."""
    where = ("issuers", issuer_id, "ending", "client_secret")
    try:
        await try_credentials(settings, base, ending, loopback=on_this_machine(table))
    except NoAccessToken as problem:
        refused = problem.status is not None and 400 <= problem.status < 500 and problem.status != 429
        fix = "correct url, values, client_id or client_secret, or let the provider give this client access tokens"
        yield Finding(Problem(where, str(problem), fix), certain=refused)
    except OSError as error:
        message = f"it could not be tried from here ({error})"
        yield Finding(Problem(where, message, "check again where the admin API can be reached"), certain=False)


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
        other = f"name the URL of the metadata of this very issuer, or correct issuers.{issuer_id}.issuer"
        fix = JWK_SET if member == "jwks_uri" else other
        yield Finding(Problem(("issuers", issuer_id, member), f"what is there cannot be used: {error}", fix), True)
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
