"""An app on Django, in one file: its settings, its URLs and its pages, with Django's middleware against CSRF."""

from __future__ import annotations

import os
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

settings.configure(
    SECRET_KEY="a-key-of-the-lab-that-protects-nothing",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": Path(os.environ["FOLDER"]) / "app.db",
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
        }
    },
    INSTALLED_APPS=["django.contrib.sessions", "examples.receivers.django"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    OPENID_ISSUER=os.environ["ISSUER"],
    OPENID_CLIENT_ID="web",
    OPENID_JWKS_URI=os.environ["JWKS_URI"],
)
django.setup()
call_command("migrate", verbosity=0)

from examples.receivers.django.models import begin  # noqa: E402  # models are there once Django is set up
from examples.receivers.django.views import backchannel_logout  # noqa: E402
from examples.receivers.sessions import AlreadyEnded  # noqa: E402


def home(request: HttpRequest) -> HttpResponse:
    """Who is signed in."""
    sub = request.session.get("sub")
    return HttpResponse(sub or "", status=200 if sub else 401)


@csrf_exempt
def sign_in(request: HttpRequest) -> HttpResponse:
    """As if an ID token had come."""
    request.session["sub"] = request.POST["sub"]
    try:
        begin(request.session, request.POST["sub"], request.POST.get("sid"))
    except AlreadyEnded:
        return HttpResponse(status=409)
    return HttpResponse()


urlpatterns = [path("", home), path("sign-in", sign_in), path("backchannel-logout", backchannel_logout)]
app = get_wsgi_application()
