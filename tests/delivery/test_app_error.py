"""What an app says of its error is kept, without what an operator should not find in a ledger."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from endsession.delivery.app_error import error_of
from tests.kit.apps import deploy_with_apps, sign_in
from tests.kit.deployment import TOKEN
from tests.kit.receivers import Receivers
from tests.kit.tokens import id_token
from tests.kit.waiting import eventually


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"error": "invalid_request", "error_description": "no such sid"}, "invalid_request: no such sid"),
        ({"error": "invalid_request"}, "invalid_request"),
        ({"error_description": "no such sid"}, "no such sid"),
        ({"error": "a\nb\x00\x1b[31m c\u202e"}, "a b [31m c"),
        ({"error": f"got {id_token()} of you"}, "got [...] of you"),
        ({"error": "0123456789abcdef0123456789abcdef"}, "[...]"),
        ({"error": "x y " * 1000}, "x y " * 50 + "..."),
        ({"error": 1, "error_description": ["x"]}, ""),
        (["error"], ""),
        (None, ""),
    ],
)
def test_what_is_kept(said: object, kept: str) -> None:
    """One line of printable text, bounded, and nothing like a token in it."""
    assert error_of(json.dumps(said).encode()) == kept


@pytest.mark.parametrize("body", [b"", b"no JSON", b"\xff", b"[" * 5000, b'{"error": "cut'])
def test_what_is_no_json(body: bytes) -> None:
    """Nothing is kept of it."""
    assert error_of(body) == ""


def _refuse(said: dict[str, str], status: int, call: int) -> JSONResponse:
    return JSONResponse(said, status)


async def test_the_ledger_has_the_apps_own_error(tmp_path: Path, apps: Receivers) -> None:
    """A 400 that says why; another status says nothing that is kept, and each delivery keeps its own last reason."""
    said = {"error": "invalid_request", "error_description": "the sub is not known here"}
    statuses = {"a": 400, "b": 503, "c": 502, "d": 500}
    for app, status in statuses.items():
        apps.behaviour[app] = partial(_refuse, said, status)
    async with deploy_with_apps(tmp_path, apps, *statuses) as gateway:
        await sign_in(gateway, *statuses)
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)

        async def listed() -> dict[str, tuple[str, str]]:
            found = (await gateway.send("GET", "/acme/deliveries", token=TOKEN)).json()["deliveries"]
            return {row["client_id"]: (row["state"], row.get("reason", "")) for row in found}

        seen = await eventually(listed, lambda seen: all(reason for _, reason in seen.values()))
        assert seen.pop("a") == (
            "failed",
            "the app answered 400, which is final: invalid_request: the sub is not known here",
        )
        assert seen == {app: ("pending", f"the app answered {statuses[app]}") for app in ("b", "c", "d")}
