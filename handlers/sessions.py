"""What the login side tells about sessions (management operations; the bearer token has been checked)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import Response

from endsession.contract.rendering import json_response
from endsession.contract.request import Request
from endsession.gateway import Gateway, Issuer
from endsession.protocol.errors import InvalidRequest, NotFound, UnknownClient
from endsession.store.sessions import Participant, Registration, SessionRecord, join, load, register

from .results import result_of


async def put_session(request: Request, gateway: Gateway) -> Response:
    """A session began or changed."""
    issuer, sid, said = gateway.find_issuer(request), request.path["sid"], request.body
    now = gateway.clock()
    if said.get("expires_at") is not None and said["expires_at"] <= now:
        raise InvalidRequest("The member expires_at lies in the past.")
    participants = None
    if "clients" in said:
        participants = [await _participant(issuer, member) for member in said["clients"]]
    registration = Registration(
        sub=said["sub"],
        cookie_sha256=said.get("cookie_sha256"),
        expires_at=said.get("expires_at"),
        idle_seconds=said.get("idle_seconds"),
        user_label=said.get("user_label"),
        participants=participants,
    )
    outcome = await gateway.store.write(
        register(
            issuer.id,
            sid,
            registration,
            now=now,
            default_lifetime=issuer.session_lifetime,
            default_idle=issuer.session_idle,
        )
    )
    return await _session(gateway, issuer, sid, status=201 if outcome == "created" else 200)


async def join_session(request: Request, gateway: Gateway) -> Response:
    """An app joined a session."""
    issuer, sid = gateway.find_issuer(request), request.path["sid"]
    participant = await _participant(issuer, request.body)
    await gateway.store.write(join(issuer.id, sid, participant, now=gateway.clock()))
    return await _session(gateway, issuer, sid)


async def get_session(request: Request, gateway: Gateway) -> Response:
    """Whether a session is alive, and who takes part in it."""
    return await _session(gateway, gateway.find_issuer(request), request.path["sid"])


async def delete_session(request: Request, gateway: Gateway) -> Response:
    """An administrator ends a session. One that is over already is a success (idempotent)."""
    issuer, sid = gateway.find_issuer(request), request.path["sid"]
    if await gateway.store.read(load(issuer.id, sid)) is None:
        raise NotFound("There is no such session.")
    await gateway.endings.end(issuer.audience, sid, reason="admin", actor=request.caller.name)
    return json_response(await result_of(gateway, issuer, sid, "signed_out"))


async def _participant(issuer: Issuer, member: Mapping[str, Any]) -> Participant:
    if await issuer.client(member["client_id"]) is None:
        raise UnknownClient
    return Participant(member["client_id"], member.get("sub"), member.get("sid"))


async def _session(gateway: Gateway, issuer: Issuer, sid: str, *, status: int = 200) -> Response:
    record = await gateway.store.read(load(issuer.id, sid))
    if record is None:
        raise NotFound("There is no such session.")
    return json_response(_as_json(record, gateway.clock()), status)


def _as_json(record: SessionRecord, now: float) -> dict[str, Any]:
    return _without_none(
        sid=record.sid,
        sub=record.sub,
        state="live" if record.live(now) else "ended",
        user_label=record.user_label,
        began_at=record.began_at,
        expires_at=record.dies_at,
        ended_at=record.ended_at,
        end_reason=record.end_reason,
        clients=list(_clients(record.participants)),
    )


def _clients(participants: Iterable[Participant]) -> Iterable[dict[str, Any]]:
    for one in participants:
        yield _without_none(client_id=one.client_id, sub=one.sub, sid=one.sid)


def _without_none(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
