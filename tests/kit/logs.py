"""Reading logs as an attacker would who got hold of them."""

from __future__ import annotations

import logging

import pytest


def whole_log(caplog: pytest.LogCaptureFixture) -> str:
    """Every record as a handler would write it, and its arguments as one that writes JSON would."""
    formatter = logging.Formatter("%(name)s %(message)s")
    return "\n".join(f"{formatter.format(record)} {record.__dict__!r}" for record in caplog.records)
