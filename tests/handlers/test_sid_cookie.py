"""`cookie.match = "sid"`: the value stands in tokens, so anyone who has one can send the cookie (T4, T24)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kit.deployment import deploy
from tests.kit.flow import HTML, JSON, PLAIN, asks
from tests.kit.tokens import id_token

BY_SID: dict[str, Any] = {"issuers": {"acme": {"cookie": {"match": "sid"}}}}
SIGNED_OUT = "https://app.example/signed-out"

pytestmark = pytest.mark.usefixtures("backend")


async def test_an_old_hint_with_a_cookie_copied_from_it_ends_nothing(tmp_path: Path) -> None:
    """It is bounded by `max_hint_age`, as a hint that acts alone is."""
    async with deploy(tmp_path, BY_SID) as gateway:
        await gateway.register()
        old = id_token(iat=int(gateway.clock()) - 400 * 86_400)
        await gateway.get(PLAIN, {"id_token_hint": old}, cookie="op_session=s-alice", accept=HTML)
        assert await gateway.state_of() == "live"
        await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie="op_session=s-alice", accept=HTML)
        assert await gateway.state_of() == "ended"


async def test_account_and_apps_are_not_shown(tmp_path: Path) -> None:
    """Neither on the question nor after the end."""
    async with deploy(tmp_path, BY_SID) as gateway:
        await gateway.register(user_label="Alice A.", clients=[{"client_id": "web"}])
        question = await gateway.get(PLAIN, {"client_id": "web"}, cookie="op_session=s-alice", accept=HTML)
        assert asks(question)
        assert "Alice" not in question.text
        done = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie="op_session=s-alice", accept=HTML)
        assert "Alice" not in done.text
        again = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie="op_session=s-alice", accept=JSON)
        assert "apps" not in again.json()
