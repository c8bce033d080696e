"""The plain endpoint: RP-Initiated Logout 1.0 with the issuer's own policy."""

import asyncio
from pathlib import Path

import pytest

from tests.kit.deployment import Deployment, cookie_of, deploy
from tests.kit.flow import HTML, JSON, PLAIN, answer, asks, both_methods, clears_cookie, log_out
from tests.kit.tokens import id_token

SIGNED_OUT = "https://app.example/signed-out"


@both_methods
async def test_two_logouts_of_one_session_at_once(gateway: Deployment, method: str) -> None:
    """One of them ends it, and both get the redirect; exactly one ending is in the audit."""
    await gateway.register()
    request = {"id_token_hint": id_token(), "post_logout_redirect_uri": SIGNED_OUT}
    responses = await asyncio.gather(
        *(log_out(gateway, method, PLAIN, cookie=cookie_of(), **request) for _ in range(8))
    )
    assert [response.headers["location"] for response in responses] == [SIGNED_OUT] * 8
    assert await gateway.state_of() == "ended"
    endings = await gateway.rows("SELECT sid, reason, actor FROM audit")
    assert endings == [("s-alice", "user", "web")]


@both_methods
async def test_a_session_ended_twice_is_a_success(gateway: Deployment, method: str) -> None:
    """R17: logging out somebody who is logged out is no error; the leftover cookie is cleared."""
    await gateway.register()
    request = {"id_token_hint": id_token(), "post_logout_redirect_uri": SIGNED_OUT}
    for _ in range(2):
        response = await log_out(gateway, method, PLAIN, cookie=cookie_of(), **request)
        assert response.headers["location"] == SIGNED_OUT
        assert clears_cookie(response)


@both_methods
async def test_issuers_are_apart_though_they_share_keys(gateway: Deployment, method: str) -> None:
    """A hint, a cookie and a sid of one issuer mean nothing at the other (T11)."""
    await gateway.register()
    at_other = "/globex/end-session"
    response = await log_out(gateway, method, at_other, cookie=cookie_of(), accept=HTML, id_token_hint=id_token())
    assert response.status_code in (200, 303)
    assert not asks(response)
    foreign = id_token(iss="https://login.example/globex")
    response = await log_out(gateway, method, PLAIN, cookie=cookie_of(), accept=HTML, id_token_hint=foreign)
    assert asks(response)
    assert await gateway.state_of() == "live"


@both_methods
async def test_a_leaked_hint_ends_nothing(gateway: Deployment, method: str) -> None:
    """T4: with cookie authority, a hint from a browser without the session ends nothing, no matter who sends it."""
    await gateway.register()
    request = {"id_token_hint": id_token(), "post_logout_redirect_uri": SIGNED_OUT}
    response = await log_out(gateway, method, PLAIN, **request)
    assert response.headers["location"] == SIGNED_OUT
    assert not clears_cookie(response)
    assert await gateway.state_of() == "live"


@both_methods
async def test_another_users_hint_asks_about_the_browsers_own_session(gateway: Deployment, method: str) -> None:
    """T3: a site that sends its own valid hint makes the user be asked; a yes ends the user's own session."""
    await gateway.register()
    await gateway.register("s-mallory", sub="mallory")
    hint = id_token(sub="mallory", sid="s-mallory")
    question = await log_out(gateway, method, PLAIN, cookie=cookie_of(), id_token_hint=hint)
    assert asks(question)
    assert "different account" in question.text
    await answer(gateway, question, "yes", cookie=cookie_of())
    assert await gateway.state_of() == "ended"
    assert await gateway.state_of("s-mallory") == "live"


@both_methods
async def test_an_earlier_hint_of_the_same_user_asks(gateway: Deployment, method: str) -> None:
    """The same user's hint of a session before this one: the user is asked, and told why."""
    await gateway.register()
    question = await log_out(gateway, method, PLAIN, cookie=cookie_of(), id_token_hint=id_token(sid="s-before"))
    assert asks(question)
    assert "earlier sign-in" in question.text


@both_methods
async def test_pairwise_subject_and_own_sid(gateway: Deployment, method: str) -> None:
    """A client that knows the user by a pairwise subject and the session by its own sid is understood."""
    clients = [{"client_id": "web", "sub": "pairwise-1", "sid": "web-77"}]
    await gateway.register(clients=clients)
    hint = id_token(sub="pairwise-1", sid="web-77")
    response = await log_out(
        gateway, method, PLAIN, cookie=cookie_of(), id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT
    )
    assert response.headers["location"] == SIGNED_OUT
    assert await gateway.state_of() == "ended"


