"""What `POST /{issuer_id}/logout/explain` says of a request is what the same request then does, seen from outside.

Every request is explained first, which must change nothing, and then sent as a browser sends it: one that is parked is
resumed, and a question is answered with yes.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from endsession.store.script import Script, Statement
from tests.fuzzing.hints import HINTS as CATALOGUE
from tests.kit.deployment import TOKEN, Deployment, deploy
from tests.kit.encrypted import private_key
from tests.kit.flow import HTML, answer, asks, browser_cookie, log_out
from tests.kit.properties import QUICK
from tests.kit.tokens import id_claims, id_token

from .requests_to_explain import COOKIES, ENDPOINTS, PLAIN, SETTINGS, Case, Endpoint, matrix

EXPLAIN = "/acme/logout/explain"
TABLES = ("sessions", "session_cookies", "participants", "deliveries", "attempts", "spent_handles", "audit", "clients")
DOUBTS = {
    "no_hint": "Any site could send such a request",
    "invalid_hint": "did not show whose sign-in it means",
    "foreign_hint": "asked to log out a different account",
    "stale_sid": "asked to log out an earlier sign-in of yours",
    "unmatched": "We cannot see your sign-in from here",
    "always": "asked to log you out.</p>",
}
"""What the question page says, by the doubt that made it ask."""


@dataclass(frozen=True)
class Outcome:
    """What a request comes to; where the user is asked, `sid` and `redirect` are those of a yes."""

    action: str
    sid: str | None = None
    redirect: str | None = None
    doubt: str | None = None
    status: int | None = None
    error: str | None = None

    @property
    def kind(self) -> str:
        """The outcome in a word or two."""
        return f"{self.status} {self.error}" if self.status else f"{self.action} {self.doubt or ''}".strip()


class World:
    """A deployment in which the named sessions exist before each request, whatever the one before has ended."""

    def __init__(self, gateway: Deployment) -> None:
        self.gateway = gateway
        self.sids: dict[str, str] = {}
        self._number = 0

    async def live(self) -> set[str]:
        """The sids of all live sessions."""
        return {sid for (sid,) in await self.gateway.rows("SELECT sid FROM sessions WHERE ended_at IS NULL")}

    async def restore(self) -> None:
        """Sign in again those who have been logged out."""
        live = await self.live()
        for name in ("alice", "alice again", "mallory", "ended"):
            if name in self.sids and (name == "ended" or self.sids[name] in live):
                continue
            self._number += 1
            sid = self.sids[name] = f"s-{self._number}"
            registered = await self.gateway.register(sid, sub=name.split()[0] if name != "ended" else "alice")
            assert registered.status_code == 201, registered.text
            if name == "ended":
                await self.gateway.send("DELETE", f"/acme/sessions/{sid}", token=TOKEN)

    async def stored(self) -> list[Any]:
        """Every row of the database."""

        def script() -> Script[list[Any]]:
            found = []
            for table in TABLES:
                rows = yield Statement(f"SELECT * FROM {table}", {})
                found.append(sorted(rows, key=repr))
            return found

        return await self.gateway.gateway.store.read(script())

    def cookie(self, case: Case) -> str | None:
        """The value of the provider's cookie in the browser that sends the request."""
        name = COOKIES[case.cookie]
        return f"cookie-of-{self.sids[name]}" if name else None


async def explain(world: World, endpoint: Endpoint, case: Case, parameters: dict[str, str]) -> Mapping[str, Any]:
    """What is said of a request. Saying it changes nothing."""
    question = {"endpoint": endpoint.path, "method": case.method, **parameters}
    if cookie := world.cookie(case):
        question["cookie"] = cookie
    before = await world.stored()
    response = await world.gateway.send("POST", EXPLAIN, json=question, token=TOKEN)
    assert response.status_code == 200, response.text
    assert await world.stored() == before
    said: Mapping[str, Any] = response.json()
    return said


