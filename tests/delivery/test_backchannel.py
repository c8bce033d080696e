"""Back-channel logout, from the user's click to the app's answer, over real HTTP."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from tests.kit.apps import deploy_with_apps, sign_in, states
from tests.kit.deployment import TOKEN, Deployment, cookie_of
from tests.kit.flow import HTML, JSON, PLAIN, both_methods, browser_cookie, log_out
from tests.kit.logout_tokens import validate
from tests.kit.receivers import Receivers
from tests.kit.tokens import id_token
from tests.kit.waiting import eventually

ACME = "https://login.example/acme"


async def public_keys(gateway: Deployment) -> dict[str, Any]:
    """What the issuer publishes."""
    keys: dict[str, Any] = (await gateway.get("/acme/jwks.json")).json()
    return keys


@both_methods
async def test_every_app_of_the_session_gets_its_token(tmp_path: Path, apps: Receivers, method: str) -> None:
    """One valid token per app that took part, before the browser is sent on; other apps get nothing."""
    async with deploy_with_apps(tmp_path, apps, "a", "b", "c") as gateway:
        await sign_in(gateway, "a", "b")
        await gateway.register("s-other", clients=[{"client_id": "c"}])
        request = {"id_token_hint": id_token(aud="a"), "post_logout_redirect_uri": "https://a.example/signed-out"}
        response = await log_out(gateway, method, PLAIN, cookie=cookie_of(), **request)
        assert response.status_code == 303
        keys = await public_keys(gateway)
        for app in ("a", "b"):
            (token,) = apps.tokens(app)
            claims = validate(token, keys, issuer=ACME, audience=app, alg="RS256")
            assert (claims["sub"], claims["sid"]) == ("alice", "s-alice")
        assert apps.tokens("c") == []
        assert all(body.startswith(b"logout_token=") and b"&" not in body for body in apps.bodies)
        assert await states(gateway) == {"a": "delivered", "b": "delivered"}


async def test_an_app_is_told_by_the_names_it_knows(tmp_path: Path, apps: Receivers) -> None:
    """A pairwise subject and the app's own sid stand in its token."""
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        await gateway.register(clients=[{"client_id": "a", "sub": "pairwise", "sid": "own"}])
        await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a", sub="pairwise", sid="own")}, cookie=cookie_of())
        (token,) = apps.tokens("a")
        claims = validate(token, await public_keys(gateway), issuer=ACME, audience="a", alg="RS256")
        assert (claims["sub"], claims["sid"]) == ("pairwise", "own")


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
async def test_the_token_is_signed_as_the_client_registered(tmp_path: Path, apps: Receivers, alg: str) -> None:
    """`id_token_signed_response_alg` chooses among the issuer's keys."""
    async with deploy_with_apps(tmp_path, apps, "a", id_token_signed_response_alg=alg) as gateway:
        await sign_in(gateway, "a")
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
        validate(apps.tokens("a")[0], await public_keys(gateway), issuer=ACME, audience="a", alg=alg)


async def test_fifty_apps_one_dead_one_unsteady(tmp_path: Path, apps: Receivers) -> None:
    """The browser does not wait for the dead one, 48 are told at once, the unsteady one on its third attempt.

    The dead app answers nothing before the test lets it go: what has come until then did not wait for it.
    """
    names = [f"app{number}" for number in range(50)]
    apps.behaviour["app7"] = lambda call: None
    apps.behaviour["app9"] = lambda call: 503 if call < 3 else 200
    changes = {"issuers": {"acme": {"notify_wait": 1.0}}, "delivery": {"timeout": 30, "deadline": 60}}
    async with deploy_with_apps(tmp_path, apps, *names, changes=changes) as gateway:
        await sign_in(gateway, *names)
        response = await gateway.get(PLAIN, {"id_token_hint": id_token(aud="app0")}, cookie=cookie_of(), accept=JSON)
        assert {"client_id": "app7", "name": "App app7", "state": "pending"} in response.json()["apps"]
        await eventually(lambda: states(gateway), lambda seen: list(seen.values()).count("delivered") == 49)
        # The dead app does not delay another logout.
        await sign_in(gateway, "app1", sid="s-2")
        await gateway.get(PLAIN, {"id_token_hint": id_token(aud="app1", sid="s-2")}, cookie=cookie_of("s-2"))
        assert await states(gateway, "s-2") == {"app1": "delivered"}
        assert len(apps.tokens("app9")) == 3
        assert len(apps.tokens("app7")) == 1
        apps.let_go()
        await apps.wait_for("app7", 2)
        gateway.clock.advance(61)
        await eventually(lambda: states(gateway), lambda seen: seen["app7"] == "expired")


