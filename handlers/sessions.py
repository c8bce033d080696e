"""What the login side tells about sessions (management operations; the bearer token has been checked)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response

from endsession.contract.rendering import json_in_slices, json_response, without_none
from endsession.contract.request import Request
from endsession.delivery.endings import By
from endsession.flow.result import result_of
from endsession.gateway import Gateway, Issuer
from endsession.protocol.errors import InvalidRequest, NotFound, UnknownClient
from endsession.store.deliveries import deliveries_of_session
from endsession.store.script import PLACES
from endsession.store.sessions import (
    Participant,
    Registration,
    SessionRecord,
    add_participant,
    is_known,
    live_sessions_of_user,
    load_session,
    register_session,
    sessions_page,
)

from .deliveries import in_json as deliveries_in_json

_AT_ONCE = 100
"""Sessions that are ended concurrently."""


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
        register_session(
            issuer.id,
            sid,
            registration,
            now=now,
            default_lifetime=issuer.session_lifetime,
            default_idle=issuer.session_idle,
            trace=gateway.trace(request),
        )
    )
    return await _session(gateway, issuer, sid, status=201 if outcome == "created" else 200)


async def join_session(request: Request, gateway: Gateway) -> Response:
    """An app joined a session."""
    issuer, sid = gateway.find_issuer(request), request.path["sid"]
    participant = await _participant(issuer, request.body)
    await gateway.store.write(add_participant(issuer.id, sid, participant, now=gateway.clock()))
    return await _session(gateway, issuer, sid)


async def register_id_token(request: Request, gateway: Gateway) -> Response:
    """An ID token was issued: its session begins, or an app joins it."""
    issuer, said = gateway.find_issuer(request), request.body
    learnt = await gateway.learners[issuer.id].of_token(
        said["id_token"],
        client_id=said.get("client_id"),
        browser=said.get("cookie_sha256"),
        user_label=said.get("user_label"),
        trace=gateway.trace(request),
    )
    return await _session(gateway, issuer, str(learnt.sid), status=201 if learnt.new else 200)


async def get_session(request: Request, gateway: Gateway) -> Response:
    """Whether a session is alive, and who takes part in it."""
    return await _session(gateway, gateway.find_issuer(request), request.path["sid"])


async def delete_session(request: Request, gateway: Gateway) -> Response:
    """An administrator ends a session. One that has ended already is a success (idempotent)."""
    issuer, sid = gateway.find_issuer(request), request.path["sid"]
    if not await gateway.store.read(is_known(issuer.id, sid)):
        raise NotFound("There is no such session.")
    await gateway.endings.end(
        issuer.notify_policy, sid, By("admin", request.caller.name, address=request.client_address)
    )
    return json_response(await result_of(gateway, issuer, sid, "signed_out"))


async def list_sessions(request: Request, gateway: Gateway) -> Response:
    """Sessions of an issuer, page by page."""
    issuer, limit = gateway.find_issuer(request), request.page_size
    found: list[SessionRecord] = []
    more = True
    while more and len(found) <= limit:
        page = sessions_page(
            issuer.id,
            sub=request.query.get("sub"),
            client_id=request.query.get("client_id"),
            state=request.query.get("state"),
            after=found[-1].sid if found else request.query.get("cursor", ""),
            limit=min(limit + 1 - len(found), PLACES),
            now=gateway.clock(),
        )
        records = await gateway.store.read(page)
        more = len(records) == PLACES
        found += records
    shown = (_as_json(record, gateway.clock()) | {"clients": list(_clients(record))} for record in found[:limit])
    return await json_in_slices(without_none(sessions=shown, next=found[limit - 1].sid if len(found) > limit else None))


async def delete_sessions(request: Request, gateway: Gateway) -> Response:
    """An administrator ends sessions of a user: each once, each with the apps that took part in it."""
    issuer, sub = gateway.find_issuer(request), request.query["sub"]
    sessions = live_sessions_of_user(issuer.id, sub, client_id=request.query.get("client_id"), now=gateway.clock())
    sids = await gateway.store.read(sessions)
    apps = []
    for start in range(0, len(sids), _AT_ONCE):
        some = sids[start : start + _AT_ONCE]
        # Concurrently: one slow app must not keep the user's last session alive for as long as all others take.
        await asyncio.gather(
            *(
                gateway.endings.end(
                    issuer.notify_policy, sid, By("admin", request.caller.name, address=request.client_address)
                )
                for sid in some
            )
        )
        for sid in some:
            apps += (await result_of(gateway, issuer, sid, "signed_out"))["apps"]
    return json_response({"status": "signed_out", "apps": apps})


async def _participant(issuer: Issuer, member: Mapping[str, Any]) -> Participant:
    if await issuer.client(member["client_id"]) is None:
        raise UnknownClient
    return Participant(member["client_id"], member.get("sub"), member.get("sid"))


async def _session(gateway: Gateway, issuer: Issuer, sid: str, *, status: int = 200) -> Response:
    record = await gateway.store.read(load_session(issuer.id, sid))
    if record is None:
        raise NotFound("There is no such session.")
    shown: dict[str, Any] = _as_json(record, gateway.clock())
    if record.ended_at is not None:
        deliveries = await gateway.store.read(deliveries_of_session(issuer.id, sid))
        shown["deliveries"] = await deliveries_in_json(gateway.store, deliveries)
    return await json_in_slices(shown | {"clients": _clients(record)}, status)


def _as_json(record: SessionRecord, now: float) -> dict[str, Any]:
    """A session as the document describes it, but for its clients."""
    return without_none(
        sid=record.sid,
        sub=record.sub,
        state="live" if record.live(now) else "ended",
        user_label=record.user_label,
        began_at=record.began_at,
        expires_at=record.dies_at,
        ended_at=record.ended_at,
        end_reason=record.end_reason,
        ended_by=record.ended_by,
        survived_at=record.survived_at,
    )


def _clients(record: SessionRecord) -> Iterator[dict[str, Any]]:
    return (without_none(client_id=app.client_id, sub=app.sub, sid=app.sid) for app in record.participants)
