"""Who did it: what a management token did, or was refused, is in the audit and the log, with its name and address."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from endsession.management.refusals import AT_MOST
from tests.kit.apps import deploy_with_apps, sign_in
from tests.kit.deployment import READER, TOKEN, Deployment, cookie_of, deploy
from tests.kit.flow import HTML, PLAIN
from tests.kit.raw import ask
from tests.kit.receivers import Receivers, receivers
from tests.kit.tokens import id_token
from tests.kit.waiting import eventually

Row = tuple[Any, ...]
DIGEST = "ab" * 32


async def audit(gateway: Deployment, event: str) -> list[Row]:
    """(issuer, sid, sub, client, reason, actor, address) of each entry of that kind."""
    sql = "SELECT issuer_id, sid, sub, client_id, reason, actor, address FROM audit WHERE event = :event ORDER BY id"
    return await gateway.rows(sql, event=event)


async def entries(gateway: Deployment, event: str, count: int) -> list[Row]:
    """As many of them as have to come, since nobody waits for a refusal to be written."""
    return await eventually(lambda: audit(gateway, event), lambda found: len(found) == count)


def access_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines of the access log."""
    return [record.getMessage() for record in caplog.records if record.name == "endsession.access"]


@pytest.fixture
def apps() -> Iterator[Receivers]:
    """Apps that take logout tokens."""
    with receivers() as running:
        yield running


BY = ("login-service", "192.0.2.7")


async def test_registrations_leave_a_trace(tmp_path: Path, storage_url: str) -> None:
    """Who registered, replaced and removed a client; what was refused or changed nothing leaves none."""
    async with deploy(tmp_path, {"storage": {"url": storage_url}}) as gateway:
        where: dict[str, Any] = {"params": {"client_id": "new"}, "token": TOKEN}
        await gateway.send("PUT", "/acme/clients", json={}, **where)
        await gateway.send("PUT", "/acme/clients", json={"client_name": "New"}, **where)
        await gateway.send("PUT", "/acme/clients", json={"client_uri": "javascript:alert(1)"}, **where)
        await gateway.send("DELETE", "/acme/clients", **where)
        await gateway.send("DELETE", "/acme/clients", **where)
        for event in ("client_registered", "client_replaced", "client_removed"):
            assert await audit(gateway, event) == [("acme", "", "", "new", "", *BY)]


async def test_changed_cookies_leave_a_trace(tmp_path: Path, storage_url: str) -> None:
    """They decide which session a browser's logout ends; the same ones again, and the first ones, are no change."""
    async with deploy(tmp_path, {"storage": {"url": storage_url}}) as gateway:
        for cookies in ([DIGEST], [DIGEST], ["cd" * 32], ["cd" * 32, DIGEST]):
            assert (await gateway.register(cookie_sha256=cookies)).status_code in (200, 201)
        await gateway.register("s-thief", sub="mallory", cookie_sha256=[DIGEST])
        assert await audit(gateway, "cookies_changed") == [
            ("acme", "s-alice", "alice", "", "1 added, 1 removed", *BY),
            ("acme", "s-alice", "alice", "", "1 added, 0 removed", *BY),
            ("acme", "s-alice", "alice", "", "1 moved to another session", *BY),
        ]


async def test_a_redelivery_leaves_a_trace(tmp_path: Path, apps: Receivers, storage_url: str) -> None:
    """Who had an app told again, and in which state that was; an ending by a token has its address, too."""
    async with deploy_with_apps(tmp_path, apps, "a", changes={"storage": {"url": storage_url}}) as gateway:
        await sign_in(gateway, "a")
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
        ((delivery,),) = await gateway.rows("SELECT id FROM deliveries")
        response = await gateway.send("POST", f"/acme/deliveries/{delivery}/redeliver", token=TOKEN)
        assert response.status_code == 200
        assert await audit(gateway, "redelivery") == [
            ("acme", "s-alice", "alice", "a", f"{delivery} was delivered", *BY)
        ]
        assert await audit(gateway, "session_ended") == [("acme", "s-alice", "alice", "", "admin", *BY)]


