"""What became of a logout, for those who may know: which app was told, which was not."""

from __future__ import annotations

import json
from typing import Any

from ..gateway import Gateway, Issuer
from ..pages import AppState
from ..store.deliveries import ToldApp, told_apps

MOST = 1000
"""Apps that a result names. The ledger has them all."""
_AT_ONCE = 100
"""Apps that are read at once, so that no other request waits long for it."""


async def apps_of(gateway: Gateway, issuer: Issuer, sid: str) -> list[AppState]:
    """The apps of an ended session and the state of each. The provider itself is not among them."""
    apps: list[AppState] = []
    after = ""
    while len(apps) < MOST:
        found = await gateway.store.read(told_apps(issuer.id, sid, after=after, limit=_AT_ONCE))
        apps += [AppState(app.client_id, _name(issuer, app), app.state) for app in found]
        if len(found) < _AT_ONCE:
            break
        after = found[-1].delivery_id
    return apps


def _name(issuer: Issuer, app: ToldApp) -> str:
    """What a person calls an app: a client of the settings, else of the database, else one that is not registered."""
    if configured := issuer.notify_policy.clients.get(app.client_id):
        return configured.name
    stored: dict[str, Any] = json.loads(app.metadata) if app.metadata else {}
    return stored.get("client_name") or app.client_id


async def result_of(gateway: Gateway, issuer: Issuer, sid: str, status: str) -> dict[str, Any]:
    """A LogoutResult of an ended session."""
    apps = await apps_of(gateway, issuer, sid)
    return {
        "status": status,
        "apps": [{"client_id": app.client_id, "name": app.name, "state": app.state} for app in apps],
    }
