"""Django settings of a provider with django-allauth."""

from .common import *  # noqa: F403  # as Django's settings are extended
from .common import INSTALLED_APPS, MIDDLEWARE, PRIVATE_KEY

INSTALLED_APPS = [*INSTALLED_APPS, "allauth", "allauth.account", "allauth.idp.oidc"]
MIDDLEWARE = [*MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ROOT_URLCONF = "sites.allauth_urls"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False  # everybody in the lab comes from one machine
IDP_OIDC_PRIVATE_KEY = PRIVATE_KEY
IDP_OIDC_INTROSPECTION_ENABLED = True
IDP_OIDC_RATE_LIMITS = False
