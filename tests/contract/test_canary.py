"""The parts of connexion that have no promise and that the compiled contract is built on.

When an upgrade changes one, its test fails with the part and the file that has to follow, which is sooner and clearer
than a failure somewhere in a logout.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.middleware.main import ConnexionMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.operations import AbstractOperation
from connexion.resolver import Resolution, Resolver
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import Receive, Scope, Send

from tests.kit.canary import relied_on
from tests.kit.raw import ask

APP, ROUTING, OPERATION = (f"endsession/contract/{name}.py" for name in ("app", "routing", "operation"))
BODY = {"content": {"application/json": {"schema": {"type": "object"}}}}
NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "canary", "version": "1"},
    "paths": {
        "/a/{name}": {
            "post": {
                "operationId": "sing",
                "parameters": [NAME],
                "requestBody": BODY,
                "responses": {"200": {"description": "It answers with the name."}},
            }
        }
    },
}


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """The application behind the document."""
    await Response("nothing", 404)(scope, receive, send)


class Compiled:
    """An operation of the document as an application, with what connexion made it of."""

    def __init__(self, operation: AbstractOperation) -> None:
        self.operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        await Response(scope["path_params"]["name"])(scope, receive, send)


class CompiledAPI(RoutedAPI[Compiled]):  # type: ignore[misc]  # connexion is untyped
    """Puts each operation into the list that `add_api` was given."""

    def __init__(self, *arguments: Any, made: list[Compiled], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.made = made
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> Compiled:
        """See RoutedAPI."""
        self.made.append(Compiled(operation))
        return self.made[-1]


class Contract(RoutedMiddleware[CompiledAPI]):  # type: ignore[misc]
    """What stands behind connexion's routing."""

    api_cls = CompiledAPI


class ToNothing(Resolver):  # type: ignore[misc]
    """Every operation has the same handler."""

    def resolve(self, operation: Any) -> Resolution:
        """See Resolver."""
        assert (operation.path, operation.method) == ("/a/{name}", "post")
        return Resolution(nothing, operation.operation_id)


def small() -> tuple[Any, list[Compiled]]:
    """A small application, made of connexion as the gateway is, and its operations once they are compiled."""
    made: list[Compiled] = []
    whole = ConnexionMiddleware(nothing, middlewares=[RoutingMiddleware, Contract], resolver=ToNothing())
    whole.add_api(dict(DOCUMENT), made=made)
    return whole, made


async def test_the_stack_can_be_built_before_the_first_request() -> None:
    """So a document that does not fit its handlers is refused when the gateway starts."""
    with relied_on("connexion", "ConnexionMiddleware._build_middleware_stack compiles all operations", APP):
        whole, made = small()
        outermost, stack = whole._build_middleware_stack()
        assert len(made) == 1, "nothing was compiled"
        assert next(iter(stack)) is outermost, "it does not return the outermost layer and then all layers"


async def test_a_stack_that_was_built_is_the_one_that_answers() -> None:
    """So nothing is compiled anew at the first request."""
    with relied_on("connexion", "what is put in its app and middleware_stack is what answers", APP):
        whole, made = small()
        assert whole.middleware_stack is None, "middleware_stack is not None before it is built"
        whole.app, whole.middleware_stack = whole._build_middleware_stack()
        answer = await ask(whole, "POST", "/a/bird", body=b"{}")
        assert (answer.status, answer.text) == (200, "bird"), answer
        assert len(made) == 1, "it was compiled again"


async def test_an_operation_tells_what_it_is_made_of() -> None:
    """Parsers, validators and the handler are bound from these, once."""
    names = "operation_id, path, method, function, parameters, request_body"
    with relied_on("connexion", f"an AbstractOperation has {names}", OPERATION):
        whole, made = small()
        whole._build_middleware_stack()
        operation = made[0].operation
        found = [getattr(operation, name) for name in names.split(", ")]
        assert found == ["sing", "/a/{name}", "post", nothing, [NAME], BODY], found


async def test_routing_has_one_router_that_can_be_replaced() -> None:
    """So requests are searched by the last segment of their path, and no slash is corrected."""
    with relied_on("connexion", "RoutingMiddleware.router is a Router with one Mount of a Router of Routes", ROUTING):
        whole, _ = small()
        _, stack = whole._build_middleware_stack()
        (routing,) = [layer for layer in stack if isinstance(layer, RoutingMiddleware)]
        (mount,) = routing.router.routes
        assert isinstance(mount, Mount), mount
        assert isinstance(mount.app, Router), mount.app
        (route,) = mount.app.routes
        assert isinstance(route, Route), route
        assert (route.path, route.methods) == ("/a/{name}", {"POST"}), route
        routing.router = mount.app  # as StrictRouting does with its own
        answer = await ask(routing, "POST", "/a/bird", body=b"{}")
        assert (answer.status, answer.text) == (200, "bird"), answer


@pytest.mark.parametrize(
    ("owner", "name", "canary"),
    [
        (ConnexionMiddleware, "_build_middleware_stack", test_the_stack_can_be_built_before_the_first_request),
        (ConnexionMiddleware, "__call__", test_a_stack_that_was_built_is_the_one_that_answers),
        (AbstractOperation, "function", test_an_operation_tells_what_it_is_made_of),
        (RoutingMiddleware, "add_api", test_routing_has_one_router_that_can_be_replaced),
    ],
)
async def test_a_canary_stops_singing(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, canary: Callable[[], Awaitable[None]]
) -> None:
    """With the part taken out of connexion its test fails, and names connexion and the file that relies on it."""
    monkeypatch.delattr(owner, name)
    with pytest.raises(AssertionError, match=r"connexion .* has changed\..* endsession/contract/\w+\.py relies on it"):
        await canary()
