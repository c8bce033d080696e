"""Ending a session for whatever reason, and telling its apps: the one way in which a session ends here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import TypeAdapter

from ..protocol.client import Client
from ..protocol.errors import EndsessionError
from ..store.deliveries import Channel, Delivery, Recipient, RetryLimits
from ..store.ending import Answered, Ended, Ending, Reason, answer_question, end_expired, end_session
from ..store.fan_out import Candidate, Choose, write_next_slice
from ..store.script import Database
from ..store.sessions import Participant
from .outbox import Outbox

log = logging.getLogger(__name__)
_METADATA = TypeAdapter(Client)


@dataclass(frozen=True, slots=True)
class NotifyPolicy:
    """Whom an issuer tells. `clients` are those of the settings; those of the database come with the transaction.

    `everyone` tells every client with a back-channel URI, also those that took no part (`participants = "all"`);
    `provider` are the ways in which the provider itself is told. `deadline` and `wait` are in seconds.
    """

    issuer_id: str
    clients: Mapping[str, Client] = field(default_factory=dict)
    everyone: bool = False
    provider: tuple[Channel, ...] = ()
    deadline: float = 86_400.0
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class By:
    """By whom a session ends. `in_browser` says that frames can be shown; `initiator` is the app that is told first.

    `unregistered_sub` is the `sub` of a session that nobody registered (see `store.ending.Ending`). `address` is
    that of a caller of management; a user's is not kept.
    """

    reason: Reason
    actor: str
    initiator: str | None = None
    in_browser: bool = False
    unregistered_sub: str | None = None
    address: str = ""


class Endings:
    """Ends sessions, durably, and tells the apps."""

    def __init__(self, store: Database, background: Database, outbox: Outbox, clock: Callable[[], float]) -> None:
        """`background` is the same storage for what nobody waits for."""
        self._store, self._background, self._outbox, self.clock = store, background, outbox, clock
        self._finishing: set[asyncio.Task[None]] = set()

    async def end(
        self, policy: NotifyPolicy, sid: str, by: By, *, wait: float | None = None
    ) -> Sequence[Delivery] | None:
        """End a session; None when it had ended before.

        When this returns, the ending and its deliveries are durable, and the apps have been tried once or the issuer's
        wait has passed; `wait` is another bound on that, in seconds.
        """
        ended = await self._store.write(end_session(self.ending(policy, sid, by)))
        if ended is not None:
            await self.tell(policy, sid, ended, by, wait)
        return ended.deliveries if ended else None

    async def answer(
        self,
        policy: NotifyPolicy,
        sid: str | None,
        by: By,
        *,
        handle: str,
        answer: Literal["yes", "no"],
        expires_at: float,
    ) -> Answered:
        """Take the answer to a question; a yes ends the session `sid`, if there is one, as `end` does."""
        ending = self.ending(policy, sid, by) if answer == "yes" and sid is not None else None
        answered = await self._store.write(answer_question(handle, answer, ending, expires_at=expires_at))
        if answered.ended is not None and sid is not None:
            await self.tell(policy, sid, answered.ended, by, None)
        return answered

    def ending(self, policy: NotifyPolicy, sid: str, by: By) -> Ending:
        """What a transaction of the caller's needs to end a session; `tell` is for after its commit."""
        return Ending(
            issuer_id=policy.issuer_id,
            sid=sid,
            reason=by.reason,
            actor=by.actor,
            address=by.address,
            now=self.clock(),
            choose=chooser(policy, in_browser=by.in_browser),
            limits=self._limits(policy),
            initiator=by.initiator or "",
            unregistered_sub=by.unregistered_sub,
        )

    async def tell(self, policy: NotifyPolicy, sid: str, ended: Ended, by: By, wait: float | None) -> None:
        """Tell the apps of a session that has ended, and wait for them as `end` does."""
        if ended.more:
            self._finish(policy, sid)
        wait = policy.wait if wait is None else wait
        await self._outbox.tell(ended.deliveries, initiator=by.initiator, wait=wait)

    async def expire(self, sessions: Sequence[tuple[str, str, NotifyPolicy | None]]) -> None:
        """End sessions (issuer_id, sid) whose lifetime has ended, in one transaction; None tells nobody.

        Nobody waits here: their apps are told in turn.
        """
        endings = [
            Ending(
                issuer_id=issuer_id,
                sid=sid,
                reason="expired",
                actor="sweeper",
                now=self.clock(),
                choose=chooser(policy, in_browser=False) if policy else None,
                limits=RetryLimits(policy.deadline if policy else 0, None, self._outbox.bounds.lease_for),
            )
            for issuer_id, sid, policy in sessions
        ]
        unfinished = await self._background.write(end_expired(endings))
        for (_, sid, policy), more in zip(sessions, unfinished, strict=True):
            if more and policy:
                self._finish(policy, sid)
        self._outbox.wake()
        self._store.announce()

    def _limits(self, policy: NotifyPolicy) -> RetryLimits:
        return RetryLimits(policy.deadline, self._outbox.lease, self._outbox.bounds.lease_for)

    def _finish(self, policy: NotifyPolicy, sid: str) -> None:
        task = asyncio.create_task(self.finish(policy, sid))
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def finish(self, policy: NotifyPolicy, sid: str) -> None:
        """Record the remaining apps of an ending, slice by slice. If this fails, a later run continues from there."""
        try:
            more = True
            while more:
                more = await self._background.write(
                    write_next_slice(
                        policy.issuer_id,
                        sid,
                        chooser(policy, in_browser=False),
                        self._limits(policy),
                        now=self.clock(),
                    )
                )
                self._outbox.wake()
        except EndsessionError as error:
            log.warning("not all deliveries of an ended session are recorded yet; retrying: %s", error)
        self._store.announce()

    async def stop(self) -> None:
        """Wait for what is being written down."""
        if self._finishing:
            await asyncio.wait(self._finishing)


def chooser(policy: NotifyPolicy, *, in_browser: bool) -> Choose:
    """Whom an ending at this issuer tells, and by which channel."""

    def recipients(sub: str, candidates: Sequence[Candidate]) -> Sequence[Recipient]:
        chosen = []
        for participant, client in _clients(policy, candidates):
            channel = channel_to(client, in_browser=in_browser)
            if channel == "back" or not policy.everyone:
                own_sub, own_sid = participant.sub or sub, participant.sid or ""
                chosen.append(Recipient(participant.client_id, channel, own_sub, own_sid))
        return chosen

    def provider(sub: str, op_sid: str | None) -> Sequence[Recipient]:
        return [Recipient("", channel, sub, op_sid or "") for channel in policy.provider]

    if policy.everyone:
        return Choose(recipients, "clients", tuple(policy.clients), provider)
    return Choose(recipients, provider=provider)


def _clients(policy: NotifyPolicy, candidates: Sequence[Candidate]) -> Iterator[tuple[Participant, Client | None]]:
    """Each candidate with its registration: of the settings, else of the database."""
    for participant, metadata in candidates:
        client = policy.clients.get(participant.client_id)
        yield participant, client or (_METADATA.validate_python(metadata) if metadata else None)


def channel_to(client: Client | None, *, in_browser: bool) -> Channel:
    """How an app is told: by a token where it has a URI for one, else by a frame if there is a browser."""
    if client is not None and client.backchannel_logout_uri:
        return "back"
    if client is not None and client.frontchannel_logout_uri and in_browser:
        return "front"
    return "none"