async def send(world: World, endpoint: Endpoint, case: Case, parameters: dict[str, str]) -> tuple[httpx2.Response, str]:
    """The answer to the request as its browser gets it, after it was resumed if it was parked; and its cookies."""
    definition = world.gateway.gateway.document.endpoints[endpoint.path]
    parameters = {definition.vendor_name(name): value for name, value in parameters.items()}
    cookie = f"op_session={value}" if (value := world.cookie(case)) else ""
    path = definition.address("acme")
    response = await log_out(world.gateway, case.method, path, cookie=cookie, accept=HTML, **parameters)
    if "/logout/resume?" in response.headers.get("location", ""):
        back = urlsplit(response.headers["location"])
        cookie = f"{cookie}; {browser_cookie(response)}"
        response = await world.gateway.get(f"{back.path}?{back.query}", cookie=cookie, accept=HTML)
    return response, cookie


async def outcome(
    world: World, response: httpx2.Response, live: set[str], cookie: str, log: pytest.LogCaptureFixture
) -> Outcome:
    """What a request came to, when those sessions were live before it. Answers the question, if there is one."""
    if response.status_code >= 400:
        assert await world.live() == live
        return Outcome("refuse", status=response.status_code, error=error_in(log))
    doubt = None
    if asks(response):
        assert await world.live() == live
        (doubt,) = (doubt for doubt, sentence in DOUBTS.items() if sentence in response.text)
        response = await answer(world.gateway, response, "yes", cookie=cookie)
    ended = live - await world.live()
    assert len(ended) < 2, ended
    assert response.status_code in (200, 303), response.text
    sid, redirect = ended.pop() if ended else None, response.headers.get("location")
    return Outcome("ask" if doubt else "end" if sid else "nothing", sid, redirect, doubt)


def error_in(log: pytest.LogCaptureFixture) -> str:
    """The code of the refusal; pages do not show it, so it is read from the access log."""
    line = [record.getMessage() for record in log.records if record.name == "endsession.access"][-1]
    found = re.search(r" ms \S+ (?:\w+=\S+ )*(\w+): ", line)
    assert found, line
    return found[1]


