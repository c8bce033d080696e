"""Ending a session for whatever reason, and telling its apps: the one way in which a session ends here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from ..protocol.client import Client
from ..store.deliveries import Channel, Delivery, Recipient, RetryLimits
from ..store.ending import Choose, Ending, Metadata, Reason, confirm_and_end_session, end_session
from ..store.script import Database
from ..store.sessions import Participant
from .outbox import Outbox

_METADATA = TypeAdapter(Client)


@dataclass(frozen=True, slots=True)
class NotifyPolicy:
    """Whom an issuer tells. `clients` are those of the settings; those of the database come with the transaction.

    `everyone` tells every client with a back-channel address, whoever took part (`participants = "all"`); `provider`
    is whether the provider itself is told. `deadline` and `wait` are in seconds.
    """

    issuer_id: str
    clients: Mapping[str, Client]
    everyone: bool
    provider: bool
    deadline: float
    wait: float


class Endings:
    """Ends sessions, durably, and tells the apps."""

    def __init__(self, store: Database, outbox: Outbox, clock: Callable[[], float]) -> None:
        self._store, self._outbox, self._clock = store, outbox, clock

    async def end(
        self,
        policy: NotifyPolicy,
        sid: str,
        *,
        reason: Reason,
        actor: str,
        initiator: str | None = None,
        in_browser: bool = False,
        unregistered_sub: str | None = None,
        handle: tuple[str, float] | None = None,
        silent: bool = False,
    ) -> list[Delivery] | None:
        """End a session; None when it was over before.

        When this returns, the ending and its deliveries are durable, and the apps have been tried once or the issuer's
        wait is over. `in_browser` says that frames can be shown. `handle` is a confirmation and its expiry, used up in
        the same transaction; `silent` tells nobody. See `store.ending.Ending` for the rest.
        """
        ending = Ending(
            issuer_id=policy.issuer_id,
            sid=sid,
            reason=reason,
            actor=actor,
            now=self._clock(),
            choose=_nobody if silent else _chooser(policy, in_browser=in_browser),
            limits=RetryLimits(policy.deadline, self._outbox.lease, self._outbox.bounds.lease_for),
            everyone=policy.everyone,
            unregistered_sub=unregistered_sub,
        )
        script = (
            end_session(ending) if handle is None else confirm_and_end_session(handle[0], ending, expires_at=handle[1])
        )
        deliveries = await self._store.write(script)
        if deliveries:
            await self._outbox.tell(deliveries, initiator=initiator, wait=policy.wait)
        return deliveries


def _nobody(sub: str, participants: Sequence[tuple[Participant, Metadata | None]]) -> Sequence[Recipient]:
    return ()


def _chooser(policy: NotifyPolicy, *, in_browser: bool) -> Choose:
    def choose(sub: str, participants: Sequence[tuple[Participant, Metadata | None]]) -> Sequence[Recipient]:
        recipients = [Recipient("", "op", sub)] if policy.provider else []
        chosen = _everyone(policy, participants) if policy.everyone else _those(policy, participants)
        for participant, client in chosen:
            channel = channel_to(client, in_browser=in_browser)
            recipients.append(
                Recipient(participant.client_id, channel, participant.sub or sub, participant.sid or "")
            )  # fmt: skip
        return recipients

    return choose


def _those(
    policy: NotifyPolicy, participants: Sequence[tuple[Participant, Metadata | None]]
) -> Iterator[tuple[Participant, Client | None]]:
    for participant, metadata in participants:
        client = policy.clients.get(participant.client_id)
        yield participant, client or (_METADATA.validate_python(metadata) if metadata else None)


def _everyone(
    policy: NotifyPolicy, participants: Sequence[tuple[Participant, Metadata | None]]
) -> Iterator[tuple[Participant, Client | None]]:
    clients = {participant.client_id: client for participant, client in _those(policy, participants)}
    for client_id, client in {**clients, **policy.clients}.items():
        if client is not None and client.backchannel_logout_uri:
            yield Participant(client_id), client


def channel_to(client: Client | None, *, in_browser: bool) -> Channel:
    """How an app is told: by a token where it has an address for one, else by a frame if there is a browser."""
    if client is not None and client.backchannel_logout_uri:
        return "back"
    if client is not None and client.frontchannel_logout_uri and in_browser:
        return "front"
    return "none"
