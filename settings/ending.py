"""The settings of a provider ending: the call of the provider's admin API that ends its own session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import yaml
from pydantic import SecretStr, ValidationError

from endsession.protocol.provider_api import ProviderApi, Way, problem_in_path

from .problems import Location, Problem, did_you_mean
from .values import Group

PROVIDERS = Path(__file__).parent.parent / "openapi" / "providers"


class Ending(Group):
    """How the provider's own session is ended when one ends here: by a call of its admin API. What each provider needs
    is in `docs/provider-endings.md`."""

    provider: str | None = None
    """The provider: `keycloak`, `hydra`, `authentik` or `zitadel`. Exactly one of `provider` and `provider_file` is
    needed."""
    provider_file: str | None = None
    """A file of your own that describes the calls, for another provider or another version of it."""
    url: str
    """The base URL of the admin API, such as `https://op.internal`; the paths of its calls follow it. It keeps to the
    rules of `op_backchannel_uri`."""
    scope: Literal["session", "user"] = "session"
    """What a logout ends at the provider: the one session, or all sessions of the user on every device. Some providers
    can only end all; that has to be meant, so `user` has to be written."""
    values: dict[str, str] = {}
    """What the provider's description asks for, such as `{ realm = "acme" }`."""
    client_id: str | None = None
    """The client whose credentials get access tokens for the admin API (OAuth 2.0 client credentials)."""
    client_secret: SecretStr | None = None
    """Its secret. It belongs in the environment or the secrets folder."""
    token: SecretStr | None = None
    """A bearer token for the admin API, where it takes one that does not change. It belongs in the environment or the
    secrets folder."""


class UnusableDescription(Exception):
    """A description of a provider that cannot be read. The text says why."""


def shipped() -> dict[str, Path]:
    """The descriptions that come with the gateway, by the provider's name."""
    return {path.stem: path for path in sorted(PROVIDERS.glob("*.yaml"))}


def description_of(ending: Ending, base: Path) -> ProviderApi:
    """The description that a checked `ending` names; relative paths start at `base`. Raises UnusableDescription."""
    return read_description(base / ending.provider_file if ending.provider_file else shipped()[ending.provider or ""])


def read_description(file: Path) -> ProviderApi:
    """The description in a file. Raises UnusableDescription."""
    try:
        return ProviderApi.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise UnusableDescription(f"it cannot be read: {error.strerror}") from None
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        where = ".".join(map(str, details["loc"]))
        raise UnusableDescription(f"{where and where + ': '}{details['msg'].removeprefix('Value error, ')}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise UnusableDescription(f"it is not YAML: {next(iter(str(error).splitlines()), '')}") from None


def check_ending(location: Location, ending: Ending, base: Path, *, nameless: bool) -> Iterator[Problem]:
    """What contradicts the description, or itself. `location` is that of the table.

    `nameless` says that the issuer's sessions have no `sid` at all: none is registered, and hints carry none.
    """
    if (ending.provider is None) == (ending.provider_file is None):
        found = "neither" if ending.provider is None else "both"
        fix = "leave one" if ending.provider else f"name one of {', '.join(shipped())}, or a file of your own"
        message = f"exactly one of provider and provider_file is needed; there is {found} of them"
        yield Problem((*location, "provider"), message, fix, also=((*location, "provider_file"),))
        return
    member = "provider" if ending.provider else "provider_file"
    if ending.provider is not None and ending.provider not in shipped():
        fix = did_you_mean(ending.provider, shipped()) or f"use one of: {', '.join(shipped())}"
        yield Problem((*location, member), "there is no such provider", fix)
        return
    try:
        api = description_of(ending, base)
    except UnusableDescription as problem:
        fix = "correct it; docs/provider-endings.md describes such a file"
        yield Problem((*location, member), f"{ending.provider_file}: {problem}", fix)
        return
    if api.unavailable:
        fix = "take the table out, knowing that the provider's session goes on after a logout here"
        yield Problem((*location, member), f"{api.name} cannot be asked to end a session: {api.unavailable}", fix)
        return
    yield from _scope(location, ending, api, nameless)
    yield from _values(location, ending, api)
    yield from _credentials(location, ending, api)


def _scope(location: Location, ending: Ending, api: ProviderApi, nameless: bool) -> Iterator[Problem]:
    where = (*location, "scope")
    way: Way | None = api.way(ending.scope)
    if way is None and ending.scope == "session":
        fix = 'write scope = "user" if each logout may end all of them, or take the table out'
        yield Problem(where, f"{api.name} ends all sessions of a user, and cannot end a single one", fix)
    elif way is None:
        message = f"{api.name} ends a single session, and has no call that ends all of a user"
        yield Problem(where, message, 'write scope = "session"')
    elif nameless and way.identified_by == "sid":
        why = "participants = all, id_tokens_have_sid = false"
        message = f"no session of this issuer has a sid that the provider knows ({why})"
        fix = "let the provider put sid into its ID tokens" + (', or write scope = "user"' if api.user else "")
        also = ((*location[:2], "participants"), (*location[:2], "id_tokens_have_sid"))
        yield Problem(where, message, fix, also=also)


def _values(location: Location, ending: Ending, api: ProviderApi) -> Iterator[Problem]:
    where = (*location, "values")
    for name, meaning in api.values.items():
        if name not in ending.values:
            yield Problem(where, f"{name} is missing: {meaning.rstrip('.')}", f'write values = {{ {name} = "..." }}')
        elif problem := problem_in_path(ending.values[name]):
            yield Problem((*where, name), problem, "write it as it stands in the provider's URLs")
    for name in ending.values.keys() - api.values.keys():
        known = f"leave it out; it takes {', '.join(api.values) or 'none'}"
        yield Problem((*where, name), f"{api.name} takes no such value", did_you_mean(name, api.values) or known)


def _credentials(location: Location, ending: Ending, api: ProviderApi) -> Iterator[Problem]:
    by_client = ending.client_id is not None or ending.client_secret is not None
    if by_client and ending.token is not None:
        yield Problem((*location, "token"), "there is client_id or client_secret as well", "leave one of the two")
        return
    kind = "client_credentials" if by_client else "bearer" if ending.token is not None else "none"
    if kind not in api.credentials:
        wants = " or ".join(_SETTINGS[taken] for taken in api.credentials)
        member = {"client_credentials": "client_id", "bearer": "token", "none": "client_id"}[kind]
        if kind == "none" and "client_credentials" not in api.credentials:
            member = "token"
        message = "there are no credentials" if kind == "none" else f"{api.name} does not take such credentials"
        yield Problem((*location, member), message, f"it takes {wants}")
    elif by_client and not (ending.client_id and ending.client_secret and ending.client_secret.get_secret_value()):
        member = "client_secret" if ending.client_id else "client_id"
        yield Problem((*location, member), "it is missing, and the other one is there", "set both, or neither")
    elif ending.token is not None and not _is_token(ending.token.get_secret_value()):
        message = "it is empty, or has a character that no header can carry"
        yield Problem((*location, "token"), message, "copy it again, without a line break or a prefix")


_SETTINGS = {"client_credentials": "client_id and client_secret", "bearer": "token", "none": "none of them"}


def _is_token(token: str) -> bool:
    """RFC 6750, section 2.1, and a little more: whatever stands in a header without dividing it."""
    return bool(token) and all("\x21" <= char <= "\x7e" for char in token)
