"""What holds for every answer, whether an operation, routing, a limit or a failure made it."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from endsession.contract.edge import Edge
from endsession.runtime.app import MANAGEMENT_TAGS, PUBLIC_TAGS, application
from tests.kit.deployment import TOKEN, Deployment, deploy
from tests.kit.flow import AUTHPI, HTML, JSON, PING, PLAIN
from tests.kit.raw import FORM, Answer, ask
from tests.kit.tokens import id_token

STRICT_CSP = "default-src 'none'; frame-ancestors 'none'"


def is_safe(answer: Answer) -> bool:
    """The headers that no answer may be without (T17, T18, T23)."""
    assert answer.header("cache-control") == "no-store"
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("x-frame-options") == "DENY"
    assert answer.header("cross-origin-resource-policy") == "same-origin"
    assert answer.header("strict-transport-security") == "max-age=31536000"
    assert re.fullmatch(r"[0-9a-f]{16}", answer.header("x-request-id") or "")
    csp = answer.header("content-security-policy") or ""
    assert "frame-ancestors 'none'" in csp
    assert csp.startswith("default-src 'none'")
    assert "unsafe" not in csp
    is_page = (answer.header("content-type") or "").startswith("text/html")
    assert is_page or csp == STRICT_CSP
    # A redirect to an app that logs out in a popup must not cut it off from the window that opened it.
    assert answer.header("cross-origin-opener-policy") == ("same-origin" if is_page else None)
    assert ("camera=()" in (answer.header("permissions-policy") or "")) is is_page
    assert answer.header("server") is None
    return True


EVERY_KIND = [
    pytest.param("GET", "/healthz", {}, 200, id="a small answer"),
    pytest.param("GET", "/openapi.json", {}, 200, id="a large answer"),
    pytest.param("GET", PLAIN, {"accept": HTML}, 200, id="a page"),
    pytest.param("GET", PLAIN, {"accept": JSON}, 200, id="a result"),
    pytest.param("POST", PLAIN, {"accept": HTML}, 303, id="a redirect"),
    pytest.param("HEAD", PLAIN, {}, 200, id="a HEAD"),
    pytest.param("GET", AUTHPI, {}, 400, id="a missing parameter"),
    pytest.param("GET", PING + "?state=a&state=b", {}, 400, id="an error page"),
    pytest.param("GET", AUTHPI + "?id_token_hint=x.y.z", {}, 400, id="a bad hint"),
    pytest.param("GET", "/acme/sessions/s", {}, 401, id="no token"),
    pytest.param("GET", "/nobody/end-session", {}, 404, id="no issuer"),
    pytest.param("GET", "/nowhere", {}, 404, id="no path"),
    pytest.param("GET", "/nowhere", {"accept": HTML}, 404, id="no path, as a page"),
    pytest.param("GET", "/acme%2Flogout", {}, 404, id="an encoded slash"),
    pytest.param("PATCH", AUTHPI, {}, 405, id="a wrong method"),
    pytest.param("PATCH", PING, {}, 405, id="a wrong method, as a page"),
    pytest.param("POST", PLAIN, {"headers": [("content-type", FORM)], "body": b"x" * 70_000}, 413, id="a large body"),
    pytest.param("GET", f"{PLAIN}?state={'s' * 17_000}", {}, 414, id="a long query"),
    pytest.param("POST", PLAIN, {"body": b"x"}, 415, id="no media type"),
    pytest.param("GET", PLAIN, {"host": "evil.example"}, 421, id="another host"),
]


@pytest.mark.parametrize(("method", "target", "options", "status"), EVERY_KIND)
async def test_every_answer_has_the_headers(
    shared: Deployment, method: str, target: str, options: dict[str, object], status: int
) -> None:
    """`no-store`, `no-referrer`, `nosniff`, no framing and a strict policy, each once, on answers and errors alike."""
    answer = await ask(shared.app, method, target, **options)  # type: ignore[arg-type]
    assert answer.status == status
    assert is_safe(answer)


async def test_requests_have_names_of_their_own(shared: Deployment) -> None:
    """An operator finds a request in the log by what its caller was told; the caller cannot choose it."""
    seen = set()
    for _ in range(5):
        answer = await ask(shared.app, "GET", "/healthz", headers=[("x-request-id", "chosen-by-me")])
        seen.add(answer.header("x-request-id"))
    assert len(seen) == 5
    assert "chosen-by-me" not in seen


async def test_an_error_page_names_the_request(shared: Deployment) -> None:
    """The reference on the page is the one in the header and in the log."""
    answer = await ask(shared.app, "GET", PING + "?state=a&state=b", accept=HTML)
    assert (answer.header("x-request-id") or "-") in answer.text


@pytest.mark.parametrize(
    ("url", "tags", "sent"),
    [
        ("https://login.example", None, True),
        ("https://login.example", PUBLIC_TAGS, True),
        ("https://login.example", MANAGEMENT_TAGS, False),
        ("http://localhost:8080", None, False),
    ],
)
@pytest.mark.usefixtures("backend")
async def test_https_is_promised_where_there_is_any(
    tmp_path: Path, url: str, tags: tuple[str, ...] | None, sent: bool
) -> None:
    """HSTS is for the public URL and its scheme; a listener for management may have no TLS (RFC 6797, section 7.2)."""
    async with deploy(tmp_path, {"server": {"public_url": url}}) as gateway:
        answer = await ask(application(gateway.gateway, gateway.settings, tags), "GET", "/healthz")
    assert answer.status == 200
    assert (answer.header("strict-transport-security") is not None) is sent


# The access log


async def test_the_access_log_names_the_operation_and_no_value(
    shared: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    """Method, operation, status, time, reference and reason: no path and no query, since both can hold a token."""
    hint, handle = id_token(iss="https://elsewhere.example"), "a-handle-that-nobody-gave"
    with caplog.at_level(logging.INFO, logger="endsession.access"):
        await ask(shared.app, "GET", f"{AUTHPI}?id_token_hint={hint}")
        await ask(shared.app, "GET", f"/acme/logout/status/{handle}")
        await ask(shared.app, "GET", f"/nowhere/{handle}")
    first, second, third = (record.getMessage() for record in caplog.records if record.name == "endsession.access")
    assert re.fullmatch(
        r"GET endSession 401 \d+\.\d ms [0-9a-f]{16} address=192\.0\.2\.7 caller=- client=- invalid_token: .+", first
    )
    assert re.fullmatch(
        r"GET logoutStatus 400 \d+\.\d ms [0-9a-f]{16} address=\S+ caller=- client=- invalid_request: .+", second
    )
    assert re.fullmatch(r"GET - 404 \d+\.\d ms [0-9a-f]{16} address=\S+ caller=- client=- not_found: .+", third)
    assert not any(value in caplog.text for value in (hint, hint.split(".")[1], handle, "/acme", "/nowhere"))


async def test_the_access_log_can_be_off(shared: Deployment, caplog: pytest.LogCaptureFixture) -> None:
    """It costs nothing when nobody reads it."""
    with caplog.at_level(logging.WARNING, logger="endsession.access"):
        await ask(shared.app, "GET", "/healthz")
    assert not [record for record in caplog.records if record.name == "endsession.access"]


# Paths


@pytest.mark.parametrize("separator", ["%2f", "%2F", "%5c", "%5C", "%00", "%0a", "%0D", "%1F", "%7f"])
@pytest.mark.parametrize(
    "path",
    [
        "/acme{}logout",
        "/acme/logout{}",
        "/{}acme/logout",
        "/acme/end-session{}x",
        "/acme/logout/status/a{}b",
        "/acme/sessions/s{}1",
        "/x{}..{}acme/logout",
        "/healthz{}",
    ],
)
async def test_an_encoded_separator_matches_nothing(shared: Deployment, path: str, separator: str) -> None:
    """A proxy in front may have read such a path otherwise (T25): 404, never a guess; control characters likewise."""
    answer = await ask(shared.app, "GET", path.replace("{}", separator), token=TOKEN)
    assert answer.status == 404
    assert answer.header("location") is None


@pytest.mark.parametrize(
    "path",
    [
        "/acme;v=1/logout",
        "/acme/logout;v=1",
        "/acme/./logout",
        "/acme/../acme/logout",
        "//acme/logout",
        "/acme//logout",
    ],
)
async def test_paths_are_taken_as_they_stand(shared: Deployment, path: str) -> None:
    """Neither matrix parameters nor dots nor doubled slashes are tidied up into another path."""
    assert (await ask(shared.app, "GET", f"{path}?id_token_hint={id_token()}")).status == 404


# The public URL with a path


@pytest.fixture
async def prefixed(tmp_path: Path, backend: str) -> AsyncIterator[Deployment]:
    """A gateway that is public at `https://login.example/sso`."""
    changes = {
        "server": {"public_url": "https://login.example/sso"},
        "issuers": {"acme": {"issuer": "https://login.example/sso/acme"}},
    }
    async with deploy(tmp_path, changes) as gateway:
        yield gateway


async def test_a_prefix_is_taken_off(prefixed: Deployment) -> None:
    """Whether the proxy in front passes the path of the public URL on or not, the operation is found."""
    for path in ("/sso/healthz", "/healthz"):
        assert (await ask(prefixed.app, "GET", path)).status == 200
    for path in ("/sso", "/sso/", "/ssohealthz", "/sso/sso/healthz", "/SSO/healthz"):
        assert (await ask(prefixed.app, "GET", path)).status == 404


async def test_links_have_the_prefix(prefixed: Deployment) -> None:
    """They are made from the public URL, path included; the host of the request has no part in them (T19)."""
    metadata = await ask(prefixed.app, "GET", "/sso/acme/.well-known/openid-configuration")
    assert '"end_session_endpoint":"https://login.example/sso/acme/end-session"' in metadata.text
    page = await ask(prefixed.app, "GET", "/sso/acme/end-session?client_id=web", accept=HTML)
    assert page.status == 200
    parked = await ask(prefixed.app, "POST", "/sso/acme/end-session", form="client_id=web", accept=HTML)
    assert (parked.header("location") or "").startswith("https://login.example/sso/acme/logout/resume?handle=")


async def test_a_wrong_method_under_the_prefix_knows_its_path(prefixed: Deployment) -> None:
    """Errors of routing see the path without the prefix as well."""
    answer = await ask(prefixed.app, "PATCH", "/sso/acme/logout")
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, POST")


# Failures outside any operation


async def test_a_failure_outside_any_operation_is_a_500_without_detail(shared: Deployment) -> None:
    """Whatever breaks beneath the edge, the caller gets the same error with the same headers."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("the secret is 12345")

    answer = await ask(Edge(broken, shared.gateway, https=True), "GET", "/healthz")
    assert answer.status == 500
    assert answer.text == '{"error":"server_error","error_description":"The service could not complete the request."}'
    assert is_safe(answer)


async def test_a_failure_after_the_answer_began_changes_nothing(shared: Deployment) -> None:
    """A started answer cannot be taken back; the connection breaks off with its first part sent."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    answer = await ask(Edge(broken, shared.gateway, https=True), "GET", "/healthz")
    assert (answer.status, answer.body) == (200, b"")


async def test_what_is_not_http_is_passed_on(shared: Deployment) -> None:
    """Lifespan and websockets are the server's business with the application beneath."""
    seen = []

    async def beneath(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> None:
        raise AssertionError

    await Edge(beneath, shared.gateway)({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type]
    assert seen == ["lifespan"]
