"""django-oauth-toolkit reports its sign-ins to endsession (docs/login-side.md).

In `urls.py`, before `oauth2_provider.urls`: `path("o/authorize/", ReportingAuthorizationView.as_view())`. In the
settings: `ENDSESSION = {"gateway": "https://login.example/acme", "token": ...}`. Its ID tokens carry no `sid`, and
Django's session key is the cookie's value, which no token may have. So the session gets an id of its own here, and the
issuer's table has `id_tokens_have_sid = false`.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

import httpx2
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from oauth2_provider.views import AuthorizationView

from examples.login_side.calls import LoginSide, SessionEnded

log = logging.getLogger(__name__)


class ReportingAuthorizationView(AuthorizationView):
    """Reports before a code is made, so that none leaves of which endsession does not know."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A session that was ended at endsession is ended here: the same request again, with nobody signed in."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except SessionEnded:
            logout(request)
            return redirect(request.get_full_path())
        except httpx2.HTTPError as error:
            log.error("endsession is unavailable, so nobody is signed in: %s", type(error).__name__)  # noqa: TRY400
            return HttpResponse("Signing in is not possible right now.", status=503)

    def create_authorization_response(
        self, request: HttpRequest, scopes: str, credentials: dict[str, Any], allow: bool
    ) -> Any:
        """Where both ways to a code pass: with a question, and without."""
        if allow:
            session, user = request.session, request.user
            sid = session.setdefault("endsession_sid", secrets.token_urlsafe(24))
            with httpx2.Client(timeout=5) as http:
                login = LoginSide(http, settings.ENDSESSION["gateway"], settings.ENDSESSION["token"])
                login.began(sid, sub=str(user.pk), label=user.get_username(), cookie=session.session_key)
                login.joins(sid, credentials["client_id"])
        return super().create_authorization_response(request, scopes, credentials, allow)
