"""django-allauth as a provider (`allauth.idp.oidc`), with its own pages."""

from __future__ import annotations

from .django_project import DjangoProject
from .provider import FEATURES, Step


class Allauth(DjangoProject):
    """No `sid` and no `auth_time` in ID tokens. Sign-in is Django's: the cookie `sessionid`."""

    name = "allauth"
    steps = (
        Step("password", {"login": "{name}", "password": "{password}"}),
        Step("action", button="action"),
    )
    leave = (Step("action", button="action"),)
    paths = {
        "discovery": "/.well-known/openid-configuration",
        "jwks": "/.well-known/jwks.json",
        "authorization": "/identity/o/authorize",
        "token": "/identity/o/api/token",
        "end_session": "/identity/o/logout",
        "userinfo": "/identity/o/api/userinfo",
        "introspection": "/identity/o/api/introspect",
    }
    claims = frozenset({"at_hash", "jti"})
    refreshed_id_token = "without nonce"
    logout_ends_refresh = False
    lacks = {
        "private_key_jwt": "clients authenticate by a secret alone",
        "par": "no endpoint for it",
        "dpop": "tokens are bearer tokens",
        "jarm": "responses are not signed",
        "form_post": "responses are redirects",
        "device": "the token endpoint fails with a 500: oauthlib 4 calls a method that its validator does not have",
    }
    announced_only = frozenset({"device"})
    supports = FEATURES - set(lacks)
