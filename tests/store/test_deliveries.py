"""The storage conformance suite: the ledger. Every test runs on every backend."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from endsession.protocol.errors import NotFound
from endsession.store.audit import Trace
from endsession.store.clients import store_client
from endsession.store.deliveries import (
    Attempt,
    Delivery,
    Recipient,
    attempts_of,
    deliveries_of_session,
    deliveries_page,
    load_delivery,
    mark_attempted,
    signed_in_since,
    told_apps,
)
from endsession.store.ending import answer_question, end_session
from endsession.store.fan_out import Choose
from endsession.store.lanes import Lane, lease_lanes, lease_waiting, make_due_again, record_attempt
from endsession.store.script import PLACES, Database
from endsession.store.sessions import Participant, Registration
from endsession.store.upkeep import (
    CHUNK,
    expired_sessions,
    forget_audit,
    forget_ended_sessions,
    forget_spent_handles,
    shared_secret,
)

from .test_sessions import ALICE, NOW, ending, registering

WEB = Lane("acme", "web", "back")


async def taken(store: Database, lane: Lane, lease: str, now: float, *, limit: int = 9) -> list[Delivery]:
    """What waits in a lane and is due, leased for twenty seconds."""
    return await store.write(lease_waiting(lane, lease, until=now + 20, now=now, limit=limit))


async def ended(store: Database, *recipients: Recipient, sid: str = "s1") -> Sequence[Delivery]:
    """A session that has just ended, with these recipients; returns their deliveries."""
    await store.write(registering(sid=sid))
    choose = Choose(lambda sub, candidates: recipients or [Recipient("web", "back", sub)])
    written = await store.write(end_session(ending(sid=sid, choose=choose)))
    assert written is not None
    return written.deliveries


async def test_attempts_are_recorded(store: Database) -> None:
    """Each attempt with its time, duration, status and reason; the delivery has the sum of them."""
    (delivery,) = await ended(store)
    first = Attempt(1, NOW + 1, 0.5, 503, "the app answered 503")
    assert await store.write(record_attempt(delivery, first, lease="me", state="pending", due_at=NOW + 3))
    (delivery,) = await taken(store, WEB, "me", NOW + 3)
    assert delivery.attempts == 1
    second = Attempt(2, NOW + 3, 0.1, 200, "delivered")
    assert await store.write(record_attempt(delivery, second, lease="me", state="delivered", due_at=NOW + 3))
    (delivery,) = await store.read(deliveries_of_session("acme", "s1"))
    assert (delivery.state, delivery.attempts, delivery.status) == ("delivered", 2, 200)
    assert delivery.settled_at == NOW + 3 + 0.1
    assert await store.read(attempts_of([delivery.id])) == {delivery.id: [first, second]}
    assert await taken(store, WEB, "me", NOW + 9) == []


async def test_attempts_of_many_deliveries_are_read_at_once(store: Database) -> None:
    """Each delivery has its own attempts, in order; those that were never tried have none."""
    deliveries = await ended(store, *(Recipient(f"app{n}", "back", "alice") for n in range(PLACES)))
    for delivery in deliveries[1:3]:
        for number in (1, 2):
            attempt = Attempt(number, NOW + number, 0.5, 503, f"try {number} of {delivery.client_id}")
            await store.write(record_attempt(delivery, attempt, lease="me", state="pending", due_at=NOW + 3))
    found = await store.read(attempts_of([delivery.id for delivery in deliveries]))
    assert {delivery_id: [attempt.reason for attempt in attempts] for delivery_id, attempts in found.items()} == {
        delivery.id: [f"try {number} of {delivery.client_id}" for number in (1, 2)] for delivery in deliveries[1:3]
    }


async def test_told_apps_come_with_their_registrations(store: Database) -> None:
    """Page by page, with the metadata of those in the database; the provider itself is no app."""
    await store.write(store_client("acme", "b", {"client_name": "B"}, None, Trace("ops", "", NOW)))
    await store.write(store_client("globex", "a", {"client_name": "Not this one"}, None, Trace("ops", "", NOW)))
    await ended(store, *(Recipient(name, "op" if not name else "back", "alice") for name in ("", "a", "b", "c")))
    seen, after = [], ""
    while page := await store.read(told_apps("acme", "s1", after=after, limit=2)):
        seen += [(app.client_id, app.state, json.loads(app.metadata or "null")) for app in page]
        after = page[-1].delivery_id
    assert seen == [("a", "pending", None), ("b", "pending", {"client_name": "B"}), ("c", "pending", None)]


async def test_frames_are_attempted_and_no_way_is_failed(store: Database) -> None:
    """A frame that was shown is attempted; an app without any address has failed from the start."""
    front, untold = await ended(store, Recipient("a", "front", "alice"), Recipient("b", "none", "alice"))
    assert (untold.state, untold.reason) == ("failed", "there is no way to tell this app")
    await store.write(mark_attempted([front, untold], NOW + 2))
    states = {item.client_id: item.state for item in await store.read(deliveries_of_session("acme", "s1"))}
    assert states == {"a": "attempted", "b": "failed"}


async def test_redelivery(store: Database) -> None:
    """A settled delivery is tried again on request, within its issuer only, and only where a token can be sent."""
    (delivery,) = await ended(store)
    await store.write(record_attempt(delivery, Attempt(1, NOW, 0, 400, "no"), lease="me", state="failed", due_at=NOW))
    with pytest.raises(NotFound):
        await store.read(load_delivery("globex", delivery.id))
    again = await store.write(make_due_again(delivery, Trace("ops", "", NOW + 5), deadline=NOW + 100))
    assert again.state == "pending"
    (leased,) = await store.write(lease_lanes("you", until=NOW + 60, now=NOW + 5, limit=9))
    (found,) = await taken(store, leased.lane, "you", NOW + 5)
    assert found.id == delivery.id
    (front,) = await ended(store, Recipient("a", "front", "alice"), sid="s2")
    with pytest.raises(NotFound):
        await store.write(make_due_again(front, Trace("ops", "", NOW + 5), deadline=NOW + 100))


async def test_pages_go_on_after_their_cursor(store: Database) -> None:
    """All deliveries of an issuer, page by page, each once; filters narrow them."""
    await ended(store, *(Recipient(f"app{n}", "back", "alice") for n in range(7)), Recipient("x", "none", "alice"))
    seen, after = [], ""
    while batch := await store.read(deliveries_page("acme", state=None, client_id=None, after=after, limit=3)):
        seen += [item.client_id for item in batch]
        after = batch[-1].id
    assert seen == [*(f"app{n}" for n in range(7)), "x"]
    failed = await store.read(deliveries_page("acme", state="failed", client_id=None, after="", limit=9))
    assert [item.client_id for item in failed] == ["x"]
    assert await store.read(deliveries_page("globex", state=None, client_id=None, after="", limit=9)) == []


async def test_signing_in_again_is_noticed(store: Database) -> None:
    """A newer live session of the user at that app makes a token without sid harmful."""
    (delivery,) = await ended(store)
    assert not await store.read(signed_in_since(delivery))
    other = Registration(sub="alice", participants=[Participant("other")])
    await store.write(registering(other, sid="s2", now=NOW + 9))
    assert not await store.read(signed_in_since(delivery))
    await store.write(registering(ALICE, sid="s3", now=NOW + 9))
    assert await store.read(signed_in_since(delivery))


async def test_upkeep_forgets_what_is_old(store: Database) -> None:
    """Ended sessions go with their deliveries after their retention; live ones stay."""
    (delivery,) = await ended(store)
    await store.write(
        record_attempt(delivery, Attempt(1, NOW, 0, 200, "ok"), lease="me", state="delivered", due_at=NOW)
    )
    await store.write(registering(sid="s2"))
    assert await store.write(forget_ended_sessions(NOW)) == 0
    assert await store.write(forget_ended_sessions(NOW + 2)) == 1
    assert await store.read(deliveries_of_session("acme", "s1")) == []
    assert await store.read(attempts_of([delivery.id])) == {}
    assert await store.read(expired_sessions(NOW + 999)) == []
    assert await store.read(expired_sessions(NOW + 1000)) == [("acme", "s2")]
    assert await store.write(forget_spent_handles(NOW)) == 0


async def test_upkeep_goes_chunk_by_chunk(store: Database) -> None:
    """Each chore removes a chunk at a time until nothing is left, and never what is younger."""
    for number in range(CHUNK + 20):
        await ended(store, sid=f"s{number}")
        await store.write(answer_question(f"handle{number}", "no", None, expires_at=NOW))
    for chore in (forget_ended_sessions, forget_audit, forget_spent_handles):
        assert await store.write(chore(NOW)) == 0
        assert [await store.write(chore(NOW + 2)) for _ in range(3)] == [CHUNK, 20, 0]


async def test_all_nodes_share_one_secret(store: Database) -> None:
    """The first caller makes it, and everybody gets that one."""
    secrets = await asyncio.gather(*(store.write(shared_secret("seal", f"secret{n}")) for n in range(5)))
    assert len(set(secrets)) == 1
