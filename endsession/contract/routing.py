"""connexion's routing, with three of its habits changed: no redirect to a corrected slash, no linear search, and no
request that falls through to a vaguer path for its method.
"""

from __future__ import annotations

from typing import Any

from connexion.middleware.routing import RoutingMiddleware
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import Receive, Scope, Send


class StrictRouting(RoutingMiddleware):  # type: ignore[misc]  # connexion is untyped
    """Routes by the document's paths exactly as they stand.

    A slash redirect would go to the Host of the request, with the token in its query. The search goes by the last
    segment of the path, which nearly always is a fixed word, so that its cost does not grow with the document.
    """

    def add_api(self, *arguments: Any, **options: Any) -> None:
        """See RoutingMiddleware. There is one document, and so one mounted router."""
        super().add_api(*arguments, **options)
        mounted: Any = self.router
        (mount,) = mounted.routes
        self.router: Any = ByLastSegment(mount.app)


class ByLastSegment:
    """An ASGI application: a router for each last segment, with just the routes that can match it, in their order."""

    def __init__(self, router: Router) -> None:
        by_path: dict[str, list[Route]] = {}
        for route in router.routes:
            if isinstance(route, Route):
                by_path.setdefault(route.path, []).append(route)
        words = {word for path in by_path if "{" not in (word := _last(path))}
        self._routers = {word: self._with(router, by_path, word) for word in words}
        self._other = self._with(router, by_path, "")

    @staticmethod
    def _with(router: Router, by_path: dict[str, list[Route]], word: str) -> Router:
        fitting = [OnePath(routes) for path, routes in by_path.items() if _last(path) == word or "{" in _last(path)]
        return Router(fitting, redirect_slashes=False, default=router.default)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        await self._routers.get(_last(scope["path"]), self._other)(scope, receive, send)


class OnePath(BaseRoute):
    """All operations of a path. It takes every request that it matches, whatever the method.

    A wrong method is a 405 of the first path that matches, which is the most concrete one (OpenAPI 3.0, Paths Object):
    a POST to a vendor's `/v2/logout` that knows only GET is not one for an issuer called v2.
    """

    def __init__(self, routes: list[Route]) -> None:
        self._first = routes[0]
        self._routes = {method: route for route in routes for method in route.methods or ()}

    def _route(self, scope: Scope) -> Route:
        return self._routes.get(scope["method"], self._first)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See BaseRoute."""
        match, found = self._route(scope).matches(scope)
        return (match if match is Match.NONE else Match.FULL), found

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See BaseRoute."""
        await self._route(scope).handle(scope, receive, send)


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]
