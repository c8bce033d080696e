"""A built wheel runs from an empty folder: the document, the templates and the handlers are all in it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import httpx2
import pytest

from tests.kit.ports import free_port
from tests.kit.serving import ROOT, serving

SETTINGS = """
[server]
port = {port}
public_url = "http://localhost:{port}"
vendors = ["keycloak"]

[issuers.acme]
issuer = "http://localhost:{port}/acme"
default = true
jwks = {{ keys = [] }}
cookie = {{ name = "op_session", secure = false }}
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command, which has to succeed, and return what it printed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with nothing but the wheel; dependencies are borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"),
        *("install", "--quiet", "--no-index", "--no-deps", wheel),
        cwd=folder,
    )
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run(python, "-c", "import endsession; print(endsession.__file__)", cwd=folder)
    assert Path(where.strip()).is_relative_to(packages)
    return environment


@pytest.mark.usefixtures("backend")
def test_a_wheel_serves_pages_the_document_and_errors(installed: Path, tmp_path: Path) -> None:
    """`endsession serve` in a folder with a settings file and nothing else answers as it does from a checkout."""
    port = free_port()
    (tmp_path / "endsession.toml").write_text(SETTINGS.format(port=port))
    with serving(tmp_path, port, [str(installed / "bin" / "endsession")]) as gateway:
        for path in ("acme/end-session", "realms/acme/protocol/openid-connect/logout"):
            page = httpx2.get(f"{gateway}/{path}", headers={"Accept": "text/html"}, trust_env=False)
            assert (page.status_code, "No sign-in was found" in page.text) == (200, True)
        document = httpx2.get(f"{gateway}/openapi.json", trust_env=False)
        assert (document.status_code, "/idp/init_logout.openid" in document.json()["paths"]) == (200, True)
        error = httpx2.get(f"{gateway}/acme/logout", trust_env=False)
        assert (error.status_code, error.json()["error"]) == (400, "invalid_request")


DJANGO = {
    "settings.py": 'SECRET_KEY = "x"\nINSTALLED_APPS = ["handlers"]\nUSE_TZ = True\n',
    "handlers/__init__.py": "",
    "openapi.py": "",
}
"""A Django project with the commonest of names."""


@pytest.mark.sqlite_alone("it is about names of modules")
def test_a_project_with_modules_of_the_same_names_stands_beside_it(installed: Path, tmp_path: Path) -> None:
    """In the folder of a Django project with `settings` and `handlers` of its own, it and endsession both run."""
    for name, text in DJANGO.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    python, port = installed / "bin" / "python", free_port()
    (tmp_path / "endsession.toml").write_text(SETTINGS.format(port=port))
    assert "no issues" in run(python, "-m", "django", "check", "--settings=settings", "--pythonpath=.", cwd=tmp_path)
    with serving(tmp_path, port, [str(python), "-m", "endsession"]) as gateway:
        assert httpx2.get(f"{gateway}/healthz", trust_env=False).json() == {"status": "ok"}


def test_the_conformance_suite_is_not_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    """`endsession contract` is there without it, and says how to install it."""
    command = [str(installed / "bin" / "endsession"), "contract", "http://127.0.0.1:9"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "logout_conformance is not installed" in done.stderr


def test_a_wheel_holds_the_licence_and_no_tests(installed: Path) -> None:
    """What lands at the top of site-packages is one package; the licence is next to it."""
    (record,) = installed.glob("lib/python*/site-packages/endsession-*.dist-info/RECORD")
    names = {line.split(",")[0] for line in record.read_text().splitlines()}
    tops = {name.split("/")[0] for name in names if not name.startswith("..")}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"endsession"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
