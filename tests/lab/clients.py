"""The users and the apps that are registered at each provider of the lab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from joserfc.jwk import Key

from tests.kit.tokens import signing_key

Authentication = Literal["client_secret_basic", "none", "private_key_jwt"]


@dataclass(frozen=True)
class User:
    """Somebody who can sign in."""

    name: str
    password: str

    @property
    def email(self) -> str:
        """An address, for providers that want one."""
        return f"{self.name}@people.example"


@dataclass(frozen=True)
class Client:
    """An app as it is registered. It lives at a host of its own."""

    client_id: str
    authentication: Authentication = "client_secret_basic"
    secret: str = ""
    encrypted: bool = False
    """Whether its ID tokens are encrypted to its key."""

    @property
    def host(self) -> str:
        """The host name of the app."""
        return f"{self.client_id}.example"

    @property
    def redirect_uri(self) -> str:
        """Where responses to its authorization requests go."""
        return f"https://{self.host}/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        """Where the browser goes after a logout."""
        return f"https://{self.host}/signed-out"

    @property
    def backchannel_logout_uri(self) -> str:
        """Where a provider would send logout tokens, if it could reach the lab's hosts."""
        return f"https://{self.host}/backchannel"

    @property
    def key(self) -> Key:
        """Its private key, where it signs what it sends."""
        return signing_key("RS256" if self.encrypted else "ES256", self.client_id)

    @property
    def jwks(self) -> dict[str, Any]:
        """Its public key, as it is registered."""
        use = {"alg": "RSA-OAEP-256", "use": "enc"} if self.encrypted else {"alg": "ES256"}
        return {"keys": [{**self.key.as_dict(private=False), **use}]}


ALICE = User("alice", "the-password-of-alice-7")
BOB = User("bob", "the-password-of-bob-8")
USERS = (ALICE, BOB)
WEB = Client("web", secret="the-secret-of-web-of-forty-characters-ok")
SHOP = Client("shop", secret="the-secret-of-shop-of-forty-characters-k")
PHONE = Client("phone", "none")
BANK = Client("bank", "private_key_jwt")
VAULT = Client("vault", secret="the-secret-of-vault-of-forty-characters", encrypted=True)
"""Registered where a provider can encrypt."""
CLIENTS = (WEB, SHOP, PHONE, BANK)
