"""What each vendor documents, written down apart from the files that are under test.

An outcome says what the browser gets and what became of its session: `asks`, `goes on` (303 to the registered URI, with
`state` where it is taken), `page`, `page with a link`, or a status with its error; then `live`, `ended` or `nobody`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SIGNED_OUT = "https://app.example/signed-out"
STATE = "a b/ü"
GET, BOTH = ("GET",), ("GET", "POST")
STANDARD = ("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")
HINTED = ("id_token_hint", "post_logout_redirect_uri", "state")

# What a browser that is signed in as alice sends, in the standard's names; "hint" stands for an ID token of that kind.
SITUATIONS: dict[str, dict[str, str]] = {
    "nothing": {},
    "client": {"client_id": "web"},
    "client and URI": {"client_id": "web", "post_logout_redirect_uri": SIGNED_OUT, "state": STATE},
    "client and a wrong URI": {"client_id": "web", "post_logout_redirect_uri": "https://evil.example/"},
    "an unknown client and a URI": {"client_id": "nobody", "post_logout_redirect_uri": SIGNED_OUT},
    "URI alone": {"post_logout_redirect_uri": SIGNED_OUT, "state": STATE},
    "hint": {"id_token_hint": "own"},
    "hint and URI": {"id_token_hint": "own", "post_logout_redirect_uri": SIGNED_OUT, "state": STATE},
    "hint and a wrong URI": {"id_token_hint": "own", "post_logout_redirect_uri": "https://evil.example/"},
    "forged hint and URI": {"id_token_hint": "forged", "post_logout_redirect_uri": SIGNED_OUT},
    "another user's hint": {"id_token_hint": "of mallory", "post_logout_redirect_uri": SIGNED_OUT},
    "logout_hint of another user": {"client_id": "web", "logout_hint": "mallory"},
    # The same from a browser that nobody is signed in to.
    "nobody: client and URI": {"client_id": "web", "post_logout_redirect_uri": SIGNED_OUT},
    "nobody: hint and URI": {"id_token_hint": "own", "post_logout_redirect_uri": SIGNED_OUT, "state": STATE},
}


@dataclass(frozen=True)
class Endpoint:
    """A vendor's endpoint at issuer acme: its URL, methods, the standard's parameters that it takes, and outcomes."""

    url: str
    methods: tuple[str, ...]
    takes: tuple[str, ...]
    outcomes: dict[str, str]
    names: dict[str, str] = field(default_factory=dict)
    """What it calls a parameter, where that is not the standard's name."""


ASKS = {
    "nothing": "asks, live",
    "client": "asks, live",
    "client and URI": "asks, live",
    "client and a wrong URI": "422 invalid_redirect_uri, live",
    "an unknown client and a URI": "422 invalid_redirect_uri, live",
    "URI alone": "400 invalid_request, live",
    "hint": "page, ended",
    "hint and URI": "goes on, ended",
    "hint and a wrong URI": "422 invalid_redirect_uri, live",
    "forged hint and URI": "asks, live",
    "another user's hint": "asks, live",
    "logout_hint of another user": "asks, live",
    "nobody: client and URI": "page with a link, live",
    "nobody: hint and URI": "goes on, live",
}
"""The standard's answers, and those of every vendor but for what is said below."""

ENDS = {
    "nothing": "page, ended",
    "client": "page, ended",
    "client and URI": "goes on, ended",
    "nobody: client and URI": "goes on, live",
}
"""No question without a hint."""

# Without client_id, the sender says nothing.
NO_CLIENT_ID = {
    "client and URI": "400 invalid_request, live",
    "client and a wrong URI": "400 invalid_request, live",
    "an unknown client and a URI": "400 invalid_request, live",
    "nobody: client and URI": "400 invalid_request, live",
}
NO_HINT = {
    "hint": "page, ended",
    "hint and URI": "400 invalid_request, live",
    "hint and a wrong URI": "400 invalid_request, live",
    "forged hint and URI": "400 invalid_request, live",
    "another user's hint": "400 invalid_request, live",
    "logout_hint of another user": "page, ended",
    "nobody: hint and URI": "400 invalid_request, live",
}
OKTA = {
    **{situation: "400 invalid_request, live" for situation in SITUATIONS if "hint" not in situation},
    "logout_hint of another user": "400 invalid_request, live",
    "forged hint and URI": "401 invalid_token, live",
    "another user's hint": "403 access_denied, live",
}
ENDPOINTS: dict[str, Endpoint] = {
    "keycloak": Endpoint(
        "/realms/acme/protocol/openid-connect/logout",
        BOTH,
        tuple(name for name in STANDARD if name != "logout_hint"),
        ASKS | {"forged hint and URI": "401 invalid_token, live"},
    ),
    "auth0": Endpoint("/oidc/logout", BOTH, STANDARD, ASKS),
    "auth0-v2": Endpoint(
        "/v2/logout",
        GET,
        ("client_id", "post_logout_redirect_uri"),
        ASKS | ENDS | NO_HINT,
        names={"post_logout_redirect_uri": "returnTo"},
    ),
    "okta": Endpoint("/oauth2/acme/v1/logout", BOTH, HINTED, ASKS | OKTA),
    "okta-org": Endpoint("/oauth2/v1/logout", BOTH, HINTED, ASKS | OKTA),
    "entra": Endpoint(
        "/acme/oauth2/v2.0/logout",
        BOTH,
        STANDARD,
        ASKS
        | ENDS
        | dict.fromkeys(
            ("client and a wrong URI", "an unknown client and a URI", "URI alone", "hint and a wrong URI"),
            "page, ended",
        ),
    ),
    "cognito": Endpoint(
        "/logout",
        GET,
        ("client_id", "post_logout_redirect_uri"),
        ASKS | ENDS | NO_HINT | {"nothing": "400 invalid_request, live", "hint": "400 invalid_request, live"},
        names={"post_logout_redirect_uri": "logout_uri"},
    ),
    "hydra": Endpoint(
        "/oauth2/sessions/logout",
        BOTH,
        HINTED,
        ASKS
        | NO_CLIENT_ID
        | {"forged hint and URI": "401 invalid_token, live", "nobody: hint and URI": "goes on, ended"},
    ),
    "duende": Endpoint(
        "/connect/endsession",
        BOTH,
        HINTED,
        ASKS
        | dict.fromkeys(("client and a wrong URI", "an unknown client and a URI", "URI alone"), "asks, live")
        | {"hint and a wrong URI": "page, ended", "nobody: client and URI": "page, live"},
    ),
    "zitadel": Endpoint("/oidc/v1/end_session", BOTH, STANDARD, ASKS | ENDS),
}
"""By the name that settings refer to."""
VENDORS = ("auth0", "cognito", "duende", "entra", "hydra", "keycloak", "okta", "zitadel")
ALL = {"server": {"vendors": VENDORS}}
"""A change of the ordinary settings: every vendor is switched on."""
