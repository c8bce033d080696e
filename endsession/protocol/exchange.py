"""What a sign-in says on its way between a browser, an app and the provider: by which keys a token finds its browser.

An authorization request comes from a browser, and the token request that belongs to it from an app. What both of them
know is the code, the nonce and the PKCE challenge: their digests are kept until the token is issued. All of it is pure;
nothing here is verified, since the provider does that.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlsplit

from .urlencoded import decoded, fields

MAX_VALUE = 4096
"""Characters of a code, a nonce or a token that is looked at; nobody needs a longer one."""
_METHODS = {"S256", "plain", ""}
_READ = frozenset(
    {"client_id", "nonce", "code_challenge", "code_challenge_method", "request", "request_uri", "redirect_uri"}
    | {"response_mode", "grant_type", "code", "code_verifier", "refresh_token", "client_assertion"}
    | {"token", "access_token"}
)

Parameters = Mapping[str, str]


def parameters(encoded: bytes) -> Parameters:
    """Parameters in `application/x-www-form-urlencoded`, those that appear once: a repeated one says two things.

    (RFC 6749, section 3.1: parameters must not be included more than once.) A value that is not in UTF-8 hides none of
    the others: the provider may take the request all the same.
    """
    pairs = _pairs(encoded)
    counts = Counter(name for name, _ in pairs)
    return {name: value for name, value in pairs if counts[name] == 1}


def repeated(encoded: bytes) -> frozenset[str]:
    """The parameters that are read here and appear more than once: a provider may read another one of them."""
    counts = Counter(name for name, _ in _pairs(encoded))
    return frozenset(name for name in _READ if counts[name] > 1)


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    return [(_string(name), _string(value)) for name, value in fields(encoded)]


def _string(encoded: bytes) -> str:
    plain = decoded(encoded)
    return "\ufffd" if plain is None else plain.decode(errors="replace")


def digest(kind: str, *parts: str) -> str:
    """SHA-256, in hex, of something that must not be kept in the clear. `kind` keeps codes and nonces apart."""
    return hashlib.sha256("\n".join((kind, *parts)).encode("utf-8", "surrogatepass")).hexdigest()


def code_key(code: str) -> str:
    """The key of an authorization code."""
    return digest("code", code)


def nonce_key(client_id: str, nonce: str) -> str:
    """The key of a nonce (OpenID Connect Core 1.0, section 3.1.2.1): two apps may choose the same one."""
    return digest("nonce", client_id, nonce)


def challenge_key(challenge: str) -> str:
    """The key of a PKCE challenge, as S256 makes it (RFC 7636, section 4.2)."""
    return digest("challenge", challenge)


def s256(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, section 4.2)."""
    hashed = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()


def awaited_keys(request: Parameters) -> tuple[str, ...]:
    """By what the browser of an authorization request is found at the token endpoint: its nonce and its challenge."""
    keys = []
    client_id, nonce, challenge = (_short(request, name) for name in ("client_id", "nonce", "code_challenge"))
    if client_id and nonce:
        keys.append(nonce_key(client_id, nonce))
    method = request.get("code_challenge_method", "")
    if challenge and method in _METHODS:
        # The plain method's challenge is the verifier itself (RFC 7636, section 4.2).
        keys.append(challenge_key(challenge if method == "S256" else s256(challenge)))
    return tuple(keys)


def keys_of_all(sources: Sequence[Parameters]) -> tuple[str, ...]:
    """The keys of a request whose parameters come in several places: which of them counts, the provider decides."""
    together = {name: value for source in sources for name, value in source.items()}
    client = {name: value for name, value in together.items() if name == "client_id"}
    found = [key for source in sources for given in (together, client) for key in awaited_keys({**given, **source})]
    return tuple(dict.fromkeys(found))


def pushed_key(client_id: str, request_uri: str) -> str:
    """The key of a pushed authorization request (RFC 9126, section 2.2)."""
    return digest("pushed", client_id, request_uri)


@dataclass(frozen=True, slots=True)
class Redirected:
    """What a redirect of the provider to an app carries."""

    error: bool = False
    code: str | None = None
    id_token: str | None = None
    response: str | None = None
    """A JARM response: a JWT with the parameters in it."""

    @property
    def carries(self) -> bool:
        """Whether anything was issued with it."""
        return bool(self.code or self.id_token or self.response)


def redirected(location: str) -> Redirected:
    """Read the query and the fragment of a redirect (OAuth 2.0 Multiple Response Types 1.0, section 2.1)."""
    try:
        parts = urlsplit(location)
        found = {**parameters(parts.query.encode()), **parameters(parts.fragment.encode())}
    except ValueError:
        return Redirected()
    return issued(found)


def issued(found: Parameters) -> Redirected:
    """What the parameters of an authorization response carry, however they travel."""
    return Redirected(
        error="error" in found,
        code=_short(found, "code"),
        id_token=found.get("id_token") or None,
        response=found.get("response") or None,
    )


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a token request names (RFC 6749, sections 4.1.3 and 6)."""

    grant_type: str
    client_id: str | None
    code: str | None
    code_verifier: str | None
    refresh_token: str | None


def token_request(body: bytes, authorization: str) -> TokenRequest:
    """Read a token request; `authorization` is its header, which may name the client (RFC 6749, section 2.3.1)."""
    form = parameters(body)
    return TokenRequest(
        grant_type=form.get("grant_type", ""),
        client_id=_short(form, "client_id") or basic_client(authorization),
        code=_short(form, "code"),
        code_verifier=_short(form, "code_verifier"),
        refresh_token=form.get("refresh_token") or None,
    )


def basic_client(authorization: str) -> str | None:
    """The client_id of HTTP Basic authentication, which is form-encoded there (RFC 6749, section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, _ = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(user) or None if colon else None


def evidence(request: TokenRequest, client_id: str | None, nonce: str | None) -> tuple[str, ...]:
    """The keys of a token exchange, the strongest first.

    The code comes first: which browser it was issued to is known for certain. A nonce or a challenge may have been
    seen by somebody else, who showed it in his own browser.
    """
    keys = []
    if request.code:
        keys.append(code_key(request.code))
    if client_id and nonce and len(nonce) <= MAX_VALUE:
        keys.append(nonce_key(client_id, nonce))
    if request.code_verifier:
        keys.append(challenge_key(s256(request.code_verifier)))
    return tuple(keys)


def token_key(token: str) -> str:
    """The key of an access or refresh token: its SHA-256, as a login side can make it as well."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _short(found: Parameters, name: str) -> str | None:
    value = found.get(name)
    return value if value and len(value) <= MAX_VALUE else None
