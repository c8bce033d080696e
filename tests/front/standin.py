"""A stand-in for a provider behind a front: what it publishes, under its public name alone."""

from __future__ import annotations

import json
from typing import Any

from endsession.front.endpoints import Endpoint
from tests.kit.deployment import Deployment
from tests.kit.provider import Provider
from tests.kit.tokens import jwks

ISSUER = "https://login.example"
OPENID, OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
METADATA: dict[str, Any] = {
    "issuer": ISSUER,
    "jwks_uri": f"{ISSUER}/certs",
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "userinfo_endpoint": f"{ISSUER}/me",
    "end_session_endpoint": f"{ISSUER}/bye",
    "claims_supported": ["sub"],
    "signed_metadata": "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
    "vendors_own": {"x": [1, None, 2.5, "\u00e9"]},
}
EXOTIC = {"kty": "FUTURE", "alg": "X-1", "kid": "pq", "pub": "cHViCg"}
"""A key of a type that is not known here, and all the same the apps' business."""


def publish(web: Provider, path: str, content: Any, **headers: str) -> None:
    """Publish JSON at `path`, with these headers (`_` for `-`)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    web.paths[path] = ("200 OK", named, json.dumps(content).encode())


def publish_all(web: Provider, **changes: Any) -> None:
    """The metadata with `changes` to it, and two keys."""
    publish(web, OPENID, METADATA | changes)
    publish(web, "/certs", {"keys": [*jwks("RS256")["keys"], EXOTIC]})


def behind(web: Provider, **table: Any) -> dict[str, Any]:
    """Settings of an issuer behind a front whose upstream is `web`."""
    cleared = {"cookie": None, "jwks": None}
    front = {"upstream": web.url.removesuffix("/jwks.json")}
    return {"issuers": {"acme": {**cleared, "issuer": ISSUER, "front": front, **table}}}


async def read(gateway: Deployment, path: str, method: str = "GET", **headers: str) -> Any:
    """What the front publishes at a path, as a response; headers with `_` for `-`."""
    await gateway.gateway.fronts.look()
    found = gateway.gateway.fronts.find("login.example", path.encode())
    assert isinstance(found, Endpoint)
    published = gateway.gateway.issuers[found.issuer_id].published
    assert published is not None
    return await published.answer(found, method, {name.replace("_", "-"): value for name, value in headers.items()})
