"""The example of a login side does what `docs/login-side.md` says, at a gateway that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from examples.login_side.calls import LoginSide, SessionEnded
from tests.examples.test_pages_of_operators import SETTINGS
from tests.kit.deployment import TOKEN
from tests.kit.ports import free_port
from tests.kit.serving import serving
from tests.kit.tokens import id_token, jwks

pytestmark = pytest.mark.usefixtures("backend")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[httpx2.Client]:
    """A gateway with one issuer, at its own host name."""
    port = free_port()
    (tmp_path / "op.jwks").write_text(json.dumps(jwks()))
    (tmp_path / "endsession.toml").write_text(SETTINGS.replace("PORT", str(port)))
    with serving(tmp_path, port), httpx2.Client(headers={"host": "login.example"}, trust_env=False) as http:
        http.base_url = httpx2.URL(f"http://127.0.0.1:{port}")
        yield http


def log_out(gateway: httpx2.Client, cookie: str) -> None:
    """The user of the browser with this cookie says yes to a logout."""
    headers = {"cookie": f"op_session={cookie}", "accept": "application/json"}
    hint = {"id_token_hint": id_token(sid="s1")}
    assert gateway.get("/acme/end-session", params=hint, headers=headers).json()["status"] == "signed_out"


def test_one_call(gateway: httpx2.Client) -> None:
    """An ID token that was issued begins the session of its browser."""
    login = LoginSide(gateway, "/acme", TOKEN)
    sid = login.issued(id_token(sid="s1"), "of-alice")
    assert login.is_live(sid)
    log_out(gateway, "of-alice")
    assert not login.is_live(sid)


def test_two_calls(gateway: httpx2.Client) -> None:
    """A session begins and an app joins it; once it has ended, nothing may be issued in it."""
    login = LoginSide(gateway, "/acme", TOKEN)
    login.began("s1", sub="alice", label="Alice", cookie="of-alice")
    login.joins("s1", "web")
    assert login.is_live("s1")
    log_out(gateway, "of-alice")
    assert not login.is_live("s1")
    with pytest.raises(SessionEnded):
        login.joins("s1", "web")
