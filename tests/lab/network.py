"""Which server answers for a host name: the DNS and the ends of TLS of the lab."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Server:
    """A server on a port of this machine.

    With `tls` it is spoken to over TLS, and its certificate has to be good for the host name. Without, an https URL
    reaches it as through a proxy that ends TLS: over plain HTTP, with the Host unchanged and `X-Forwarded-Proto`.
    """

    port: int
    tls: ssl.SSLContext | None = None


Target = Server | httpx2.AsyncBaseTransport
"""A server, or an application in this process (`httpx2.ASGITransport`)."""
Seen = Callable[[httpx2.Request, httpx2.Response], None]


@dataclass
class Network(httpx2.AsyncBaseTransport):
    """Routes requests by host name, and where it is given by exact path, as the proxy before a front does.

    It belongs to the event loop that uses it first. It keeps no cookies.
    """

    _hosts: dict[str, Target] = field(default_factory=dict)
    _paths: dict[tuple[str, str], Target] = field(default_factory=dict)
    _transports: dict[tuple[str, ssl.SSLContext] | None, httpx2.AsyncHTTPTransport] = field(default_factory=dict)
    listeners: list[Seen] = field(default_factory=list)
    """Each is called with every request and the head of its response."""

    def route(self, host: str, target: Target, *, paths: tuple[str, ...] = ()) -> None:
        """Requests for that host, or for these paths of it alone, go there from now on."""
        if paths:
            self._paths |= {(host, path): target for path in paths}
        else:
            self._hosts[host] = target

    def unroute(self, host: str, *paths: str) -> None:
        """These paths of a host go where the rest of it goes again."""
        for path in paths:
            del self._paths[host, path]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request to where it belongs; a host that is not known is a `ConnectError`, as it is for DNS."""
        host = request.url.host
        target = self._paths.get((host, request.url.path)) or self._hosts.get(host)
        if target is None:
            raise httpx2.ConnectError(f"nobody answers for {host}", request=request)
        if isinstance(target, Server):
            response = await self.send_to(target, request)
        else:
            response = await target.handle_async_request(request)
        response.request = request
        for listener in self.listeners:
            listener(request, response)
        return response

    async def send_to(self, server: Server, request: httpx2.Request) -> httpx2.Response:
        """Send a request to a server, whatever its host."""
        # A connection over TLS is for the name that its certificate was checked for.
        key = (request.url.host, server.tls) if server.tls else None
        transport = self._transports.get(key)
        if transport is None:
            transport = httpx2.AsyncHTTPTransport(verify=server.tls or False, trust_env=False)
            self._transports[key] = transport
        scheme = "https" if server.tls else "http"
        headers = httpx2.Headers(request.headers)
        if request.url.scheme == "https" and not server.tls:
            headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": LOOPBACK}
        return await transport.handle_async_request(
            httpx2.Request(
                request.method,
                request.url.copy_with(scheme=scheme, host=LOOPBACK, port=server.port),
                headers=headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": request.url.host},
            )
        )

    async def aclose(self) -> None:
        """Close all connections."""
        for transport in self._transports.values():
            await transport.aclose()
