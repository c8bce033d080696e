"""`endsession check` says which files and folders of secrets other users of the machine can use."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from endsession import settings as configuration
from endsession.runtime.modes import open_to_others
from tests.kit.deployment import deploy
from tests.kit.logout_tokens import write_keys
from tests.kit.tokens import jwks

pytestmark = pytest.mark.sqlite_alone("the files are SQLite's")


def found(folder: Path, **storage: str) -> list[tuple[str, str]]:
    """The files and folders that are warned of in `folder`, each with its fix."""
    issuer = {"issuer": "https://op.example", "jwks": jwks("RS256"), "signing_keys": ["RS256.jwk"]}
    settings = configuration.Settings.model_validate({"storage": storage, "issuers": {"acme": issuer}})
    return [(".".join(map(str, found.location)), found.fix) for found in open_to_others(settings, folder)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which a gateway has run, with a key of its own."""
    write_keys(tmp_path, "RS256")
    asyncio.run(run_once(tmp_path))
    return tmp_path


async def run_once(folder: Path) -> None:
    """Start a gateway and stop it."""
    async with deploy(folder, {"issuers": {"acme": {"signing_keys": ["RS256.jwk"]}}}):
        pass


def test_what_the_gateway_makes_is_for_its_owner_alone(folder: Path) -> None:
    """Nothing is warned of in a fresh deployment."""
    assert (folder / "endsession.db.secret").exists()
    assert found(folder) == []


@pytest.mark.parametrize(
    ("name", "mode", "setting", "fix"),
    [
        ("endsession.db", 0o644, "storage.url", "chmod 0600"),
        ("endsession.db", 0o640, "storage.url", "chmod 0600"),
        ("endsession.db-wal", 0o604, "storage.url", "chmod 0600"),
        ("endsession.db.secret", 0o440, "storage.sealing_secrets", "chmod 0400"),
        ("RS256.jwk", 0o644, "issuers.acme.signing_keys.0", "chmod 0600"),
        ("RS256.jwk", 0o660, "issuers.acme.signing_keys.0", "chmod 0600"),
    ],
)
def test_a_file_that_others_can_use(folder: Path, name: str, mode: int, setting: str, fix: str) -> None:
    """Also one that an earlier version made; the fix is a command."""
    (folder / name).touch()
    (folder / name).chmod(mode)
    assert found(folder) == [(setting, f"{fix} {folder / name}")]


def test_a_key_may_be_given_to_a_group(folder: Path) -> None:
    """That is how a file of root's reaches the user that the service runs as."""
    (folder / "RS256.jwk").chmod(0o640)
    assert found(folder) == []


@pytest.mark.parametrize(("mode", "warned"), [(0o777, True), (0o770, True), (0o1777, False), (0o755, False)])
def test_a_folder_in_which_others_can_replace_files(folder: Path, mode: int, warned: bool) -> None:
    """A file's own mode is no help there, unless the folder is sticky."""
    folder.chmod(mode)
    assert found(folder) == ([("storage.url", f"chmod go-w {folder}")] if warned else [])


def test_the_secrets_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files and itself."""
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    monkeypatch.setenv("ENDSESSION_SECRETS_DIR", str(secrets))
    (secrets / "ENDSESSION_STORAGE__URL").write_text("sqlite:///endsession.db")
    (secrets / "ENDSESSION_STORAGE__URL").chmod(0o600)
    assert found(folder) == []
    (secrets / "ENDSESSION_STORAGE__URL").chmod(0o644)
    secrets.chmod(0o777)
    fixes = [fix for _, fix in found(folder)]
    assert fixes == [f"chmod 0600 {secrets / 'ENDSESSION_STORAGE__URL'}", f"chmod go-w {secrets}"]
