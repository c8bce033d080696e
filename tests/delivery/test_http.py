"""The guarded HTTP client, against real receivers."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from endsession.delivery.http import AddressRefused, GuardedClient
from endsession.delivery.ssrf import LOOPBACK
from endsession.network.lookup import Lookups
from endsession.runtime.app import Ports
from endsession.settings import BadSettings
from tests.kit.apps import deploy_with_apps, sign_in
from tests.kit.deployment import TOKEN, deploy
from tests.kit.receivers import Receivers
from tests.kit.tokens import SECRET


@asynccontextmanager
async def client(**options: Any) -> AsyncIterator[GuardedClient]:
    """A client that may reach this machine."""
    lookups = Lookups()
    made = GuardedClient(**{"timeout": 2, "allowed": LOOPBACK, "resolve": lookups, **options})
    yield made
    await made.close()
    await lookups.close()


async def test_a_form_is_posted(apps: Receivers) -> None:
    """The body arrives as it is, and the status and headers come back."""
    async with client() as http:
        answer = await http.post_form(apps.url("a"), b"logout_token=x")
    assert answer.status == 200
    assert apps.bodies == [b"logout_token=x"]


async def test_a_private_address_is_refused_unless_allowed(apps: Receivers) -> None:
    """By number and by name; nothing arrives."""
    async with client(allowed=()) as http:
        for url in (apps.url("a"), apps.url("a").replace("127.0.0.1", "localhost")):
            with pytest.raises(AddressRefused, match="private or special"):
                await http.post_form(url, b"x")
    assert apps.bodies == []


async def test_an_answer_of_the_dns_that_changes_helps_nobody(apps: Receivers) -> None:
    """The name is resolved once per connection and the checked address is the one connected to (DNS rebinding)."""
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    async with client(allowed=(), timeout=0.3, resolve=rebinding) as http:
        with pytest.raises(OSError):
            await http.post_form(apps.url("a").replace("127.0.0.1", "rebind.example"), b"x")
        assert asked == ["rebind.example"]
        with pytest.raises(AddressRefused):
            await http.post_form(apps.url("a").replace("127.0.0.1", "rebind.example"), b"x")
    assert apps.bodies == []


async def test_of_several_addresses_only_allowed_ones_are_tried(apps: Receivers) -> None:
    """A name with a good and a bad address is reached by the good one."""

    async def two(host: str, port: int) -> Sequence[str]:
        return ["10.1.2.3", "127.0.0.1"]

    allowed = (ipaddress.ip_network("127.0.0.1/32"),)
    async with client(allowed=allowed, resolve=two) as http:
        answer = await http.post_form(apps.url("a").replace("127.0.0.1", "app.example"), b"x")
    assert answer.status == 200


async def test_an_app_that_never_answers_costs_one_time_out(apps: Receivers) -> None:
    """One time-out bounds the whole attempt."""
    apps.behaviour["a"] = lambda call: None
    async with client(timeout=0.3) as http:
        with pytest.raises(TimeoutError):
            await http.post_form(apps.url("a"), b"x")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "https://127.0.0.1:1/x", "ftp://127.0.0.1/x", "http://[::bad/x"]
)
async def test_every_other_failure_is_an_oserror(url: str) -> None:
    """Nothing listens, no such scheme, no such host: one kind of error."""
    async with client() as http:
        with pytest.raises(OSError):
            await http.post_form(url, b"x")


async def test_a_certificate_that_nobody_vouches_for_is_refused(apps: Receivers) -> None:
    """TLS is verified; a server that speaks none at all fails too."""
    async with client() as http:
        with pytest.raises(OSError):
            await http.post_form(apps.url("a").replace("http:", "https:"), b"x")
    assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED


async def test_the_ledger_says_that_an_address_was_refused(tmp_path: Path, apps: Receivers) -> None:
    """An operator sees why an app at a private address is not told, and which setting would allow it."""
    changes: dict[str, Any] = {"delivery": {"allow_networks": []}}

    async def here(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    ports = Ports(tmp_path, resolve=here)
    named = apps.url("a").replace("127.0.0.1", "app.example")
    async with deploy_with_apps(
        tmp_path, apps, "a", changes=changes, ports=ports, backchannel_logout_uri=named
    ) as gateway:
        await sign_in(gateway, "a")
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
        ((state, reason),) = await gateway.rows("SELECT state, reason FROM deliveries")
        assert state == "failed"
        assert "127.0.0.1 is a private or special address" in reason
        assert "delivery.allow_networks" in reason
    assert apps.bodies == []


async def test_rebinding_through_the_whole_gateway(tmp_path: Path, apps: Receivers) -> None:
    """The resolver says public first and loopback afterwards; the token reaches neither the one nor the other."""
    answers = iter([["192.0.2.1"], ["127.0.0.1"]] * 5)

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    ports = Ports(tmp_path, resolve=rebinding)
    changes: dict[str, Any] = {"delivery": {"allow_networks": []}}
    named = apps.url("a").replace("127.0.0.1", "rebind.example")
    async with deploy_with_apps(
        tmp_path, apps, "a", changes=changes, ports=ports, backchannel_logout_uri=named
    ) as gateway:
        await sign_in(gateway, "a")
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
        ((state,),) = await gateway.rows("SELECT state FROM deliveries")
        assert state == "failed"
    assert apps.bodies == []


async def test_what_an_app_answers_is_in_no_ledger(tmp_path: Path, apps: Receivers) -> None:
    """An app that sends the token back in place of HTTP gets it into no reason and no log (T23)."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"logout_token=")
        writer.write(await reader.readuntil(b".") + b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with deploy_with_apps(tmp_path, apps, "a", backchannel_logout_uri=url) as gateway:
            await sign_in(gateway, "a")
            await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
            assert await gateway.rows("SELECT reason FROM attempts") == [("no answer: RemoteProtocolError",)]
            assert await gateway.rows("SELECT reason FROM deliveries") == [("no answer: RemoteProtocolError",)]


async def test_what_delivery_refuses_cannot_be_registered(tmp_path: Path, apps: Receivers) -> None:
    """T13, T32: neither through the API nor in the settings; where the network is allowed, it can."""
    closed: dict[str, Any] = {"delivery": {"allow_networks": []}}
    with pytest.raises(BadSettings, match=r"clients\.a\.backchannel_logout_uri"):
        async with deploy_with_apps(tmp_path, apps, "a", changes=closed):
            pass
    signed = {"id_token_signed_response_alg": "HS256", "client_secret": SECRET}
    wanted = {"backchannel_logout_uri": apps.url("b"), **signed}
    for changes, status in ((closed, 400), ({"delivery": {"allow_networks": ["127.0.0.0/8"]}}, 201)):
        async with deploy(tmp_path, changes) as gateway:
            answer = await gateway.send("PUT", "/acme/clients?client_id=b", json=wanted, token=TOKEN)
            assert answer.status_code == status
