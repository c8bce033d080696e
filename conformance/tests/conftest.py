"""These tests run real gateways, so the watch over the logs of the gateway's own tests is kept here as well."""

from __future__ import annotations

from tests.conftest import leak_watch, no_secret_in_any_log

__all__ = ["leak_watch", "no_secret_in_any_log"]
