"""Django settings of a provider with django-oauth-toolkit."""

import os

from .common import *  # noqa: F403  # as Django's settings are extended
from .common import INSTALLED_APPS, PRIVATE_KEY

INSTALLED_APPS = [*INSTALLED_APPS, "oauth2_provider"]
ROOT_URLCONF = os.environ.get("LAB_URLS", "sites.dot_urls")
ENDSESSION = {"gateway": os.environ.get("LAB_GATEWAY"), "token": os.environ.get("LAB_TOKEN")}
LOGIN_URL = "/accounts/login/"
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": PRIVATE_KEY,
    "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
    "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,
    "PKCE_REQUIRED": False,  # so that an app without it can be tried
    "SCOPES": {"openid": "Sign you in", "offline_access": "Keep you signed in"},
}
