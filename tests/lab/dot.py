"""django-oauth-toolkit, in a Django project with Django's own login page."""

from __future__ import annotations

from .django_project import DjangoProject
from .provider import FEATURES, Step


class Dot(DjangoProject):
    """No `sid` in ID tokens, and `sub` is the key of a database row. Sign-in is Django's: the cookie `sessionid`."""

    name = "dot"
    issuer_path = "/o"
    steps = (
        Step("password", {"username": "{name}", "password": "{password}"}),
        Step("allow", button="allow"),
    )
    paths = {
        "discovery": "/o/.well-known/openid-configuration",
        "jwks": "/o/.well-known/jwks.json",
        "authorization": "/o/authorize/",
        "token": "/o/token/",
        "end_session": "/o/logout/",
        "userinfo": "/o/userinfo/",
    }
    claims = frozenset({"at_hash", "auth_time", "jti"})
    refreshed_id_token = "without nonce"
    logout_ends_refresh = True
    lacks = {
        "prompt_none": "its validator leaves validate_silent_login to the project, and without one it fails with a 500",
        "private_key_jwt": "clients authenticate by a secret alone",
        "par": "no endpoint for it",
        "dpop": "tokens are bearer tokens",
        "jarm": "responses are not signed",
        "form_post": "responses are redirects",
        "device": "an application has one grant type, and those of the lab have the code",
        "hybrid": "an application has one grant type, and those of the lab have the code",
        "introspection": "in none of its OpenID metadata, and for callers with a bearer token",
    }
    supports = FEATURES - set(lacks)
