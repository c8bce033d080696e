"""The public listener and that of management, each with a bound of its own."""

from __future__ import annotations

import hashlib
import json
import socket
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.kit.ports import free_port
from tests.kit.serving import serving
from tests.kit.tokens import jwks

TOKEN = "a-management-token"
MOST = 10
"""Connections that each listener takes."""


def _settings(public: int, management: int) -> str:
    return f"""
        [server]
        port = {public}
        [management]
        host = "127.0.0.1"
        port = {management}
        [[management.tokens]]
        name = "login-service"
        sha256 = "{hashlib.sha256(TOKEN.encode()).hexdigest()}"
        issuers = ["acme"]
        scopes = ["sessions:read"]
        [limits]
        connections = {MOST}
        [issuers.acme]
        issuer = "http://localhost:{public}/acme"
        jwks = {{ keys = [{", ".join(_as_toml(key) for key in jwks("RS256")["keys"])}] }}
    """


def _as_toml(key: dict[str, str]) -> str:
    return "{ " + ", ".join(f"{name} = {json.dumps(value)}" for name, value in key.items()) + " }"


@pytest.mark.usefixtures("backend")
def test_a_full_listener_leaves_the_other_open(tmp_path: Path) -> None:
    """Anybody can fill the public one. The login side goes on registering sessions, and administrators end them."""
    ports = {"public": free_port(), "management": free_port()}
    (tmp_path / "endsession.toml").write_text(_settings(**ports))
    health = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def is_served(connection: socket.socket) -> bool:
        try:
            connection.sendall(health)
            return connection.recv(9) == b"HTTP/1.1 "
        except ConnectionError:
            return False

    with serving(tmp_path, ports["public"]), ExitStack() as held:

        def connect(which: str) -> socket.socket:
            return held.enter_context(socket.create_connection(("127.0.0.1", ports[which]), timeout=20))

        while is_served(connect("public")):
            continue
        url = f"http://127.0.0.1:{ports['management']}/acme/sessions"
        answer = httpx2.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False)
        assert (answer.status_code, answer.json()) == (200, {"sessions": []})
        taken = [is_served(connect("management")) for _ in range(MOST + 1)]
        assert taken.count(True) in (MOST - 1, MOST)  # the request above may still be closing its own
        assert not is_served(connect("public"))
