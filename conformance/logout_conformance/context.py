"""What a check works with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from .check import CheckFailed
from .endpoint import Endpoint
from .exchange import Exchange
from .fixtures import Fixtures, Session
from .options import Options
from .redaction import Redaction
from .target import Operation, Target
from .transport import Transport


@dataclass(frozen=True)
class Context:
    """The deployment, the options, and the ways to talk to it."""

    options: Options
    target: Target
    http: Transport
    fixtures: Fixtures
    redaction: Redaction
    endpoints: list[Endpoint]

    def path(self, operation: Operation, **values: str) -> str:
        """The URL path of an operation. Parameters without a value get a well-formed one that names nothing real."""
        extension = self.target.document.endpoints.get(operation.path)
        issuer = values.pop("issuer_id", None) or self.options.issuer or "contract-nobody"
        path = extension.url_path(issuer) if extension else operation.path.replace("{issuer_id}", issuer)
        defaults = {"sid": "contract-nobody", "handle": "contract-no-handle", "delivery_id": "0c"}
        for name, value in {**defaults, **values}.items():
            path = path.replace(f"{{{name}}}", value)
        return path

    def token_for(self, operation: Operation) -> str:
        """The bearer token, if an operation takes one."""
        return (self.options.token or "") if operation.secured else ""

    def unique(self, what: str) -> str:
        """A value that occurs nowhere else, so that it is recognised in a response."""
        return f"contract-{what}-{secrets.token_hex(8)}"

    def expect_live(self, session: Session, exchange: Exchange) -> None:
        """Raises CheckFailed, naming `exchange`, unless the session is live."""
        self._expect_state(session, "live", exchange)

    def expect_ended(self, session: Session, exchange: Exchange) -> None:
        """Raises CheckFailed, naming `exchange`, unless the session has ended."""
        self._expect_state(session, "ended", exchange)

    def _expect_state(self, session: Session, expected: str, exchange: Exchange) -> None:
        state = self.fixtures.state(session)
        if state != expected:
            raise CheckFailed(f"the session is {state} after {exchange.status}", exchange)
