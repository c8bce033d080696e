"""The requests that `test_explain.py` explains and sends: endpoints, and what a request to them is made of.

Sessions are named as in the catalogue of hints (`tests/fuzzing/hints.py`), which the hints are from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from tests.fuzzing.hints import HINTS as CATALOGUE
from tests.kit.tokens import SECRET, id_claims

PLAIN, AUTHPI, PING = "/{issuer_id}/end-session", "/{issuer_id}/logout", "/idp/init_logout.openid"
Sids = Mapping[str, str]
"""The sids of the named sessions."""


@dataclass(frozen=True)
class Endpoint:
    """A logout endpoint under a policy, and the outcomes that its requests have to come to, each at least once."""

    path: str
    outcomes: frozenset[str]
    issuer: Mapping[str, Any] = field(default_factory=dict)
    """Changes to the settings of the issuer."""
    vendors: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET", "POST")
    takes_hint: bool = True
    reads_client_id: bool = True
    encrypted_needs_client: bool = False


def _outcomes(text: str) -> frozenset[str]:
    return frozenset(text.split(", "))


_ASKS = "nothing, ask no_hint, ask invalid_hint, ask foreign_hint, 400 invalid_request, 403 access_denied"
_REFUSES = "422 invalid_redirect_uri"
ENDPOINTS = {
    "oidc": Endpoint(PLAIN, _outcomes(f"end, ask stale_sid, {_ASKS}, {_REFUSES}")),
    "authpi": Endpoint(
        AUTHPI,
        _outcomes("end, nothing, 400 invalid_request, 401 invalid_token, 403 access_denied, 422 invalid_redirect_uri"),
        reads_client_id=False,
    ),
    "pingfederate": Endpoint(PING, _outcomes(f"end, ask stale_sid, {_ASKS}"), encrypted_needs_client=True),
    "strict": Endpoint(
        PLAIN,
        _outcomes("end, nothing, 400 invalid_request, 401 invalid_token, 403 access_denied, 422 invalid_redirect_uri"),
        {"preset": "strict"},
    ),
    "client_id is rejected, and every logout asks": Endpoint(
        PLAIN,
        _outcomes(f"ask always, ask stale_sid, {_ASKS}, 422 invalid_redirect_uri"),
        {"policy": {"client_id_param": "reject", "prompt": "always"}},
    ),
    "no cookie is configured": Endpoint(
        PLAIN,
        _outcomes(
            f"nothing, ask no_hint, ask invalid_hint, ask unmatched, 400 invalid_request, 403 access_denied, {_REFUSES}"
        ),
        {"cookie": None},
    ),
    "nobody is asked": Endpoint(
        PLAIN,
        _outcomes(f"end, 400 invalid_request, 401 invalid_token, 401 login_required, 403 access_denied, {_REFUSES}"),
        {
            "policy": {
                **dict.fromkeys(("on_invalid_hint", "on_no_params", "on_foreign_hint", "on_stale_sid"), "error"),
                "on_no_hint": "done",
                "prompt": "never",
                "redirect_without_hint": "when_no_session",
                "require_authenticated_user": True,
            }
        },
    ),
    # Takes no hint, and calls its redirect URI returnTo.
    "auth0-v2": Endpoint(
        "/v2/logout",
        _outcomes(f"end, nothing, 400 invalid_request, 403 access_denied, {_REFUSES}"),
        vendors=("auth0",),
        methods=("GET",),
        takes_hint=False,
    ),
}
SETTINGS = {
    "decryption_keys": ["enc.jwk"],
    "clients": {"web": {"client_secret": SECRET}},
}
"""What the issuer of every endpoint has."""

COOKIES = {"own": "alice", "absent": None, "of another user": "mallory", "of an ended session": "ended"}
CLIENTS = {"absent": None, "accepted": "web", "of another": "other", "unknown": "nobody", "disabled": "gone"}
REDIRECTS: dict[str, tuple[str | None, str | None]] = {
    "absent": (None, None),
    "registered": ("https://app.example/signed-out", None),
    "nearly registered": (
        "https://app.example/signed_out",
        "https://app.example/signed-out (they differ from character 27 on: '-out' is registered)",
    ),
    "with another query": (
        "https://app.example/bye?x=2",
        "https://app.example/bye?x=1 (they differ from character 27 on: '1' is registered)",
    ),
    "longer": (
        "https://app.example/signed-out/",
        "https://app.example/signed-out (they differ from character 31 on: '' is registered)",
    ),
}
"""Each URI with what `nearest_redirect` is for it where the request is the client web's."""
OF_THE_OTHER = (
    "https://other.example/signed-out (they differ from character 9 on: 'other.example/signed' is registered)"
)
"""`nearest_redirect` for any of them where the request is the client other's."""


