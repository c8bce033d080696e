"""A gateway over real HTTP, with everything that a run can use, and perhaps something broken about it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import anyio
import pytest
import uvicorn
from starlette.types import ASGIApp

from endsession import settings as configuration
from endsession.runtime.app import Ports, application, open_gateway
from endsession.runtime.served import served_document
from logout_conformance.cli import main
from tests.kit.deployment import CONFIGURATION, DOCUMENT, READER, TOKEN, merged, on_storage, with_secret
from tests.kit.tokens import signing_key

Break = Callable[[ASGIApp], ASGIApp]
ROOT = Path(__file__).resolve().parents[2]
FROM_CHECKOUT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'conformance'}"}
"""The environment of processes that find both packages in the checkout, whatever is installed."""
UP_WITHIN = 60


@contextmanager
def serving(
    folder: Path,
    break_it: Break | None = None,
    changes: Mapping[str, Any] | None = None,
    clock: Callable[[], float] = time.time,
) -> Iterator[str]:
    """Serve until the end of the block; yields its URL. Its public name is https://login.example."""
    (folder / "gateway.jwk").write_text(json.dumps(signing_key("RS256", "gateway").as_dict(private=True)))
    own_key = {"issuers": {"acme": {"signing_keys": ["gateway.jwk"]}}}
    configured = with_secret(merged(merged(CONFIGURATION, own_key), on_storage(folder, changes or {})))
    settings = configuration.Settings(**configured)
    server: uvicorn.Server | None = None
    up, failed = threading.Event(), []

    async def serve() -> None:
        nonlocal server
        problems: list[configuration.Problem] = []
        document = served_document(DOCUMENT, settings.server, folder, problems)
        assert not problems, problems
        async with open_gateway(settings, document, Ports(folder, clock)) as gateway:
            app = application(gateway, settings)
            app = break_it(app) if break_it else app
            config = uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off", server_header=False)
            server = uvicorn.Server(config)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(server.serve)
                while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
                    await anyio.sleep(0.005)
                up.set()

    def run() -> None:
        try:
            anyio.run(serve)
        except BaseException as error:  # what went wrong belongs to the test, not to the thread
            failed.append(error)
        finally:
            up.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert up.wait(UP_WITHIN)
        assert not failed, failed
        assert server is not None
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        if server is not None:
            server.should_exit = True
        thread.join(UP_WITHIN)
    assert not failed, failed


def all_options(folder: Path) -> list[str]:
    """The options that enable every check at the ordinary deployment. Writes the files that they name."""
    files = {
        "key": json.dumps(signing_key("RS256", "k1").as_dict(private=True)),
        "token-file": TOKEN,
        "other-token-file": READER,
    }
    options = ["--public-url", "https://login.example", "--issuer", "acme", "--iss", "https://login.example/acme"]
    options += ["--cookie", "op_session", "--other-issuer", "globex", "--rate", "1000"]
    for name, content in files.items():
        (folder / name).write_text(content)
        options += [f"--{name}", str(folder / name)]
    return options


class SkippingClock:
    """Real time, in which waiting takes none: for a run, and for the gateway that it tests."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def __call__(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._skipped

    def monotonic(self) -> float:
        """Seconds since some point in the past."""
        return time.monotonic() + self._skipped

    def sleep(self, seconds: float, /) -> None:
        """Be `seconds` later at once."""
        self._skipped += seconds


def run(*arguments: str, clock: SkippingClock) -> tuple[int, str, str]:
    """Run `logout-conformance` in this process. Returns its exit status, its report and its progress."""
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors), pytest.raises(SystemExit) as done:
        main(arguments, clock=clock)
    assert isinstance(done.value.code, int)
    return done.value.code, output.getvalue(), errors.getvalue()


def run_command(module: str, *arguments: str) -> tuple[int, str, str]:
    """Run `python -m module` as a process of its own, as a user does. Returns the same."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=FROM_CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
