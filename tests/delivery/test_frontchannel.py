"""Front-channel logout: frames in the user's browser, and on from there (Front-Channel Logout 1.0)."""

import hashlib
import re
from pathlib import Path
from typing import TypeVar

from endsession.protocol.errors import ServiceUnavailable
from endsession.protocol.hint import VerifiedHint
from endsession.runtime.app import Ports, open_store
from endsession.store.script import Script
from tests.kit.apps import deploy_with_apps, sign_in, states
from tests.kit.deployment import TOKEN, cookie_of, deploy
from tests.kit.faults import FailingDatabase, name_of
from tests.kit.flow import HTML, JSON, PLAIN, answer, asks, both_methods, browser_cookie, clears_cookie, log_out
from tests.kit.receivers import Receivers
from tests.kit.tokens import id_token

T = TypeVar("T")
FRONT = {
    "redirect_uris": ["https://front.example/cb", "https://also.example/cb"],
    "frontchannel_logout_uri": "https://front.example/logout?x=1",
    "frontchannel_logout_session_required": True,
    "post_logout_redirect_uris": ["https://front.example/signed-out"],
}
CLIENTS = {
    "front": FRONT,
    "plain": {
        "redirect_uris": ["https://plain.example/cb"],
        "frontchannel_logout_uri": "https://plain.example/logout",
    },
}
CHANGES = {"issuers": {"acme": {"clients": CLIENTS}}}
REQUEST = {
    "id_token_hint": id_token(aud="front"),
    "post_logout_redirect_uri": "https://front.example/signed-out",
    "state": "s",
}


def frames(text: str) -> list[str]:
    """The addresses of the page's frames."""
    return [found.replace("&amp;", "&") for found in re.findall(r'<iframe src="([^"]+)"', text)]


def refresh(text: str) -> tuple[int, str]:
    """After how many seconds the page goes on by itself, and where to."""
    found = re.search(r'http-equiv="refresh" content="(\d+);url=([^"]+)"', text)
    assert found, text
    return int(found[1]), found[2]


@both_methods
async def test_frames_first_then_the_redirect(tmp_path: Path, method: str) -> None:
    """A frame per app, `iss` and `sid` both where registered and neither elsewhere; then on to the registered URI."""
    async with deploy(tmp_path, CHANGES) as gateway:
        await sign_in(gateway, "front", "plain")
        page = await log_out(gateway, method, PLAIN, cookie=cookie_of(), accept=HTML, **REQUEST)
        assert page.status_code == 200
        assert clears_cookie(page)
        assert frames(page.text) == [
            "https://front.example/logout?x=1&iss=https%3A%2F%2Flogin.example%2Facme&sid=s-alice",
            "https://plain.example/logout",
        ]
        policy = page.headers["content-security-policy"]
        assert "frame-src https://front.example https://plain.example;" in policy
        seconds, go_on = refresh(page.text)
        assert 1 <= seconds <= 5
        assert f'href="{go_on}"' in page.text
        response = await gateway.get(go_on)
        assert response.status_code == 303
        assert response.headers["location"] == "https://front.example/signed-out?state=s"
        assert await states(gateway) == {"front": "attempted", "plain": "attempted"}


async def test_a_frame_carries_the_apps_own_sid(tmp_path: Path) -> None:
    """An app that knows the session under a sid of its own is told that one, and another app the provider's."""
    async with deploy(tmp_path, CHANGES) as gateway:
        required = {**FRONT, "frontchannel_logout_uri": "https://also.example/logout"}
        await gateway.send("PUT", "/acme/clients", params={"client_id": "also"}, json=required, token=TOKEN)
        registered = await gateway.register(
            clients=[{"client_id": "front", "sid": "own"}, {"client_id": "also"}, {"client_id": "plain", "sid": "p"}]
        )
        assert registered.status_code == 201
        page = await gateway.get(PLAIN, {"id_token_hint": id_token(aud="front")}, cookie=cookie_of(), accept=HTML)
        assert sorted(frames(page.text)) == [
            "https://also.example/logout?iss=https%3A%2F%2Flogin.example%2Facme&sid=s-alice",
            "https://front.example/logout?x=1&iss=https%3A%2F%2Flogin.example%2Facme&sid=own",
            "https://plain.example/logout",
        ]


