"""URLs of a provider with django-allauth, as its documentation has them."""

from django.urls import include, path

urlpatterns = [path("accounts/", include("allauth.urls")), path("", include("allauth.idp.urls"))]
