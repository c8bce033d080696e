"""Reading logs as an attacker would who got hold of them."""

from __future__ import annotations

import logging
import re

import pytest


def whole_log(caplog: pytest.LogCaptureFixture) -> str:
    """Every record as a handler would write it, and its arguments as one that writes JSON would."""
    formatter = logging.Formatter("%(name)s %(message)s")
    return "\n".join(f"{formatter.format(record)} {record.__dict__!r}" for record in caplog.records)


# What a hint, a logout token, a sealed handle, a cookie or a secret of the tests looks like.
_SECRETS = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}|gAAAAA[\w-]{20,}|cookie-of-|a-client-secret|a-management-token|a-reading-token|what-every-process|an-admin-secret|an-admin-token|an-access-token|logout_token="
    # And what passes a front: what the lab's users and apps have, and all secrets of tests/front/scripted.py.
    r"|canary-|the-password-of-|the-secret-of-|endsession-browser=|code_verifier=|refresh_token="
)
# Loggers of the clients that the tests themselves use, which write the addresses that they ask for.
_CLIENTS = ("httpx", "httpcore", "urllib3", "werkzeug", "schemathesis", "hypothesis", "authlib", "uvicorn.receivers")


class LeakWatch(logging.Handler):
    """Reads every record of every logger at every level, and remembers those that hold what no log may hold."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.leaks: list[str] = []
        self.formatter = logging.Formatter("%(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a record as a handler would write it, traceback and all."""
        if not record.name.startswith(_CLIENTS) and (found := _SECRETS.search(self.format(record))):
            self.leaks.append(f"{record.name} at {record.levelname} wrote {found[0][:16]}...")