async def test_every_attempt_has_a_token_of_its_own(tmp_path: Path, apps: Receivers) -> None:
    """A retry with the same `jti` would be refused as a replay: each attempt has a fresh one, and all are recorded."""
    apps.behaviour["a"] = lambda call: [500, 429, 204][call - 1]
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        await sign_in(gateway, "a")
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
        await apps.wait_for("a", 3)
        keys = await public_keys(gateway)
        claims = [validate(token, keys, issuer=ACME, audience="a", alg="RS256") for token in apps.tokens("a")]
        assert len({claim["jti"] for claim in claims}) == 3
        await eventually(lambda: states(gateway), lambda seen: seen == {"a": "delivered"})
        session = (await gateway.send("GET", "/acme/sessions/s-alice", token=TOKEN)).json()
        (delivery,) = session["deliveries"]
        assert [attempt.get("status") for attempt in delivery["attempts"]] == [500, 429, 204]
        assert [attempt["number"] for attempt in delivery["attempts"]] == [1, 2, 3]


@pytest.mark.parametrize("status", [400, 401, 404, 302, 201])
async def test_other_answers_are_final(tmp_path: Path, apps: Receivers, status: int) -> None:
    """R31, R32: only 200 and 204 succeed; what retrying cannot fix is not retried; a redirect is not followed."""
    away = Response(status_code=status, headers={"location": apps.url("elsewhere")} if status == 302 else {})
    apps.behaviour["a"] = lambda call: away
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        await sign_in(gateway, "a")
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
        assert await states(gateway) == {"a": "failed"}
        assert len(apps.tokens("a")) == 1
        assert apps.tokens("elsewhere") == []


async def test_a_huge_answer_is_not_read(tmp_path: Path, apps: Receivers) -> None:
    """T14: of a body hardly anything is read; the status says whether the app has logged the user out."""
    apps.behaviour["a"] = lambda call: Response(b"x" * 1_000_000, 400 if call > 1 else 200)
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        for sid, state in (("s-alice", "delivered"), ("s-2", "failed")):
            await sign_in(gateway, "a", sid=sid)
            await gateway.send("DELETE", f"/acme/sessions/{sid}", token=TOKEN)
            assert await states(gateway, sid) == {"a": state}


async def test_the_provider_is_told_first(tmp_path: Path, apps: Receivers) -> None:
    """`op_backchannel_uri` gets its token before any app, and the initiating app before the others."""
    apps.behaviour["op"] = lambda call: 200
    changes = {"issuers": {"acme": {"op_backchannel_uri": apps.url("op")}}, "delivery": {"per_app": 1}}
    async with deploy_with_apps(tmp_path, apps, "a", "b", "z", changes=changes) as gateway:
        await sign_in(gateway, "a", "b", "z")
        await gateway.get(PLAIN, {"id_token_hint": id_token(aud="z")}, cookie=cookie_of())
        order = sorted((came[0][0], app) for app, came in apps.received.items() if came)
        assert [app for _, app in order] == ["op", "z", "a", "b"]
        keys = await public_keys(gateway)
        validate(apps.tokens("op")[0], keys, issuer=ACME, audience=ACME, alg="RS256")


async def test_an_app_without_an_address_is_told_of_truthfully(tmp_path: Path, apps: Receivers) -> None:
    """It took part and cannot be told: the result says failed, and the page says so too."""
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        await sign_in(gateway, "a", "web")
        response = await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a")}, cookie=cookie_of(), accept=HTML)
        assert "App a" in response.text
        assert "The Web App" in response.text
        assert "could not be notified" in response.text


async def test_redelivery_on_request(tmp_path: Path, apps: Receivers) -> None:
    """An app that refused for good gets another token when an operator asks for it."""
    apps.behaviour["a"] = lambda call: 400 if call == 1 else 200
    async with deploy_with_apps(tmp_path, apps, "a") as gateway:
        await sign_in(gateway, "a")
        await gateway.send("DELETE", "/acme/sessions/s-alice", token=TOKEN)
        listed = await gateway.send("GET", "/acme/deliveries?state=failed", token=TOKEN)
        (delivery,) = listed.json()["deliveries"]
        again = await gateway.send("POST", f"/acme/deliveries/{delivery['id']}/redeliver", token=TOKEN)
        assert again.json()["state"] == "pending"
        await apps.wait_for("a", 2)
        await eventually(lambda: states(gateway), lambda seen: seen == {"a": "delivered"})


