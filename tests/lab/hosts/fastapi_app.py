"""An app on FastAPI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from fastapi import Cookie, FastAPI, Form, Response

from examples.receivers.fastapi.receiver import receiver
from examples.receivers.logout_token import LogoutTokens
from examples.receivers.sessions import AlreadyEnded, Sessions

sessions = Sessions(Path(os.environ["FOLDER"]) / "app.db")
app = FastAPI()
app.include_router(receiver(LogoutTokens(os.environ["ISSUER"], "web", os.environ["JWKS_URI"]), sessions))


@app.get("/")
def home(app: Annotated[str, Cookie()] = "") -> Response:
    """Who is signed in."""
    sub = sessions.user(app)
    return Response(sub or "", 200 if sub else 401)


@app.post("/sign-in")
def sign_in(sub: Annotated[str, Form()], sid: Annotated[str | None, Form()] = None) -> Response:
    """As if an ID token had come."""
    try:
        key = sessions.begin(sub, sid)
    except AlreadyEnded:
        return Response(status_code=409)
    response = Response()
    response.set_cookie("app", key, httponly=True, samesite="lax")
    return response
