"""Bodies: counted as they come in, chunked or not, in the document's media type, and JSON without double meanings."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endsession.contract.body import FORM, JSON, BodyReader
from endsession.protocol.errors import BodyTooLarge, InvalidRequest, UnsupportedMediaType
from tests.kit.deployment import TOKEN, Deployment, cookie_of
from tests.kit.flow import AUTHPI, PING, PLAIN
from tests.kit.raw import Answer, ask
from tests.kit.tokens import id_token

LIMIT = 64 * 1024
SIGNED_OUT = "https://app.example/signed-out"
every_endpoint = pytest.mark.parametrize("path", [AUTHPI, PING, PLAIN])


def chunks_of(body: bytes, size: int) -> Sequence[bytes]:
    """`body` in pieces, as a chunked request brings it."""
    return [body[start : start + size] for start in range(0, len(body), size)] or [b""]


# Forms


@every_endpoint
@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_a_chunked_form_is_a_form(shared: Deployment, path: str, size: int) -> None:
    """Without a Content-Length the parameters are read all the same."""
    await shared.register(sid := f"s-chunked-{size}-{path.replace('/', '-')}")
    body = f"id_token_hint={id_token(sid=sid)}&post_logout_redirect_uri={SIGNED_OUT}&state=s".encode()
    headers = [("content-type", FORM), ("cookie", cookie_of(sid))]
    answer = await ask(shared.app, "POST", path, headers=headers, body=chunks_of(body, size))
    assert (answer.status, answer.header("location")) == (303, f"{SIGNED_OUT}?state=s")
    assert await shared.state_of(sid) == "ended"


@every_endpoint
async def test_a_body_over_the_limit_is_refused_when_it_is_announced(shared: Deployment, path: str) -> None:
    """413 by the Content-Length alone, before a byte of it is read; so the caller can tell what is wrong."""
    headers = [("content-type", FORM), ("content-length", str(LIMIT + 1))]
    answer = await ask(shared.app, "POST", path, headers=headers, body=[])
    assert answer.status == 413
    assert "too large" in answer.text


@every_endpoint
@pytest.mark.parametrize("announced", ["", "12", "-1", "1e9", "²", "9" * 5000])
async def test_a_body_over_the_limit_is_refused_whatever_is_announced(
    shared: Deployment, path: str, announced: str
) -> None:
    """A chunked body, or one longer than it says, is counted while it comes in."""
    headers = [("content-type", FORM), *([("content-length", announced)] if announced else [])]
    body = f"x={'a' * LIMIT}&id_token_hint=x.y.z".encode()
    answer = await ask(shared.app, "POST", path, headers=headers, body=chunks_of(body, 1000))
    assert answer.status == 413


@every_endpoint
async def test_a_body_at_the_limit_is_read(shared: Deployment, path: str) -> None:
    """The limit is the last size that is taken."""
    fixed = "id_token_hint=x.y.z&x="
    answer = await ask(shared.app, "POST", path, form=fixed + "a" * (LIMIT - len(fixed)))
    assert answer.status not in (413, 500)
    assert (await ask(shared.app, "POST", path, form=fixed + "a" * (LIMIT - len(fixed) + 1))).status == 413


@every_endpoint
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencodedd",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=latin-1",
        "application/x-www-form-urlencoded, text/plain",
        "nonsense",
    ],
)
async def test_a_body_of_another_type_is_refused(shared: Deployment, path: str, content_type: str | None) -> None:
    """Also without any type: what a body is, is said, not guessed (T26)."""
    headers = [("content-type", content_type)] if content_type is not None else []
    answer = await ask(shared.app, "POST", path, headers=headers, body=b"id_token_hint=secret.secret.secret")
    assert answer.status == 415
    assert "must be application/x-www-form-urlencoded" in answer.text
    assert "secret" not in answer.everything


@every_endpoint
@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-URLEncoded",
        "application/x-www-form-urlencoded;charset=UTF-8",
        'application/x-www-form-urlencoded ; charset="utf-8"',
        "application/x-www-form-urlencoded; charset=us-ascii",
    ],
)
async def test_the_ways_to_write_the_type_of_a_form(shared: Deployment, path: str, content_type: str) -> None:
    """Case, spaces, and a charset that is no other one."""
    answer = await ask(shared.app, "POST", path, headers=[("content-type", content_type)], body=b"state=a&state=b")
    assert answer.status == 400
    assert "state is repeated" in answer.text


@every_endpoint
@pytest.mark.parametrize("headers", [(), (("content-length", "0"),), (("content-type", FORM),)])
async def test_no_body_is_an_empty_form(shared: Deployment, path: str, headers: Sequence[tuple[str, str]]) -> None:
    """A POST of nothing is a request of nothing, whether or not it names a type."""
    answer = await ask(shared.app, "POST", path, headers=headers)
    assert answer.status in (200, 303, 400)


# JSON


async def put(shared: Deployment, body: bytes, **options: Any) -> Answer:
    """Send JSON to a management operation."""
    headers = options.pop("headers", [("content-type", JSON)])
    return await ask(shared.app, "PUT", "/acme/sessions/s-json", headers=headers, body=body, token=TOKEN, **options)


@pytest.mark.parametrize(
    "body",
    [
        b'{"sub": "alice", "sub": "bob"}',
        b'{"sub": "alice", "clients": [{"client_id": "web", "client_id": "other"}]}',
        b'{"sub": "alice", "\\u0073ub": "bob"}',
        b'{"sub": "alice", "expires_at": NaN}',
        b'{"sub": "alice", "expires_at": Infinity}',
        b'{"sub": "alice", "expires_at": 1e999}',
        b'{"sub": "alice", "expires_at": ' + b"9" * 5000 + b"}",
        b'{"sub": "\\ud800"}',
        b'{"sub": "\\udc00\\ud800"}',
        b'{"\\ud800": "alice", "sub": "alice"}',
        b'{"sub": "alice\\u0000"}',
        b'{"sub": "alice", "x\\u0000": 1}',
        b'{"sub": "al\nice"}',
        b'{"sub": "alice",}',
        b"{'sub': 'alice'}",
        b'{"sub": "alice"} ',
        b'{"sub": "alice"}{}',
        b'\xef\xbb\xbf{"sub": "alice"}',
        '{"sub": "alice"}'.encode("utf-16"),
        b'{"sub": "\xff"}',
        b'{"sub": "\xed\xa0\x80"}',
        b"[" * 500 + b"]" * 500,
        b"[" * 30_000 + b"]" * 30_000,
        b'{"sub": ' * 300 + b"1" + b"}" * 300,
        b"",
        b"null",
        b"[]",
        b'"sub"',
        b"5",
        b"{}",
        b'{"sub": 5}',
        b'{"sub": null}',
        b'{"sub": ""}',
        b'{"sub": "alice", "extra": 1}',
        b'{"sub": "alice", "expires_at": true}',
        b'{"sub": "alice", "expires_at": "soon"}',
        b'{"sub": "alice", "clients": [{}]}',
    ],
    ids=lambda body: body[:60].decode("latin-1").encode("unicode_escape").decode(),
)
async def test_json_with_a_double_meaning_is_refused(shared: Deployment, body: bytes) -> None:
    """Repeated names, numbers that are none, half characters, NUL, depth: one reading, or 400 (RFC 8259, section 4)."""
    answer = await put(shared, body)
    if body.endswith(b"} "):
        assert answer.status in (200, 201)  # white space around is JSON
        return
    assert answer.status == 400
    assert json.loads(answer.body)["error"] == "invalid_request"
    assert "alice" not in answer.everything


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{}", "The member sub is missing."),
        (b"[]", "The body of the request has the wrong type."),
        (b'{"sub": "a", "extra": 1}', "The body of the request has a member that is not known."),
        (b'{"sub": "a", "clients": [{"client_id": 5}]}', "The member clients.client_id has the wrong type."),
        (b'{"sub": "a", "clients": [{}]}', "The member client_id is missing."),
        (b'{"sub": "a", "cookie_sha256": ["XYZ"]}', "The member cookie_sha256 holds characters that are not allowed."),
        (b'{"sub": "a", "expires_at": -1}', "The member expires_at is too small."),
        (b"", "The body of the request is missing."),
        (b"{", "The body of the request is not valid JSON."),
    ],
)
async def test_what_is_wrong_with_json_is_said(shared: Deployment, body: bytes, sentence: str) -> None:
    """The member and what is wrong with it; never a value."""
    assert json.loads((await put(shared, body)).body)["error_description"] == sentence


async def test_json_comes_chunked_and_in_utf_8(shared: Deployment) -> None:
    """A body without Content-Length, cut within a character, is what it is."""
    body = '{"sub": "zoë", "user_label": "Zoë 🦊"}'.encode()
    headers = [("content-type", JSON)]
    answer = await ask(
        shared.app, "PUT", "/acme/sessions/s-chunks", headers=headers, body=chunks_of(body, 1), token=TOKEN
    )
    assert answer.status == 201
    assert json.loads(answer.body)["user_label"] == "Zoë 🦊"


@pytest.mark.parametrize("content_type", [None, FORM, "text/json", "application/problem+json", "application/json5"])
async def test_json_of_another_type_is_refused(shared: Deployment, content_type: str | None) -> None:
    """A form of another site cannot pass for JSON."""
    headers = [("content-type", content_type)] if content_type else []
    answer = await put(shared, b'{"sub": "alice"}', headers=headers)
    assert answer.status == 415
    assert "must be application/json" in answer.text


async def test_json_over_the_limit_is_refused(shared: Deployment) -> None:
    """The limit is of all bodies."""
    assert (await put(shared, b'{"sub": "' + b"a" * LIMIT + b'"}')).status == 413


# The reader by itself

SCHEMA = {"type": "object", "properties": {"a": {}}}
reader = BodyReader({"required": True, "content": {JSON: {"schema": SCHEMA}}})
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=4
    ),
    max_leaves=12,
)  # fmt: skip


@given(values)
def test_json_values_come_back_as_they_were(value: Any) -> None:
    """Whatever can be said in JSON in one way only is read as it was written, in either escaping."""
    for ascii_only in (True, False):
        assert reader.read_json(json.dumps({"a": value}, ensure_ascii=ascii_only).encode()) == {"a": value}


@given(st.binary(max_size=100))
def test_any_bytes_are_json_or_a_refusal(raw: bytes) -> None:
    """Nothing that can stand in a body makes reading fail in another way."""
    for body in (raw, b'{"a":' + raw + b"}", b'{"a":"' + raw + b'"}'):
        with contextlib.suppress(InvalidRequest):
            assert isinstance(reader.read_json(body), dict)


def test_a_backslash_before_u0000_is_no_nul() -> None:
    """The six characters of the escape are harmless as text, and mean NUL only as an escape."""
    assert reader.read_json(rb'{"a": "\\u0000"}') == {"a": "\\u0000"}
    with pytest.raises(InvalidRequest):
        reader.read_json(rb'{"a": "\\\u0000"}')


def test_errors_of_bodies_have_their_status() -> None:
    """As the table of status codes has them."""
    assert (InvalidRequest.status, BodyTooLarge.status, UnsupportedMediaType.status) == (400, 413, 415)
