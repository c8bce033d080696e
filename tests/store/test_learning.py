"""The storage conformance suite: from issued tokens to sessions. Every test runs on every backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from endsession.store.audit import Trace
from endsession.store.deliveries import deliveries_of_session
from endsession.store.ending import end_session
from endsession.store.finding import SessionQuery, search_sessions
from endsession.store.front import AWAITED_FOR, await_token, find_browser, withhold
from endsession.store.front_counts import FRONT_COUNTS, Counted, add_counts, forget_front_rows
from endsession.store.front_tokens import IssuedToken, find_token
from endsession.store.learning import Learnt, Rules, SignIn, learn
from endsession.store.script import Database, Rows, Script, Statement
from endsession.store.sessions import Participant, SessionRecord, load_session

from .test_sessions import NOW, ending

ALICE = SignIn(issuer_id="acme", client_id="web", sub="alice", sid="op1", auth_time=NOW, browser="b1")


def rules(now: float = NOW, **changes: Any) -> Rules:
    """Sessions of 1000 s, whose apps all know a user by the same subject; another user ends the former session."""
    usual = Rules(lifetime=1000, idle=None, trace=Trace("front", "", now), public_subjects=True, supersede=superseding)
    return replace(usual, **changes)


def superseding(sid: str) -> Any:
    """The ending of a session whose browser another user has signed in with."""
    return ending(sid=sid, reason="superseded", actor="front")


def _rows(sql: str) -> Script[Rows]:
    return (yield Statement(sql))


async def learnt(store: Database, sign_in: SignIn, now: float = NOW, **changes: Any) -> Learnt:
    """What a sign-in comes to."""
    return await store.write(learn(sign_in, rules(now, **changes)))


async def record(store: Database, sid: str | None) -> SessionRecord:
    """A session that is known."""
    found = await store.read(load_session("acme", sid or ""))
    assert found is not None
    return found


async def test_apps_of_a_browser_share_its_session(store: Database) -> None:
    """The first sign-in begins it, the second joins, each app with its own subject and sid."""
    first = await learnt(store, ALICE)
    second = await learnt(store, replace(ALICE, client_id="shop", sid="op2"))
    assert first.new
    assert not second.new
    assert second.sid == first.sid
    participants = (await record(store, first.sid)).participants
    assert set(participants) == {Participant("web", None, "op1"), Participant("shop", None, "op2")}


async def test_two_sign_ins_at_once_are_one_session(store: Database) -> None:
    """A browser whose apps sign in concurrently never has two sessions, of which only one would end."""
    apps = [replace(ALICE, client_id=f"app{number}", sid=None) for number in range(8)]
    found = await asyncio.gather(*(learnt(store, app) for app in apps))
    assert len({outcome.sid for outcome in found}) == 1
    assert sum(outcome.new for outcome in found) == 1
    assert len((await record(store, found[0].sid)).participants) == 8


async def test_browsers_of_a_user_have_sessions_of_their_own(store: Database) -> None:
    """Even where the provider gives both the same sid."""
    first = await learnt(store, ALICE)
    assert (await learnt(store, replace(ALICE, browser="b2"))).sid != first.sid


async def test_a_sign_in_after_an_ending_is_a_new_session(store: Database) -> None:
    """An ended session never comes back to life, neither by its browser nor by its sid."""
    first = await learnt(store, ALICE)
    await store.write(end_session(ending(sid=str(first.sid))))
    again = await learnt(store, replace(ALICE, auth_time=NOW + 5), NOW + 10)
    assert again.new
    assert again.sid != first.sid
    assert not again.did_not_stick
    assert (await record(store, first.sid)).ended_at is not None


@pytest.mark.parametrize("browser", ["b1", None])
@pytest.mark.parametrize("auth_time", [NOW, None])
async def test_a_logout_that_did_not_stick_is_noticed(
    store: Database, browser: str | None, auth_time: float | None
) -> None:
    """The provider issues a token for a session that has ended here, without a new sign-in."""
    first = await learnt(store, replace(ALICE, browser=browser))
    await store.write(end_session(ending(sid=str(first.sid))))
    again = await learnt(store, replace(ALICE, browser=browser, auth_time=auth_time), NOW + 10)
    assert again.did_not_stick
    assert again.sid != first.sid
    assert (await record(store, again.sid)).live(NOW + 10)
    assert (await record(store, first.sid)).survived_at == NOW + 10


async def test_another_user_ends_the_former_session(store: Database) -> None:
    """Its apps are told in the same transaction, and the browser is the new user's."""
    first = await learnt(store, ALICE)
    bob = await learnt(store, replace(ALICE, sub="bob", sid="op9"), NOW + 10)
    assert bob.superseded == first.sid
    former = await record(store, first.sid)
    assert former.end_reason == "superseded"
    deliveries = await store.read(deliveries_of_session("acme", str(first.sid)))
    assert [delivery.client_id for delivery in deliveries] == ["web"]
    found = await store.read(search_sessions(SessionQuery("acme", NOW + 11, "presented", ("b1",))))
    assert found.browser is not None
    assert found.browser.sub == "bob"


