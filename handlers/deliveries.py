"""The ledger, read and set going again by an operator (management operations)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from endsession.contract.rendering import json_response, without_none
from endsession.contract.request import Request
from endsession.gateway import Gateway
from endsession.store.deliveries import Delivery, attempts_of, deliveries_page, load_delivery
from endsession.store.lanes import make_due_again
from endsession.store.script import Database


async def list_deliveries(request: Request, gateway: Gateway) -> Response:
    """Who was to be told of what, and what became of it."""
    issuer = gateway.find_issuer(request)
    limit = request.page_size
    found = await gateway.store.read(
        deliveries_page(
            issuer.id,
            state=request.query.get("state"),
            client_id=request.query.get("client_id"),
            after=request.query.get("cursor", ""),
            limit=limit + 1,
        )
    )
    shown = [await as_json(gateway.store, delivery) for delivery in found[:limit]]
    return json_response(without_none(deliveries=shown, next=found[limit - 1].id if len(found) > limit else None))


async def redeliver(request: Request, gateway: Gateway) -> Response:
    """Try a delivery once more, from now until a new deadline."""
    issuer, now = gateway.find_issuer(request), gateway.clock()
    deadline = now + issuer.notify_policy.deadline
    delivery = await gateway.store.read(load_delivery(issuer.id, request.path["delivery_id"]))
    request.client_id = delivery.client_id or None
    delivery = await gateway.store.write(make_due_again(delivery, gateway.trace(request), deadline=deadline))
    gateway.outbox.wake()
    gateway.store.announce()
    return json_response(await as_json(gateway.store, delivery))


async def as_json(store: Database, delivery: Delivery) -> dict[str, Any]:
    """A delivery with its attempts, as the document describes it."""
    attempts = await store.read(attempts_of(delivery.id))
    return without_none(
        id=delivery.id,
        sid=delivery.sid,
        client_id=delivery.client_id,
        channel=delivery.channel,
        state=delivery.state,
        reason=delivery.reason or None,
        status=delivery.status,
        created_at=delivery.created_at,
        deadline=delivery.deadline,
        due_at=delivery.due_at if delivery.state == "pending" else None,
        settled_at=delivery.settled_at,
        attempts=[
            without_none(
                number=attempt.number,
                at=attempt.at,
                seconds=attempt.seconds,
                status=attempt.status,
                reason=attempt.reason,
            )
            for attempt in attempts
        ],
    )
