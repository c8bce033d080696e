"""Ten mistakes that people really make: each is named with what would fix it, by `check`, `explain` or the log."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kit.deployment import TOKEN, Deployment, deploy
from tests.kit.flow import JSON, PLAIN
from tests.kit.provider import provider
from tests.kit.tokens import id_token, jwks, signing_key
from tests.settings.operator import GOOD, Operator
from tests.settings.test_advice import advised, serving
from tests.settings.test_together import WEB, add

from .test_check import findings, metadata

pytestmark = pytest.mark.sqlite_alone("messages do not depend on the storage")
HMAC = add(WEB, "id_token_signed_response_alg = 'HS256'")


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """An operator with a good settings file and nothing in the environment."""
    person = Operator(tmp_path, monkeypatch)
    person.write(GOOD)
    return person


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Deployment]:
    """A gateway with one live session, alice's."""
    async with deploy(tmp_path) as running:
        assert (await running.register()).status_code == 201
        yield running


async def explained(gateway: Deployment, **asked: str) -> dict[str, Any]:
    """What `explain` says of a logout request."""
    response = await gateway.send("POST", "/acme/logout/explain", json=asked, token=TOKEN)
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_the_issuer_with_a_slash_more_in_the_metadata(tmp_path: Path) -> None:
    """`check` says in what the two differ, and which setting is to be corrected."""
    async with provider() as web:
        web.body = metadata(web, issuer="https://op.example/")
        (finding,) = await findings(tmp_path, op_metadata_uri=web.url)
    assert finding.certain
    assert "one of the two has a slash at its end" in finding.problem.message
    assert "correct issuers.acme.issuer" in finding.problem.fix


@pytest.mark.parametrize(("iss", "where"), [("https://login.example/acme/", "a"), ("https://op.example", "")])
async def test_the_issuer_with_a_slash_more_in_hints(gateway: Deployment, iss: str, where: str) -> None:
    """So does `explain`, which for another issuer altogether speaks of no slash."""
    hint = (await explained(gateway, id_token_hint=id_token(iss=iss)))["hint"]
    assert hint.startswith("refused: its iss is not this issuer")
    assert ("has a slash at its end, as issuers.ID.issuer has to be written as well" in hint) == bool(where)


async def test_a_redirect_uri_with_a_slash_more(gateway: Deployment) -> None:
    """`explain` shows the registered one, and the trace, which is what the log has of a refusal, says what differs."""
    asked = {"id_token_hint": id_token(), "post_logout_redirect_uri": "https://app.example/signed-out/"}
    said = await explained(gateway, **asked)
    assert said["nearest_redirect"].startswith("https://app.example/signed-out (they differ from character")
    assert "one of which differs from it by a slash at the end" in " ".join(said["trace"])


async def test_a_redirect_uri_with_http(gateway: Deployment) -> None:
    """The same for the scheme, where the request has it."""
    asked = {"id_token_hint": id_token(), "post_logout_redirect_uri": "http://app.example/signed-out"}
    assert "differs from it by its scheme (http, https)" in " ".join((await explained(gateway, **asked))["trace"])


def test_http_in_a_registration(operator: Operator) -> None:
    """And where the registration has it, `check` warns."""
    operator.write(add(WEB, 'backchannel_logout_uri = "http://app.example/logout"', serving()))
    ((where, _, fix),) = advised(operator.start(), operator)
    assert (where, fix) == ("issuers.acme.clients.web.backchannel_logout_uri", "use https")


async def test_a_receiver_in_a_private_network(tmp_path: Path) -> None:
    """`check` names the client, the address and the setting that would allow it."""
    clients = {"web": {"backchannel_logout_uri": "https://10.1.2.3/logout"}}
    (finding,) = await findings(tmp_path, clients=clients, publish_op_keys=True)
    assert finding.problem.location == ("issuers", "acme", "clients", "web", "backchannel_logout_uri")
    assert "10.1.2.3 is a private or special address" in finding.problem.message
    assert "delivery.allow_networks" in finding.problem.fix


