"""Hosts: under a name that is not ours, browsers get nothing done; and no link is made from what a request says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.deployment import Deployment, cookie_of
from tests.kit.flow import AUTHPI, HTML, PING, PLAIN, both_methods
from tests.kit.raw import ask

OURS = ["login.example", "LOGIN.example", "login.example:443", "login.example.", "login.globex.example"]
STRANGE = [
    "evil.example",
    "login.example.evil.example",
    "login.example@evil.example",
    "login.example:x",
    "login.example/x",
    "login.example evil",
    " login.example",
    "xlogin.example",
    "[::1]",
    "127.0.0.1",
    "",
]


@pytest.mark.parametrize("path", [AUTHPI, PING, PLAIN, "/acme/logout/resume?handle=x", "/acme/logout/status/x"])
async def test_another_host_is_misdirected(shared: Deployment, path: str) -> None:
    """T19: under a name that is not ours nothing is done, for browsers; no answer repeats the name."""
    for host in STRANGE:
        answer = await ask(shared.app, "GET", path, host=host)
        assert answer.status == 421, host
    assert (await ask(shared.app, "GET", path, host=None)).status == 421
    for host in OURS:
        assert (await ask(shared.app, "GET", path, host=host)).status != 421


@both_methods
async def test_forwarded_hosts_mean_nothing(gateway: Deployment, method: str) -> None:
    """Links and issuers come from the configuration, whatever a proxy's headers say (T19)."""
    await gateway.register()
    headers = {"x-forwarded-host": "evil.example", "forwarded": "host=evil.example", "x-forwarded-proto": "http",
               "x-forwarded-prefix": "/evil", "x-original-url": "/evil"}  # fmt: skip
    where: dict[str, Any] = {"params" if method == "GET" else "data": {"client_id": "web"}}
    answer = await gateway.send(method, PLAIN, cookie=cookie_of(), accept=HTML, headers=headers, **where)
    assert answer.status_code == 200
    assert "evil" not in answer.text + str(answer.headers)
    assert 'action="https://login.example/acme/logout/confirm"' in answer.text


async def test_management_and_discovery_do_not_care_for_the_host(shared: Deployment) -> None:
    """They have a listener, or a load balancer's probe, that may go by an address."""
    for path in ("/healthz", "/readyz", "/acme/jwks.json", "/openapi.json"):
        assert (await ask(shared.app, "GET", path, host="10.0.0.1:8081")).status == 200
