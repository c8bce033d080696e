"""Whatever comes to a fronted path and whatever the provider does: its answer as it came, or one that is documented."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.properties import tried
from tooling.documents import FRONTED

from .documented import Seen, documented
from .standing import OAUTH, PREFIX, Standing, as_http, key_of, standing_gateway

pytestmark = pytest.mark.sqlite_alone("answers are documented whatever stores sessions")
PATHS = [*FRONTED.values(), OAUTH]
JSON, FORM = b"Content-Type: application/json", "Content-Type: application/x-www-form-urlencoded"
GOOD = [
    as_http(b"200 OK", b'{"active":true}', JSON),
    as_http(b"200 OK", b'{"access_token":"a","token_type":"Bearer","id_token":"x.y.z"}', JSON),
    as_http(b"200 OK", b"[" * 2000, JSON),
    as_http(b"200 OK", b"<form><input name=code value=c></form>", b"Content-Type: text/html"),
    as_http(b"201 Created", b'{"request_uri":"urn:x","expires_in":60}', JSON),
    as_http(b"302 Found", b"", b"Location: https://web.example/callback?code=c", b"Set-Cookie: a=b; Path=/"),
    as_http(b"400 Bad Request", b'{"error":"invalid_request"}', JSON),
    as_http(b"401 Unauthorized", b"", b"WWW-Authenticate: Basic", b"WWW-Authenticate: DPoP"),
    as_http(b"405 Method Not Allowed", b"\xff\x00", b"Allow: POST"),
    as_http(b"500 Internal Server Error", b"oops"),
]
BROKEN = [b"", b"\0" * 50, b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 999 High\r\n\r\n"]
HEADERS = [
    FORM,
    "Content-Type: application/json",
    "Accept: text/html",
    "Accept: application/json",
    "Authorization: Basic d2ViOng=",
    "Authorization: Bearer \xff\xfe",
    "Authorization: DPoP x",
    "Cookie: a=b; __Host-endsession-browser=0123456789abcdefghijklmn; a=c; ;=",
    "Cookie: \x80",
    "If-None-Match: *",
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Dest: iframe",
    "Range: bytes=0-1",
    "Expect: 100-continue",
    "Accept-Encoding: gzip",
    "Upgrade: h2c",
    "X-Forwarded-For: 203.0.113.9",
    "Connection: authorization",
]
WORDS = [
    "client_id",
    "nonce",
    "request",
    "request_uri",
    "response_mode",
    "grant_type",
    "refresh_token",
    "code",
    "token",
]
FIELDS = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from(["", "x", "a.b.c", "%ff", "%00", "refresh_token", "form_post"])),
    max_size=4,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))
BODIES = FIELDS.map(str.encode) | st.binary(max_size=200)


Choose = Callable[[str], tuple[asyncio.Runner, Standing]]


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Choose]:
    """One before a provider that is there, and one before one that is `absent` since its metadata was read."""
    with asyncio.Runner() as runner:
        contexts = [
            standing_gateway(tmp_path_factory.mktemp(name), seconds=seconds)
            for name, seconds in (("present", 0.1), ("absent", 20.0))
        ]
        present, absent = [runner.run(context.__aenter__()) for context in contexts]
        runner.run(absent.of_provider.aclose())
        yield lambda mood: (runner, absent if mood == "absent" else present)
        for context in contexts:
            runner.run(context.__aexit__(None, None, None))


def is_the_providers(said: bytes | None, method: str, seen: Seen) -> bool:
    """Whether an answer is byte for byte what the provider said; its lines in their order, and ours behind them."""
    if not said:
        return False
    head, _, body = said.partition(b"\r\n\r\n")
    theirs = Seen.of(head, body)
    ours = (b"content-length", b"date", b"connection", b"x-request-id")
    kept = [pair for pair in theirs.headers if pair[0] not in ours]
    came = [pair for pair in seen.headers if pair[0] not in ours]
    added = [value for name, value in came[len(kept) :] if name == b"set-cookie"]
    return (
        (seen.status, seen.body) == (theirs.status, b"" if method == "HEAD" else theirs.body)
        and came[: len(kept)] == kept
        and len(added) == len(came) - len(kept)
        and all(value.startswith(b"__Host-endsession-browser=") for value in added)
    )


@tried(400)
@given(
    path=st.sampled_from(PATHS),
    query=FIELDS,
    method=st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"]),
    headers=st.lists(st.sampled_from(HEADERS), max_size=4, unique=True),
    body=BODIES,
    said=st.sampled_from([None, None, None, 9_999_999]),
    mood=st.sampled_from(["good", "good", "broken", "slow", "absent"]),
    good=st.sampled_from(GOOD),
    broken=st.sampled_from(BROKEN),
)
def test_nothing_undocumented_is_answered(
    gateways: Choose,
    path: str,
    query: str,
    method: str,
    headers: list[str],
    body: bytes,
    said: int | None,
    mood: str,
    good: bytes,
    broken: bytes,
) -> None:
    """For every fronted path, by any method, and with a provider that is good, broken, slow or not there."""
    runner, standing = gateways(mood)
    standing.moody.says = {"good": good, "broken": broken, "slow": None, "absent": None}[mood]
    lines = [*headers, f"Content-Length: {said or len(body)}"] if body or said else headers
    target = f"{path}next" if path == PREFIX else path
    seen = runner.run(standing.ask(method, f"{target}?{query}", *lines, body=body))
    if mood == "good" and is_the_providers(good, method, seen):
        return
    assert documented(standing.document, key_of(path), method, seen), seen
