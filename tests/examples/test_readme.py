"""What the README tells an operator to do works when it is copied."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.kit.deployment import TOKEN
from tests.kit.ports import free_port
from tests.kit.serving import CHECKOUT, ROOT, serving

README = (ROOT / "README.md").read_text()
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md")]


@pytest.mark.sqlite_alone("the README's settings name no storage, so it is a file")
def test_its_settings_hold_together_and_serve(tmp_path: Path) -> None:
    """A key by its command, its smallest settings, a token of one's own: they serve, and a session is registered."""
    command = re.search(r"^endsession (keygen .*) > (\S+)", README, re.MULTILINE)
    settings = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert command
    assert settings
    key = subprocess.run([*CHECKOUT, *command[1].split()], cwd=ROOT, check=True, capture_output=True)
    (tmp_path / command[2]).write_bytes(key.stdout)
    port, digest = free_port(), hashlib.sha256(TOKEN.encode()).hexdigest()
    text = settings[1].replace("0" * 64, digest).replace("[server]", f"[server]\nport = {port}")
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
