"""A client (RP) of an issuer: its registered metadata, and the rules that a registration has to keep.

Members keep the names of the registration specifications (OpenID Connect Dynamic Client Registration 1.0, RP-Initiated,
Back-Channel and Front-Channel Logout 1.0). The rules are the ones that apply again when a registration is used, so that
nothing can be registered that will then be refused.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from .redirect import unusable

SigningAlg = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"
]  # fmt: skip
EncryptionAlg = Literal[
    "RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW",
    "dir", "A128KW", "A192KW", "A256KW"
]  # fmt: skip
ContentEncryption = Literal["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"]
_WILDCARD = re.compile(r"https://\*(?:\.[a-z0-9-]+){2,}(?::\d+)?(?:[/?][^*]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client's metadata. Absent members have the defaults of the specifications."""

    __pydantic_config__ = {"extra": "forbid"}

    client_id: str
    """By which tokens and requests name the client."""
    client_name: str = ""
    """What people call it, on pages."""
    client_uri: str | None = None
    """The app's home page: where a person who stays signed in can go on."""
    client_secret: SecretStr | None = field(default=None, repr=False)
    """Needed where tokens are signed with HS256 or its kin, or encrypted symmetrically. It belongs in the environment
    or the secrets folder."""
    application_type: Literal["web", "native"] = "web"
    """Native apps run on the user's own device: only they have URIs with a scheme of their own."""
    token_endpoint_auth_method: str = "client_secret_basic"
    """As registered with the provider. `none` makes it a public client, which has no http URIs but on loopback."""
    redirect_uris: tuple[str, ...] = ()
    """Where sign-ins return to. A front-channel URL has to share its origin with one of them."""
    post_logout_redirect_uris: tuple[str, ...] = ()
    """Where a browser may be sent after a logout; compared character by character. `https://*.apps.example/x` stands
    for one host label where the policy says `redirect_match = "wildcard"`."""
    id_token_signed_response_alg: SigningAlg = "RS256"
    """The one algorithm of its ID tokens, so of its hints, and of the logout tokens that it gets."""
    id_token_encrypted_response_alg: EncryptionAlg | None = None
    """How keys are encrypted, if its ID tokens are encrypted; its logout tokens then are as well."""
    id_token_encrypted_response_enc: ContentEncryption = "A128CBC-HS256"
    """How the content of encrypted tokens is."""
    jwks: dict[str, Any] | None = None
    """The client's own keys, to which encrypted tokens are encrypted."""
    backchannel_logout_uri: str | None = None
    """Where it takes logout tokens (Back-Channel Logout 1.0)."""
    backchannel_logout_session_required: bool = False
    """Whether its logout tokens have to carry `sid`. It gets none without. Refused where the issuer has
    `id_tokens_have_sid = false`."""
    frontchannel_logout_uri: str | None = None
    """What a browser loads in a frame to sign the user out of the app (Front-Channel Logout 1.0)."""
    frontchannel_logout_session_required: bool = False
    """Whether that URL gets `iss` and `sid`. Refused where the issuer has `id_tokens_have_sid = false`."""
    disabled: bool = False
    """An operator's switch: a disabled client's requests are refused with 403; it is still told of logouts."""

    @property
    def name(self) -> str:
        """What a person calls this client."""
        return self.client_name or self.client_id

    @property
    def native(self) -> bool:
        """Whether the client runs on the user's own device (RFC 8252)."""
        return self.application_type == "native"

    @property
    def confidential(self) -> bool:
        """Whether the client can keep a secret (RFC 6749, section 2.1)."""
        return self.token_endpoint_auth_method != "none"