@asynccontextmanager
async def deployed(folder: Path, endpoint: Endpoint) -> AsyncIterator[Deployment]:
    """A deployment that has the endpoint, and a key for encrypted hints."""
    (folder / "enc.jwk").write_text(json.dumps(private_key("RSA").as_dict(private=True)))
    changes = {"issuers": {"acme": {**SETTINGS, **endpoint.issuer}}, "server": {"vendors": list(endpoint.vendors)}}
    async with deploy(folder, changes) as gateway:
        yield gateway


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_what_is_explained_is_what_happens(tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """Action, session, redirect, doubt, status and error are those of the request; hint and nearest URI are named."""
    endpoint, kinds = ENDPOINTS[name], set()
    async with deployed(tmp_path, endpoint) as gateway:
        world = World(gateway)
        for case in (case for method in endpoint.methods[: 1 if QUICK else 2] for case in matrix(method)):
            await world.restore()
            parameters, live = case.parameters(world.sids), await world.live()
            said = await explain(world, endpoint, case, parameters)
            promised = Outcome(**{member: said[member] for member in Outcome.__dataclass_fields__ if member in said})
            caplog.clear()
            response, cookie = await send(world, endpoint, case, parameters)
            happened = await outcome(world, response, live, cookie, caplog)
            assert promised == happened, (case, said)
            assert re.fullmatch(case.what_hint_is(endpoint), said["hint"]), (case, said)
            assert said.get("nearest_redirect") == case.nearest_redirect(endpoint), (case, said)
            kinds.add(happened.kind)
    assert kinds == endpoint.outcomes


async def test_every_refusal_is_explained(tmp_path: Path) -> None:
    """With the reason that the catalogue of hints gives; the request is refused with the same status."""
    endpoint = ENDPOINTS["authpi"]
    async with deployed(tmp_path, endpoint) as gateway:
        await gateway.register()
        for name, hint in CATALOGUE.items():
            if not hint.refused or name == "too long":
                continue
            parameters = {"id_token_hint": hint.make(id_claims())}
            question = {"endpoint": endpoint.path, **parameters}
            said = (await gateway.send("POST", EXPLAIN, json=question, token=TOKEN)).json()
            assert said["hint"].startswith("refused: "), name
            assert hint.refused in said["hint"], name
            response = await gateway.get(endpoint.path.replace("{issuer_id}", "acme"), parameters)
            assert response.status_code == said["status"] == (400 if hint.malformed else 401), name


async def test_a_method_that_the_endpoint_does_not_take(tmp_path: Path) -> None:
    """400, since the request itself would not get as far as a decision."""
    async with deploy(tmp_path, {"server": {"vendors": ["auth0"]}}) as gateway:
        for method, status in (("GET", 200), ("POST", 400)):
            question = {"endpoint": "/v2/logout", "method": method}
            assert (await gateway.send("POST", EXPLAIN, json=question, token=TOKEN)).status_code == status
        assert (await gateway.post("/v2/logout")).status_code == 405


async def test_a_parameter_that_the_endpoint_does_not_take(tmp_path: Path) -> None:
    """It is not read there, and the trace says so before anything else."""
    async with deploy(tmp_path, {"server": {"vendors": ["auth0"]}}) as gateway:
        question = {"endpoint": "/v2/logout", "id_token_hint": id_token(), "client_id": "web"}
        said = (await gateway.send("POST", EXPLAIN, json=question, token=TOKEN)).json()
        assert said["hint"] == "NoHint"
        assert said["trace"][0] == "id_token_hint is not read: this endpoint does not take it"


async def test_explaining_is_not_counted(tmp_path: Path) -> None:
    """It takes nothing of the allowance of an address, a client or an issuer."""
    limits = {"logout_per_address": "2/day", "logout_per_client": "2/day", "logout_per_issuer": "2/day"}
    async with deploy(tmp_path, {"limits": limits}) as gateway:
        question = {"id_token_hint": id_token(), "client_id": "web"}
        for _ in range(3):
            assert (await gateway.send("POST", EXPLAIN, json=question, token=TOKEN)).status_code == 200
        requests = [await gateway.get("/acme/end-session", question) for _ in range(3)]
        assert [response.status_code for response in requests] == [200, 200, 429]


async def test_without_an_endpoint(gateway: Deployment) -> None:
    """It is the plain one by GET that is explained; a path that is no logout endpoint is refused."""
    await gateway.register()
    question = {"client_id": "web", "cookie": "cookie-of-s-alice"}
    plain = await gateway.send("POST", EXPLAIN, json={**question, "endpoint": PLAIN, "method": "GET"}, token=TOKEN)
    assert plain.json()["doubt"] == "no_hint"
    assert (await gateway.send("POST", EXPLAIN, json=question, token=TOKEN)).json() == plain.json()
    unknown = await gateway.send("POST", EXPLAIN, json={**question, "endpoint": "/healthz"}, token=TOKEN)
    assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_request")


async def test_the_nearest_uri_is_told_only_where_none_is_followed(tmp_path: Path) -> None:
    """A URI that a wildcard stands for differs from what is registered, and is followed."""
    web = {"post_logout_redirect_uris": ["https://*.apps.example/bye"]}
    acme = {"policy": {"redirect_match": "wildcard"}, "clients": {"web": web}}
    async with deploy(tmp_path, {"issuers": {"acme": acme}}) as gateway:
        for uri, redirect, differs_from in (
            ("https://one.apps.example/bye", "https://one.apps.example/bye", None),
            ("https://one.apps.example/by", None, 9),
        ):
            question = {"endpoint": PLAIN, "id_token_hint": id_token(), "post_logout_redirect_uri": uri}
            said = (await gateway.send("POST", EXPLAIN, json=question, token=TOKEN)).json()
            assert said.get("redirect") == redirect
            near = said.get("nearest_redirect")
            assert (f"from character {differs_from} on" in near) if differs_from else near is None
