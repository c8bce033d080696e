"""A deployment whose apps take logout tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from endsession.runtime.app import Ports

from .deployment import Deployment, deploy, merged
from .logout_tokens import write_keys
from .receivers import Receivers


def with_apps(folder: Path, apps: Receivers, *names: str, **client: Any) -> dict[str, Any]:
    """Changes to the ordinary configuration: these apps at issuer acme, told at the receivers."""
    clients = {
        name: {
            "client_name": f"App {name}",
            "post_logout_redirect_uris": [f"https://{name}.example/signed-out"],
            "backchannel_logout_uri": apps.url(name),
            **client,
        }
        for name in names
    }
    return {
        "delivery": {"allow_networks": ["127.0.0.0/8"]},
        "issuers": {
            "acme": {
                "signing_keys": write_keys(folder, "RS256", "ES256"),
                "clients": clients,
                "notify_wait": 10,  # whatever the machine does: apps that answer have answered when the response comes
            }
        },
    }


@asynccontextmanager
async def deploy_with_apps(
    folder: Path,
    apps: Receivers,
    *names: str,
    changes: Mapping[str, Any] | None = None,
    ports: Ports | None = None,
    **client: Any,
) -> AsyncIterator[Deployment]:
    """Run a gateway with these apps."""
    configuration = merged(with_apps(folder, apps, *names, **client), changes or {})
    async with deploy(folder, configuration, ports=ports) as gateway:
        yield gateway


async def sign_in(gateway: Deployment, *names: str, sid: str = "s-alice", **said: Any) -> None:
    """A session in which these apps take part."""
    clients = [{"client_id": name} for name in names]
    response = await gateway.register(sid, clients=clients, **said)
    assert response.status_code in (200, 201), response.text


async def states(gateway: Deployment, sid: str = "s-alice") -> dict[str, str]:
    """The state of each app's delivery."""
    rows = await gateway.rows("SELECT client_id, state FROM deliveries WHERE sid = :sid", sid=sid)
    return dict(rows)
