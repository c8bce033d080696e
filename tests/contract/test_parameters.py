"""Parameters: each at most once, decodable, of the document's shape, and never repeated in what is said about them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from endsession.contract.parameters import MAX_FIELDS, FieldReader, explain
from endsession.protocol.errors import InvalidRequest
from tests.kit.deployment import DOCUMENT, TOKEN, Deployment, cookie_of, deploy
from tests.kit.flow import AUTHPI, HTML, PING, PLAIN, both_methods
from tests.kit.raw import Answer, ask
from tests.kit.tokens import id_token

ENDPOINTS = [AUTHPI, PING, PLAIN]
SECRET = "s3cret-that-comes-back-nowhere"
text = {"type": "string", "maxLength": 8, "pattern": r"^[^\x00-\x1F\x7F]*$"}

every_endpoint = pytest.mark.parametrize("path", ENDPOINTS)


async def send(shared: Deployment, method: str, path: str, fields: str, **options: Any) -> Answer:
    """Fields as they are written, in the query or in the form."""
    if method == "GET":
        return await ask(shared.app, method, f"{path}?{fields}", **options)
    return await ask(shared.app, method, path, form=fields, **options)


# At the endpoints


@both_methods
@every_endpoint
@pytest.mark.parametrize(
    "fields",
    [
        f"id_token_hint={SECRET}&id_token_hint={SECRET}",
        f"id_token_hint={SECRET}&state=a&state=b",
        f"state={SECRET}&id_token_hint=x&state=",
        f"state=&id_token_hint=x&state={SECRET}",
        f"st%61te={SECRET}&id_token_hint=x&state=b",
    ],
)
async def test_a_repeated_parameter_is_refused(shared: Deployment, method: str, path: str, fields: str) -> None:
    """Two readers of one request could take different values of it (T25): 400, whatever the two are."""
    answer = await send(shared, method, path, fields)
    assert answer.status == 400
    assert "is repeated" in answer.text
    assert SECRET not in answer.everything


@both_methods
@every_endpoint
async def test_a_parameter_in_query_and_form_is_refused(shared: Deployment, method: str, path: str) -> None:
    """The same parameter in both places is as bad as twice in one; on a GET a body means nothing."""
    answer = await ask(shared.app, method, f"{path}?state=a", form=f"state={SECRET}&id_token_hint=x.y.z")
    if method == "POST":
        assert answer.status == 400
        assert "is in the query and in the form" in answer.text
    assert SECRET not in answer.everything


@both_methods
async def test_unknown_parameters_are_ignored_however_often(shared: Deployment, method: str) -> None:
    """Extensions of other specifications may come along (RFC 6749, section 3.1)."""
    await shared.register(sid := f"s-unknown-{method}")
    fields = f"x=1&x=2&x=&=&&id_token_hint={id_token(sid=sid)}&utm%5B%5D=1"
    answer = await send(shared, method, PLAIN, fields, headers=[("cookie", cookie_of(sid))])
    assert answer.status == 200
    assert await shared.state_of(sid) == "ended"


@pytest.mark.parametrize(
    ("name", "shown"), [("clientid", "the parameter clientid"), (f"x{SECRET}", "one of these parameters")]
)
@pytest.mark.parametrize(
    ("path", "method", "operation"),
    [
        (path, method, one)
        for path, item in DOCUMENT.raw["paths"].items()
        for method, one in item.items()
        if isinstance(one, dict) and "x-scope" in one
    ],
    ids=lambda value: value.get("operationId") if isinstance(value, dict) else "",
)
async def test_management_takes_no_unknown_parameter(
    shared: Deployment, path: str, method: str, operation: dict[str, Any], name: str, shown: str
) -> None:
    """A misspelt filter must not be taken for none: 400 that names it, unless it looks like a value."""
    await shared.register("s-unknown")
    address = path.format(issuer_id="acme", sid="s-unknown", delivery_id="0")
    query = "sub=alice&" if operation["operationId"] == "deleteSessions" else ""
    body: dict[str, Any] = {"json": {"sub": "bob"}} if "requestBody" in operation else {}
    answer = await shared.send(method.upper(), f"{address}?{query}{name}=web", token=TOKEN, **body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["error_description"] == f"This operation does not take {shown}."
    assert await shared.state_of("s-unknown") == "live"


@both_methods
async def test_an_empty_parameter_is_absent(shared: Deployment, method: str) -> None:
    """An empty hint is no hint, an empty redirect is none, and neither is malformed."""
    empty = await send(shared, method, PLAIN, "id_token_hint=&post_logout_redirect_uri=&state=&client_id=", accept=HTML)
    nothing = await send(shared, method, PLAIN, "", accept=HTML)
    assert empty.status == nothing.status in (200, 303)
    required = await send(shared, method, AUTHPI, "id_token_hint=")
    assert required.status == 400
    assert "id_token_hint" in required.text


@both_methods
@pytest.mark.parametrize("word", ["null", "None", "true", "0", "undefined"])
async def test_words_of_programming_languages_are_words(shared: Deployment, method: str, word: str) -> None:
    """`null` and `None` are states like any other, and come back as they were sent."""
    await shared.register(sid := f"s-{method}-{word}")
    fields = f"id_token_hint={id_token(sid=sid)}&post_logout_redirect_uri=https://app.example/signed-out&state={word}"
    answer = await send(shared, method, AUTHPI, fields)
    assert answer.header("location") == f"https://app.example/signed-out?state={word}"


@both_methods
@every_endpoint
async def test_too_many_fields_are_refused(shared: Deployment, method: str, path: str) -> None:
    """A field costs more than its bytes (T26): 100 of them are enough for anybody."""
    many = "&".join(f"f{number}=1" for number in range(MAX_FIELDS + 1))
    answer = await send(shared, method, path, f"{many}&id_token_hint={SECRET}")
    assert answer.status == 400
    assert "more than 100 parameters" in answer.text
    assert SECRET not in answer.everything


@both_methods
@every_endpoint
@pytest.mark.parametrize("bytes_", ["%ff", "%c3%28", "%ed%a0%80", "\xff"])
async def test_what_is_not_utf_8_is_refused(shared: Deployment, method: str, path: str, bytes_: str) -> None:
    """Replacement characters would make one value of many."""
    if method == "GET":
        answer = await ask(shared.app, method, f"{path}?id_token_hint=x&state={bytes_}")
    else:
        body = f"id_token_hint=x&state={bytes_}".encode("latin-1")
        form = [("content-type", "application/x-www-form-urlencoded")]
        answer = await ask(shared.app, method, path, headers=form, body=body)
    assert answer.status == 400
    assert "The parameter state is not valid percent-encoded UTF-8" in answer.text


@both_methods
@every_endpoint
@pytest.mark.parametrize("bad", ["%00", "%0a", "%0d%0aSet-Cookie:x=1", "%7f", "ok%0A"])
async def test_control_characters_are_refused(shared: Deployment, method: str, path: str, bad: str) -> None:
    """Not even at the very end, where `$` of Python would let a newline pass (T15)."""
    for name in ("state", "post_logout_redirect_uri", "id_token_hint"):
        fields = {"id_token_hint": "x.y.z", name: bad}
        answer = await send(shared, method, path, "&".join(f"{key}={value}" for key, value in fields.items()))
        assert answer.status == 400
        assert f"The parameter {name} holds characters that are not allowed" in answer.text


@both_methods
@every_endpoint
async def test_a_field_of_any_size_is_answered(shared: Deployment, method: str, path: str) -> None:
    """A field over its own limit, over the body's, and far over both: refused, and never an unexpected error."""
    for size in (2049, 15_000, 40_000, 2_000_000):
        answer = await send(shared, method, path, f"id_token_hint=x.y.z&state={'s' * size}")
        assert answer.status in (400, 413, 414)


