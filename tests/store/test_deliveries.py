"""The storage conformance suite: the ledger. Every test runs on every backend."""

import asyncio

import pytest

from endsession.protocol.errors import NotFound
from endsession.store.deliveries import (
    Attempt,
    Recipient,
    attempts_of,
    deliveries_of_session,
    deliveries_page,
    give_up_overdue,
    lease_due,
    make_due_again,
    mark_attempted,
    next_due,
    postpone,
    record_attempt,
    signed_in_since,
)
from endsession.store.ending import end_session, spend_handle
from endsession.store.script import Database
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


async def ended(store: Database, *recipients: Recipient, sid: str = "s1"):
    """A session that has just ended, with these recipients; returns their deliveries."""
    await store.write(registering(sid=sid))
    wish = ending(sid=sid, choose=lambda sub, those: recipients or [Recipient("web", "back", sub)])
    return await store.write(end_session(wish))


async def test_a_fresh_delivery_is_held_by_who_wrote_it(store: Database) -> None:
    """Nobody else claims it before the lease has run out; afterwards exactly one does."""
    (delivery,) = await ended(store)
    assert delivery.state == "pending"
    assert await store.write(lease_due("you", until=NOW + 30, now=NOW + 10, limit=10)) == []
    assert await store.read(next_due()) == NOW + 21
    claims = await asyncio.gather(
        *(store.write(lease_due(f"w{n}", until=NOW + 60, now=NOW + 22, limit=10)) for n in range(5))
    )
    assert sorted(len(one) for one in claims) == [0, 0, 0, 0, 1]


async def test_a_session_with_more_apps_than_a_statement_takes(store: Database) -> None:
    """Five thousand deliveries of one ending: PostgreSQL takes 65535 values in a statement, SQLite perhaps fewer."""
    deliveries = await ended(store, *(Recipient(f"app{n}", "back", "alice") for n in range(5000)))
    assert [one.id for one in await store.read(deliveries_of_session("acme", "s1"))] == [one.id for one in deliveries]


async def test_claims_of_many_workers_do_not_overlap(store: Database) -> None:
    """A hundred due deliveries, ten workers: each is claimed once."""
    await ended(store, *(Recipient(f"app{n}", "back", "alice") for n in range(100)))
    claims = await asyncio.gather(
        *(store.write(lease_due(f"w{n}", until=NOW + 60, now=NOW + 22, limit=15)) for n in range(10))
    )
    ids = [delivery.id for batch in claims for delivery in batch]
    assert len(ids) == len(set(ids)) == 100


async def test_attempts_are_recorded(store: Database) -> None:
    """Each attempt with its time, duration, status and reason; the delivery has the sum of them."""
    (delivery,) = await ended(store)
    first = Attempt(1, NOW + 1, 0.5, 503, "the app answered 503")
    assert await store.write(record_attempt(delivery, first, lease="me", state="pending", due_at=NOW + 3))
    (delivery,) = await store.write(lease_due("me", until=NOW + 30, now=NOW + 3, limit=1))
    assert delivery.attempts == 1
    second = Attempt(2, NOW + 3, 0.1, 200, "delivered")
    assert await store.write(record_attempt(delivery, second, lease="me", state="delivered", due_at=NOW + 3))
    (delivery,) = await store.read(deliveries_of_session("acme", "s1"))
    assert (delivery.state, delivery.attempts, delivery.status) == ("delivered", 2, 200)
    assert delivery.settled_at == NOW + 3
    assert await store.read(attempts_of(delivery.id)) == [first, second]
    assert await store.read(next_due()) is None


async def test_who_lost_the_lease_changes_nothing(store: Database) -> None:
    """A worker that was too slow records its attempt, but the delivery is the other one's."""
    (delivery,) = await ended(store)
    await store.write(lease_due("you", until=NOW + 60, now=NOW + 22, limit=1))
    late = Attempt(1, NOW + 23, 20, 200, "delivered")
    assert not await store.write(record_attempt(delivery, late, lease="me", state="delivered", due_at=NOW))
    (after,) = await store.read(deliveries_of_session("acme", "s1"))
    assert after.state == "pending"
    assert await store.read(attempts_of(delivery.id)) == [late]