WITH_A_SECRET = "encrypted with a secret"
HINTS = (
    *("good", "without sid", "expired", "encrypted", "of another user", "of another session"),
    *("of a session that ended", "too old", "of another client", "of a disabled client"),
    *("one word", "forged", WITH_A_SECRET),
)
"""Of the catalogue. `test_every_refusal_is_explained` has all that are refused."""
_OTHER_CLIENTS = {"of another client": "other", "of a disabled client": "gone"}


@dataclass(frozen=True)
class Case:
    """A request, by the names of its parts."""

    method: str
    hint: str = "absent"
    cookie: str = "own"
    redirect: str = "registered"
    client: str = "absent"

    def parameters(self, sids: Sids) -> dict[str, str]:
        """Its parameters, under the standard's names."""
        hint = None if self.hint == "absent" else CATALOGUE[self.hint]
        values = {
            "id_token_hint": hint.make(id_claims(sid=sids[hint.session])) if hint else None,
            "client_id": CLIENTS[self.client],
            "post_logout_redirect_uri": REDIRECTS[self.redirect][0],
        }
        return {name: value for name, value in values.items() if value is not None}

    def why_refused(self, endpoint: Endpoint) -> str:
        """Why the hint does not verify, in part; empty if it does."""
        client = self.client if endpoint.reads_client_id else "absent"
        if self.hint.startswith("encrypted") and client == "absent" and endpoint.encrypted_needs_client:
            return "policy asks for client_id with an encrypted hint"
        return "" if (self.hint, client) == (WITH_A_SECRET, "accepted") else CATALOGUE[self.hint].refused

    def what_hint_is(self, endpoint: Endpoint) -> str:
        """A pattern of what has to be said of the hint."""
        if self.hint == "absent" or not endpoint.takes_hint:
            return "NoHint"
        refused = self.why_refused(endpoint)
        return f"refused: .*{re.escape(refused)}.*" if refused else "VerifiedHint"

    def nearest_redirect(self, endpoint: Endpoint) -> str | None:
        """What has to be said of the registered redirect URIs: the hint's client comes before that of `client_id`."""
        client = CLIENTS[self.client] if endpoint.reads_client_id else None
        if self.what_hint_is(endpoint) == "VerifiedHint":
            client = _OTHER_CLIENTS.get(self.hint, "web")
        if client in ("web", "gone"):  # both have registered the same
            return REDIRECTS[self.redirect][1]
        return OF_THE_OTHER if client == "other" and self.redirect != "absent" else None


def matrix(method: str) -> Iterator[Case]:
    """Every hint with every cookie, client_id and kind of redirect, and every mixture of those without a hint."""
    redirects = ("absent", "registered", "nearly registered")
    for hint in HINTS:
        yield from (Case(method, hint, cookie=cookie) for cookie in COOKIES)
        yield from (Case(method, hint, client=client) for client in CLIENTS if client != "absent")
        yield from (Case(method, hint, redirect=redirect) for redirect in redirects if redirect != "registered")
    yield from (Case(method, "good", redirect=redirect) for redirect in REDIRECTS)
    for cookie, redirect, client in product(("own", "absent"), redirects, CLIENTS):
        yield Case(method, "absent", cookie, redirect, client)
