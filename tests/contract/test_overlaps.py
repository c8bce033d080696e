"""Paths that match the same address: the most concrete one has it, with its methods, and two alike are refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from endsession.contract.document import BadDocument, Document, checked_document
from tests.kit.deployment import DOCUMENT, TOKEN, deploy
from tests.kit.raw import ask

PLAIN = DOCUMENT.raw["paths"]["/{issuer_id}/end-session"]


def vendor(name: str, *methods: str) -> dict[str, Any]:
    """A path item that finds its issuer by host."""
    operations = {
        method: {
            "operationId": f"{name}{method.capitalize()}",
            "tags": ["logout"],
            "responses": PLAIN["get"]["responses"],
        }
        for method in methods
    }
    return {"x-logout": {"name": name, "preset": "oidc", "issuer": {"from": "host"}}, **operations}


def with_paths(**paths: dict[str, Any]) -> Document:
    """The document with more paths, put before all others or behind them, which must make no difference."""
    raw = copy.deepcopy(dict(DOCUMENT.raw))
    return checked_document({**raw, "paths": {**raw["paths"], **paths}})


OVERLAPPING = {
    "/oauth2/sessions/logout": vendor("one", "get"),  # also /{issuer_id}/sessions/{sid}, with PUT and DELETE
    "/v2/logout": vendor("two", "get"),  # also /{issuer_id}/logout, with POST
    "/oauth2/{issuer_id}/logout": {
        **vendor("three", "get"),
        "x-logout": {"name": "three", "preset": "oidc", "issuer": {"from": "path"}},
        "parameters": [{"$ref": "#/components/parameters/IssuerId"}],
    },
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/logout", 200),
        ("POST", "/v2/logout", 405),
        ("GET", "/oauth2/sessions/logout", 200),
        ("PUT", "/oauth2/sessions/logout", 405),
        ("DELETE", "/oauth2/sessions/logout", 405),
        ("GET", "/oauth2/acme/logout", 200),
        ("GET", "/oauth2/nobody/logout", 404),
        ("PUT", "/acme/sessions/logout", 400),
    ],
)
@pytest.mark.usefixtures("backend")
async def test_the_most_concrete_path_has_the_request(tmp_path: Path, method: str, path: str, status: int) -> None:
    """Whatever its method: a wrong one is 405 there, and never an operation of a vaguer path (Paths Object)."""
    async with deploy(tmp_path, document=with_paths(**OVERLAPPING)) as gateway:
        got = await ask(gateway.app, method, path, token=TOKEN)
        assert got.status == status, got.text
        assert got.header("allow") == ("GET, HEAD" if status == 405 else None)


def test_errors_are_rendered_by_the_path_that_has_the_request() -> None:
    """The order in which the paths stand makes no difference."""
    forward, backward = with_paths(**OVERLAPPING), with_paths(**dict(reversed(OVERLAPPING.items())))
    for document in (forward, backward):
        assert document.path_of("/oauth2/sessions/logout") == "/oauth2/sessions/logout"
        assert document.path_of("/oauth2/acme/logout") == "/oauth2/{issuer_id}/logout"
        assert document.path_of("/v2/logout") == "/v2/logout"
        assert document.path_of("/acme/logout") == "/{issuer_id}/logout"
        assert {"oauth2", "v2"} <= document.reserved_words()


def test_two_paths_for_the_same_addresses_are_refused() -> None:
    """One of the two would never be reached, and OpenAPI calls them identical."""
    with pytest.raises(BadDocument) as caught:
        with_paths(**{"/{tenant}/logout": vendor("tenant", "get")})
    assert str(caught.value) == "/{tenant}/logout: it matches the same URLs as /{issuer_id}/logout"
