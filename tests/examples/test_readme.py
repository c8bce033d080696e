"""What the README tells an operator to do works when it is copied."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import ClassVar

import httpx2
import pytest

from tests.kit.deployment import TOKEN
from tests.kit.ports import free_port
from tests.kit.serving import CHECKOUT, ROOT, serving
from tests.kit.threaded import Handler, threaded

README = (ROOT / "README.md").read_text()
FRONT = (ROOT / "docs" / "front.md").read_text()
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")]


def blocks(page: str) -> list[str]:
    """The settings that a page shows."""
    return re.findall(r"```toml\n(.*?)```", page, re.DOTALL)


@pytest.mark.sqlite_alone("the pages' settings name no storage, so it is a file")
@pytest.mark.parametrize("page", [README, FRONT], ids=["README", "docs/front.md"])
def test_the_settings_of_a_front_serve_a_provider(page: str, tmp_path: Path) -> None:
    """The first settings of either page stand before a provider: its metadata has our logout, and its keys ours."""
    port = free_port()
    with threaded(Publisher) as upstream:
        text = blocks(page)[0].replace("127.0.0.1:9000", f"127.0.0.1:{upstream}").replace("port = 8080\n", "")
        (tmp_path / "endsession.toml").write_text(text.replace("[server]", f"[server]\nport = {port}"))
        with serving(tmp_path, port), httpx2.Client(headers={"host": "login.example"}, trust_env=False) as http:
            gateway = f"http://127.0.0.1:{port}"
            shown = http.get(f"{gateway}/.well-known/openid-configuration").json()
            assert shown["end_session_endpoint"] == "https://login.example/acme/end-session"
            assert shown["token_endpoint"] == Publisher.metadata["token_endpoint"]
            keys = http.get(f"{gateway}/keys").json()["keys"]
            assert {key["alg"] for key in keys} == {"RS256", "ES256"}


class Publisher(Handler):
    """A provider, as far as it publishes metadata and keys."""

    metadata: ClassVar = {
        "issuer": "https://login.example",
        "authorization_endpoint": "https://login.example/authorize",
        "token_endpoint": "https://login.example/token",
        "jwks_uri": "https://login.example/keys",
    }

    def do_GET(self) -> None:
        """Its keys, or its metadata."""
        body = json.dumps({"keys": []} if self.path == "/keys" else self.metadata).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.mark.sqlite_alone("the README's settings name no storage, so it is a file")
def test_its_settings_hold_together_and_serve(tmp_path: Path) -> None:
    """A key by its command, the settings for calls, a token of one's own: they serve, and a session is registered."""
    command = re.search(r"^endsession (keygen .*) > (\S+)", README, re.MULTILINE)
    (settings,) = (block for block in blocks(README) if "signing_keys" in block)
    assert command
    key = subprocess.run([*CHECKOUT, *command[1].split()], cwd=ROOT, check=True, capture_output=True)
    (tmp_path / command[2]).write_bytes(key.stdout)
    port, digest = free_port(), hashlib.sha256(TOKEN.encode()).hexdigest()
    text = settings.replace("0" * 64, digest).replace("[server]", f"[server]\nport = {port}")
    (tmp_path / "endsession.toml").write_text(text)
    with serving(tmp_path, port):
        session = f"http://127.0.0.1:{port}/acme/sessions/s1"
        headers = {"authorization": f"Bearer {TOKEN}", "host": "login.example"}
        with httpx2.Client(headers=headers, trust_env=False) as http:
            said = {"sub": "alice", "clients": [{"client_id": "web"}]}
            assert http.put(session, json=said).status_code == 201
            assert http.get(session).json()["state"] == "live"


def test_the_files_that_it_names_are_there() -> None:
    """Every link into the repository leads somewhere, here and on every other page."""
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_the_commands_of_make_are_there() -> None:
    """`make` alone lists every command that the pages speak of."""
    listed = subprocess.run(["make", "-s", "-C", ROOT], check=True, capture_output=True, text=True).stdout
    command = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
    named = {word for page in PAGES for word in command.findall(page.read_text())}
    assert named
    assert {word for word in named if f"make {word} " not in listed} == set()