async def test_another_user_leaves_the_former_session_where_that_is_wished(store: Database) -> None:
    """It lives on, without its browser."""
    first = await learnt(store, ALICE)
    bob = await learnt(store, replace(ALICE, sub="bob", sid="op9"), NOW + 10, supersede=None)
    assert bob.superseded is None
    assert bob.sid != first.sid
    assert (await record(store, first.sid)).live(NOW + 10)


async def test_pairwise_subjects_are_one_user(store: Database) -> None:
    """Another app's subject says nothing of who the user is; the same app's does (Core 1.0, section 8.1)."""
    first = await learnt(store, ALICE, public_subjects=False)
    shop = await learnt(store, replace(ALICE, client_id="shop", sub="a-pair", sid=None), public_subjects=False)
    assert shop.sid == first.sid
    other = await learnt(store, replace(ALICE, client_id="shop", sub="b-pair", sid=None), public_subjects=False)
    assert other.superseded == first.sid


async def test_a_nonce_finds_its_browser(store: Database) -> None:
    """The keys of an authorization request lead to it, for an hour, at their own issuer."""
    await store.write(await_token("acme", "b1", ["k"], now=NOW))
    nobody = replace(ALICE, browser=None, sid=None)
    assert (await learnt(store, replace(nobody, keys=["k"]))).browser == "b1"
    assert (await learnt(store, replace(nobody, keys=["other"]))).browser is None
    assert (await learnt(store, replace(nobody, issuer_id="globex", keys=["k"]))).browser is None
    assert (await learnt(store, replace(nobody, keys=["k"]), NOW + AWAITED_FOR + 1)).browser is None


async def test_a_stolen_nonce_binds_nothing(store: Database) -> None:
    """What two browsers have shown finds neither of them; the code still finds the one that got it."""
    await store.write(await_token("acme", "b1", ["nonce"], now=NOW))
    await store.write(await_token("acme", "evil", ["nonce"], now=NOW))
    await store.write(await_token("acme", "b1", ["nonce"], now=NOW))
    nobody = replace(ALICE, browser=None, sid=None)
    assert (await learnt(store, replace(nobody, keys=["nonce"]))).browser is None
    await store.write(await_token("acme", "b1", ["code"], now=NOW))
    assert (await learnt(store, replace(nobody, keys=["code", "nonce"]))).browser == "b1"


async def test_a_device_is_a_session_without_a_browser(store: Database) -> None:
    """It can be found by its sid, and a browser that comes with that sid later has it."""
    device = await learnt(store, replace(ALICE, browser=None, client_id="tv"))
    assert device.new
    same = await learnt(store, replace(ALICE, browser=None))
    assert same.sid == device.sid
    assert (await learnt(store, ALICE)).sid == device.sid


async def test_a_refresh_token_is_of_its_session(store: Database) -> None:
    """Also when the answer has no nonce, and another browser has the user's newest session."""
    first = await learnt(store, replace(ALICE, tokens=[IssuedToken("r1", offline=False, expires_at=NOW + 500)]))
    rotated = [IssuedToken("r2", offline=False, expires_at=NOW + 500)]
    refreshed = replace(ALICE, browser=None, sid=None, refreshed="r1", tokens=rotated)
    assert await learnt(store, refreshed) == Learnt(first.sid)
    found = await store.read(find_token("acme", "r2", NOW))
    assert found is not None
    assert (found.sid, found.ended) == (first.sid, False)


