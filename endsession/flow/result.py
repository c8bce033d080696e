"""What became of a logout, for those who may know: which app was told, which was not."""

from __future__ import annotations

from typing import Any

from ..gateway import Gateway, Issuer
from ..pages import AppState
from ..store.deliveries import OF_PROVIDER, Delivery, deliveries_of_session


async def apps_of(gateway: Gateway, issuer: Issuer, sid: str) -> list[AppState]:
    """The apps of an ended session and the state of each. The provider itself is not among them."""
    deliveries = await gateway.store.read(deliveries_of_session(issuer.id, sid))
    return [await _app(issuer, delivery) for delivery in deliveries if delivery.channel not in OF_PROVIDER]


async def _app(issuer: Issuer, delivery: Delivery) -> AppState:
    client = await issuer.client(delivery.client_id)
    return AppState(delivery.client_id, client.name if client else delivery.client_id, delivery.state)


async def result_of(gateway: Gateway, issuer: Issuer, sid: str, status: str) -> dict[str, Any]:
    """A LogoutResult of an ended session."""
    apps = await apps_of(gateway, issuer, sid)
    return {
        "status": status,
        "apps": [{"client_id": app.client_id, "name": app.name, "state": app.state} for app in apps],
    }
