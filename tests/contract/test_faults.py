"""Faults beneath: storage that is gone, and exceptions that nobody expected."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from endsession.protocol.errors import ServiceUnavailable
from endsession.runtime.app import Ports, open_store
from endsession.store.script import Script
from tests.kit.deployment import TOKEN, Deployment, cookie_of, deploy
from tests.kit.faults import FailingDatabase, StorageFaults, name_of
from tests.kit.flow import AUTHPI, HTML, JSON, PING, PLAIN, both_methods, log_out
from tests.kit.raw import ask
from tests.kit.tokens import id_token

T = TypeVar("T")
SIGNED_OUT = "https://app.example/signed-out"
OAUTH, PAGE = "application/json", "text/html; charset=utf-8"


@pytest.fixture
async def faulty(tmp_path: Path, backend: str) -> AsyncIterator[tuple[Deployment, StorageFaults]]:
    """A deployment whose storage can be taken away, with alice signed in."""
    faults = StorageFaults()
    async with deploy(tmp_path, ports=faults.ports) as deployment:
        await deployment.register()
        yield deployment, faults


@both_methods
@pytest.mark.parametrize(("path", "accept"), [(AUTHPI, JSON), (PING, HTML), (PLAIN, HTML), (PLAIN, JSON)])
async def test_storage_gone_is_a_503_that_ends_nothing(
    faulty: tuple[Deployment, StorageFaults], method: str, path: str, accept: str
) -> None:
    """T28: no redirect, `Retry-After`, and the same request works once storage is back."""
    gateway, faults = faulty
    request = {"id_token_hint": id_token(), "post_logout_redirect_uri": SIGNED_OUT}
    faults.fail()
    gone = await log_out(gateway, method, path, cookie=cookie_of(), accept=accept, **request)
    assert gone.status_code == 503
    assert int(gone.headers["retry-after"]) > 0
    assert "location" not in gone.headers
    assert "set-cookie" not in gone.headers
    assert "taken away" not in gone.text
    faults.repair()
    assert await gateway.state_of() == "live"
    back = await log_out(gateway, method, path, cookie=cookie_of(), accept=accept, **request)
    assert (back.status_code, back.headers["location"]) == (303, SIGNED_OUT)
    assert await gateway.state_of() == "ended"


class GoneAfterTheEnd(FailingDatabase):
    """Storage that goes away once a session has ended, before anything can be read of its apps."""

    async def read(self, script: Script[T], *, within: float | None = None) -> T:
        """See Database."""
        if name_of(script) == "told_apps":
            self.failure = lambda: ServiceUnavailable(detail="gone")
        try:
            return await super().read(script, within=within)
        finally:
            self.failure = None


@both_methods
@pytest.mark.parametrize("accept", [HTML, JSON])
@pytest.mark.usefixtures("backend")
async def test_a_503_never_says_that_nothing_has_ended(tmp_path: Path, method: str, accept: str) -> None:
    """Whether the session ended before storage went away is not known to the caller, and here it did (T28)."""
    ports = Ports(tmp_path, open_store=lambda url, base: GoneAfterTheEnd(open_store(url, base)))
    async with deploy(tmp_path, ports=ports) as gateway:
        await gateway.register()
        gone = await log_out(gateway, method, PLAIN, cookie=cookie_of(), accept=accept, id_token_hint=id_token())
        assert gone.status_code == 503
        assert int(gone.headers["retry-after"]) > 0
        for untrue in ("Nothing was changed", "nothing was changed", "not logged out", "ot ended"):
            assert untrue not in gone.text
        assert await gateway.rows("SELECT end_reason FROM sessions") == [("user",)]


async def test_storage_gone_is_a_503_for_management_and_readiness(faulty: tuple[Deployment, StorageFaults]) -> None:
    """A load balancer takes the node out; the process itself is healthy, and nothing needs a restart."""
    gateway, faults = faulty
    faults.fail()
    for method, path in (("GET", "/acme/sessions/s-alice"), ("DELETE", "/acme/sessions/s-alice"), ("GET", "/readyz")):
        answer = await ask(gateway.app, method, path, token=TOKEN)
        assert (answer.status, answer.header("content-type")) == (503, OAUTH)
        assert answer.header("retry-after")
    assert (await ask(gateway.app, "GET", "/healthz")).status == 200
    faults.repair()
    assert (await ask(gateway.app, "GET", "/readyz")).status == 200


@both_methods
@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [(AUTHPI, HTML, OAUTH), (PING, JSON, PAGE), (PLAIN, HTML, PAGE), (PLAIN, JSON, OAUTH)],
)
async def test_an_unexpected_exception_is_a_500_without_detail(
    faulty: tuple[Deployment, StorageFaults],
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    accept: str,
    media_type: str,
) -> None:
    """The caller learns nothing, the log everything, under the reference that the caller got."""
    gateway, faults = faulty
    request: dict[str, Any] = {"form" if method == "POST" else "query": f"id_token_hint={id_token()}"}
    query = request.pop("query", "")
    headers = [("cookie", cookie_of())]
    faults.fail(lambda: RuntimeError("a-detail-of-the-inside"))
    with caplog.at_level(logging.INFO, logger="endsession"):
        answer = await ask(gateway.app, method, f"{path}?{query}", accept=accept, headers=headers, **request)
    faults.repair()
    assert (answer.status, answer.header("content-type")) == (500, media_type)
    assert "a-detail-of-the-inside" not in answer.everything
    assert "RuntimeError" not in answer.everything
    assert "Traceback" not in answer.everything
    assert "location" not in dict(answer.headers)
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert "a-detail-of-the-inside" in caplog.text
    assert (answer.header("x-request-id") or "-") in record.getMessage()
    assert await gateway.state_of() == "live"
