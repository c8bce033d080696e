"""The back-channel logout endpoint of an app on Django."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from examples.receivers.logout_token import BadLogoutToken, KeysUnavailable, LogoutTokens

from .models import end


@cache
def tokens() -> LogoutTokens:
    """`OPENID_ISSUER`, `OPENID_CLIENT_ID` and `OPENID_JWKS_URI` of the settings."""
    return LogoutTokens(settings.OPENID_ISSUER, settings.OPENID_CLIENT_ID, settings.OPENID_JWKS_URI)


@csrf_exempt  # the provider's server has no CSRF cookie; the token's signature says who sends
@require_POST
@cache_control(no_store=True)
def backchannel_logout(request: HttpRequest) -> HttpResponse:
    """In `urls.py`: `path("backchannel-logout", backchannel_logout)`."""
    try:
        end(tokens().verify(request.POST.get("logout_token", "")))
    except BadLogoutToken as problem:
        return JsonResponse({"error": "invalid_request", "error_description": str(problem)}, status=400)
    except KeysUnavailable:
        return HttpResponse(status=503)
    return HttpResponse(status=200)