@pytest.mark.parametrize(
    ("offline", "end_offline", "refused"), [(False, False, True), (True, False, False), (True, True, True)]
)
async def test_a_refresh_token_ends_with_its_session(
    store: Database, offline: bool, end_offline: bool, refused: bool
) -> None:
    """But for offline access, unless that is to end as well (Back-Channel Logout 1.0, section 2.7)."""
    first = await learnt(store, replace(ALICE, tokens=[IssuedToken("r1", offline=offline, expires_at=NOW + 500)]))
    await store.write(end_session(ending(sid=str(first.sid))))
    used = replace(ALICE, refreshed="r1", tokens=[IssuedToken("r2", offline=False, expires_at=NOW + 500)])
    again = await learnt(store, used, NOW + 10, end_offline=end_offline)
    assert again.refused is refused
    rotated = await store.read(find_token("acme", "r2", NOW + 10))
    assert (rotated is None) is refused
    assert rotated is None or rotated.offline


async def test_cookies_of_an_ended_session_are_dead(store: Database) -> None:
    """They are noted once, withheld by their value, and counted per ended session."""
    first = await learnt(store, ALICE)
    assert not (await store.read(find_browser("acme", "b1", NOW))).ended
    await store.write(end_session(ending(sid=str(first.sid))))
    browser = await store.read(find_browser("acme", "b1", NOW + 2))
    assert browser.ended
    assert not browser.cleaned
    await store.write(withhold("acme", "b1", str(first.sid), ["c1"], now=NOW + 2, expires_at=NOW + 100))
    await store.write(withhold("acme", "b1", str(first.sid), [], now=NOW + 3, expires_at=NOW + 100))
    browser = await store.read(find_browser("acme", "b1", NOW + 4))
    assert (browser.cleaned, browser.withheld, set(browser.dead)) == (True, 2, {"c1"})
    again = await learnt(store, replace(ALICE, auth_time=NOW + 5), NOW + 5)
    browser = await store.read(find_browser("acme", "b1", NOW + 5))
    assert (browser.sid, browser.ended, browser.withheld, set(browser.dead)) == (again.sid, False, 0, {"c1"})


async def test_a_browser_without_cookies_after_an_ending_is_clean(store: Database) -> None:
    """It is noted that it showed none, and nothing has been withheld."""
    first = await learnt(store, ALICE)
    await store.write(end_session(ending(sid=str(first.sid))))
    await store.write(withhold("acme", "b1", str(first.sid), [], now=NOW + 2, expires_at=NOW + 100))
    browser = await store.read(find_browser("acme", "b1", NOW + 2))
    assert (browser.ended, browser.cleaned, browser.withheld, set(browser.dead)) == (True, True, 0, set())


async def test_what_is_counted_adds_up(store: Database) -> None:
    """Two processes add to the same figures."""
    counted: dict[Counted, int] = {("acme", "begun", "web"): 2, ("acme", "learnt", "web"): 1}
    await asyncio.gather(*(store.write(add_counts(counted, NOW)) for _ in range(2)))
    assert await store.read(_rows(FRONT_COUNTS)) == [("acme", "begun", "web", 4), ("acme", "learnt", "web", 2)]


async def test_what_has_expired_is_forgotten(store: Database) -> None:
    """Sign-ins under way, tokens, dead cookies and browsers, each at its time."""
    await store.write(await_token("acme", "b1", ["k"], now=NOW))
    await learnt(store, replace(ALICE, keys=["k"], tokens=[IssuedToken("r1", offline=False, expires_at=NOW + 5)]))
    await store.write(withhold("acme", "b1", "s", ["c"], now=NOW, expires_at=NOW + 5))
    assert await store.write(forget_front_rows(NOW, NOW - 1)) == 0
    assert await store.write(forget_front_rows(NOW + AWAITED_FOR + 1, NOW + 1)) == 4
    assert await store.read(find_token("acme", "r1", NOW)) is None
