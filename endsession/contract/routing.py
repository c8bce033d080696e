"""connexion's routing, with two of its habits changed: no redirect to a corrected slash, and no linear search."""

from __future__ import annotations

from typing import Any

from connexion.middleware.routing import RoutingMiddleware
from starlette.routing import Route, Router
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
        routes = [route for route in router.routes if isinstance(route, Route)]
        words = {word for route in routes if "{" not in (word := _last(route.path))}
        self._routers = {word: self._with(router, routes, word) for word in words}
        self._other = self._with(router, routes, "")

    @staticmethod
    def _with(router: Router, routes: list[Route], word: str) -> Router:
        fitting = [route for route in routes if _last(route.path) == word or "{" in _last(route.path)]
        return Router(fitting, redirect_slashes=False, default=router.default)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        await self._routers.get(_last(scope["path"]), self._other)(scope, receive, send)


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]
