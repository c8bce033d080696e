"""The back-channel logout endpoint of an app on FastAPI. Forms need the package python-multipart."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import JSONResponse

from examples.receivers.logout_token import BadLogoutToken, KeysUnavailable, LogoutTokens
from examples.receivers.sessions import Sessions

NO_STORE = {"Cache-Control": "no-store"}


def receiver(tokens: LogoutTokens, sessions: Sessions) -> APIRouter:
    """A router with `POST /backchannel-logout`. A middleware against CSRF has to leave this path out."""
    router = APIRouter()

    @router.post("/backchannel-logout")
    def backchannel_logout(logout_token: Annotated[str, Form()] = "") -> Response:  # no `async`: it waits for I/O
        try:
            sessions.end(tokens.verify(logout_token))
        except BadLogoutToken as problem:
            content = {"error": "invalid_request", "error_description": str(problem)}
            return JSONResponse(content, 400, NO_STORE)
        except KeysUnavailable:
            return Response(status_code=503, headers=NO_STORE)
        return Response(status_code=200, headers=NO_STORE)

    return router