@every_endpoint
async def test_a_query_over_the_limit_is_sent_to_the_form(shared: Deployment, path: str) -> None:
    """16 KiB is the last size that is read of a query; beyond it the answer names the way that carries more."""
    fixed = "id_token_hint=x.y.z&unknown="
    longest = fixed + "u" * (16 * 1024 - len(fixed))
    assert (await ask(shared.app, "GET", f"{path}?{longest}")).status not in (414, 500)
    over = await ask(shared.app, "GET", f"{path}?{longest}u")
    assert over.status == 414
    assert "by POST" in over.text
    assert (await ask(shared.app, "POST", path, form=f"{longest}u")).status not in (413, 414, 500)


@pytest.mark.usefixtures("backend")
async def test_the_limits_are_settings(tmp_path: Path) -> None:
    """`limits.query_bytes` and `limits.body_bytes` hold for every operation."""
    async with deploy(tmp_path, {"limits": {"query_bytes": 1024, "body_bytes": 2048}}) as gateway:
        for path in (PLAIN, "/healthz", "/acme/jwks.json"):
            assert (await ask(gateway.app, "GET", f"{path}?x={'x' * 1100}")).status == 414
        assert (await ask(gateway.app, "POST", PLAIN, form=f"x={'x' * 2100}")).status == 413


