"""The name of the Django app."""

from __future__ import annotations

from django.apps import AppConfig


class Receiver(AppConfig):
    """Its label is that of its tables."""

    name = "examples.receivers.django"
    label = "backchannel_logout"
    default_auto_field = "django.db.models.BigAutoField"
