"""The demo's provider: Canaille, a published one, as it is installed. It knows nothing of the gateway.

Its settings and its database are written for each demo: two users, and the two apps as any relying party is registered.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from jwcrypto.jwk import JWK

from .parties import USERS, App, Parties, User
from .tokens import ALG, SigningKey

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = Path(sys.prefix) / "demo" / "bin"
"""Where `make demo` installs what requirements-demo.in asks for."""

UP_WITHIN = 60.0
"""Seconds. Far more than it needs, for slow machines."""

_SETTINGS = """\
# The settings of the demo's provider, in the format of Canaille. Nothing here is about the gateway.
SECRET_KEY = "{secret}"
SERVER_NAME = "{host}"
PREFERRED_URL_SCHEME = "http"

[CANAILLE]
DATABASE = "sql"

[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{database}"

[CANAILLE_OIDC]
# The second one signs nothing here; Canaille asks for an RSA key as well.
ACTIVE_JWKS = [{key}, {rsa}]

[CANAILLE_HYPERCORN]
BIND = ["fd://{listening}"]
"""


@asynccontextmanager
async def running(folder: Path, everybody: Parties, key: SigningKey) -> AsyncIterator[str]:
    """Canaille as a process, until the end: its URL on this machine. It signs ID tokens with `key`.

    It is given a socket that listens already, so that no other program can take its port meanwhile.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        file = folder / "canaille.toml"
        file.touch(mode=0o600)
        file.write_text(_settings(folder, listening.fileno(), everybody, key))
        await asyncio.to_thread(_fill, folder, everybody)
        with (folder / "canaille.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "examples.demo.keeper", ENVIRONMENT / "canaille", "run",
                cwd=ROOT, env=_environment(folder), pass_fds=(listening.fileno(),), start_new_session=True,
                stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log,
            )  # fmt: skip
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=UP_WITHIN) as http:
            (await http.get(f"{url}/about", headers={"Host": _host(everybody)})).raise_for_status()
        yield url
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def _settings(folder: Path, listening: int, everybody: Parties, key: SigningKey) -> str:
    return _SETTINGS.format(
        secret=secrets.token_urlsafe(32),
        host=_host(everybody),
        database=(folder / "canaille.db").absolute(),
        key=_table(key.private),
        rsa=_table(JWK.generate(kty="RSA", size=2048, use="sig").export_private()),
        listening=listening,
    )


def _host(everybody: Parties) -> str:
    return everybody.issuer.removeprefix("http://")


def _environment(folder: Path) -> dict[str, str]:
    """Nothing for this program's Python, where its settings are, and that it may serve http (a switch of Authlib's)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    settings = str((folder / "canaille.toml").absolute())
    return {**kept, "CANAILLE_CONFIG": settings, "AUTHLIB_INSECURE_TRANSPORT": "1"}


def _fill(folder: Path, everybody: Parties) -> None:
    """Make its database, with the users and apps in it, by its own commands."""
    models = {"user": list(map(_user, USERS)), "client": list(map(_client, everybody.apps))}
    for word, given in (("install", ""), ("restore", json.dumps(models))):
        command = [str(ENVIRONMENT / "canaille"), word]
        done = subprocess.run(  # noqa: S603  # no words of others
            command, env=_environment(folder), input=given, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"canaille {word}: {done.stdout}{done.stderr}")


def _table(jwk: str) -> str:
    """A JWK as TOML writes it."""
    return "{ " + ", ".join(f"{name} = {json.dumps(value)}" for name, value in json.loads(jwk).items()) + " }"


def _user(user: User) -> dict[str, object]:
    return {
        "id": str(uuid.uuid4()),
        "user_name": user.sub,
        "formatted_name": user.name,
        "family_name": user.name.split()[-1],
        "emails": [f"{user.sub}@login.example"],
        "password": user.password,
    }


def _client(app: App) -> dict[str, object]:
    return {
        "id": app.client_id,
        "audience": [app.client_id],
        "client_id": app.client_id,
        "client_name": app.name,
        "client_uri": app.url,
        "client_secret": app.secret,
        "token_endpoint_auth_method": "client_secret_post",
        "redirect_uris": [app.redirect_uri],
        "post_logout_redirect_uris": [app.post_logout_redirect_uri],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "scope": ["openid", "profile"],
        "id_token_signed_response_alg": ALG,
    }
