"""Leases of deliveries and lanes, so that no two processes work on one. Every test runs on every backend."""

import asyncio
from collections.abc import Sequence

from endsession.store.audit import Trace
from endsession.store.deliveries import Attempt, Delivery, Recipient, attempts_of, deliveries_of_session
from endsession.store.lanes import (
    Lane,
    adopt_orphans,
    lease_lanes,
    lease_waiting,
    make_due_again,
    next_work,
    open_lanes,
    put_back,
    record_attempt,
    release_lane,
    renew_lane,
)
from endsession.store.script import Database, Script

from .test_deliveries import WEB, ended, taken
from .test_sessions import NOW


async def lanes(store: Database, lease: str, now: float, *, limit: int = 99) -> list[Lane]:
    """The lanes that are due, leased for twenty seconds."""
    leased = await store.write(lease_lanes(lease, until=now + 20, now=now, limit=limit))
    return [item.lane for item in leased]


async def adopt(store: Database, now: float) -> int:
    """How many orphans there were."""
    count = 0
    while some := await store.write(adopt_orphans(now)):
        count += some
    return count


async def waiting(store: Database, *apps: str, sid: str = "s1", at: float = NOW + 1) -> Sequence[Delivery]:
    """Deliveries of one ended session that wait in their lanes, due at `at`."""
    deliveries = await ended(store, *(Recipient(app, "back", "alice") for app in apps), sid=sid)
    for delivery in deliveries:
        await store.write(put_back(delivery, lease="me", due_at=at, reason="", now=at))
    return deliveries


async def test_a_fresh_delivery_is_held_by_who_wrote_it(store: Database) -> None:
    """Nobody else gets it before the lease has run out; afterwards it waits in its lane, and exactly one takes it."""
    (delivery,) = await ended(store)
    assert await adopt(store, NOW + 20) == 0
    assert await lanes(store, "you", NOW + 20) == []
    assert await store.read(next_work()) == NOW + 21
    assert await adopt(store, NOW + 22) == 1
    found = await asyncio.gather(*(lanes(store, f"w{n}", NOW + 22) for n in range(5)))
    assert sorted(found) == [[], [], [], [], [WEB]]
    assert [item.id for item in await taken(store, WEB, "w0", NOW + 22)] == [delivery.id]
    assert await taken(store, WEB, "w1", NOW + 22) == []


async def test_apps_are_served_in_turn(store: Database) -> None:
    """An app with five hundred waiting deliveries takes no more of a look than one with a single one."""
    for number in range(5):
        await waiting(store, *(["busy"] * 100), sid=f"s{number}")
    await waiting(store, "quiet", sid="s-quiet")
    found = await lanes(store, "me", NOW + 2, limit=2)
    assert {lane.client_id for lane in found} == {"busy", "quiet"}
    assert len(await taken(store, Lane("acme", "busy", "back"), "me", NOW + 2, limit=8)) == 8
    assert len(await taken(store, Lane("acme", "quiet", "back"), "me", NOW + 2, limit=8)) == 1


async def test_what_waits_for_an_app_that_rests_costs_one_row(store: Database) -> None:
    """However many deliveries wait: nothing is leased or changed before the app has rested, and one lane is then."""
    for number in range(3):
        await waiting(store, *(["down"] * 100), sid=f"s{number}")
    (lane,) = await lanes(store, "me", NOW + 2)
    await store.write(release_lane(lane, "me", now=NOW + 2, failures=5, rest_until=NOW + 17))
    assert await store.read(next_work()) == NOW + 17
    await waiting(store, "down", sid="s-new")  # a new one does not end the rest
    assert await store.read(next_work()) == NOW + 17
    (leased,) = await store.write(lease_lanes("you", until=NOW + 40, now=NOW + 18, limit=9))
    assert (leased.lane, leased.failures) == (lane, 5)


async def test_a_lane_is_released_until_its_next_delivery_is_due(store: Database) -> None:
    """And goes when nothing waits in it; it is looked at once a minute at least, since deadlines pass by themselves."""
    await waiting(store, "a", at=NOW + 30)
    (lane,) = await lanes(store, "me", NOW + 30)
    (delivery,) = await taken(store, lane, "me", NOW + 30)
    await store.write(put_back(delivery, lease="me", due_at=NOW + 50, reason="", now=NOW + 31))
    await store.write(release_lane(lane, "me", now=NOW + 31, failures=0))
    assert await store.read(next_work()) == NOW + 50
    (lane,) = await lanes(store, "me", NOW + 50)
    (delivery,) = await taken(store, lane, "me", NOW + 50)
    await store.write(put_back(delivery, lease="me", due_at=NOW + 950, reason="", now=NOW + 51))
    await store.write(release_lane(lane, "me", now=NOW + 51, failures=0))
    assert await store.read(next_work()) == NOW + 111
    (lane,) = await lanes(store, "me", NOW + 950)
    (delivery,) = await taken(store, lane, "me", NOW + 950)
    done = Attempt(1, NOW + 950, 0, 200, "delivered")
    await store.write(record_attempt(delivery, done, lease="me", state="delivered", due_at=NOW))
    await store.write(release_lane(lane, "me", now=NOW + 951, failures=0))
    assert await store.read(next_work()) is None


