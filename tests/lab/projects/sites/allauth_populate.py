"""Put the users and apps that are given as JSON into a provider with django-allauth."""

from __future__ import annotations

import json
import sys

import django

django.setup()

from allauth.idp.oidc.models import Client  # noqa: E402  # models are there once Django is set up
from django.contrib.auth.models import User  # noqa: E402

given = json.load(sys.stdin)
for user in given["users"]:
    User.objects.create_user(user["name"], user["email"], user["password"])
for app in given["clients"]:
    client = Client(id=app["client_id"], name=app["client_id"])
    client.type = Client.Type.CONFIDENTIAL if app["secret"] else Client.Type.PUBLIC
    client.set_secret(app["secret"])
    client.set_scopes(["openid"])
    client.set_redirect_uris([app["redirect_uri"]])
    client.set_post_logout_redirect_uris([app["post_logout_redirect_uri"]])
    client.set_response_types([Client.ResponseType.CODE, Client.ResponseType.CODE_ID_TOKEN])
    client.set_grant_types(
        [Client.GrantType.AUTHORIZATION_CODE, Client.GrantType.REFRESH_TOKEN, Client.GrantType.DEVICE_CODE]
    )
    client.save()
