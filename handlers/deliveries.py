"""The ledger, read and set going again by an operator (management operations)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from starlette.responses import Response

from endsession.contract.rendering import json_in_slices, json_response, without_none
from endsession.contract.request import Request
from endsession.gateway import Gateway
from endsession.store.deliveries import Attempt, Delivery, attempts_of, deliveries_page, load_delivery
from endsession.store.lanes import make_due_again
from endsession.store.script import PLACES, Database


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
    shown = await in_json(gateway.store, found[:limit])
    return await json_in_slices(
        without_none(deliveries=shown, next=found[limit - 1].id if len(found) > limit else None)
    )


async def redeliver(request: Request, gateway: Gateway) -> Response:
    """Try a delivery once more, from now until a new deadline."""
    issuer, now = gateway.find_issuer(request), gateway.clock()
    deadline = now + issuer.notify_policy.deadline
    delivery = await gateway.store.read(load_delivery(issuer.id, request.path["delivery_id"]))
    request.client_id = delivery.client_id or None
    delivery = await gateway.store.write(make_due_again(delivery, gateway.trace(request), deadline=deadline))
    gateway.outbox.wake()
    gateway.store.announce()
    (shown,) = await in_json(gateway.store, [delivery])
    return json_response(shown)


async def in_json(store: Database, deliveries: Sequence[Delivery]) -> Iterator[dict[str, Any]]:
    """Deliveries with their attempts, as the document describes them."""
    attempts: dict[str, list[Attempt]] = {}
    for start in range(0, len(deliveries), PLACES):
        attempts |= await store.read(attempts_of([delivery.id for delivery in deliveries[start : start + PLACES]]))
    return (_as_json(delivery, attempts.get(delivery.id, ())) for delivery in deliveries)


def _as_json(delivery: Delivery, attempts: Sequence[Attempt]) -> dict[str, Any]:
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
