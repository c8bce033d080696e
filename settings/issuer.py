"""The settings of one issuer: its keys, its cookie, its clients and the policy of its endpoints."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Literal, get_type_hints

from pydantic import Field, create_model, model_validator

from endsession.protocol.client import Client
from endsession.protocol.policy import Policy

from .ending import Ending
from .front import Front
from .values import Duration, Group, WholeSeconds


class Cookie(Group):
    """The provider's own session cookie: how it is recognised, and with which attributes it is cleared."""

    name: str = Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
    """Its name."""
    match: Literal["sha256", "sid"] = "sha256"
    """What its value is compared with: the `cookie_sha256` of registered sessions, or, if the value is the session id
    itself, their `sid`. With `participants = "all"` only the latter can match."""
    path: str = "/"
    """Its path."""
    domain: str = ""
    """Its domain, if it has one."""
    secure: bool = True
    """Whether it is Secure."""
    http_only: bool = True
    """Whether it is HttpOnly."""
    same_site: Literal["lax", "strict", "none", ""] = "lax"
    """Its SameSite attribute."""
    partitioned: bool = False
    """Whether it is Partitioned."""


def _knobs() -> dict[str, Any]:
    """Every knob of Policy, optional: an override names only what differs."""
    hints = get_type_hints(Policy) | {"max_hint_age": WholeSeconds}
    return {knob.name: (hints[knob.name] | None, None) for knob in fields(Policy)}


PolicyOverrides = create_model(
    "PolicyOverrides",
    __base__=Group,
    __doc__="Knobs of an endpoint's policy that differ from its preset. What each preset sets is in `docs/policy.md`.",
    **_knobs(),
)


class EndpointSettings(Group):
    """One vendor's endpoint at this issuer."""

    policy: PolicyOverrides = PolicyOverrides()  # type: ignore[valid-type]
    """Knobs that differ from the endpoint's preset."""


ClientTable = Client


class IssuerSettings(Group):
    """An issuer (OP, tenant). The table's key is its name in paths."""

    issuer: str
    """The issuer identifier, compared character by character with `iss`."""
    preset: Literal["oidc", "authpi", "pingfederate", "strict"] = "oidc"
    """The policy that the plain endpoint starts from. Vendors' endpoints bring their own."""
    policy: PolicyOverrides = PolicyOverrides()  # type: ignore[valid-type]
    """Knobs of the plain endpoint that differ from its preset."""
    dialects: dict[str, EndpointSettings] = {}
    """Knobs of vendors' endpoints, by the endpoint's name: `dialects.pingfederate.policy`."""
    default: bool = False
    """Whether requests that name no issuer, by path or host, are for this one."""
    hosts: tuple[str, ...] = ()
    """Host names that stand for this issuer on paths without an issuer."""
    jwks_uri: str | None = None
    """Where the provider publishes its keys. Exactly one of `jwks_uri`, `jwks_file` and `jwks` is needed, or
    `front`."""
    jwks_file: str | None = None
    """A file with the provider's keys as a JWK Set; read again when it changes."""
    jwks: dict[str, Any] | None = None
    """The provider's keys as a JWK Set."""
    cookie: Cookie | None = None
    """The provider's session cookie. Without it no browser session can be matched, and the user is asked."""
    session_lifetime: Duration = 30 * 86_400.0
    """How long a session lives at most, unless its registration says otherwise."""
    session_idle: Duration | None = None
    """After how much time without news a session ends, unless its registration says otherwise."""
    participants: Literal["tracked", "all"] = "tracked"
    """Who is told: the apps that took part in a session, or, for a provider that registers no sessions, every client
    with a back-channel URL."""
    signing_keys: tuple[str, ...] = ()
    """Files with the private keys (JWK) for logout tokens. The first that fits an algorithm signs; all are published.
    An issuer with `front`, or on a loopback address, makes its own where there are none: they are kept sealed in the
    storage, and all processes have the same."""
    decryption_keys: tuple[str, ...] = ()
    """Files with private keys (JWK) for hints that come encrypted. Their public parts are published for apps to encrypt
    to."""
    retired_keys_for: Duration = 45 * 86_400.0
    """For how long a key that the provider has withdrawn still verifies hints that were issued before."""
    compromised_keys: tuple[str, ...] = ()
    """Keys of the provider that never verify anything, even if still published or cached: by `kid`, or by RFC 7638
    thumbprint (SHA-256, base64url), which stays the same under another `kid`."""
    publish_op_keys: bool = False
    """Whether our JWK Set also has the provider's keys, so that the provider can point its `jwks_uri` at it."""
    op_metadata_uri: str | None = None
    """Where the provider publishes its own metadata, such as `https://op.internal/.well-known/openid-configuration`.
    `/{issuer_id}/.well-known/openid-configuration` then has all of it, with what concerns logout being ours, and a
    proxy can serve it in the other's place."""
    front: Front | None = None
    """The provider's endpoints, passed on to it through this gateway: no code is needed at the login side then."""
    op_backchannel_uri: str | None = None
    """A URL of the provider itself that takes logout tokens; it is told first."""
    ending: Ending | None = None
    """The call of the provider's admin API that ends its own session. It may stand next to `op_backchannel_uri`."""
    id_tokens_have_sid: bool = True
    """Whether the provider's ID tokens carry `sid`. If not, logout tokens name the user alone, and a client that
    requires a `sid` (`backchannel_logout_session_required`, `frontchannel_logout_session_required`) is refused. If so,
    and the verified hints of a client carry none all the same, that client's logout tokens name the user alone as well;
    the log, the ledger and `endsession check` say it."""
    notify_wait: Duration = Field(default=1.5, le=30)
    """How long the browser waits for apps to be told; what is not done by then goes on in the background."""
    tell_on_expiry: bool = True
    """Whether apps are told when a session reaches the end of its lifetime."""
    endpoints: tuple[str, ...] | None = None
    """The logout endpoints that this issuer serves: `end-session`, the plain one, and vendors' by name. Others answer
    404. Without it, all of the deployment; under the preset `strict`, all but those where a hint acts alone."""
    announce: str = "end-session"
    """Which logout endpoint discovery announces: `end-session`, or the name of a vendor's."""
    clients: dict[str, ClientTable] = {}
    """The apps (RPs), by client_id, with the names of their registration metadata."""

    @model_validator(mode="before")
    @classmethod
    def _name_clients(cls, data: Any) -> Any:
        """The table's key is the client_id."""
        if isinstance(data, dict) and isinstance(data.get("clients"), dict):
            clients = {
                name: {**table, "client_id": name} if isinstance(table, dict) and "client_id" not in table else table
                for name, table in data["clients"].items()
            }
            return {**data, "clients": clients}
        return data