async def test_an_ending_by_a_user_has_no_address(gateway: Deployment) -> None:
    """Where users are is not for the audit to keep for a year."""
    await gateway.register()
    await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=cookie_of(), accept=HTML)
    assert await audit(gateway, "session_ended") == [("acme", "s-alice", "alice", "", "user", "web", "")]


async def test_refused_tokens_leave_a_trace(tmp_path: Path, storage_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """One of nobody, one without the scope, one at an issuer out of its reach; in the audit and in the log."""
    async with deploy(tmp_path, {"storage": {"url": storage_url}}) as gateway:
        with caplog.at_level(logging.INFO):
            for _ in range(3):
                await gateway.send("GET", "/acme/sessions", token="a-token-that-is-wrong")
            await gateway.send("GET", "/acme/deliveries", token=READER)
            await gateway.send("GET", "/globex/deliveries", token=TOKEN)
            await gateway.send("GET", "/made-up/deliveries", token=TOKEN)
            found = await entries(gateway, "token_refused", 4)
        assert set(found) == {
            ("acme", "", "", "", "unknown token", "", "192.0.2.7"),
            ("acme", "", "", "", "it lacks the scope deliveries:read", "reader", "192.0.2.7"),
            ("globex", "", "", "", "the issuer is out of its reach", *BY),
            ("", "", "", "", "the issuer is out of its reach", *BY),
        }
    refused = [record.getMessage() for record in caplog.records if record.name == "endsession.management.refusals"]
    assert len(refused) == 4
    assert "management token refused: unknown token (token 'unknown', address 192.0.2.7)" in refused
    assert sum("unknown bearer token" in line for line in access_lines(caplog)) == 3
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("endsession")]
    assert not any("a-token-that-is-wrong" in line or "made-up" in line for line in ours)


async def test_no_token_at_all_is_no_refused_one(gateway: Deployment) -> None:
    """Scanners and probes come without; and a token that is good leaves nothing either."""
    await gateway.send("GET", "/acme/sessions")
    await gateway.send("GET", "/acme/sessions", token=TOKEN)
    await gateway.gateway.management.refusals.stop()
    assert await audit(gateway, "token_refused") == []


async def test_strangers_cannot_fill_the_audit(gateway: Deployment) -> None:
    """One row a minute for an address, a hundred in all; after that minute there are new ones."""
    for number in range(AT_MOST + 30):
        headers = [("authorization", f"Bearer wrong-{number}")]
        await ask(gateway.app, "GET", "/acme/sessions", headers=headers)
        gateway.gateway.management.refusals.note("acme", "unknown token", actor="", address=f"198.51.100.{number}")
    await gateway.gateway.management.refusals.stop()
    assert len(await audit(gateway, "token_refused")) == AT_MOST
    gateway.clock.advance(61)
    await ask(gateway.app, "GET", "/acme/sessions", headers=[("authorization", "Bearer wrong")])
    await gateway.gateway.management.refusals.stop()
    assert len(await audit(gateway, "token_refused")) == AT_MOST + 1


@pytest.mark.usefixtures("backend")
async def test_each_line_of_the_log_has_the_caller_and_the_client(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The name of the management token, the registered client, and the address; never a name that was made up."""
    name = 'an app" caller=root'
    async with deploy(tmp_path, {"issuers": {"acme": {"clients": {name: {}}}}}) as gateway:
        with caplog.at_level(logging.INFO, logger="endsession.access"):
            await gateway.register()
            await gateway.get(PLAIN, {"client_id": "web"}, cookie=cookie_of(), accept=HTML)
            await gateway.get(PLAIN, {"client_id": "made-up"}, cookie=cookie_of(), accept=HTML)
            await gateway.get(PLAIN, {"id_token_hint": id_token(aud=name)}, accept=HTML)
            await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=cookie_of(), accept=HTML)
            await gateway.get("/healthz")
    lines = access_lines(caplog)
    assert [re.sub(r".*(address=)", r"\1", line) for line in lines] == [
        "address=192.0.2.7 caller=login-service client=-",
        "address=192.0.2.7 caller=- client=web",
        "address=192.0.2.7 caller=- client=-",
        'address=192.0.2.7 caller=- client="an app\\" caller=root"',
        "address=192.0.2.7 caller=- client=web",
        "address=192.0.2.7 caller=- client=-",
    ]
    assert not any("made-up" in line for line in lines)
