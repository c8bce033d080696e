"""The layer before the contract: requests for a provider's endpoints are answered here, all others go on."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ..contract.access_log import access_log, write_access_log
from ..contract.edge import said_twice
from ..protocol.errors import EndsessionError, MethodNotAllowed, ProviderUnavailable
from .authorization import authorize
from .endpoints import Endpoint
from .failures import error_of
from .incoming import ClientGone, Incoming
from .issuer_front import IssuerFront
from .passing import outgoing, pass_on
from .provider import FrontedProvider, Fronts
from .refusing import refuse
from .response_head import ProviderFailed
from .token import exchange_token
from .tokens_in_use import introspect, push_request, revoke, userinfo

log = logging.getLogger(__name__)

_READERS = {"par": push_request, "introspection": introspect, "userinfo": userinfo, "revocation": revoke}


class FrontLayer:
    """Answers the endpoints of all fronts; `logout_paths` are ours, by issuer, for the provider's logout endpoints."""

    def __init__(
        self,
        app: ASGIApp,
        fronts: Fronts,
        by_issuer: Mapping[str, IssuerFront],
        logout_paths: Mapping[str, str],
        is_ours: Callable[[str], bool],
    ) -> None:
        """`is_ours` says whether a path is one of the contract's."""
        self._app, self._fronts, self._by_issuer, self._logout_paths = app, fronts, by_issuer, logout_paths
        self._is_ours = is_ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or said_twice(scope):
            # What says two things, the provider could read otherwise than we do: the contract refuses it.
            await self._app(scope, receive, send)
            return
        netloc = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        endpoint = self._fronts.find(netloc, scope["raw_path"])
        if endpoint is None and (provider := self._fronts.awaits(netloc)) and not self._is_ours(scope["path"]):
            endpoint = await self._look_again(provider, netloc, scope["raw_path"])
        if endpoint is None:
            await self._app(scope, receive, send)
        elif endpoint.kind == "logout":
            path = self._logout_paths[endpoint.issuer_id]
            await self._app(dict(scope, path=path, raw_path=path.encode()), receive, send)
        else:
            await self._answer(endpoint, scope, receive, send)

    async def _look_again(self, provider: FrontedProvider, netloc: str, path: bytes) -> Endpoint:
        """A path of a provider of which nothing is known yet: it may be the token endpoint, and must not be a 404."""
        await self._fronts.look()
        return self._fronts.find(netloc, path) or Endpoint(provider.issuer_id, "unknown", "", netloc, "")

    async def _answer(self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
        began, request_id = time.perf_counter(), secrets.token_hex(8)
        learned: dict[str, object] = {"operation": f"front.{endpoint.kind}"}
        front, incoming = self._by_issuer[endpoint.issuer_id], Incoming.of(scope, receive)
        sent = _Sent(send, request_id)
        try:
            await self._handle(front, endpoint, incoming, sent, learned)
        except ClientGone:
            learned["error"] = EndsessionError(detail="the client has closed the connection")
        except (EndsessionError, ProviderFailed) as problem:
            error = error_of(problem) if isinstance(problem, ProviderFailed) else problem
            learned["error"] = error
            if sent.status == 0:  # else the response has begun, and the server closes the connection
                response = await refuse(front, endpoint, incoming, error, request_id)
                await response(scope, receive, sent)
        finally:
            if access_log.isEnabledFor(logging.INFO):
                write_access_log(scope, sent.status, learned, request_id, time.perf_counter() - began)

    async def _handle(
        self, front: IssuerFront, endpoint: Endpoint, incoming: Incoming, send: _Sent, learned: dict[str, object]
    ) -> None:
        kind = endpoint.kind
        if kind == "unknown":
            raise ProviderUnavailable(detail=f"the metadata of {front.identifier} has never been fetched")
        if kind in ("discovery", "jwks"):
            await self._publish(front, endpoint, incoming, send)
        elif kind == "token":
            _, client_id = await exchange_token(front, incoming, send)
            if client_id is not None:
                learned["client"] = client_id
        elif kind in ("authorization", "redirect"):
            await authorize(front, incoming, send, is_request=kind == "authorization")
        else:
            await _READERS[kind](front, incoming, send)

    async def _publish(self, front: IssuerFront, endpoint: Endpoint, incoming: Incoming, send: _Sent) -> None:
        if incoming.method == "OPTIONS":  # a preflight of CORS, which is the provider's to answer
            async with front.upstream.send(outgoing(incoming, scheme=front.scheme)) as response:
                await pass_on(response, send)
            return
        if incoming.method not in ("GET", "HEAD"):
            raise MethodNotAllowed(headers={"Allow": "GET, HEAD, OPTIONS"})
        headers = Headers(raw=incoming.headers)
        published = await front.published.answer(endpoint, incoming.method, headers)
        await published({"type": "http", "method": incoming.method}, _nothing, send)


class _Sent:
    """Sends, names the request in the response, and remembers the status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self._request_id, self.status = send, request_id.encode(), 0

    async def __call__(self, message: Mapping[str, object]) -> None:
        """See ASGI's send."""
        if message["type"] == "http.response.start":
            self.status = int(str(message["status"]))
            headers = [*message["headers"], (b"x-request-id", self._request_id)]  # type: ignore[misc]
            message = {**message, "headers": headers}
        await self._send(dict(message))


async def _nothing() -> dict[str, object]:
    return {"type": "http.request"}
