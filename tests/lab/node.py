"""node-oidc-provider, with everything in memory, and with login and consent pages as small as they can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .process import HINT, clean_environment, program
from .provider import FEATURES, LabProvider, Step, private_jwk

HERE = Path(__file__).parent


class Node(LabProvider):
    """No `sid` in ID tokens, unless its own back-channel logout is on; then there is one for each client."""

    backchannel_logout: bool = False

    name = "node"
    steps = (
        Step("sign-in", {"login": "{name}", "password": "{password}"}, "sign-in"),
        Step("agree", button="agree"),
        Step("confirm"),  # of a device
    )
    leave = (Step("logout", button="logout"),)
    paths = {
        "discovery": "/.well-known/openid-configuration",
        "jwks": "/jwks",
        "authorization": "/auth",
        "par": "/request",
        "token": "/token",
        "end_session": "/session/end",
        "userinfo": "/me",
        "introspection": "/token/introspection",
    }
    offline_scope = "openid offline_access"
    offline_parameters = {"prompt": "consent"}  # without it, the scope is ignored
    lacks = {}
    supports = FEATURES

    def prepare(self) -> None:
        """What the script reads."""
        if not (HERE / "node_modules" / "oidc-provider").exists():
            pytest.skip(f"oidc-provider is not installed: {HINT}")
        settings = {
            "issuer": self.issuer,
            "port": self.port,
            "key": private_jwk(self.folder),
            "backchannel_logout": self.backchannel_logout,
            **self.population(),
        }
        path = self.folder / "lab.json"
        path.touch(0o600)
        path.write_text(json.dumps(settings))

    def command(self) -> list[str]:
        """Node, with the script."""
        return [program("node"), str(HERE / "node_provider.mjs"), str(self.folder / "lab.json")]

    def environment(self) -> dict[str, str]:
        """Nothing of its own."""
        return clean_environment()
