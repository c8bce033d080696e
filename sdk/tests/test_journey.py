"""Each SDK compiles, and a program on it registers a session, logs out and reads the ledger of a running gateway."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from sdk.tests.gateway import TOKEN, configure
from sdk.tests.programs import COMPILE, run
from tests.kit.logout_tokens import validate
from tests.kit.receivers import receivers
from tests.kit.serving import serving
from tests.kit.tokens import id_token

HERE = Path(__file__).parent
SID = "s-journey"
BACK = "https://app.example/signed-out?state=a%20b%26c"


@dataclass(frozen=True)
class Journey:
    """What a program printed, and what the app and the gateway say."""

    seen: dict[str, Any]
    logout_tokens: list[dict[str, Any]]
    session: dict[str, Any]
    hint: str


@pytest.fixture(scope="module", params=COMPILE)
def journey(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """One journey per language, each with a gateway and an app of its own."""
    folder, app = tmp_path_factory.mktemp("gateway"), tmp_path_factory.mktemp("app")
    command, variables = COMPILE[request.param](HERE / "journeys" / f"journey.{request.param}", app)
    with receivers() as apps:
        port = configure(folder, app_port=apps.port)
        issuer = f"http://localhost:{port}/acme"
        hint = id_token(iss=issuer, sid=SID)
        with serving(folder, port) as url:
            seen = json.loads(run(command, app, {**variables, "URL": url, "TOKEN": TOKEN, "SID": SID, "HINT": hint}))
            with httpx2.Client(base_url=issuer, trust_env=False) as http:
                session = http.get(f"/sessions/{SID}", headers={"authorization": f"Bearer {TOKEN}"}).json()
                keys = http.get("/jwks.json").json()
        told = [validate(token, keys, issuer=issuer, audience="web", alg="RS256") for token in apps.tokens("web")]
        yield Journey(seen, told, session, hint)


def test_a_session_is_registered_and_joined(journey: Journey) -> None:
    """PUT and POST with a bearer token; times keep their fractions of a second."""
    status, state, began_at = journey.seen["registered"]
    assert (status, state) == (201, "live")
    assert began_at == journey.session["began_at"]
    assert abs(began_at - time.time()) < 300
    assert journey.seen["joined"] == ["web"]


def test_a_question_is_read_as_json(journey: Journey) -> None:
    """A caller that asks for JSON gets a typed result, with the address at which the user is asked."""
    assert journey.seen["question"] == ["confirmation_required", True]


def test_a_page_does_no_harm(journey: Journey) -> None:
    """Pages, of success and of refusal, are handed over as they are, without a parsed result and without a crash."""
    assert journey.seen["page"] == [200, None, "<!doctype html>"]
    assert journey.seen["refused with a page"] == [400, None, "<!doctype html>"]


def test_errors_are_typed(journey: Journey) -> None:
    """Refusals arrive with their status and stable code."""
    assert journey.seen["refused"] == [422, "invalid_redirect_uri"]
    assert journey.seen["late"] == [409, "session_ended"]
    assert journey.seen["stranger"] == [401, "invalid_token"]


def test_logging_out_ends_the_session(journey: Journey) -> None:
    """A form with a signed ID token; the redirect is not followed but handed over, with `state` unchanged."""
    assert journey.seen["out"] == [303, BACK]
    assert journey.seen["ended"] == ["ended", "user"]
    assert (journey.session["state"], journey.session["end_reason"]) == ("ended", "user")


def test_the_ledger_tells_what_the_app_got(journey: Journey) -> None:
    """One delivery, and one valid logout token for that session at the app."""
    assert journey.seen["ledger"] == [[SID, "web", "back", "delivered", 1]]
    assert [claims["sid"] for claims in journey.logout_tokens] == [SID]


def test_the_address_to_send_a_browser_to(journey: Journey) -> None:
    """The logout URL holds each parameter once, as it was given."""
    assert parse_qs(urlsplit(journey.seen["url"]).query) == {
        "id_token_hint": [journey.hint],
        "post_logout_redirect_uri": ["https://app.example/signed-out"],
        "state": ["a b&c"],
    }


def test_a_limit_says_when_to_come_back(journey: Journey) -> None:
    """429 with its code, and `Retry-After` within reach."""
    assert journey.seen["limited"] == ["temporarily_unavailable", True]