async def test_no_frame_carries_a_sid_that_its_app_cannot_know(tmp_path: Path, backend: str) -> None:
    """The app's hints have no `sid`: it would ignore a frame with ours, so there is none and the ledger says why.

    An app that the login side named another `sid` for knows that one, and one that requires none gets its frame.
    """
    async with deploy(tmp_path, CHANGES) as gateway:
        required = {**FRONT, "frontchannel_logout_uri": "https://also.example/logout"}
        await gateway.send("PUT", "/acme/clients", params={"client_id": "also"}, json=required, token=TOKEN)
        for number, clients in enumerate([["front"], ["front", "plain", "also"]]):
            named = [{"client_id": name} | ({"sid": "own"} if name == "also" else {}) for name in clients]
            await gateway.register(f"s{number}", clients=named)
            for aud in clients:
                gateway.gateway.issuers["acme"].note_hint(VerifiedHint(aud, "alice", None, 1000, 2000))
            hint = id_token(aud="front", sid=None)
            page = await gateway.get(PLAIN, {"id_token_hint": hint}, cookie=cookie_of(f"s{number}"), accept=HTML)
            assert page.status_code == 200
            shown = frames(page.text)
            assert (
                shown == []
                if number == 0
                else sorted(shown)
                == [
                    "https://also.example/logout?iss=https%3A%2F%2Flogin.example%2Facme&sid=own",
                    "https://plain.example/logout",
                ]
            )
            listed = await gateway.send("GET", "/acme/deliveries?client_id=front", token=TOKEN)
            last = listed.json()["deliveries"][-1]
            assert (last["sid"], last["state"]) == (f"s{number}", "failed")
            assert "frontchannel_logout_session_required" in last["reason"]
            assert "id_tokens_have_sid" in last["reason"]
        assert await states(gateway, "s1") == {"front": "failed", "plain": "attempted", "also": "attempted"}


async def test_a_session_that_an_id_token_began_has_no_sid_to_tell(tmp_path: Path, backend: str) -> None:
    """Its id was made here: an app whose ID token had no `sid` cannot know it, and one whose had it is given it."""
    async with deploy(tmp_path, CHANGES) as gateway:
        for sid, state in ((None, "failed"), ("op-7", "attempted")):
            body = {
                "id_token": id_token(aud="front", sid=sid),
                "cookie_sha256": hashlib.sha256(str(sid).encode()).hexdigest(),
            }
            begun = await gateway.send("POST", "/acme/id-tokens", json=body, token=TOKEN)
            assert begun.status_code == 201
            question = await gateway.get(PLAIN, {"client_id": "front"}, cookie=f"op_session={sid}", accept=HTML)
            page = await answer(gateway, question, "yes", cookie=f"op_session={sid}")
            assert [begun.json()["sid"] in url for url in frames(page.text)] == ([] if sid is None else [False])
            assert await states(gateway, begun.json()["sid"]) == {"front": state}


async def test_an_app_from_before_the_setting_gets_no_frame(tmp_path: Path, backend: str) -> None:
    """It was registered as requiring `sid` where the issuer now has none; the redirect goes on without a page."""
    async with deploy(tmp_path) as gateway:
        await gateway.send("PUT", "/acme/clients", params={"client_id": "front"}, json=FRONT, token=TOKEN)
    async with deploy(tmp_path, {"issuers": {"acme": {"id_tokens_have_sid": False}}}) as gateway:
        await sign_in(gateway, "front")
        request = {**REQUEST, "id_token_hint": id_token(aud="front", sid=None)}
        response = await gateway.get(PLAIN, request, cookie=cookie_of(), accept=HTML)
        assert response.headers["location"] == "https://front.example/signed-out?state=s"
        assert await states(gateway) == {"front": "failed"}


async def test_without_a_redirect_it_goes_on_to_the_status(tmp_path: Path) -> None:
    """The status page says "asked", since nobody can know more of a frame."""
    async with deploy(tmp_path, CHANGES) as gateway:
        await sign_in(gateway, "front")
        request = {"id_token_hint": id_token(aud="front")}
        page = await gateway.get(PLAIN, request, cookie=cookie_of(), accept=HTML)
        on = await gateway.get(refresh(page.text)[1])
        status = await gateway.get(on.headers["location"], accept=HTML, cookie=browser_cookie(page))
        assert "asked to sign out" in status.text


