"""`POST /{issuer_id}/id-tokens`: one call of the login side in place of two."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx2
import pytest

from tests.kit.deployment import READER, TOKEN, Deployment
from tests.kit.flow import HTML, JSON, PLAIN
from tests.kit.tokens import id_claims, id_token, sign, signing_key

COOKIE = "op_session=of-alice"
DIGEST = hashlib.sha256(b"of-alice").hexdigest()


async def issue(gateway: Deployment, token: str, *, issuer: str = "acme", **said: Any) -> httpx2.Response:
    """Say that an ID token was issued."""
    return await gateway.send("POST", f"/{issuer}/id-tokens", json={"id_token": token, **said}, token=TOKEN)


async def test_one_call_is_enough(gateway: Deployment) -> None:
    """The session begins, an app joins it, and a logout of the browser ends it for both."""
    begun = await issue(gateway, id_token(), cookie_sha256=DIGEST, user_label="Alice")
    assert begun.status_code == 201
    joined = await issue(gateway, id_token("ES256", aud="other"), cookie_sha256=DIGEST)
    assert joined.status_code == 200
    assert joined.json()["sid"] == begun.json()["sid"]
    assert {client["client_id"] for client in joined.json()["clients"]} == {"web", "other"}
    question = await gateway.get(PLAIN, cookie=COOKIE, accept=HTML)
    assert "Alice" in question.text
    answer = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=COOKIE, accept=JSON)
    assert answer.json()["status"] == "signed_out"
    shown = await gateway.send("GET", f"/acme/sessions/{begun.json()['sid']}", token=READER)
    assert shown.json()["state"] == "ended"
    assert {delivery["client_id"] for delivery in shown.json()["deliveries"]} == {"web", "other"}


async def test_a_hint_finds_it_by_its_own_sid(gateway: Deployment) -> None:
    """The session has another id here; the app's hint has the provider's."""
    begun = await issue(gateway, id_token(sid="op-7"), cookie_sha256=DIGEST)
    assert begun.json()["sid"] != "op-7"
    assert begun.json()["clients"] == [{"client_id": "web", "sid": "op-7"}]
    answer = await gateway.get("/acme/logout", {"id_token_hint": id_token(sid="op-7")})
    assert answer.status_code == 200
    assert await gateway.state_of(begun.json()["sid"]) == "ended"


async def test_another_user_ends_the_former_session(gateway: Deployment) -> None:
    """A browser has one user at a time."""
    alice = (await issue(gateway, id_token(), cookie_sha256=DIGEST)).json()["sid"]
    bob = await issue(gateway, id_token(sub="bob", sid="s-bob"), cookie_sha256=DIGEST)
    assert bob.status_code == 201
    shown = (await gateway.send("GET", f"/acme/sessions/{alice}", token=READER)).json()
    assert (shown["state"], shown["end_reason"], shown["ended_by"]) == ("ended", "superseded", "front")


async def test_without_a_cookie_it_can_be_listed_and_ended(gateway: Deployment) -> None:
    """As of a device, which has no browser."""
    begun = await issue(gateway, id_token())
    assert begun.status_code == 201
    listed = await gateway.send("GET", "/acme/sessions?sub=alice", token=READER)
    assert [session["sid"] for session in listed.json()["sessions"]] == [begun.json()["sid"]]


@pytest.mark.parametrize(
    ("token", "status", "why"),
    [
        ("not.a.token", 400, "cannot be used"),
        (sign(id_claims(), key=signing_key("RS256", "stranger")), 400, "no key of this issuer fits"),
        (sign(id_claims(), header={"kid": "RS256-k1"}, key=signing_key("RS256", "x")), 400, "does not verify"),
        (id_token(iss="https://login.example/globex"), 400, "iss is not this issuer"),
        (id_token(aud="nobody"), 422, "not known to this issuer"),
        (id_token(sub=""), 400, "sub is not a name"),
        (id_token(aud=["web", "other"]), 400, "several audiences"),
    ],
)
async def test_a_token_that_is_not_good_begins_nothing(gateway: Deployment, token: str, status: int, why: str) -> None:
    """The caller is told why, without the token."""
    refused = await issue(gateway, token, cookie_sha256=DIGEST)
    assert refused.status_code == status
    assert why in refused.json()["error_description"]
    assert token not in refused.text
    assert await gateway.rows("SELECT sid FROM sessions") == []


async def test_of_several_audiences_the_caller_names_one(gateway: Deployment) -> None:
    """As a request with a hint does."""
    begun = await issue(gateway, id_token(aud=["web", "other"]), client_id="web")
    assert [client["client_id"] for client in begun.json()["clients"]] == ["web"]


async def test_what_a_provider_does_wrongly_hides_no_session(gateway: Deployment) -> None:
    """An `auth_time` with a fraction, and an `aud` without a name where the caller says whose it is."""
    claims = {**id_claims(), "auth_time": 1_700_000_000.5, "aud": []}
    begun = await issue(gateway, sign(claims), client_id="web")
    assert begun.status_code == 201


async def test_a_reader_may_not(gateway: Deployment) -> None:
    """It begins and ends sessions, so it needs `sessions:write`."""
    body = {"id_token": id_token()}
    assert (await gateway.send("POST", "/acme/id-tokens", json=body, token=READER)).status_code == 403
