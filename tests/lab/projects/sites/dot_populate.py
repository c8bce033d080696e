"""Put the users and apps that are given as JSON into a provider with django-oauth-toolkit."""

from __future__ import annotations

import json
import sys

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # models are there once Django is set up
from oauth2_provider.models import Application  # noqa: E402

given = json.load(sys.stdin)
for user in given["users"]:
    User.objects.create_user(user["name"], user["email"], user["password"])
for client in given["clients"]:
    Application.objects.create(
        client_id=client["client_id"],
        client_secret=client["secret"],
        name=client["client_id"],
        client_type=Application.CLIENT_CONFIDENTIAL if client["secret"] else Application.CLIENT_PUBLIC,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=client["redirect_uri"],
        post_logout_redirect_uris=client["post_logout_redirect_uri"],
        algorithm=Application.RS256_ALGORITHM,
    )
