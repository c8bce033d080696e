"""The back-channel logout endpoint of an app on Flask."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from examples.receivers.logout_token import BadLogoutToken, KeysUnavailable, LogoutTokens
from examples.receivers.sessions import Sessions


def receiver(tokens: LogoutTokens, sessions: Sessions) -> Blueprint:
    """A blueprint with `POST /backchannel-logout`. With Flask-WTF's CSRFProtect, call `csrf.exempt(blueprint)`."""
    blueprint = Blueprint("backchannel_logout", __name__)

    @blueprint.post("/backchannel-logout")
    def backchannel_logout() -> Response:
        try:
            sessions.end(tokens.verify(request.form.get("logout_token", "")))
        except BadLogoutToken as problem:
            answer = jsonify(error="invalid_request", error_description=str(problem))
            answer.status_code = 400
        except KeysUnavailable:
            answer = Response(status=503)
        else:
            answer = Response(status=200)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return blueprint
