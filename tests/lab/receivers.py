"""The apps of examples/receivers, run as processes of the lab's environment."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.ports import free_port
from tests.kit.serving import ROOT

from .faulty_logout_tokens import ISSUER
from .node import modules, node
from .process import clean_environment, lab_python, program, running

HOSTS = ROOT / "tests" / "lab" / "hosts"
FRAMEWORKS = ("fastapi", "flask", "django", "express")


@contextmanager
def running_receiver(framework: str, folder: Path, jwks_uri: str) -> Iterator[str]:
    """The app of that framework, which keeps its database in `folder`; yields its URL."""
    port = free_port()
    added = {"ISSUER": ISSUER, "JWKS_URI": jwks_uri, "FOLDER": str(folder), "PORT": str(port), "PYTHONPATH": str(ROOT)}
    with running(_command(framework, folder, port), port, folder, clean_environment(**added)):
        yield f"http://127.0.0.1:{port}"


def _command(framework: str, folder: Path, port: int) -> list[str]:
    application = f"tests.lab.hosts.{framework}_app:app"
    if framework == "express":
        for path in (*(ROOT / "examples" / "receivers" / "express").glob("*.mjs"), HOSTS / "express_app.mjs"):
            shutil.copy(path, folder)
        (folder / "node_modules").symlink_to(modules())
        return [node(folder), str(folder / "express_app.mjs")]
    if framework == "fastapi":
        return [lab_python(), "-m", "uvicorn", "--port", str(port), "--log-level", "warning", application]
    options = [f"--bind=127.0.0.1:{port}", "--threads=4", f"--worker-tmp-dir={folder}", "--no-control-socket"]
    return [program("gunicorn"), *options, application]