async def test_a_postponed_delivery_is_due_later(store: Database) -> None:
    """Giving a delivery back counts no attempt and lets anybody claim it when it is due."""
    (delivery,) = await ended(store)
    await store.write(postpone(delivery, lease="me", due_at=NOW + 50, reason="later", now=NOW))
    assert await store.write(lease_due("you", until=NOW + 90, now=NOW + 49, limit=1)) == []
    (claimed,) = await store.write(lease_due("you", until=NOW + 90, now=NOW + 50, limit=1))
    assert claimed.attempts == 0


async def test_overdue_deliveries_expire(store: Database) -> None:
    """Past its deadline a pending delivery is given up, and says so."""
    await ended(store)
    await store.write(give_up_overdue(NOW + 3600))
    assert (await store.read(deliveries_of_session("acme", "s1")))[0].state == "pending"
    await store.write(give_up_overdue(NOW + 3602))
    (delivery,) = await store.read(deliveries_of_session("acme", "s1"))
    assert (delivery.state, delivery.reason) == ("expired", "it was not reached in time")


async def test_frames_are_attempted_and_no_way_is_failed(store: Database) -> None:
    """A frame that was shown is attempted; an app without any address has failed from the start."""
    front, untold = await ended(store, Recipient("a", "front", "alice"), Recipient("b", "none", "alice"))
    assert (untold.state, untold.reason) == ("failed", "there is no way to tell this app")
    await store.write(mark_attempted([front, untold], NOW + 2))
    states = {one.client_id: one.state for one in await store.read(deliveries_of_session("acme", "s1"))}
    assert states == {"a": "attempted", "b": "failed"}


async def test_redelivery(store: Database) -> None:
    """A settled delivery is tried again on request, within its issuer only, and only where a token can be sent."""
    (delivery,) = await ended(store)
    await store.write(record_attempt(delivery, Attempt(1, NOW, 0, 400, "no"), lease="me", state="failed", due_at=NOW))
    with pytest.raises(NotFound):
        await store.write(make_due_again("globex", delivery.id, now=NOW + 5, deadline=NOW + 100))
    again = await store.write(make_due_again("acme", delivery.id, now=NOW + 5, deadline=NOW + 100))
    assert again.state == "pending"
    (claimed,) = await store.write(lease_due("you", until=NOW + 90, now=NOW + 5, limit=1))
    assert claimed.id == delivery.id


async def test_pages_go_on_after_their_cursor(store: Database) -> None:
    """All deliveries of an issuer, page by page, each once; filters narrow them."""
    await ended(store, *(Recipient(f"app{n}", "back", "alice") for n in range(7)), Recipient("x", "none", "alice"))
    seen, after = [], ""
    while batch := await store.read(deliveries_page("acme", state=None, client_id=None, after=after, limit=3)):
        seen += [one.client_id for one in batch]
        after = batch[-1].id
    assert seen == [*(f"app{n}" for n in range(7)), "x"]
    failed = await store.read(deliveries_page("acme", state="failed", client_id=None, after="", limit=9))
    assert [one.client_id for one in failed] == ["x"]
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
    assert await store.read(attempts_of(delivery.id)) == []
    assert await store.read(expired_sessions(NOW + 999)) == []
    assert await store.read(expired_sessions(NOW + 1000)) == [("acme", "s2")]
    assert await store.write(forget_spent_handles(NOW)) == 0


async def test_upkeep_goes_chunk_by_chunk(store: Database) -> None:
    """Each chore removes a chunk at a time until nothing is left, and never what is younger."""
    for number in range(CHUNK + 20):
        await ended(store, sid=f"s{number}")
        await store.write(spend_handle(f"handle{number}", expires_at=NOW))
    for chore in (forget_ended_sessions, forget_audit, forget_spent_handles):
        assert await store.write(chore(NOW)) == 0
        assert [await store.write(chore(NOW + 2)) for _ in range(3)] == [CHUNK, 20, 0]


async def test_all_nodes_share_one_secret(store: Database) -> None:
    """Whoever comes first makes it, and everybody gets that one."""
    secrets = await asyncio.gather(*(store.write(shared_secret("seal", f"secret{n}")) for n in range(5)))
    assert len(set(secrets)) == 1
