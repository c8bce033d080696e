"""URLs of a provider with django-oauth-toolkit that reports its sign-ins."""

from django.urls import path

from examples.login_side.django_oauth_toolkit import ReportingAuthorizationView

from .dot_urls import urlpatterns as published

urlpatterns = [path("o/authorize/", ReportingAuthorizationView.as_view()), *published]
