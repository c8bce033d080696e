"""Fixtures for tests of settings."""

from .operator import operator

__all__ = ["operator"]
