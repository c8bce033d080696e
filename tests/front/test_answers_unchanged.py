"""What is learnt from is not changed by it: through the whole gateway, answers are byte for byte the provider's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.deployment import READER, Deployment, deploy
from tests.kit.fronted import Conversation, RawProvider, provider
from tests.kit.properties import tried
from tests.kit.tokens import id_token, jwks

from .standin import ISSUER, METADATA
from .test_passing import NAMES, VALUES

pytestmark = pytest.mark.sqlite_alone("it is about what passes, whatever is kept of it")

ENDPOINTS = {
    "token_endpoint": "/token",
    "pushed_authorization_request_endpoint": "/par",
    "introspection_endpoint": "/introspect",
    "userinfo_endpoint": "/me",
    "revocation_endpoint": "/revoke",
}
PUBLISHED = {**METADATA, **{name: ISSUER + path for name, path in ENDPOINTS.items()}}
LEARN = ["authorization", "token", "par", "introspection", "userinfo", "revocation"]


@dataclass
class Standing:
    """A gateway with a front that stands for all examples of a property, and what its provider says next."""

    runner: asyncio.Runner
    gateway: Deployment
    op: RawProvider
    said: bytes = b""

    async def answer(self, conversation: Conversation) -> None:
        """Metadata and keys where they belong, and whatever the test wants at all other paths."""
        path = conversation.head.split(b" ")[1].partition(b"?")[0]
        known = {b"/certs": jwks("RS256"), b"/.well-known/openid-configuration": PUBLISHED}.get(path)
        if known is None:
            await conversation.say(self.said)
        else:
            body = json.dumps(known).encode()
            await conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """One for all."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        runner.run(stack.__aenter__())
        made: Standing

        async def answer(conversation: Conversation) -> None:
            await made.answer(conversation)

        op = runner.run(stack.enter_async_context(provider(answer)))
        made = Standing(runner, None, op)  # type: ignore[arg-type]  # the gateway asks it while it starts
        front = {"upstream": op.base, "learn": LEARN}
        acme = {"issuer": ISSUER, "cookie": None, "jwks": None, "front": front}
        folder: Path = tmp_path_factory.mktemp("gateway")
        made.gateway = runner.run(stack.enter_async_context(deploy(folder, {"issuers": {"acme": acme}})))
        yield made
        runner.run(stack.aclose())


HEADERS = st.lists(
    st.one_of(
        st.tuples(NAMES.filter(lambda name: name.lower() not in {"content-encoding", "keep-alive"}), VALUES),
        st.tuples(st.sampled_from(["Set-Cookie", "set-cookie", "DPoP-Nonce", "WWW-authenticate", "Pragma"]), VALUES),
    ),
    max_size=8,
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        ["id_token", "access_token", "refresh_token", "scope", "expires_in", "token_type", "request_uri", "active", "é"]
    ),
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=30),
        st.just([]),
        st.builds(lambda sub: id_token(iss=ISSUER, sub=sub, sid=None), st.sampled_from(["alice", "bob"])),
    ),
)
BODIES = st.one_of(
    st.binary(max_size=400),
    MEMBERS.map(lambda members: json.dumps(members, indent=1).encode()),
    MEMBERS.map(lambda members: b" \r\n" + json.dumps(members, ensure_ascii=False, separators=(" ,", " :")).encode()),
    st.just(b"[" * 5000),
    st.just(b'{"scope": "a", "scope": "b", "access_token": "\\u0061"}\n'),
)


@tried(120)
@given(
    path=st.sampled_from(sorted(ENDPOINTS.values())),
    status=st.sampled_from([200, 201, 400, 401, 500, 503]),
    headers=HEADERS,
    body=BODIES,
)
def test_an_answer_is_byte_for_byte_the_provider_s(
    standing: Standing, path: str, status: int, headers: list[tuple[str, bytes]], body: bytes
) -> None:
    """At every endpoint that apps call: status, header lines in their order, repeated ones among them, and body."""
    lines = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)
    standing.said = b"HTTP/1.1 %d Any\r\n%bContent-Length: %d\r\n\r\n%b" % (status, lines, len(body), body)
    form = {"grant_type": "authorization_code", "client_id": "web", "code": "c", "token": "t"}
    response = standing.runner.run(standing.gateway.post(path, form, headers={"authorization": "Bearer t"}))
    assert response.status_code == status
    assert response.content == body
    added = {b"content-length", b"x-request-id"}
    got = [(name.lower(), value) for name, value in response.headers.raw if name.lower() not in added]
    sent = [(name.lower().encode(), value) for name, value in headers]
    assert got == [pair for pair in sent if pair[0] not in added]


def test_a_token_answer_that_is_learnt_is_not_written_anew(standing: Standing) -> None:
    """Odd spacing, an escape, a repeated member and an unknown one are all as they were, and the session is there."""
    raw = id_token(iss=ISSUER, sub="carol", sid=None).encode()
    body = b'\n{ "id_token" :"%b","n":1.50, "n":1e2,\t"\\u0061ccess_token":"\xc3\xa9" }  ' % raw
    standing.said = b"HTTP/1.1 200 OK\r\ncontent-TYPE: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )
    form = {"grant_type": "authorization_code", "client_id": "web", "code": "c"}
    response = standing.runner.run(standing.gateway.post("/token", form))
    assert response.content == body
    listed = standing.runner.run(standing.gateway.send("GET", "/acme/sessions?state=live", token=READER)).json()
    assert "carol" in {session["sub"] for session in listed["sessions"]}
