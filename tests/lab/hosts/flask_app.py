"""An app on Flask."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, Response, request

from examples.receivers.flask.receiver import receiver
from examples.receivers.logout_token import LogoutTokens
from examples.receivers.sessions import AlreadyEnded, Sessions

sessions = Sessions(Path(os.environ["FOLDER"]) / "app.db")
app = Flask(__name__)
app.register_blueprint(receiver(LogoutTokens(os.environ["ISSUER"], "web", os.environ["JWKS_URI"]), sessions))


@app.get("/")
def home() -> Response:
    """Who is signed in."""
    sub = sessions.user(request.cookies.get("app"))
    return Response(sub or "", 200 if sub else 401)


@app.post("/sign-in")
def sign_in() -> Response:
    """As if an ID token had come."""
    try:
        key = sessions.begin(request.form["sub"], request.form.get("sid"))
    except AlreadyEnded:
        return Response(status=409)
    response = Response()
    response.set_cookie("app", key, httponly=True, samesite="Lax")
    return response
