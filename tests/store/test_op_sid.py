"""The provider's own name of a session goes with what the provider is told of its end. On every backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from endsession.store.deliveries import Recipient
from endsession.store.ending import Ended, end_session
from endsession.store.fan_out import Choose
from endsession.store.learning import learn
from endsession.store.script import Database

from .test_learning import ALICE, rules
from .test_sessions import ending


def to_the_provider(sub: str, op_sid: str | None) -> Sequence[Recipient]:
    """A call of its admin API."""
    return [Recipient("", "op_admin", sub, op_sid or "")]


async def named(store: Database, sid: str | None) -> list[str]:
    """End a session; the names under which its provider is asked to end it."""
    asked = replace(ending(sid=sid or ""), choose=Choose(lambda sub, found: [], provider=to_the_provider))
    ended: Ended | None = await store.write(end_session(asked))
    assert ended is not None
    return [delivery.rp_sid for delivery in ended.deliveries]


async def test_what_was_learnt_is_named_by_the_newest_token(store: Database) -> None:
    """The provider may have begun another session in the same browser; a token without `sid` changes nothing."""
    first = await store.write(learn(ALICE, rules()))
    await store.write(learn(replace(ALICE, client_id="shop", sid="op2"), rules()))
    await store.write(learn(replace(ALICE, client_id="wiki", sid=None), rules()))
    assert await named(store, first.sid) == ["op2"]


async def test_what_carries_no_sid_has_no_name(store: Database) -> None:
    """The call is then refused for want of one, and does not name a session that the provider does not know."""
    found = await store.write(learn(replace(ALICE, sid=None), rules()))
    assert await named(store, found.sid) == [""]
