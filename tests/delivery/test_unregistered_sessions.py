"""`participants = "all"`: a provider that registers no sessions, with a cookie or without, with `sid` or without."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.kit.apps import deploy_with_apps, states
from tests.kit.deployment import READER, Deployment
from tests.kit.flow import HTML, PLAIN, answer, both_methods, log_out
from tests.kit.logout_tokens import validate
from tests.kit.receivers import Receivers
from tests.kit.tokens import id_token

ACME = "https://login.example/acme"
ALL = {"participants": "all"}
BY_HINT = {**ALL, "policy": {"hint_authority": "hint"}}
BACK = "https://a.example/signed-out"
NOBODYS = "op_session=of-a-session-that-nobody-registered"
QUESTION = "Do you want to log out"


def issuer(**settings: Any) -> dict[str, Any]:
    """Changes to the ordinary configuration."""
    return {"issuers": {"acme": settings}}


async def claims(gateway: Deployment, apps: Receivers, app: str, number: int = 0) -> dict[str, Any]:
    """The claims of a token that an app got."""
    keys = (await gateway.get("/acme/jwks.json")).json()
    return validate(apps.tokens(app)[number], keys, issuer=ACME, audience=app, alg="RS256")


@both_methods
async def test_a_cookie_that_nobody_registered_is_no_contradiction(
    tmp_path: Path, apps: Receivers, method: str
) -> None:
    """Where the hint has the authority its session ends, and every app is told, whatever cookie comes with it."""
    async with deploy_with_apps(tmp_path, apps, "a", "b", changes=issuer(**BY_HINT)) as gateway:
        request = {"id_token_hint": id_token(aud="a"), "post_logout_redirect_uri": BACK}
        response = await log_out(gateway, method, PLAIN, cookie=NOBODYS, **request)
        assert response.headers["location"] == BACK
        assert await states(gateway) == {"a": "delivered", "b": "delivered"}


@both_methods
async def test_whether_cookie_and_hint_agree_is_asked(tmp_path: Path, apps: Receivers, method: str) -> None:
    """Where the cookie has the authority the user is asked, and nothing is claimed before the yes."""
    async with deploy_with_apps(tmp_path, apps, "a", changes=issuer(**ALL)) as gateway:
        request = {"id_token_hint": id_token(aud="a"), "post_logout_redirect_uri": BACK}
        question = await log_out(gateway, method, PLAIN, cookie=NOBODYS, accept=HTML, **request)
        assert QUESTION in question.text
        assert apps.bodies == []
        assert (await answer(gateway, question, "yes")).headers["location"] == BACK
        assert await states(gateway) == {"a": "delivered"}


async def test_without_a_hint_nobody_claims_that_nobody_is_signed_in(tmp_path: Path, apps: Receivers) -> None:
    """A cookie of which nothing is known may be of a live session: the user is asked."""
    async with deploy_with_apps(tmp_path, apps, "a", changes=issuer(**ALL)) as gateway:
        assert QUESTION in (await gateway.get(PLAIN, {"client_id": "a"}, cookie=NOBODYS, accept=HTML)).text


@pytest.mark.parametrize("sid", ["s-alice", None])
async def test_a_browser_without_the_cookie_is_not_signed_in(tmp_path: Path, apps: Receivers, sid: str | None) -> None:
    """As at any issuer: a hint from elsewhere ends nothing where the cookie has the authority, and nobody is asked.

    No page claims that something ended, and docs/login-side.md says so. Without a configured cookie the user is asked.
    """
    hint = {"id_token_hint": id_token(aud="a", sid=sid)}
    async with deploy_with_apps(tmp_path, apps, "a", changes=issuer(**ALL)) as gateway:
        assert "No sign-in was found" in (await gateway.get(PLAIN, hint, accept=HTML)).text
        back = await gateway.get(PLAIN, hint | {"post_logout_redirect_uri": BACK}, accept=HTML)
        assert back.headers["location"] == BACK
        assert apps.bodies == []
    async with deploy_with_apps(tmp_path, apps, "a", changes=issuer(**ALL, cookie=None)) as gateway:
        assert QUESTION in (await gateway.get(PLAIN, hint, accept=HTML)).text


@pytest.mark.parametrize("knobs", [{}, {"hint_authority": "hint"}])
async def test_a_cookie_that_is_the_sid_matches(tmp_path: Path, apps: Receivers, knobs: dict[str, str]) -> None:
    """`cookie.match = "sid"`: a cookie equal to the hint's `sid` is the hint's session. It ends, and is cleared."""
    changes = issuer(**ALL, policy=knobs, cookie={"name": "op_session", "match": "sid"})
    async with deploy_with_apps(tmp_path, apps, "a", changes=changes) as gateway:
        request = {"id_token_hint": id_token(aud="a", sid="s-9"), "post_logout_redirect_uri": BACK}
        response = await gateway.get(PLAIN, request, cookie="op_session=s-9")
        assert response.headers["location"] == BACK
        assert response.headers["set-cookie"].startswith("op_session=; Max-Age=0")
        assert await states(gateway, "s-9") == {"a": "delivered"}
        again = await gateway.get(PLAIN, request, cookie="op_session=s-9")
        assert (again.status_code, len(apps.tokens("a"))) == (303, 1)


@pytest.mark.parametrize("authority", ["cookie", "hint"])
async def test_a_cookie_of_another_sid_is_asked_about(tmp_path: Path, apps: Receivers, authority: str) -> None:
    """The browser's own session is another one: ending the hint's alone would be claimed to be more than it is."""
    knobs = {"hint_authority": authority}
    changes = issuer(**ALL, policy=knobs, cookie={"name": "op_session", "match": "sid"})
    async with deploy_with_apps(tmp_path, apps, "a", changes=changes) as gateway:
        request = {"id_token_hint": id_token(aud="a", sid="s-9")}
        question = await gateway.get(PLAIN, request, cookie="op_session=s-10", accept=HTML)
        assert QUESTION in question.text
        assert apps.bodies == []
        # AuthPI's endpoint asks no questions.
        refused = await gateway.get("/acme/logout", request, cookie="op_session=s-10")
        assert (refused.status_code, apps.bodies) == (403, [])


@pytest.mark.parametrize("cookie", [None, {"name": "op_session"}, {"name": "op_session", "match": "sid"}])
async def test_a_hint_without_sid(tmp_path: Path, apps: Receivers, cookie: dict[str, str] | None) -> None:
    """The user is named: each app gets `sub` and no `sid`, once for a hint; a newer sign-in's hint ends that."""
    now = int(time.time())
    async with deploy_with_apps(tmp_path, apps, "a", "b", changes=issuer(**BY_HINT, cookie=cookie)) as gateway:
        older, newer = (id_token(aud="a", sid=None, iat=now - age) for age in (100, 50))
        for hint in (older, older):
            response = await gateway.get(PLAIN, {"id_token_hint": hint, "post_logout_redirect_uri": BACK})
            assert response.headers["location"] == BACK
        for app in ("a", "b"):
            assert len(apps.tokens(app)) == 1
            told = await claims(gateway, apps, app)
            assert (told["sub"], "sid" in told) == ("alice", False)
        await gateway.get(PLAIN, {"id_token_hint": newer}, cookie=NOBODYS)
        assert len(apps.tokens("b")) == 2
        (session, _) = (await gateway.send("GET", "/acme/sessions?sub=alice", token=READER)).json()["sessions"]
        assert (session["state"], session["ended_by"]) == ("ended", "a")


