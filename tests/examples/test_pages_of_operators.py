"""What `docs/login-side.md` and `docs/operations.md` tell people to type works when it is copied."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.kit.deployment import TOKEN
from tests.kit.ports import free_port
from tests.kit.programs import needs_program
from tests.kit.serving import CHECKOUT, ROOT, serving
from tests.kit.tokens import id_token, jwks

LOGIN_SIDE = (ROOT / "docs" / "login-side.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
BLOCKS = re.findall(r"(?ms)^```sh\n(.*?)^```", LOGIN_SIDE)
SETTINGS = f"""
[server]
port = PORT
public_url = "https://login.example"
trusted_proxies = ["127.0.0.1"]

[issuers.acme]
issuer = "https://login.example/acme"
jwks_file = "op.jwks"
cookie = {{ name = "op_session" }}

[issuers.acme.clients.web]
post_logout_redirect_uris = ["https://app.example/signed-out"]

[[management.tokens]]
name = "login-service"
sha256 = "{hashlib.sha256(TOKEN.encode()).hexdigest()}"
issuers = ["acme"]
scopes = ["sessions:write", "sessions:read"]
"""


def typed(block: str, port: int, **variables: str) -> dict[str, Any]:
    """What a block of the page prints, in a shell with these variables. Only the host is another."""
    assert "https://login.example" in block
    command = block.replace("https://login.example", f"http://127.0.0.1:{port}")
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "no_proxy": "*", **variables}
    done = subprocess.run(["sh", "-c", command], env=environment, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


@needs_program("curl", apt="curl", why="types the page's curl lines")
@pytest.mark.usefixtures("backend")
def test_the_login_sides_calls(tmp_path: Path) -> None:
    """A session begins, an app joins it, and it is looked up; a browser with that cookie is recognised."""
    port = free_port()
    (tmp_path / "op.jwks").write_text(json.dumps(jwks()))
    (tmp_path / "endsession.toml").write_text(SETTINGS.replace("PORT", str(port)))
    sid, cookie = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
    issue, begin, join, look = BLOCKS
    with serving(tmp_path, port):
        begun = typed(begin, port, SID=sid, TOKEN=TOKEN, COOKIE=cookie)
        assert (begun["sid"], begun["state"], begun["clients"]) == (sid, "live", [])
        assert typed(join, port, SID=sid, TOKEN=TOKEN)["clients"] == [{"client_id": "web"}]
        assert typed(look, port, SID=sid, TOKEN=TOKEN)["state"] == "live"
        headers = {"host": "login.example", "cookie": f"op_session={cookie}", "accept": "text/html"}
        page = httpx2.get(f"http://127.0.0.1:{port}/acme/end-session", headers=headers, trust_env=False)
        assert begun["user_label"] in page.text
        cookie = secrets.token_urlsafe(32)
        learnt = typed(issue, port, TOKEN=TOKEN, COOKIE=cookie, ID_TOKEN=id_token(sid="another"))
        assert (learnt["state"], learnt["clients"]) == ("live", [{"client_id": "web", "sid": "another"}])


@pytest.mark.parametrize(
    "line", re.findall(r"(?m)^\| `endsession ([^`]+)` \|", OPERATIONS), ids=lambda line: line.split()[0]
)
def test_the_commands_of_the_table(line: str) -> None:
    """Each exists and has the options that the table gives it."""
    command, *words = line.split()
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'conformance'}"}
    help_ = [*CHECKOUT, command, "--help"]
    told = subprocess.run(help_, env=environment, check=True, capture_output=True, text=True).stdout
    assert command in told
    for word in words:
        assert word in ("FILE", "URL") or word in told


def test_there_is_something_to_type() -> None:
    """Else nothing above could fail."""
    assert len(BLOCKS) == 4
    assert len(re.findall(r"(?m)^\| `endsession ", OPERATIONS)) >= 3
