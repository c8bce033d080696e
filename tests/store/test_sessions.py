"""The storage conformance suite: sessions. Every test runs on every backend."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from endsession.protocol.errors import InvalidRequest, NotFound, SessionEnded
from endsession.store.audit import Trace
from endsession.store.deliveries import Recipient, RetryLimits, deliveries_of_session
from endsession.store.ending import Answered, Ending, answer_question, end_session
from endsession.store.fan_out import Candidate, Choose
from endsession.store.finding import SessionQuery, search_sessions
from endsession.store.script import Database, Script
from endsession.store.sessions import Participant, Registration, add_participant, load_session, register_session

NOW = 1_800_000_000.0
ALICE = Registration(sub="alice", cookie_sha256=["c1"], participants=[Participant("web")])


def registering(said: Registration = ALICE, *, issuer: str = "acme", sid: str = "s1", now: float = NOW) -> Script[str]:
    """The script that registers a session."""
    by = Trace("login", "", now)
    return register_session(issuer, sid, said, now=now, default_lifetime=1000, default_idle=None, trace=by)


def ending(issuer: str = "acme", sid: str = "s1", **changes: Any) -> Ending:
    """A request to end a session, telling each participant by a token."""
    asked = Ending(
        issuer,
        sid,
        "user",
        "web",
        NOW + 1,
        choose=Choose(everybody),
        limits=RetryLimits(deadline=3600, lease="me", lease_for=20),
    )
    return replace(asked, **changes)


WEB = Choose(lambda sub, candidates: [Recipient("web", "back", sub)])


def everybody(sub: str, candidates: Sequence[Candidate]) -> list[Recipient]:
    """Every candidate, by a token."""
    return [Recipient(app.client_id, "back", app.sub or sub, app.sid or "") for app, _ in candidates]


async def test_a_session_is_created_once_and_updated_after(store: Database) -> None:
    """The first registration creates; given members replace, others stay, and idle time starts anew."""
    assert await store.write(registering(replace(ALICE, idle_seconds=100, user_label="Alice"))) == "created"
    again = Registration(sub="alice", cookie_sha256=["c2", "c3"])
    assert await store.write(registering(again, now=NOW + 50)) == "updated"
    record = await store.read(load_session("acme", "s1"))
    assert record is not None
    assert record.user_label == "Alice"
    assert record.dies_at == NOW + 150
    assert record.participants == (Participant("web"),)
    assert (await store.read(search_sessions(SessionQuery("acme", NOW, "presented", cookies=("c1",))))).browser is None
    found = await store.read(search_sessions(SessionQuery("acme", NOW, "presented", cookies=("c3",))))
    assert found.browser is not None


async def test_a_session_does_not_change_its_user(store: Database) -> None:
    """Another `sub` for the same `sid` is refused, and nothing of the registration stays."""
    await store.write(registering())
    with pytest.raises(InvalidRequest):
        await store.write(registering(Registration(sub="mallory", cookie_sha256=["c9"])))
    assert (await store.read(search_sessions(SessionQuery("acme", NOW, "presented", cookies=("c9",))))).browser is None


async def test_one_of_many_ends_a_session(store: Database) -> None:
    """However many try at once, one gets the deliveries, and there is one set of them."""
    await store.write(registering())
    results = await asyncio.gather(*(store.write(end_session(ending())) for _ in range(10)))
    assert sorted(result is None for result in results) == [False] + [True] * 9
    assert [item.client_id for item in await store.read(deliveries_of_session("acme", "s1"))] == ["web"]


async def test_an_ended_session_takes_no_changes(store: Database) -> None:
    """Registering, joining and ending again: SessionEnded, SessionEnded, and nothing."""
    await store.write(registering())
    await store.write(end_session(ending()))
    with pytest.raises(SessionEnded):
        await store.write(registering())
    with pytest.raises(SessionEnded):
        await store.write(add_participant("acme", "s1", Participant("other"), now=NOW))
    assert await store.write(end_session(ending())) is None
    record = await store.read(load_session("acme", "s1"))
    assert record is not None
    assert (record.ended_at, record.end_reason, record.ended_by) == (NOW + 1, "user", "web")


async def test_a_session_past_its_lifetime_takes_no_changes(store: Database) -> None:
    """Absolute and idle lifetimes hold before any sweeper comes by."""
    await store.write(registering())
    with pytest.raises(SessionEnded):
        await store.write(registering(now=NOW + 1000))
    with pytest.raises(SessionEnded):
        await store.write(add_participant("acme", "s1", Participant("other"), now=NOW + 1000))


async def test_joining_and_ending_at_once_loses_nobody(store: Database) -> None:
    """An app either joins before the end and is told, or is refused: never joined and untold."""
    await store.write(registering())
    names = [f"app{number}" for number in range(20)]

    async def joins(name: str) -> str | None:
        try:
            await store.write(add_participant("acme", "s1", Participant(name), now=NOW))
        except SessionEnded:
            return None
        return name

    *joined, _ = await asyncio.gather(*map(joins, names), store.write(end_session(ending())))
    told = {item.client_id for item in await store.read(deliveries_of_session("acme", "s1"))}
    assert told == {"web", *filter(None, joined)}


async def test_joining_an_unknown_session(store: Database) -> None:
    """There is nothing to join."""
    with pytest.raises(NotFound):
        await store.write(add_participant("acme", "nobody", Participant("web"), now=NOW))


async def test_issuers_are_apart(store: Database) -> None:
    """The same sid, cookie and app at two issuers are two things; ending one leaves the other."""
    for issuer in ("acme", "globex"):
        await store.write(registering(issuer=issuer))
    await store.write(end_session(ending("globex")))
    record = await store.read(load_session("acme", "s1"))
    assert record is not None
    assert record.ended_at is None
    found = await store.read(search_sessions(SessionQuery("acme", NOW, "presented", cookies=("c1",))))
    assert found.browser is not None
    assert found.browser.live
    assert await store.write(end_session(ending("initech"))) is None


async def test_a_cookie_belongs_to_the_session_that_claimed_it_last(store: Database) -> None:
    """A browser that signs in anew with the same cookie value is in the new session."""
    await store.write(registering())
    await store.write(registering(sid="s2"))
    found = await store.read(search_sessions(SessionQuery("acme", NOW, "presented", cookies=("c1",))))
    assert found.browser is not None
    assert found.browser.sid == "s2"


async def test_the_live_one_of_several_cookies_counts(store: Database) -> None:
    """A leftover cookie of an ended session does not hide the live one, in whatever order they come."""
    await store.write(registering(replace(ALICE, cookie_sha256=["old"])))
    await store.write(end_session(ending()))
    await store.write(registering(replace(ALICE, cookie_sha256=["new"]), sid="s2"))
    for cookies in (("old", "new"), ("new", "old"), ("none", "old", "new")):
        found = await store.read(search_sessions(SessionQuery("acme", NOW, "presented", cookies=cookies)))
        assert found.browser is not None
        assert found.browser.sid == "s2"


async def test_a_session_is_found_by_an_apps_own_sid(store: Database) -> None:
    """The app's own sid, within issuer and client; another client's equal sid means nothing."""
    own = replace(ALICE, participants=[Participant("web", sub="pw", sid="mine")])
    await store.write(registering(own))
    search = SessionQuery("acme", NOW, client_id="web", sub="pw", sid="mine")
    found = await store.read(search_sessions(search))
    assert found.named is not None
    assert found.named.sid == "s1"
    assert found.named.is_user("pw")
    for other in (replace(search, client_id="other"), replace(search, issuer_id="globex"), replace(search, sid="x")):
        assert (await store.read(search_sessions(other))).named is None


async def test_a_clients_own_hint_names_sessions_of_that_client_only(store: Database) -> None:
    """By sid and by cookie: where it takes no part, not even whether there is such a session is found."""
    await store.write(registering(replace(ALICE, participants=[Participant("web"), Participant("api", sid="a-1")])))
    for client_id, sub, takes_part in (("web", "alice", True), ("api", "alice", True), ("other", "alice", False)):
        search = SessionQuery("acme", NOW, "presented", ("c1",), client_id=client_id, sub=sub, sid="s1", by_secret=True)
        for cookies in (("c1",), ()):
            found = await store.read(search_sessions(replace(search, cookies=cookies)))
            assert (found.named is not None) == takes_part
        found = await store.read(search_sessions(replace(search, sid=None)))
        assert found.browser is not None
        assert found.browser.client_takes_part == takes_part
    signed_by_the_issuer = SessionQuery("acme", NOW, client_id="other", sub="alice", sid="s1")
    assert (await store.read(search_sessions(signed_by_the_issuer))).named is not None


async def test_live_sessions_of_a_subject_at_a_client(store: Database) -> None:
    """Without a sid: live sessions of that user in which that client takes part, two at most."""
    await store.write(registering())
    await store.write(registering(replace(ALICE, participants=[Participant("other")]), sid="s2"))
    await store.write(registering(Registration(sub="bob", participants=[Participant("web", sub="alice")]), sid="s3"))
    search = SessionQuery("acme", NOW, client_id="web", sub="alice")
    assert {search_session.sid for search_session in (await store.read(search_sessions(search))).of_subject} == {
        "s1",
        "s3",
    }
    await store.write(end_session(ending()))
    assert [search_session.sid for search_session in (await store.read(search_sessions(search))).of_subject] == ["s3"]
    assert (await store.read(search_sessions(replace(search, now=NOW + 5000)))).of_subject == ()


async def test_a_confirmation_is_used_once(store: Database) -> None:
    """Of many answers with one handle the first counts, and ends the session in its transaction; all learn of it."""
    await store.write(registering())
    results = await asyncio.gather(
        *(store.write(answer_question("handle", "yes", ending(), expires_at=NOW + 600)) for _ in range(5))
    )
    assert sorted(result.first for result in results) == [False] * 4 + [True]
    assert [bool(result.ended) for result in results] == [result.first for result in results]
    assert await store.write(answer_question("handle", "no", None, expires_at=NOW)) == Answered("yes", first=False)


async def test_a_failed_transaction_leaves_nothing(store: Database) -> None:
    """A script that raises half-way undoes itself and nobody else's work."""

    def broken() -> Script[None]:
        yield from registering(sid="half")
        raise RuntimeError("half-way")

    results = await asyncio.gather(
        store.write(broken()), store.write(registering(sid="whole")), store.write(broken()), return_exceptions=True
    )
    assert [type(result) for result in results] == [RuntimeError, str, RuntimeError]
    assert await store.read(load_session("acme", "half")) is None
    assert await store.read(load_session("acme", "whole")) is not None


async def test_a_session_that_is_registered_all_the_same_ends_once(store: Database) -> None:
    """Its own row says whose it is, and can be ended only once too."""
    await store.write(registering(sid="s1"))
    wish = ending(unregistered_sub="as the hint has it", choose=WEB)
    results = await asyncio.gather(*(store.write(end_session(wish)) for _ in range(5)))
    assert [delivery.sub for result in results if result is not None for delivery in result.deliveries] == ["alice"]
    record = await store.read(load_session("acme", "s1"))
    assert record is not None
    assert record.ended_at is not None


async def test_an_unregistered_session_ends_once(store: Database) -> None:
    """Where nobody registers sessions, writing the row of the ending is what can happen only once."""
    wish = ending(unregistered_sub="alice", choose=WEB)
    results = await asyncio.gather(*(store.write(end_session(wish)) for _ in range(5)))
    assert sum(result is not None for result in results) == 1
    assert len(await store.read(deliveries_of_session("acme", "s1"))) == 1
