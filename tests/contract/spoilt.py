"""Every way that we know to spoil a request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.kit.raw import FORM

from .corpus import JSON, METHODS, TOKEN, Fields, Sent

FIELD_VALUES = (
    *("", "null", "None", "true", "0", "-1", "--5", "1.5", "x", "yes", "no", "a,b", "[]", "{}", "%22", "%", "%zz"),
    *("%00", "a%00", "a%0A", "%0A", "a%0D", "%7F", "%FF", "%E2%82", "%C3%A9", "a+b", "a%20b"),
    *("s" * 1025, "s" * 5000, "s" * 17_000, "9" * 30),
)
JSON_BODIES = (
    *(b"", b"null", b"[]", b"{}", b"5", b'"x"', b"{", b'{"sub": "a",}', b'{"sub": "a"} x', b' {"sub": "a"} '),
    *(b'{"sub": 5}', b'{"sub": null}', b'{"sub": ""}', b'{"client_id": ""}', b'{"client_id": "' + b"c" * 2000 + b'"}'),
    *(b'{"sub": "a", "sub": "b"}', b'{"client_id": "a", "client_id": "b"}', b'{"jwks": {"a": 1, "a": 2}}'),
    *(b'{"sub": "a", "extra": 1}', b'{"client_id": "web", "extra": 1}', b'{"limit": 1}', b'{"method": "PUT"}'),
    *(b'{"sub": "a", "expires_at": ' + number + b"}" for number in (b"NaN", b"1e999", b"true", b"-1", b"5", b'"5"')),
    *(
        b'{"jwks": {"a": NaN}}',
        b'{"jwks": {}, "disabled": false}',
        b'{"disabled": "no"}',
        b'{"method": "GET", "state": "x"}',
    ),
    *(b'{"sub": "a", "clients": [{}]}', b'{"sub": "a", "clients": [{"client_id": "w"}]}'),
    *(b'{"sub": "a", "cookie_sha256": ["x"]}', b'{"sub": "a", "cookie_sha256": ["' + b"0" * 64 + b'"]}'),
    *(b'{"sub": "a", "user_label": "\\ud800"}', b'{"client_name": "\\ud800"}', b'{"client_id": "web\\u0000"}'),
    *(b'{"sub": "a\\n"}', b'{"client_id": "web\\n"}', b"\xff", b'{"sub": "\xff"}', b'\xef\xbb\xbf{"sub": "a"}'),
    *(b"[" * 300 + b"]" * 300, b'{"sub": "' + b"a" * 70_000 + b'"}'),
)
CONTENT_TYPES = (
    *(None, "", FORM, JSON, FORM.upper(), JSON.upper(), "text/plain", "multipart/form-data; boundary=x"),
    *("application/*", "*/*", "application/vnd.x+json", "nonsense"),
    *(f"{FORM}; charset=utf-8", f"{FORM}; charset=latin-1", f"{JSON}; charset=utf-8", f"{JSON}; charset=utf-16"),
)
BAD_SEGMENTS = (
    *("%0A", "x%0A", "%01", "%20", "a%20b", "%C3%A9", "..", ";v=1", "a,b", "x%2Fy", "x%5Cy", "%00"),
    *("s" * 129, "s" * 20_000),
)


def with_field(sent: Sent, name: str, *values: str) -> Sent:
    """The same with these values for a field, wherever it stands; none takes it away."""

    def changed(fields: Fields) -> Fields:
        return tuple(
            new for field in fields for new in ([(name, value) for value in values] if field[0] == name else [field])
        )

    return replace(sent, query=changed(sent.query), form=None if sent.form is None else changed(sent.form))


def spoils(sent: Sent) -> Iterator[tuple[str, Sent]]:
    """Every single way to spoil a request, with a name."""
    for name, value in (*sent.query, *(sent.form or ())):
        for other in FIELD_VALUES:
            yield f"{name}={other[:12]}", with_field(sent, name, other)
        yield f"no {name}", with_field(sent, name)
        yield f"{name} twice", with_field(sent, name, value, value)
        yield f"{name} and empty", with_field(sent, name, value, "")
    yield "one unknown field", replace(sent, query=(*sent.query, ("unknown", "1"), ("unknown", "2")))
    yield "many fields", replace(sent, query=(*sent.query, *((f"f{number}", "1") for number in range(101))))
    if sent.form is not None:
        form = sent.form
        yield "unknown fields", replace(sent, form=(*form, ("unknown", "1"), ("unknown", "2")))
        yield "many form fields", replace(sent, form=(*form, *((f"f{number}", "1") for number in range(101))))
        yield "more form fields", replace(sent, form=(*form, *((f"f{number}", "1") for number in range(1001))))
        yield "a large form", replace(sent, form=(*form, ("unknown", "x" * 70_000)))
        yield "a huge field", replace(sent, form=(*form, ("unknown", "x" * 1_100_000)))
        for name, value in form:
            yield f"{name} in the query", replace(sent, query=((name, value),))
            yield f"a bad {name} in the query", replace(sent, query=((name, "s" * 5000),))
    if sent.payload:
        for body in JSON_BODIES:
            yield f"body {body[:20]!r}", replace(sent, form=None, body=body)
        yield "no body", replace(sent, form=None, body=b"")
    for content_type in CONTENT_TYPES:
        yield f"as {content_type}", replace(sent, content_type=content_type)
        yield f"nothing as {content_type}", replace(sent, form=None, body=None, content_type=content_type)
    yield "chunked", replace(sent, chunked=True)
    for token in (None, "", "wrong", f"{TOKEN} x", f" {TOKEN}"):
        yield f"token {token}", replace(sent, token=token)
    for method in METHODS:
        yield f"by {method}", replace(sent, method=method.upper())
    yield "another host", replace(sent, host="evil.example")
    for change in ("{}/", "/{}", "{}//", "{}x", "{}%0A", "{}%2F", "/x{}", "{}.json"):
        yield f"at {change}", replace(sent, path=change.replace("{}", sent.path))
    segments = sent.path.split("/")
    for index in range(1, len(segments)):
        for bad in BAD_SEGMENTS:
            path = "/".join([*segments[:index], bad, *segments[index + 1 :]])
            yield f"segment {index} {bad[:8]}", replace(sent, path=path)
