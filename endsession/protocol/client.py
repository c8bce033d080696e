"""A client (RP) of an issuer: its registered metadata, and the rules that a registration has to keep.

Members keep the names of the registration specifications (OpenID Connect Dynamic Client Registration 1.0, RP-Initiated,
Back-Channel and Front-Channel Logout 1.0). The rules are the ones that apply again when a registration is used, so that
nothing can be registered that will then be refused.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from .client_keys import private_members
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
    """The identifier of the client in tokens and requests."""
    client_name: str = ""
    """What people call it, on pages."""
    client_uri: str | None = None
    """The app's home page: where a person who stays signed in can go on."""
    client_secret: SecretStr | None = field(default=None, repr=False)
    """Needed where tokens are signed with an HMAC algorithm such as HS256, or encrypted symmetrically. It belongs in
    the environment or the secrets folder."""
    client_secret_expires_at: float = 0
    """When the secret expires, in seconds since 1970; 0 is never. Hints that an expired one signed are refused."""
    application_type: Literal["web", "native"] = "web"
    """Native apps run on the user's own device: only they have URIs with a scheme of their own."""
    token_endpoint_auth_method: str = "client_secret_basic"
    """As registered with the provider. `none` makes it a public client, which has no http URIs but on loopback. So are
    native apps and clients that use the implicit grant, whatever stands here."""
    grant_types: tuple[str, ...] = ("authorization_code",)
    """As registered with the provider. With `implicit`, no redirect URI is http, not even on loopback, unless the app
    is native."""
    response_types: tuple[str, ...] = ("code",)
    """As registered with the provider. One with `token` or `id_token` uses the implicit grant, too."""
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
    """The content encryption algorithm (`enc`) of encrypted tokens."""
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
    """An operator's switch: a disabled client's requests are refused with 403, where a hint or a registered URI shows
    that they are its own. It is still told of logouts."""

    @property
    def name(self) -> str:
        """What a person calls this client."""
        return self.client_name or self.client_id

    def secret_has_expired(self, now: float) -> bool:
        """Whether the secret is not to be believed any more (OpenID Connect Dynamic Client Registration 1.0, 3.2)."""
        return 0 < self.client_secret_expires_at <= now

    @property
    def native(self) -> bool:
        """Whether the client runs on the user's own device (RFC 8252)."""
        return self.application_type == "native"

    @property
    def confidential(self) -> bool:
        """Whether the client can keep a secret (RFC 6749, section 2.1; RFC 8252, section 8.4)."""
        return self.token_endpoint_auth_method != "none" and not self.native and not self.implicit

    @property
    def implicit(self) -> bool:
        """Whether tokens come to it from the authorization endpoint (Dynamic Client Registration 1.0, section 2)."""
        words = {word for response_type in self.response_types for word in response_type.split()}
        return "implicit" in self.grant_types or bool(words & {"token", "id_token"})


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What a name on a page could pretend to be something else with (T15)."""


def registration_problems(client: Client) -> Iterator[tuple[str, str]]:
    """Yield (member, what is wrong with it) for each rule that the registration breaks."""
    if _CONTROLS.search(client.client_name):
        yield "client_name", "it holds a control character, or one that changes the direction of text"
    for uri in client.post_logout_redirect_uris:
        if problem := _post_logout_problem(uri, client):
            yield "post_logout_redirect_uris", f"{uri!r}: {problem}"
    for uri in client.redirect_uris:
        if problem := unusable(uri) or _http_redirect_problem(uri, client):
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
    yield from _key_problems(client)
    if (alg := client.id_token_encrypted_response_alg) is not None:
        symmetric = alg == "dir" or alg.startswith("A")
        if symmetric and client.client_secret is None:
            yield "client_secret", f"it is missing, and the keys of {alg} are derived from it"
        if not symmetric and client.jwks is None:
            yield "jwks", f"it is missing, and {alg} encrypts to the client's keys"


def _key_problems(client: Client) -> Iterator[tuple[str, str]]:
    if client.client_secret_expires_at < 0:
        yield "client_secret_expires_at", "it is negative: write seconds since 1970, or 0 for never"
    if client.jwks is not None and (private := private_members(client.jwks)):
        yield "jwks", f"it holds a private or symmetric key ({', '.join(private)}): register public keys alone"


def sid_problems(client: Client, *, with_sid: bool) -> Iterator[tuple[str, str]]:
    """Yield (member, what is wrong with it) for each member that requires `sid` of an issuer that has none to give.

    `with_sid` is whether the issuer's tokens carry `sid` (Back-Channel and Front-Channel Logout 1.0, section 2).
    """
    for member in ("backchannel_logout_session_required", "frontchannel_logout_session_required"):
        if getattr(client, member) and not with_sid:
            yield member, "it is true, and this issuer's tokens carry no sid (id_tokens_have_sid = false)"


def signing_problems(client: Client, signs: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """Yield (member, what is wrong with it) where a client would be told by a token that nobody can sign.

    `signs` says whether the issuer has a signing key for an algorithm.
    """
    alg = client.id_token_signed_response_alg
    if client.backchannel_logout_uri and not alg.startswith("HS") and not signs(alg):
        yield (
            "id_token_signed_response_alg",
            f"its logout tokens are signed with {alg}, for which there is no signing key",
        )


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
        return _http_redirect_problem(uri, client)
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


def _http_redirect_problem(uri: str, client: Client) -> str | None:
    """Dynamic Client Registration 1.0, section 2: https alone for web clients that use the implicit grant.

    Loopback is for native apps (RFC 8252, section 7.3), and for web apps in development.
    """
    if uri.lower().startswith("http:") and client.implicit and not client.native:
        return "http is not for clients that use the implicit grant, not even on loopback; use https"
    return _http_problem(uri, client)


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