async def test_a_delivery_that_comes_while_its_lane_is_released_is_found(store: Database) -> None:
    """Fifty times a delivery is given back while the worker finds nothing and releases the lane: none is forgotten."""
    for number in range(50):
        (delivery,) = await ended(store, sid=f"s{number}")
        await store.write(open_only(WEB, NOW + 1))
        await lanes(store, "me", NOW + 2)
        await asyncio.gather(
            store.write(put_back(delivery, lease="me", due_at=NOW + 2, reason="", now=NOW + 2)),
            store.write(release_lane(WEB, "me", now=NOW + 2, failures=0)),
        )
        assert await lanes(store, "you", NOW + 30) == [WEB]
        (found,) = await taken(store, WEB, "you", NOW + 30)
        done = Attempt(1, NOW + 30, 0, 200, "delivered")
        await store.write(record_attempt(found, done, lease="you", state="delivered", due_at=NOW))
        await store.write(release_lane(WEB, "you", now=NOW + 30, failures=0))


def open_only(lane: Lane, at: float) -> Script[None]:
    """A lane in which nothing waits yet."""
    yield open_lanes([lane], at)


async def test_who_lost_a_lane_neither_keeps_nor_releases_it(store: Database) -> None:
    """A worker that was too slow: the lane is another's."""
    await waiting(store, "a")
    (lane,) = await lanes(store, "me", NOW + 2)
    assert await store.write(renew_lane(lane, "me", until=NOW + 40))
    assert await lanes(store, "you", NOW + 41) == [lane]
    assert not await store.write(renew_lane(lane, "me", until=NOW + 80))
    await store.write(release_lane(lane, "me", now=NOW + 42, failures=0))
    assert await lanes(store, "they", NOW + 42) == []


async def test_who_lost_the_lease_changes_nothing(store: Database) -> None:
    """A worker that was too slow records its attempt, but the delivery is the other one's."""
    (delivery,) = await ended(store)
    await adopt(store, NOW + 22)
    await taken(store, WEB, "you", NOW + 22)
    late = Attempt(1, NOW + 23, 20, 200, "delivered")
    assert not await store.write(record_attempt(delivery, late, lease="me", state="delivered", due_at=NOW))
    (after,) = await store.read(deliveries_of_session("acme", "s1"))
    assert after.state == "pending"
    assert await store.read(attempts_of([delivery.id])) == {delivery.id: [late]}


async def test_a_delivery_that_is_given_back_keeps_what_its_own_attempt_said(store: Database) -> None:
    """Giving it back counts no attempt and makes it due later; another app's fault is not written over its own."""
    (delivery,) = await ended(store)
    failed = Attempt(1, NOW + 1, 0, 503, "the app answered 503")
    await store.write(record_attempt(delivery, failed, lease="me", state="pending", due_at=NOW + 3))
    (delivery,) = await taken(store, WEB, "me", NOW + 3)
    await store.write(put_back(delivery, lease="me", due_at=NOW + 50, reason="others failed", now=NOW + 3))
    assert await taken(store, WEB, "you", NOW + 49) == []
    (found,) = await taken(store, WEB, "you", NOW + 50)
    assert (found.attempts, found.status, found.reason) == (1, 503, "the app answered 503")


async def test_overdue_deliveries_expire(store: Database) -> None:
    """Past its deadline a waiting delivery is given up, and says so; one that a worker holds is left to the worker."""
    await waiting(store, "a")
    lane = Lane("acme", "a", "back")
    assert len(await taken(store, lane, "me", NOW + 3600)) == 1
    assert await taken(store, lane, "you", NOW + 3602) == []
    (held,) = await store.read(deliveries_of_session("acme", "s1"))
    assert held.state == "pending"
    await store.write(put_back(held, lease="me", due_at=NOW + 3602, reason="", now=NOW + 3602))
    assert await taken(store, lane, "you", NOW + 3603) == []
    (given_up,) = await store.read(deliveries_of_session("acme", "s1"))
    assert (given_up.state, given_up.reason) == ("expired", "it was not reached in time")


async def test_an_overdue_orphan_expires(store: Database) -> None:
    """Its holder died, and its deadline has passed meanwhile: a frame, for instance, that was never shown."""
    await ended(store, Recipient("a", "front", "alice"))
    assert await adopt(store, NOW + 20) == 0
    assert await adopt(store, NOW + 22) == 1
    (delivery,) = await store.read(deliveries_of_session("acme", "s1"))
    assert (delivery.state, delivery.reason) == ("expired", "it was not reached in time")


async def test_an_operator_ends_the_rest_of_an_app(store: Database) -> None:
    """Who asks for a delivery again does not want to wait until the app has rested."""
    (delivery,) = await waiting(store, "a")
    (lane,) = await lanes(store, "me", NOW + 2)
    await store.write(release_lane(lane, "me", now=NOW + 2, failures=5, rest_until=NOW + 17))
    await store.write(make_due_again(delivery, Trace("ops", "", NOW + 3), deadline=NOW + 100))
    assert await lanes(store, "you", NOW + 3) == [lane]


async def test_many_orphans_are_adopted_in_chunks(store: Database) -> None:
    """A process died with very much under way: it is given to others a few hundred at a time."""
    for number in range(5):
        await ended(store, *(Recipient(f"app{n}", "back", "alice") for n in range(100)), sid=f"s{number}")
    assert [await store.write(adopt_orphans(NOW + 22)) for _ in range(4)] == [200, 200, 100, 0]
    assert len(await lanes(store, "me", NOW + 22, limit=500)) == 100
    assert (
        len(await store.write(lease_waiting(Lane("acme", "app7", "back"), "me", until=NOW, now=NOW + 22, limit=9))) == 5
    )
