"""Rate limits: whom they count, and what happens when the shared counter is unavailable."""

import secrets
import time
from pathlib import Path
from typing import Any

import pytest
from limits import parse

from endsession import limiter as limiter_module
from endsession.limiter import LOOK_AGAIN, Limiter, OwnCounter, network_of
from endsession.protocol.errors import RateLimited
from tests.kit import servers
from tests.kit.cost import lines_run
from tests.kit.deployment import cookie_of, deploy
from tests.kit.flow import PLAIN, both_methods, log_out
from tests.kit.ports import free_port
from tests.kit.tokens import id_token


def limiter(**changes: Any) -> Limiter:
    """A limiter that allows three requests an hour of one address."""
    return Limiter(**{"per_address": "3/hour", "per_client": "", "per_issuer": "", **changes})


async def use_up(one: Limiter, *others: Limiter, address: str = "192.0.2.1") -> int:
    """How many requests in turn the limiters take together before they refuse."""
    taken = 0
    while True:
        for each in (one, *others):
            try:
                await each.take_from_address(address)
            except RateLimited:
                return taken
            taken += 1


async def test_an_address_has_its_own_allowance() -> None:
    """Three are taken, the fourth is refused; another address is not affected."""
    one = limiter()
    assert await use_up(one) == 3
    assert await use_up(one, address="192.0.2.2") == 3
    with pytest.raises(RateLimited) as refusal:
        await one.take_from_address("192.0.2.1")
    assert 1 <= int(refusal.value.headers["Retry-After"]) <= 3601


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("unknown", ""),
        ("x" * 30_000, ""),
    ],
)
def test_an_ipv6_subscriber_is_one_client(address: str, network: str) -> None:
    """T20: addresses of one /64 count together, a mapped IPv4 address as what it is, and all else as one."""
    assert network_of(address) == network


async def test_nodes_share_their_counts(redis_server: str) -> None:
    """Two nodes with one Redis take three requests together, not three each."""
    nodes = [limiter(storage=redis_server) for _ in range(2)]
    nobody_else = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"  # the server may remember earlier runs
    assert await use_up(*nodes, address=nobody_else) == 3
    assert [node.fallbacks for node in nodes] == [0, 0]
    for node in nodes:
        await node.close()


async def test_without_the_shared_counter_each_node_counts_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    """Redis goes away: requests are still counted, per node, visibly; nothing fails."""
    with servers.redis() as url:
        one = limiter(storage=url)
        await one.take_from_address("192.0.2.9")
    assert await use_up(one) == 3
    assert one.fallbacks == 4
    assert "shared rate-limit storage unavailable" in caplog.text
    await one.close()


async def test_the_shared_counter_is_used_again_once_it_is_back() -> None:
    """It is left alone for ten seconds after a failure, and then tried; nodes share their counts again."""
    port, now = free_port(), time.monotonic()
    node = limiter(storage=f"redis://127.0.0.1:{port}", clock=lambda: now)
    await node.take_from_address("192.0.2.9")
    assert node.fallbacks == 1
    with servers.redis(port) as url:
        now += LOOK_AGAIN - 0.1
        await node.take_from_address("192.0.2.9")
        assert node.fallbacks == 2
        now += 0.1
        other = limiter(storage=url)
        assert await use_up(node, other) == 3
        assert [node.fallbacks, other.fallbacks] == [2, 0]
        assert 1 < LOOK_AGAIN < 60
        await other.close()
        await node.close()


@both_methods
@pytest.mark.usefixtures("backend")
async def test_an_issuer_has_an_allowance(tmp_path: Path, method: str) -> None:
    """No matter who asks, and for what: the third logout request at the issuer is refused, and none at another."""
    async with deploy(tmp_path, {"limits": {"logout_per_issuer": "2/minute"}}) as gateway:
        await gateway.register()
        answers = [await log_out(gateway, method, PLAIN, client_id=name) for name in ("web", "other", "hmac")]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        refused = await log_out(gateway, method, PLAIN, id_token_hint=id_token(), cookie=cookie_of())
        assert refused.status_code == 429
        assert await gateway.state_of() == "live"
        assert (await log_out(gateway, method, "/globex/end-session")).status_code == 200


@pytest.mark.usefixtures("backend")
async def test_a_proxy_is_believed_by_its_network(tmp_path: Path) -> None:
    """`trusted_proxies` takes a network by any of its addresses; what an untrusted client says of itself is nothing."""
    changes = {"limits": {"logout_per_address": "1/minute"}, "server": {"trusted_proxies": ["192.0.2.9/24"]}}
    async with deploy(tmp_path, changes) as gateway:

        async def status(forwarded: str) -> int:
            answer = await gateway.get(PLAIN, headers={"x-forwarded-for": forwarded})
            return answer.status_code

        assert [await status(item) for item in ("198.51.100.1", "198.51.100.2")] == [200, 200]
        assert [await status(f"{n}, 198.51.100.3") for n in ("203.0.113.1", "203.0.113.2")] == [200, 429]


def test_a_window_ends() -> None:
    """Two in ten seconds: the third waits for the rest of them, and then there are two again."""
    counter, rate = OwnCounter(), parse("2/10 seconds")
    waits = [counter.count(rate, ("address", "a"), now) for now in (0, 1, 3, 9.5, 10, 11, 12)]
    assert waits == [0, 0, 7, 0.5, 0, 0, 8]
    assert counter.count(rate, ("address", "b"), 3) == 0


def test_windows_that_are_over_are_forgotten() -> None:
    """However many addresses come, only those of the last window or so are remembered."""
    counter, rate = OwnCounter(), parse("2/10 seconds")
    for number in range(5000):
        counter.count(rate, ("address", str(number)), number / 100)
    assert len(counter) <= 1001
    for number in range(5000):
        counter.count(rate, ("address", "the same"), 100 + number)
    assert len(counter) == 1


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one window as well: very many addresses fill no memory."""
    monkeypatch.setattr(limiter_module, "MOST", 100)
    counter, rate = OwnCounter(), parse("2/10 seconds")
    for number in range(1000):
        counter.count(rate, ("address", str(number)), 1)
    assert len(counter) == 100
    assert limiter_module.MOST < 1_000_000


def test_many_addresses_cost_nobody_time() -> None:
    """Counting costs the same with twenty thousand addresses as with one: no request looks through them all."""
    counter, rate = OwnCounter(), parse("2/10 seconds")
    counter.count(rate, ("address", "first"), 0)
    few = lines_run(lambda: counter.count(rate, ("address", "second"), 1))
    for number in range(20_000):
        counter.count(rate, ("address", str(number)), 2)
    assert lines_run(lambda: counter.count(rate, ("address", "last"), 3)) == few
