"""A provider made with Authlib's grants on Flask, as its documentation shows, in a thread of this process.

What it does for logout is in `examples/login_side/authlib_flask.py`: a `sid` in ID tokens, and telling the gateway of
sessions and of the apps in them.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, jsonify, redirect, request
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

from examples.login_side.authlib_flask import Reporting, SignIn
from examples.login_side.calls import LoginSide

COOKIE = "op_session"


@dataclass(frozen=True)
class RegisteredClient(ClientMixin):  # type: ignore[misc]  # authlib is untyped
    """The one app that is registered."""

    client_id: str
    client_secret: str
    redirect_uri: str

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret, self.client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass(frozen=True)
class Code(AuthorizationCodeMixin):  # type: ignore[misc]  # authlib is untyped
    """An authorization code."""

    code: str
    user: SignIn
    redirect_uri: str
    scope: str
    nonce: str | None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.user.at

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass
class Provider:
    """The provider. `gateway` is the gateway's address for it, and `token` its bearer token there."""

    issuer: str
    client: RegisteredClient
    gateway: str
    token: str
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, True))
    signed_in: dict[str, SignIn] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key.ensure_kid()
        self.http = httpx2.Client(trust_env=False)
        self.reporting = Reporting(LoginSide(self.http, self.gateway, self.token))

    def app(self) -> Flask:
        """The provider as a Flask application."""
        app = Flask("peer")
        server = AuthorizationServer(app, query_client=self._find_client, save_token=lambda token, request: None)
        server.register_grant(_code_grant(self), [_id_tokens(self)()])
        app.add_url_rule("/login", view_func=self.login, methods=["POST"])
        app.add_url_rule("/jwks.json", view_func=self.jwks)

        @app.get("/authorize")
        def authorize() -> Any:
            user = self.reporting.trusted(self.signed_in.get(request.cookies.get(COOKIE, "")))
            if user is None:
                return Response("Who are you?", 401)
            grant = server.get_consent_grant(end_user=user)
            return server.create_authorization_response(grant_user=user, grant=grant)

        @app.post("/token")
        def token() -> Any:
            return server.create_token_response()

        return app

    def login(self) -> Response:
        """Somebody signs in; the gateway is told."""
        value = secrets.token_urlsafe(32)
        self.signed_in[value] = self.reporting.begin(request.form["sub"], value)
        answer = redirect("/")
        answer.set_cookie(COOKIE, value, httponly=True, samesite="Lax")
        return answer  # type: ignore[return-value]

    def jwks(self) -> Response:
        """The public key."""
        return jsonify(KeySet([self.key]).as_dict(private=False))

    def _find_client(self, client_id: str) -> RegisteredClient | None:
        return self.client if client_id == self.client.client_id else None


def _code_grant(provider: Provider) -> type[AuthorizationCodeGrant]:
    class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # authlib is untyped
        def save_authorization_code(self, code: str, request: Any) -> None:
            asked = request.payload
            nonce = asked.data.get("nonce")
            provider.codes[code] = Code(code, request.user, asked.redirect_uri, request.scope, nonce)

        def query_authorization_code(self, code: str, client: Any) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            del provider.codes[authorization_code.code]

        def authenticate_user(self, authorization_code: Code) -> SignIn:
            return provider.reporting.joins(authorization_code.user, provider.client.client_id)

    return CodeGrant


def _id_tokens(provider: Provider) -> type[OpenIDCode]:
    class IdTokens(OpenIDCode):  # type: ignore[misc]  # authlib is untyped
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return any(code.nonce == nonce for code in provider.codes.values())

        def resolve_client_private_key(self, client: Any) -> RSAKey:
            return provider.key

        def get_encode_header(self, client: Any) -> dict[str, Any]:
            return {"alg": "RS256", "kid": provider.key.kid}

        def get_client_claims(self, client: Any) -> dict[str, Any]:
            return {"iss": provider.issuer, "aud": [client.get_client_id()]}

        def generate_user_info(self, user: SignIn, scope: str) -> UserInfo:
            return UserInfo(sub=user.sub, sid=user.sid)

    return IdTokens


@contextmanager
def running(provider: Provider, port: int) -> Iterator[Provider]:
    """Serve the provider over HTTP in a thread."""
    server = make_server("127.0.0.1", port, provider.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        provider.http.close()
