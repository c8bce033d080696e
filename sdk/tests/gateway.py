"""Settings of a gateway to try the SDKs on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.kit.ports import free_port
from tests.kit.tokens import jwks

TOKEN = "the-management-token-of-the-sdks"
SETTINGS = (Path(__file__).parent / "settings.toml").read_text()


def configure(folder: Path, *, app_port: int = 9, vendors: tuple[str, ...] = ()) -> int:
    """Write the settings of a gateway into `folder`; returns its port."""
    port = free_port()
    values = {
        "APP_PORT": app_port,
        "PORT": port,
        "DIGEST": hashlib.sha256(TOKEN.encode()).hexdigest(),
        "VENDORS": json.dumps(vendors),
    }
    settings = SETTINGS
    for name, value in values.items():
        settings = settings.replace(name, str(value))
    (folder / "endsession.toml").write_text(settings)
    (folder / "jwks.json").write_text(json.dumps(jwks("RS256")))
    return port