def test_a_missing_secret(operator: Operator) -> None:
    """The gateway does not start, and says whose secret it lacks and how it is given."""
    operator.write(HMAC)
    head, message, fix = operator.told_once()
    assert "issuers.acme.clients.web.client_secret" in head
    assert message == "it is missing, and HS256 tokens are verified with it."
    assert "ENDSESSION_ISSUERS__ACME__CLIENTS__WEB__CLIENT_SECRET" in head
    assert "give it in the environment" in fix


@pytest.mark.parametrize("ahead", [90, 600])
async def test_a_clock_that_is_wrong(gateway: Deployment, ahead: int) -> None:
    """A provider whose clock is ahead: `explain` says by how much, and what to set."""
    now = int(time.time())
    hint = (await explained(gateway, id_token_hint=id_token(iat=now + ahead, exp=now + 4000)))["hint"]
    assert "its iat lies in the future, by " in hint
    assert "set the clock of the provider, or of this machine" in hint


async def test_another_cookie_than_the_configured_one(gateway: Deployment, caplog: pytest.LogCaptureFixture) -> None:
    """Every logout would be a success that did nothing: the log says it once, and `explain` in its trace."""
    for _ in range(2):
        answer = await gateway.get(PLAIN, {"id_token_hint": id_token()}, cookie="OPSESSID=of-alice", accept=JSON)
        assert answer.status_code == 200
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert line.startswith("issuers.acme.cookie.name: a hint of a live session came without a cookie op_session")
    assert "write the name of the provider's session cookie" in line
    assert await gateway.state_of() == "live"
    trace = " ".join((await explained(gateway, id_token_hint=id_token()))["trace"])
    assert "presents no cookie of the name that is configured (cookie.name): nothing ends" in trace


def test_no_trusted_proxy(operator: Operator) -> None:
    """With an https URL a proxy has to be there: the gateway asks for it before it starts."""
    operator.write(GOOD.replace('trusted_proxies = ["127.0.0.1"]\n', ""))
    head, message, fix = operator.told_once()
    assert "server.trusted_proxies" in head
    assert "all users would share that proxy's rate limit" in message
    assert 'trusted_proxies = ["127.0.0.1"]' in fix


async def test_a_proxy_that_is_not_among_the_trusted(gateway: Deployment, caplog: pytest.LogCaptureFixture) -> None:
    """A proxy with another address: the log names it and the setting, with the first request that it forwards."""
    await gateway.get("/healthz", headers={"x-forwarded-for": "203.0.113.5"})
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "192.0.2.7 sends X-Forwarded-For" in line
    assert "add it to server.trusted_proxies" in line


def _by_secret() -> str:
    return id_token("HS256", aud="web")


def _by_stranger() -> str:
    from tests.kit.tokens import id_claims, sign

    return sign(id_claims(), key=signing_key("RS256", "stranger"))


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (_by_stranger, "jwks_uri, jwks_file or jwks has to be that of its signer"),
        (_by_secret, "id_token_signed_response_alg"),
    ],
)
async def test_an_unknown_key(gateway: Deployment, make: Callable[[], str], named: str) -> None:
    """`explain` says which settings have the keys, or the algorithm."""
    assert named in (await explained(gateway, id_token_hint=make()))["hint"]


async def test_our_own_key_that_is_unknown_to_apps(tmp_path: Path) -> None:
    """And `check` says that the provider's `jwks_uri` lacks ours."""
    async with provider() as web:
        web.publish(*jwks("RS256")["keys"])
        (finding,) = await findings(tmp_path, jwks_uri=web.url)
    assert "apps will not find the keys of our logout tokens" in finding.problem.message
    assert "publish_op_keys = true" in finding.problem.fix


@pytest.mark.parametrize(("name", "meant"), [("SERVER__PROT", "SERVER__PORT"), ("ISSUERS__ACME__COKIE__NAME", None)])
def test_a_mistyped_environment_name(operator: Operator, name: str, meant: str | None) -> None:
    """Nothing starts with a variable that would have no effect; what was probably meant is said."""
    operator.export(**{name: "1"})
    head, message, fix = operator.told_once()
    assert head == f"environment variable ENDSESSION_{name}"
    assert message == "there is no setting of this name."
    assert fix == f"did you mean ENDSESSION_{meant or 'ISSUERS__ACME__COOKIE__NAME'}?"
