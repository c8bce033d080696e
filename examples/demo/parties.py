"""Who takes part, and at which URLs. Everything else in the demo asks here."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

ISSUER_ID = "demo"
"""The name of the demo's issuer in the gateway's paths."""
CALLS_ID = "calls"
"""The name of the issuer without a front, for testing the contract."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody made up, with an account at the provider. `sub` is the user name there as well."""

    sub: str
    name: str
    password: str


USERS = (
    User("alice", "Alice Example", "wonderland-1865"),
    User("bob", "Bob Example", "builder-1998"),
)


@dataclass(frozen=True, slots=True)
class App:
    """An app, as it is registered at the provider and at the gateway. `url` has no slash at the end."""

    client_id: str
    name: str
    url: str
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends the browser with a code."""
        return f"{self.url}/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        """Where the gateway sends the browser after a logout."""
        return f"{self.url}/signed-out"

    @property
    def backchannel_logout_uri(self) -> str:
        """Where the gateway tells the app that a session has ended."""
        return f"{self.url}/backchannel"


@dataclass(frozen=True, slots=True)
class Parties:
    """The URLs of one run. `issuer` is the provider's identifier and, being one host, the gateway's URL."""

    issuer: str
    calendar: App
    mail: App
    management_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    """For the management operations of the gateway, which the demo's provider and apps do without."""

    @property
    def apps(self) -> tuple[App, App]:
        """Both apps."""
        return self.calendar, self.mail

    @property
    def calls(self) -> str:
        """The identifier of the issuer without a front."""
        return f"{self.issuer}/{CALLS_ID}"

    @property
    def gateway(self) -> str:
        """The gateway's URL for this issuer."""
        return f"{self.issuer}/{ISSUER_ID}"


def parties(port: int) -> Parties:
    """Everybody, on `port`."""
    return Parties(
        issuer=f"http://login.localhost:{port}",
        calendar=App("calendar", "Calendar", f"http://calendar.localhost:{port}"),
        mail=App("mail", "Mail", f"http://mail.localhost:{port}"),
    )