async def test_frames_come_after_a_yes_too(tmp_path: Path) -> None:
    """The answer to a question leads through the frames as well."""
    async with deploy(tmp_path, CHANGES) as gateway:
        await sign_in(gateway, "front")
        question = await gateway.get(PLAIN, {"client_id": "front"}, cookie=cookie_of(), accept=HTML)
        assert asks(question)
        page = await answer(gateway, question, "yes", cookie=cookie_of())
        assert len(frames(page.text)) == 1


async def test_back_channel_is_preferred(tmp_path: Path, apps: Receivers) -> None:
    """An app with both gets a token, which is the reliable way, and no frame."""
    async with deploy_with_apps(tmp_path, apps, "front", changes=CHANGES) as gateway:
        await sign_in(gateway, "front")
        response = await gateway.get(PLAIN, REQUEST, cookie=cookie_of(), accept=HTML)
        assert response.status_code == 303
        assert len(apps.tokens("front")) == 1


async def test_where_there_is_no_browser_nothing_was_attempted(tmp_path: Path) -> None:
    """A JSON caller and an administrator show no frames, and the ledger does not claim that they did."""
    async with deploy(tmp_path, CHANGES) as gateway:
        await sign_in(gateway, "front")
        response = await gateway.get(PLAIN, REQUEST, cookie=cookie_of(), accept=JSON)
        assert response.status_code == 303
        await sign_in(gateway, "front", sid="s-2")
        await gateway.send("DELETE", "/acme/sessions/s-2", token=TOKEN)
        assert await states(gateway) == await states(gateway, "s-2") == {"front": "failed"}


async def test_the_way_on_is_sealed(tmp_path: Path) -> None:
    """A changed, foreign or old address leads nowhere, and a withdrawn URI is not redirected to."""
    async with deploy(tmp_path, CHANGES) as gateway:
        await sign_in(gateway, "front")
        page = await gateway.get(PLAIN, REQUEST, cookie=cookie_of(), accept=HTML)
        _, go_on = refresh(page.text)
        assert (await gateway.get(go_on[:-4] + "AAAA")).status_code == 400
        assert (await gateway.get(go_on.replace("/acme/", "/globex/"))).status_code == 400
    withdrawn = {"issuers": {"acme": {"clients": {**CLIENTS, "front": {**FRONT, "post_logout_redirect_uris": []}}}}}
    async with deploy(tmp_path, withdrawn) as gateway:
        response = await gateway.get(go_on)
        assert "/acme/logout/status/" in response.headers["location"]
        gateway.clock.advance(601)
        assert (await gateway.get(go_on)).status_code == 400


class Forgetful(FailingDatabase):
    """Storage that goes away between the ending and the frames."""

    async def write(self, script: Script[T], *, within: float | None = None) -> T:
        """See Database."""
        self.failure = (lambda: ServiceUnavailable(detail="gone")) if name_of(script) == "mark_attempted" else None
        try:
            return await super().write(script, within=within)
        finally:
            self.failure = None


async def test_frames_are_shown_without_the_ledger(tmp_path: Path) -> None:
    """The session has ended, so nobody may be told that nothing changed, and the app gets its frame (T28)."""
    ports = Ports(tmp_path, open_store=lambda url, base: Forgetful(open_store(url, base)))
    app = {"redirect_uris": ["https://a.example/cb"], "frontchannel_logout_uri": "https://a.example/out"}
    async with deploy(tmp_path, {"issuers": {"acme": {"clients": {"a": app}}}}, ports=ports) as gateway:
        await sign_in(gateway, "a")
        response = await gateway.get(PLAIN, {"id_token_hint": id_token(aud="a")}, cookie=cookie_of(), accept=HTML)
        assert response.status_code == 200
        assert 'src="https://a.example/out"' in response.text
        assert clears_cookie(response)
        assert await gateway.state_of() == "ended"
        assert await states(gateway) == {"a": "pending"}


async def test_frames_may_do_what_signing_out_needs(tmp_path: Path) -> None:
    """Scripts, an origin, asking for cookies; not moving this page, opening windows, submitting forms or dialogs."""
    async with deploy(tmp_path, CHANGES) as gateway:
        await sign_in(gateway, "front", "plain")
        page = await gateway.get(PLAIN, REQUEST, cookie=cookie_of(), accept=HTML)
        allowed = "allow-scripts allow-same-origin allow-storage-access-by-user-activation"
        assert re.findall(r'<iframe [^>]*sandbox="([^"]*)"', page.text) == [allowed] * len(frames(page.text)) != []
