"""Fixtures of fronts: the providers of the lab, and a network without hosts."""

from tests.lab.conftest import network, provider, running_providers

__all__ = ["network", "provider", "running_providers"]
