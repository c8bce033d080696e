"""The storage conformance suite: endings with more apps than a transaction takes. Every test runs on every backend."""

import json
from collections.abc import Sequence
from dataclasses import replace

from endsession.store.audit import Trace
from endsession.store.clients import store_client
from endsession.store.deliveries import Recipient, deliveries_of_session
from endsession.store.ending import Ended, end_session
from endsession.store.fan_out import SLICE, Candidate, Choose, unfinished, write_next_slice
from endsession.store.lanes import lease_lanes
from endsession.store.script import Database, Script, Statement
from endsession.store.sessions import Participant, Registration

from .test_sessions import NOW, ending, everybody, registering

BY = Trace("ops", "", NOW)

APPS = [f"app{number:05}" for number in range(3 * SLICE + 7)]


async def begin(store: Database, choose: Choose, *apps: str, initiator: str = "", sid: str = "s1") -> Ended:
    """A session of these apps that has just ended, with as much written down as goes into that transaction."""
    await store.write(registering(Registration(sub="alice", participants=[Participant(app) for app in apps]), sid=sid))
    asked = replace(ending(sid=sid, choose=choose), initiator=initiator)
    ended = await store.write(end_session(asked))
    assert ended is not None
    return ended


async def finish(store: Database, choose: Choose) -> int:
    """Write down the rest; the number of slices that it took."""
    slices, more = 0, True
    while more:
        limits = ending().limits
        more = await store.write(write_next_slice("acme", "s1", choose, limits, now=NOW + 2))
        slices += 1
    return slices


async def told(store: Database) -> list[str]:
    """The apps that have a delivery, in order."""
    return sorted(item.client_id for item in await store.read(deliveries_of_session("acme", "s1", limit=100_000)))


async def test_a_session_of_few_apps_is_written_down_at_once(store: Database) -> None:
    """One transaction, and nothing left to do."""
    ended = await begin(store, Choose(everybody), *APPS[:SLICE])
    assert (len(ended.deliveries), ended.more) == (SLICE, False)
    assert await store.read(unfinished(NOW + 9999)) == []


async def test_a_session_of_many_apps_is_written_down_slice_by_slice(store: Database) -> None:
    """Every app once, whatever the number; what comes later waits in the lanes and is due."""
    ended = await begin(store, Choose(everybody), *APPS)
    assert (len(ended.deliveries), ended.more) == (SLICE, True)
    assert await finish(store, Choose(everybody)) == 3
    assert await told(store) == APPS
    leased = await store.write(lease_lanes("you", until=NOW + 60, now=NOW + 3, limit=1000))
    assert len(leased) == len(APPS) - SLICE
    assert await finish(store, Choose(everybody)) == 1
    assert await told(store) == APPS


async def test_the_initiator_and_the_provider_are_in_the_first_slice(store: Database) -> None:
    """They are told first, and once."""
    choose = Choose(everybody, provider=lambda sub, op_sid: [Recipient("", "op", sub)])
    ended = await begin(store, choose, *APPS, initiator=APPS[-1])
    assert [delivery.client_id for delivery in ended.deliveries][:2] == ["", APPS[-1]]
    await finish(store, choose)
    assert await told(store) == ["", *APPS]


async def test_another_process_goes_on_where_one_died(store: Database) -> None:
    """Not before the lease of the process that began has run out."""
    await begin(store, Choose(everybody), *APPS)
    assert await store.read(unfinished(NOW + 20)) == []
    assert await store.read(unfinished(NOW + 22)) == [("acme", "s1")]
    await finish(store, Choose(everybody))
    assert await store.read(unfinished(NOW + 9999)) == []


async def test_every_client_is_told_where_nobody_registers_sessions(store: Database) -> None:
    """Those of the settings and those of the database, each once, in as many slices as it takes."""
    known, kept = APPS[: SLICE + 20], APPS[SLICE + 10 :]

    def many_clients() -> Script[None]:
        for name in kept:
            yield from store_client("acme", name, {"client_id": name}, None, BY)

    await store.write(many_clients())
    choose = Choose(everybody, "clients", known)
    for initiator in ("", known[-1], kept[-1]):
        await begin(store, choose, initiator=initiator, sid="s1")
        await finish(store, choose)
        assert await told(store) == APPS
        await store.write(forget_everything())


def forget_everything() -> Script[None]:
    """An empty ledger, and the session live again."""
    yield Statement("DELETE FROM deliveries")
    yield Statement("DELETE FROM sessions")


async def test_metadata_of_the_database_comes_with_each_candidate(store: Database) -> None:
    """So that choosing needs no further look-up."""
    await store.write(store_client("acme", "web", {"client_id": "web", "client_name": "Web"}, None, BY))
    seen: dict[str, str | None] = {}

    def choose(sub: str, candidates: Sequence[Candidate]) -> list[Recipient]:
        seen.update({app.client_id: json.dumps(metadata) if metadata else None for app, metadata in candidates})
        return []

    await begin(store, Choose(choose), "web", "file-only")
    assert seen == {"web": '{"client_id": "web", "client_name": "Web"}', "file-only": None}
    assert await store.write(lease_lanes("me", until=NOW, now=NOW + 9, limit=9)) == []
