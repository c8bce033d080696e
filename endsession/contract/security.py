"""Bearer tokens of management operations, as one of connexion's security handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connexion.security import NO_VALUE, AbstractSecurityHandler

from .operation import CALLER
from .request import Service, address_of


def bearer_handler(service: Service) -> Callable[[], AbstractSecurityHandler]:
    """A factory for `security_map`: connexion calls it once per secured operation."""

    class BearerHandler(AbstractSecurityHandler):  # type: ignore[misc]  # connexion is untyped
        def get_fn(self, security_scheme: Any, required_scopes: Any) -> Callable[[Any], Any]:
            def authenticate(request: Any) -> Any:
                kind, _, token = request.headers.get("authorization", "").partition(" ")
                if kind.lower() != "bearer":
                    return NO_VALUE
                address = address_of(request.scope)
                issuer_id = request.scope.get("path_params", {}).get("issuer_id")
                caller = service.authenticate(token.strip(), address, issuer_id)
                request.scope[CALLER] = caller
                request.scope["endsession.learned"]["caller"] = caller.name
                return {"sub": ""}

            return authenticate

    return BearerHandler