async def test_a_hint_without_sid_is_asked_about(tmp_path: Path, apps: Receivers) -> None:
    """Where the cookie has the authority, the yes ends the user's session, and a second request finds it over."""
    async with deploy_with_apps(tmp_path, apps, "a", changes=issuer(**ALL, cookie=None)) as gateway:
        request = {"id_token_hint": id_token(aud="a", sid=None), "post_logout_redirect_uri": BACK}
        question = await gateway.get(PLAIN, request, accept=HTML)
        assert QUESTION in question.text
        await answer(gateway, question, "yes")
        assert "sid" not in await claims(gateway, apps, "a")
        assert (await gateway.get(PLAIN, request, accept=HTML)).headers["location"] == BACK
        assert len(apps.tokens("a")) == 1


async def test_a_hint_without_sid_does_not_live_for_ever(tmp_path: Path, apps: Receivers) -> None:
    """`max_hint_age`: nobody knows whether its session lives, so its age counts."""
    async with deploy_with_apps(tmp_path, apps, "a", changes=issuer(**BY_HINT)) as gateway:
        old = id_token(aud="a", sid=None, iat=int(time.time()) - 31 * 86_400)
        await gateway.get(PLAIN, {"id_token_hint": old}, accept=HTML)
        assert apps.bodies == []


async def test_an_app_that_requires_sid_is_not_told_without(tmp_path: Path, apps: Receivers) -> None:
    """The ledger says why, and the other apps are told."""
    changes = issuer(**BY_HINT, clients={"b": {"backchannel_logout_session_required": True}})
    async with deploy_with_apps(tmp_path, apps, "a", "b", changes=changes) as gateway:
        await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a", sid=None)})
        rows = await gateway.rows("SELECT client_id, state, reason FROM deliveries ORDER BY client_id")
        assert [row[:2] for row in rows] == [("a", "delivered"), ("b", "failed")]
        assert "backchannel_logout_session_required" in rows[1][2]
