"""Canaille, with its users in SQLite, and with its own pages."""

from __future__ import annotations

import json
import uuid

import tomlkit

from .process import clean_environment, program, run
from .provider import FEATURES, LabProvider, Step, private_jwk


class Canaille(LabProvider):
    """No `sid` in ID tokens, and `auth_time` has a fraction. Sign-in is a session of Flask's.

    The cookie `canaille` is that session, signed; every response sets it anew, with another value.

    Its access tokens are signed claims without a `jti`. With RS256, two of a user for an app in one second are the
    same, and the second token request fails with a 500; so they are signed with PS256, which has salt.
    """

    name = "canaille"
    steps = (
        Step("login", {"login": "{name}"}),
        Step("password", {"password": "{password}"}),
        Step("answer", button="answer=accept"),
    )
    leave = (Step("answer", button="answer=logout"),)
    paths = {
        "discovery": "/.well-known/openid-configuration",
        "jwks": "/oauth/jwks.json",
        "authorization": "/oauth/authorize",
        "token": "/oauth/token",
        "end_session": "/oauth/end_session",
        "userinfo": "/oauth/userinfo",
        "introspection": "/oauth/introspect",
    }
    claims = frozenset({"amr", "at_hash", "auth_time"})
    refreshed_id_token = "none"
    logout_ends_refresh = False
    lacks = {
        "par": "no endpoint for it",
        "dpop": "tokens are bearer tokens",
        "jarm": "responses are not signed",
        "form_post": "responses are redirects",
        "device": "no endpoint for it",
    }
    supports = FEATURES - set(lacks)

    def prepare(self) -> None:
        """Its settings, and a database, if there is none yet, with the lab's users and apps in it."""
        scheme, _, host = self.base.partition("://")
        settings = {
            "SECRET_KEY": "a-key-for-sessions-of-the-lab-that-protects-nothing",
            "SERVER_NAME": host,
            "PREFERRED_URL_SCHEME": scheme,
            "CANAILLE": {"DATABASE": "sql"},
            "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{self.folder / 'db.sqlite3'}"},
            "CANAILLE_OIDC": {
                "ACTIVE_JWKS": [private_jwk(self.folder)],
                "REQUIRE_NONCE": False,  # so that an app without it can be tried
            },
            "CANAILLE_HYPERCORN": {"BIND": [f"127.0.0.1:{self.port}"], "PROXY_MODE": "legacy"},
        }
        (self.folder / "canaille.toml").write_text(tomlkit.dumps(settings))
        if not (self.folder / "db.sqlite3").exists():
            run([program("canaille"), "install"], self.folder, self.environment())
            run([program("canaille"), "restore"], self.folder, self.environment(), json.dumps(self._models()))

    def _models(self) -> dict[str, object]:
        """Users and apps, as `canaille dump` writes them."""
        population = self.population()
        users = [
            {
                "id": str(uuid.uuid4()),
                "user_name": user["name"],
                "family_name": user["name"].title(),
                "emails": [user["email"]],
                "password": user["password"],
            }
            for user in population["users"]
        ]
        clients = [
            {
                "id": client["client_id"],
                "audience": [client["client_id"]],  # as its pages set it; without it, the ID token's aud is empty
                "client_id": client["client_id"],
                "client_name": client["client_id"],
                "client_secret": client["secret"],
                "token_endpoint_auth_method": client["authentication"],
                "redirect_uris": [client["redirect_uri"]],
                "post_logout_redirect_uris": [client["post_logout_redirect_uri"]],
                "grant_types": ["authorization_code", "refresh_token", "implicit"],
                "response_types": ["code", "id_token"],
                "scope": ["openid"],
                "id_token_signed_response_alg": "PS256",
                **({"jwks": json.dumps(client["jwks"])} if client["authentication"] == "private_key_jwt" else {}),
            }
            for client in population["clients"]
        ]
        return {"user": users, "client": clients}

    def command(self) -> list[str]:
        """Its own command, with Hypercorn."""
        return [program("canaille"), "run"]

    def environment(self) -> dict[str, str]:
        """Where its settings are."""
        return clean_environment(CANAILLE_CONFIG=str(self.folder / "canaille.toml"))