async def test_the_signed_out_page_refreshes_until_all_are_told(tmp_path: Path, apps: Receivers) -> None:
    """While an app is pending the page goes to its status address by itself; there it ends when the app is told."""
    apps.behaviour["a"] = lambda call: 503 if call == 1 else 200
    async with deploy_with_apps(tmp_path, apps, "a", changes={"issuers": {"acme": {"notify_wait": 0.2}}}) as gateway:
        await sign_in(gateway, "a", user_label="Alice A.")
        page = await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a")}, cookie=cookie_of(), accept=HTML)
        assert "being notified" in page.text
        address = page.text.partition('http-equiv="refresh" content="2;url=')[2].partition('"')[0]
        await apps.wait_for("a", 2)
        look = partial(gateway.get, address, accept=HTML, cookie=browser_cookie(page))
        status = await eventually(look, lambda seen: "being notified" not in seen.text)
        assert "signed out" in status.text
        assert "Alice A." in status.text
        assert "refresh" not in status.text
        gateway.clock.advance(601)
        assert (await gateway.get(address, accept=HTML)).status_code == 400


async def test_apps_are_named_only_to_the_browser_whose_session_it_was(tmp_path: Path, apps: Receivers) -> None:
    """A caller with a hint and no cookie ends the session where policy lets it, and learns nothing of other apps."""
    async with deploy_with_apps(tmp_path, apps, "a", "b") as gateway:
        await sign_in(gateway, "a", "b", user_label="Alice A.")
        response = await gateway.get("/acme/logout", {"id_token_hint": id_token(aud="a")}, accept=JSON)
        assert response.json()["status"] == "signed_out"
        assert "apps" not in response.json()
        status = await gateway.get(response.json()["status_url"], accept=HTML)
        assert "App b" not in status.text
        assert "Alice A." not in status.text


async def resting(gateway: Deployment) -> None:
    """Returns once the one lane that there is has been given back, to rest."""

    async def lanes() -> list[tuple[float, str | None]]:
        return await gateway.rows("SELECT rest_until, lease FROM lanes")

    now = gateway.clock()
    await eventually(lanes, lambda found: [(at > now, lease) for at, lease in found] == [(True, None)])


async def test_an_app_that_is_down_is_left_alone(tmp_path: Path, apps: Receivers) -> None:
    """After five failures in a row its other deliveries are not attempted; then one attempt tries it again."""
    apps.behaviour["a"] = lambda call: 503
    changes = {"issuers": {"acme": {"notify_wait": 5}}, "delivery": {"per_app": 1}}
    async with deploy_with_apps(tmp_path, apps, "a", changes=changes) as gateway:
        for number in range(12):
            await sign_in(gateway, "a", sid=f"s-{number}")
        await gateway.send("DELETE", "/acme/sessions?sub=alice", token=TOKEN)

        async def ledger() -> list[tuple[int, str, str]]:
            return await gateway.rows("SELECT attempts, reason, state FROM deliveries ORDER BY attempts, id")

        rows = await ledger()
        assert sum(attempts for attempts, _, _ in rows) == len(apps.tokens("a")) == 5
        assert {state for _, _, state in rows} == {"pending"}
        assert {reason for attempts, reason, _ in rows if not attempts} == {"the app did not answer other deliveries"}
        assert {reason for attempts, reason, _ in rows if attempts} == {"the app answered 503"}
        await resting(gateway)
        gateway.clock.advance(16)
        gateway.gateway.outbox.wake()
        await apps.wait_for("a", 6)
        await resting(gateway)
        apps.behaviour["a"] = lambda call: 200
        gateway.clock.advance(16)
        gateway.gateway.outbox.wake()
        await eventually(ledger, lambda found: {state for _, _, state in found} == {"delivered"})
        assert max(attempts for attempts, _, _ in await ledger()) <= 3


async def test_two_apps_on_one_host_do_not_wait_for_each_other(tmp_path: Path, apps: Receivers) -> None:
    """While one hangs with all of its attempts, the other is told in the order of its own deliveries."""
    apps.behaviour["hangs"] = lambda call: None
    changes = {"issuers": {"acme": {"notify_wait": 0}}, "delivery": {"timeout": 30}}
    async with deploy_with_apps(tmp_path, apps, "hangs", "b", changes=changes) as gateway:
        for number in range(30):
            await sign_in(gateway, "hangs", sid=f"s-{number}")
        await gateway.send("DELETE", "/acme/sessions?sub=alice", token=TOKEN)
        await apps.wait_for("hangs", 8)
        await sign_in(gateway, "b", sid="s-b")
        await gateway.send("DELETE", "/acme/sessions/s-b", token=TOKEN)
        await eventually(lambda: states(gateway, "s-b"), lambda seen: seen == {"b": "delivered"})
        assert len(apps.tokens("hangs")) == 8
        apps.let_go()
