"""Names that nobody answers for, and those that have to be looked up all the same (T14)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from endsession.network import lookup
from endsession.network.lookup import KEPT, KEPT_FAILURE, NAMES, PLACES, SLOW_PLACES, THREADS, Lookups
from tests.kit.waiting import eventually


class Dns:
    """A resolver that blocks, as the system's does: names that begin with `dead` are held until they are let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.held = 0
        self._let_go = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, host: str) -> Sequence[str]:
        """The addresses of a name."""
        with self._lock:
            self.asked.append(host)
            self.held += host.startswith("dead")
        if host.startswith("dead"):
            self._let_go.wait(60)
        if host.startswith(("dead", "unknown")):
            raise OSError(-2, "Name or service not known")
        return ["192.0.2.1"]

    def let_go(self) -> None:
        """Answer everything that is held."""
        self._let_go.set()


@pytest.fixture
async def dns() -> AsyncIterator[Dns]:
    """A resolver, which holds nothing any more in the end."""
    made = Dns()
    yield made
    made.let_go()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A twentieth of a second is long, and nobody waits for more than one."""
    monkeypatch.setattr(lookup, "QUICK", 0.05)
    monkeypatch.setattr(lookup, "WITHIN", 1.0)


async def idle(lookups: Lookups) -> None:
    """Return once nothing is being looked up."""

    async def running() -> int:
        return lookups._running

    await eventually(running, lambda count: count == 0)


async def test_dead_names_delay_no_other(dns: Dns) -> None:
    """With more dead names than there are places, time after time, an honest app's name is looked up at once."""
    lookups = Lookups(dns)
    for _ in range(2):
        dead = [asyncio.create_task(lookups(f"dead{number}.example", 443)) for number in range(2 * PLACES)]
        assert await asyncio.gather(*dead, return_exceptions=True)
        assert await lookups("app.example", 443) == ["192.0.2.1"]
    assert all("was not looked up within" in str(task.exception()) for task in dead)
    await lookups.close()


async def test_a_dead_name_is_looked_up_once_at_a_time(dns: Dns, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is asked for: it holds one thread."""
    monkeypatch.setattr(lookup, "WITHIN", 0.1)
    lookups = Lookups(dns)
    for _ in range(5):
        await asyncio.gather(*(lookups("dead.example", 443) for _ in range(20)), return_exceptions=True)
    assert dns.asked == ["dead.example"]
    await lookups.close()


async def test_names_that_were_slow_share_a_few_places(dns: Dns) -> None:
    """The second time they cannot fill all places, not even for a moment."""
    now = 0.0
    lookups = Lookups(dns, clock=lambda: now)
    names = [f"dead{number}.example" for number in range(PLACES)]
    await asyncio.gather(*(lookups(name, 443) for name in names), return_exceptions=True)
    dns.let_go()
    await idle(lookups)
    now += KEPT_FAILURE
    dns._let_go.clear()
    before = dns.held
    await asyncio.gather(*(lookups(name, 443) for name in names), return_exceptions=True)
    assert dns.held - before == SLOW_PLACES
    await lookups.close()


async def test_threads_are_bounded(dns: Dns) -> None:
    """More than a hundred names that nobody answers for: the next ones fail at once, and none waits for them."""
    lookups = Lookups(dns)
    names = [f"dead{number}.example" for number in range(THREADS + 20)]
    while dns.held < THREADS:
        await asyncio.gather(*(lookups(name, 443) for name in names), return_exceptions=True)
    with pytest.raises(OSError, match="too many names"):
        await lookups("app.example", 443)
    assert dns.held == THREADS
    dns.let_go()
    await idle(lookups)
    assert await lookups("app.example", 443) == ["192.0.2.1"]
    await lookups.close()


async def test_an_answer_is_remembered_for_seconds(dns: Dns) -> None:
    """Addresses, and that there are none; in whatever case the name is written. Afterwards it is asked for again."""
    now = 0.0
    lookups = Lookups(dns, clock=lambda: now)
    for again in (1, 2):
        for name in ("app.example", "APP.example", "app.example."):
            assert await lookups(name, 443) == ["192.0.2.1"]
        for _ in range(3):
            with pytest.raises(OSError, match="Name or service not known"):
                await lookups("unknown.example", 443)
        assert dns.asked == ["app.example", "unknown.example"] * again
        now += max(KEPT, KEPT_FAILURE)
    assert KEPT <= 60
    await lookups.close()


async def test_few_names_are_remembered(dns: Dns) -> None:
    """What was not asked for longest is forgotten."""
    lookups = Lookups(dns)
    for number in range(NAMES + 50):
        await lookups(f"app{number}.example", 443)
    assert len(lookups._names) <= NAMES + 1
    await lookups.close()


async def test_what_comes_late_is_there_for_the_next_attempt(dns: Dns) -> None:
    """A look-up is not given up with the attempt that asked for it."""
    lookups = Lookups(dns)
    with pytest.raises(OSError, match="was not looked up within"):
        await lookups("dead.example", 443)
    dns.let_go()
    with pytest.raises(OSError, match="Name or service not known"):
        await lookups("dead.example", 443)
    assert dns.asked == ["dead.example"]
    await lookups.close()


async def test_the_systems_resolver_knows_this_machine() -> None:
    """Without a resolver of a test."""
    lookups = Lookups()
    for here in ("localhost", "app.localhost", "App.LOCALHOST."):
        assert {"127.0.0.1", "::1"} & set(await lookups(here, 80))
    for wrong in ("a..b", "x" * 70 + ".example", "no.such.name.invalid"):
        with pytest.raises(OSError):
            await lookups(wrong, 80)
    await lookups.close()


async def test_the_process_does_not_wait_for_a_look_up(dns: Dns) -> None:
    """Closing takes no time, whatever is under way."""
    lookups = Lookups(dns)
    with pytest.raises(OSError):
        await lookups("dead.example", 443)
    began = time.monotonic()
    await lookups.close()
    assert time.monotonic() - began < 30
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "look-up")
