"""What two readers could take for two things is refused before anything is read (T25)."""

from __future__ import annotations

import gzip

import pytest

from tests.kit.deployment import TOKEN, Deployment, cookie_of
from tests.kit.flow import HTML, PLAIN
from tests.kit.raw import FORM, ask
from tests.kit.tokens import id_token


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("host", ["login.example"]),
        ("Host", ["login.globex.example"]),
        ("content-type", [FORM, FORM]),
        ("content-type", [FORM, "application/json"]),
        ("authorization", [f"Bearer {TOKEN}", f"Bearer {TOKEN}"]),
        ("origin", ["https://login.example", "https://evil.example"]),
        ("sec-fetch-site", ["same-origin", "cross-site"]),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", PLAIN), ("POST", PLAIN), ("GET", "/acme/sessions"), ("GET", "/x")]
)
async def test_a_header_that_says_one_thing_comes_once(
    shared: Deployment, name: str, values: list[str], method: str, path: str
) -> None:
    """A second Host (the first is that of every request here), Content-Type, bearer token or origin is a 400."""
    headers = [(name, value) for value in values]
    answer = await ask(shared.app, method, path, headers=headers)
    assert answer.status == 400
    assert "repeated" in answer.text
    assert "evil" not in answer.everything


async def test_a_repeated_header_ends_nothing(gateway: Deployment) -> None:
    """The very request that ends the session with one Host."""
    await gateway.register()
    target = f"{PLAIN}?id_token_hint={id_token()}"
    twice = await ask(gateway.app, "GET", target, headers=[("cookie", cookie_of()), ("host", "login.example")])
    assert twice.status == 400
    assert await gateway.state_of() == "live"
    assert (await ask(gateway.app, "GET", target, headers=[("cookie", cookie_of())], accept=HTML)).status == 200
    assert await gateway.state_of() == "ended"


@pytest.mark.parametrize("encodings", [["gzip"], ["GZIP"], ["identity", "gzip"], ["identity, br"], ["x"]])
@pytest.mark.parametrize(("path", "token"), [(PLAIN, ""), ("/acme/logout/explain", TOKEN)])
async def test_an_encoded_body_is_not_unpacked(shared: Deployment, encodings: list[str], path: str, token: str) -> None:
    """415, whatever is in it (RFC 9110, section 8.4)."""
    kind = "application/json" if token else FORM
    headers = [("content-type", kind), *(("content-encoding", encoding) for encoding in encodings)]
    body = gzip.compress(b"client_id=web")
    answer = await ask(shared.app, "POST", path, headers=headers, body=body, token=token or None)
    assert answer.status == 415


async def test_a_body_that_is_said_to_be_plain_is_read(shared: Deployment) -> None:
    """`identity` changes nothing."""
    headers = [("content-type", FORM), ("content-encoding", "identity")]
    answer = await ask(shared.app, "POST", PLAIN, headers=headers, body=b"client_id=web&client_id=web")
    assert answer.status == 400