# The reader


def test_declared_fields_are_read() -> None:
    """In the document's types; what is not declared is ignored, what is empty left out."""
    reader = FieldReader({"a": text, "n": {"type": "integer"}, "b": {"type": "boolean"}, "f": {"type": "number"}})
    assert reader.read(b"a=x+y%21&n=-7&b=TRUE&f=1.5&z=1&z=2") == {"a": "x y!", "n": -7, "b": True, "f": 1.5}
    assert reader.read(b"a=&n=&b=") == {}
    assert reader.read(b"") == {}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (b"", "The parameter a is missing."),
        (b"a=", "The parameter a is missing."),
        (b"a=123456789", "The parameter a is too long."),
        (b"a=1%0A", "The parameter a holds characters that are not allowed."),
        (b"a=1&n=x", "The parameter n has the wrong type."),
        (b"a=1&n=--5", "The parameter n has the wrong type."),
        (b"a=1&n=-", "The parameter n has the wrong type."),
        (b"a=1&n=1.0", "The parameter n has the wrong type."),
        (b"a=1&n=%C2%B2", "The parameter n has the wrong type."),
        (b"a=1&n=" + b"9" * 5000, "The parameter n has the wrong type."),
        (b"a=1&n=11", "The parameter n is too large."),
        (b"a=1&n=0", "The parameter n is too small."),
        (b"a=1&f=nan", "The parameter f has the wrong type."),
        (b"a=1&f=inf", "The parameter f has the wrong type."),
        (b"a=1&f=-1e999", "The parameter f has the wrong type."),
        (b"a=1&b=yes", "The parameter b has the wrong type."),
        (b"a=1&e=x", "The parameter e has none of its possible values."),
        (b"a=1&m=12", "The parameter m is too short."),
    ],
)
def test_what_is_wrong_is_said_by_name(fields: bytes, sentence: str) -> None:
    """The parameter and what is wrong with it; no value."""
    schemas: dict[str, dict[str, Any]] = {
        "a": text,
        "n": {"type": "integer", "minimum": 1, "maximum": 10},
        "f": {"type": "number"},
        "b": {"type": "boolean"},
        "e": {"type": "string", "enum": ["yes", "no"]},
        "m": {"type": "string", "minLength": 3},
    }
    with pytest.raises(InvalidRequest) as caught:
        FieldReader(schemas, ["a"]).read(fields)
    assert caught.value.description == sentence


@given(st.binary(max_size=200))
def test_any_bytes_are_fields_or_a_refusal(raw: bytes) -> None:
    """Nothing that can stand in a query or a form makes reading fail in another way."""
    reader = FieldReader({"a": text, "n": {"type": "integer"}, "f": {"type": "number"}, "b": {"type": "boolean"}})
    for prefix in (b"", b"a=", b"n=", b"f=", b"b="):
        with contextlib.suppress(InvalidRequest):
            values = reader.read(prefix + raw)
            assert set(values) <= {"a", "n", "f", "b"}
            assert "" not in values.values()


def test_an_error_without_a_place_is_still_explained() -> None:
    """A schema may break in ways that no sentence foresees: it is malformed, then."""
    import jsonschema_rs

    validator = jsonschema_rs.Draft4Validator({"properties": {"a": {"multipleOf": 3}}})
    (error,) = validator.iter_errors({"a": 4})
    assert explain(error, "member") == "The member a is malformed."
    (error,) = jsonschema_rs.Draft4Validator({"type": "object"}).iter_errors(4)
    assert explain(error, "member") == "The body of the request has the wrong type."
