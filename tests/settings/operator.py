"""An operator at work: a settings file, an environment, a folder of secrets, and what the gateway says about them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from endsession.contract.document import load_document
from endsession.runtime.served import served_document
from endsession.settings import BadSettings, Settings, load

DOCUMENT = load_document()
GOOD = """
[server]
public_url = "https://login.example"
trusted_proxies = ["127.0.0.1"]

[issuers.acme]
issuer = "https://op.example/acme"
jwks_uri = "https://op.example/acme/jwks.json"
cookie = { name = "op_session" }

[issuers.acme.clients.web]
post_logout_redirect_uris = ["https://app.example/signed-out"]
"""


class Operator:
    """Writes settings in a folder of their own, and starts the gateway with them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.file, self._monkeypatch = folder, folder / "endsession.toml", monkeypatch
        for name in list(os.environ):
            if name.upper().startswith("ENDSESSION_"):
                monkeypatch.delenv(name)

    def write(self, text: str | bytes) -> None:
        """The settings file."""
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def export(self, **variables: str) -> None:
        """The environment; the prefix is put before each name."""
        for name, value in variables.items():
            self._monkeypatch.setenv(f"ENDSESSION_{name}", value)

    def keep_secret(self, files: Mapping[str, str]) -> Path:
        """The secrets folder, by the names of its files."""
        folder = self.folder / "secrets"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        self._monkeypatch.setenv("ENDSESSION_SECRETS_DIR", str(folder))
        return folder

    def start(self) -> Settings:
        """Read the settings as the gateway does."""
        file = self.file if self.file.exists() else None
        return load(file, partial(served_document, DOCUMENT))

    def told(self) -> str:
        """What the gateway says instead of starting."""
        with pytest.raises(BadSettings) as refusal:
            self.start()
        return str(refusal.value).replace(str(self.folder), "FOLDER")

    def told_once(self) -> tuple[str, str, str]:
        """The one problem: its head, what is wrong, and the fix."""
        head, message, fix = self.told().split("\n")
        assert message.startswith("    ")
        assert fix.startswith("    Fix: ")
        return head, message.strip(), fix.removeprefix("    Fix: ")


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """An operator with a good settings file and nothing in the environment."""
    one = Operator(tmp_path, monkeypatch)
    one.write(GOOD)
    return one