def registration_problems(client: Client) -> Iterator[tuple[str, str]]:
    """Yield (member, what is wrong with it) for each rule that the registration breaks."""
    for uri in client.post_logout_redirect_uris:
        if problem := _post_logout_problem(uri, client):
            yield "post_logout_redirect_uris", f"{uri!r}: {problem}"
    for uri in client.redirect_uris:
        if problem := unusable(uri):
            yield "redirect_uris", f"{uri!r}: {problem}"
    for member in ("client_uri", "backchannel_logout_uri", "frontchannel_logout_uri"):
        if (address := getattr(client, member)) and (problem := _web_uri_problem(address, client)):
            yield member, problem
        elif address and member == "frontchannel_logout_uri" and not _shares_origin(address, client):
            yield (
                member,
                "its scheme, host and port must be those of one of redirect_uris (Front-Channel Logout 1.0, section 2)",
            )
    if problem := _hmac_problem(client):
        yield "client_secret", problem
    if (alg := client.id_token_encrypted_response_alg) is not None:
        symmetric = alg == "dir" or alg.startswith("A")
        if symmetric and client.client_secret is None:
            yield "client_secret", f"it is missing, and the keys of {alg} are derived from it"
        if not symmetric and client.jwks is None:
            yield "jwks", f"it is missing, and {alg} encrypts to the client's keys"


def sid_problems(client: Client, *, with_sid: bool) -> Iterator[tuple[str, str]]:
    """Yield (member, what is wrong with it) for each member that requires `sid` of an issuer that has none to give.

    `with_sid` is whether the issuer's tokens carry `sid` (Back-Channel and Front-Channel Logout 1.0, section 2).
    """
    for member in ("backchannel_logout_session_required", "frontchannel_logout_session_required"):
        if getattr(client, member) and not with_sid:
            yield member, "it is true, and this issuer's tokens carry no sid (id_tokens_have_sid = false)"


def _hmac_problem(client: Client) -> str | None:
    """RFC 7518, section 3.2: the key of an HMAC is at least as long as its hash; a shorter one verifies nothing."""
    alg = client.id_token_signed_response_alg
    if not alg.startswith("HS"):
        return None
    if client.client_secret is None:
        return f"it is missing, and {alg} tokens are verified with it"
    octets = int(alg[2:]) // 8
    if len(client.client_secret.get_secret_value().encode()) < octets:
        return f"it is too short: {alg} needs {octets} octets or more (RFC 7518, section 3.2)"
    return None


def _shares_origin(uri: str, client: Client) -> bool:
    return origin(uri) in {origin(redirect) for redirect in client.redirect_uris if not unusable(redirect)}


def _post_logout_problem(uri: str, client: Client) -> str | None:
    """RP-Initiated Logout 1.0, section 3.1: https; http for confidential clients; own schemes for native ones."""
    if "*" in uri:
        if not _WILDCARD.fullmatch(uri):
            return "a wildcard stands for the first host label only, as in https://*.apps.example/signed-out"
        uri = uri.replace("*", "any", 1)
    if problem := unusable(uri):
        return problem
    scheme = uri.split(":", 1)[0]
    if scheme in ("http", "https"):
        return _http_problem(uri, client)
    if scheme.lower() != scheme:
        return "write the scheme in lower case: URIs are compared character by character"
    return None if client.native else "a scheme other than https needs application_type = native"


def _web_uri_problem(uri: str, client: Client) -> str | None:
    """Back-Channel and Front-Channel Logout 1.0, section 2: absolute, no fragment, https or http if confidential."""
    if problem := unusable(uri):
        return problem
    if uri.split(":", 1)[0] not in ("http", "https"):
        return "it must be an https URI"
    return _http_problem(uri, client)


def _http_problem(uri: str, client: Client) -> str | None:
    if uri.startswith("http:") and not (client.confidential or is_loopback(urlsplit(uri).hostname or "")):
        return "http is for confidential clients and loopback addresses only; use https"
    return None


def origin(uri: str) -> tuple[str, str | None, int | None]:
    """The scheme, host and port of `uri`, with the scheme's default port filled in."""
    parts = urlsplit(uri)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine by name or address: localhost, *.localhost (RFC 6761), 127.0.0.0/8, ::1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
