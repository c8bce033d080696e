"""The deletion of cookies as Chromium does it: whatever place a provider has put them at."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from endsession.front.withholding import deletions
from tests.kit.chromium import needs_chromium

from .in_chromium import Web

pytestmark = [needs_chromium, pytest.mark.slow]
DELETES = "/realms/acme/authorize"


def setting(cookies: Sequence[str], host: str, paths: Sequence[str], kept: Sequence[str] = ()) -> Starlette:
    """A site that sets cookies at `/set`, and whose response at `DELETES` deletes those that come, but for `kept`."""

    async def set_them(_: Request) -> Response:
        response = HTMLResponse("<title>set</title>")
        for line in cookies:
            response.raw_headers.append((b"set-cookie", line.encode()))
        return response

    async def delete_them(request: Request) -> Response:
        response = HTMLResponse("<title>deleted</title>")
        names = [name for name in request.cookies if name not in kept]
        response.raw_headers += deletions(names, host=host, paths=paths, https=True)
        return response

    return Starlette(routes=[Route("/set", set_them), Route(DELETES, delete_them)])


KINDS = {
    "host-only": "c=1; Secure; HttpOnly",
    "not secure": "c=1; Path=/",
    "lax": "c=1; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600",
    "strict": "c=1; Path=/; Secure; SameSite=Strict",
    "none": "c=1; Path=/; Secure; SameSite=None",
    "domain": "c=1; Path=/; Secure; Domain=login.corp.example",
    "domain above": "c=1; Path=/; Secure; Domain=corp.example",
    "partitioned": "c=1; Path=/; Secure; SameSite=None; Partitioned",
    "partitioned of a domain": "c=1; Path=/; Secure; SameSite=None; Partitioned; Domain=corp.example",
    "__Secure-": "__Secure-c=1; Path=/; Secure; HttpOnly",
    "__Secure- of a domain": "__Secure-c=1; Path=/; Secure; Domain=corp.example",
    "__Host-": "__Host-c=1; Path=/; Secure; HttpOnly",
    "__Host- partitioned": "__Host-c=1; Path=/; Secure; HttpOnly; SameSite=None; Partitioned",
    "__host-, in other letters": "__HOST-c=1; Path=/; Secure",
    "__Http-": "__Http-c=1; Path=/; Secure; HttpOnly",
    "__Host-Http-": "__Host-Http-c=1; Path=/; Secure; HttpOnly",
    "issuer's path": "c=1; Path=/realms/acme; Secure; HttpOnly",
    "issuer's path and a slash": "c=1; Path=/realms/acme/; Secure; HttpOnly; SameSite=None",
    "issuer's path, of a domain": "c=1; Path=/realms/acme; Secure; Domain=corp.example",
    "issuer's path, partitioned": "c=1; Path=/realms/acme/; Secure; SameSite=None; Partitioned",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cookie_of_every_kind_is_deleted(chromium: Web, kind: str) -> None:
    """The browser has it, shows it, and has nothing left after the response that deletes it."""
    host, name = "login.corp.example", KINDS[kind].partition("=")[0]
    site = setting([KINDS[kind], "kept=1; Path=/; Secure"], host, ["/", "/realms/acme", "/realms/acme/"], ["kept"])
    with chromium.only({host: site}):
        async with chromium.browser.profile() as profile:
            tab = await profile.tab()
            await tab.go(f"https://{host}/set")
            assert await profile.names() == sorted([name, "kept"])
            await tab.go(f"https://{host}{DELETES}")
            assert await profile.names() == ["kept"]