@both_methods
async def test_a_json_caller_gets_a_result(gateway: Deployment, method: str) -> None:
    """`Accept: application/json` gets a LogoutResult; the status address then tells the same."""
    await gateway.register()
    response = await log_out(gateway, method, PLAIN, cookie=cookie_of(), accept=JSON, id_token_hint=id_token())
    assert response.json()["status"] == "signed_out"
    status = await gateway.get(response.json()["status_url"])
    assert status.json()["status"] == "signed_out"
    response = await log_out(gateway, method, PLAIN, accept=JSON)
    assert response.json() == {"status": "nothing_to_end"}


@both_methods
async def test_a_json_caller_is_told_where_to_ask(gateway: Deployment, method: str) -> None:
    """A question to a JSON caller is an address, and in the user's browser that address asks."""
    await gateway.register()
    response = await log_out(gateway, method, PLAIN, cookie=cookie_of(), accept=JSON, client_id="web")
    assert response.json()["status"] == "confirmation_required"
    question = await gateway.get(response.json()["confirm_url"], cookie=cookie_of(), accept=HTML)
    assert asks(question)
    await answer(gateway, question, "yes", cookie=cookie_of())
    assert await gateway.state_of() == "ended"


@both_methods
@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"client_id": "nobody", "post_logout_redirect_uri": SIGNED_OUT}, 422),
        ({"client_id": "web", "post_logout_redirect_uri": "https://evil.example/"}, 422),
        ({"client_id": "gone", "post_logout_redirect_uri": SIGNED_OUT}, 403),
        ({"post_logout_redirect_uri": SIGNED_OUT}, 400),
        ({"client_id": "other", "id_token_hint": id_token()}, 400),
    ],
)
async def test_refusals(gateway: Deployment, method: str, parameters: dict[str, str], status: int) -> None:
    """Unknown client, unregistered URI, disabled client, URI with nothing else, hint of another client."""
    await gateway.register()
    response = await log_out(gateway, method, PLAIN, cookie=cookie_of(), **parameters)
    assert response.status_code == status
    assert await gateway.state_of() == "live"


async def test_form_action_names_where_the_answer_leads(gateway: Deployment) -> None:
    """Browsers hold a redirect after a form to `form-action`; the registered URI's origin is in it, and no other."""
    await gateway.register()
    question = await gateway.get(
        PLAIN, {"client_id": "web", "post_logout_redirect_uri": SIGNED_OUT}, cookie=cookie_of()
    )
    assert "form-action 'self' https://app.example;" in question.headers["content-security-policy"] + ";"


async def test_an_idle_session_is_over(tmp_path: Path) -> None:
    """Idle and absolute lifetimes: a session past one has ended, and a registration restarts the idle time."""
    async with deploy(tmp_path) as gateway:
        await gateway.register(idle_seconds=100)
        gateway.clock.advance(90)
        assert (await gateway.register()).status_code == 200
        gateway.clock.advance(90)
        assert await gateway.state_of() == "live"
        gateway.clock.advance(20)
        assert await gateway.state_of() == "ended"
        assert (await gateway.register()).status_code == 409


async def test_a_cookie_that_is_the_sid(tmp_path: Path) -> None:
    """`cookie.match = "sid"`: the cookie's value names the session itself."""
    async with deploy(tmp_path, {"issuers": {"acme": {"cookie": {"match": "sid"}}}}) as gateway:
        await gateway.register()
        response = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie="op_session=s-alice", accept=HTML)
        assert "You are signed out" in response.text


@pytest.mark.parametrize(("before", "ended"), [(0, True), (48, True), (49, False)])
async def test_a_cookie_tossed_in_by_a_neighbour_hides_nothing(gateway: Deployment, before: int, ended: bool) -> None:
    """Of several cookies of the name the one that belongs to a session counts; more than fifty are refused."""
    await gateway.register()
    tossed = "; ".join([*(f"op_session=rubbish{n}" for n in range(before)), cookie_of(), "op_session=more"])
    response = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=tossed, accept=HTML)
    assert response.status_code == (200 if ended else 400)
    assert await gateway.state_of() == ("ended" if ended else "live")


@pytest.mark.parametrize(
    ("accept", "success", "error"),
    [
        ("*/*", "text/html", "application/json"),
        ("application/json", "application/json", "application/json"),
        ("text/html", "text/html", "text/html"),
    ],
)
async def test_the_form_of_an_answer(gateway: Deployment, accept: str, success: str, error: str) -> None:
    """As the document says: what `Accept` prefers; where it names neither, a success is a page and an error is JSON."""
    await gateway.register()
    wrong = {"client_id": "nobody", "post_logout_redirect_uri": SIGNED_OUT}
    refused = await gateway.get(PLAIN, wrong, cookie=cookie_of(), accept=accept)
    done = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie=cookie_of(), accept=accept)
    assert (refused.status_code, done.status_code) == (422, 200)
    assert refused.headers["content-type"].startswith(error)
    assert done.headers["content-type"].startswith(success)
