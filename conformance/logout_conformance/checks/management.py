"""Management operations: who may use them, for which issuer, and what is refused."""

from __future__ import annotations

from typing import Any

from ..check import CheckSkipped, Registry, expect, expect_status
from ..context import Context
from ..exchange import FORM
from ..target import Operation
from .addresses import valid_request

check = Registry()


def _secured(operation: Operation) -> bool:
    return operation.secured


def _takes_json(operation: Operation) -> bool:
    return operation.secured and "requestBody" in operation.definition


@check("a request without a valid bearer token is 401", "operation", where=_secured)
def no_token(context: Context, operation: Operation) -> None:
    """No token, an unknown one, another scheme, a token in the query or in a cookie."""
    options = valid_request(context, operation)
    options.pop("token")
    query = dict(options.pop("query"))
    path = context.path(operation)
    unknown = context.redaction.keep_secret(context.unique("token"), "an unknown token")
    real = context.options.token or unknown
    requests: tuple[dict[str, Any], ...] = (
        {},
        {"headers": {"Authorization": f"Bearer {unknown}"}},
        {"headers": {"Authorization": "Bearer"}},
        {"headers": {"Authorization": f"Basic {real}"}},
        {"headers": {"Authorization": real}},
        {"query": {**query, "access_token": real}},
        {"cookie": f"access_token={real}"},
    )
    for request in requests:
        expect_status(context.http.send(operation.method, path, **{"query": query, **request, **options}), 401)


@check("without a token, nothing shows which issuers exist", "operation", "issuer", where=_secured)
def no_token_no_issuer(context: Context, operation: Operation) -> None:
    """An issuer that exists and one that does not get the same response."""
    options = valid_request(context, operation)
    options["token"] = ""
    known = context.http.send(operation.method, context.path(operation), **options)
    unknown = context.http.send(operation.method, context.path(operation, issuer_id="contract-nobody"), **options)
    expect((known.status, known.body) == (unknown.status, unknown.body), "the responses differ", unknown)


@check("a token without the scope is 403", "operation", "issuer", "other-token", where=_secured)
def no_scope(context: Context, operation: Operation) -> None:
    """With the token of --other-token-file, at every operation that it has no scope for."""
    options = valid_request(context, operation)
    options["token"] = context.options.other_token
    name = f"{context.fixtures.run_id}-forbidden"
    reads = operation.method == "GET" or str(operation.definition.get("x-scope")).endswith(":read")
    if not reads:
        options["query"] = dict.fromkeys(options["query"], name)
    path = context.path(operation) if reads else context.path(operation, sid=name)
    response = context.http.send(operation.method, path, **options)
    if reads and response.status != 403:
        raise CheckSkipped("the token of --other-token-file has this scope")
    expect_status(response, 403)


@check(
    "an issuer that the token has no access to is 404",
    "operation",
    "issuer",
    "token",
    "other-issuer",
    where=_secured,
)
def other_issuer(context: Context, operation: Operation) -> None:
    """As if that issuer did not exist."""
    options = valid_request(context, operation)
    path = context.path(operation, issuer_id=context.options.other_issuer or "")
    response = context.http.send(operation.method, path, **options)
    nobody = context.http.send(operation.method, context.path(operation, issuer_id="contract-nobody"), **options)
    if nobody.status == 403:
        raise CheckSkipped("the token lacks the scope of this operation")
    expect_status(response, 404)
    expect(response.body == nobody.body, "the response shows that the issuer exists", response)


BODIES: tuple[tuple[str, bytes], ...] = (
    ("an empty body", b""),
    ("no JSON", b"contract{"),
    ("an array", b"[]"),
    ("a string", b'"contract"'),
    ("null", b"null"),
    ("NaN", b'{"sub": NaN}'),
    ("a repeated member", b'{"sub": "a", "sub": "b", "client_id": "a", "client_id": "b", "x": 1, "x": 2}'),
    ("a lone surrogate", b'{"sub": "\\ud800", "client_id": "\\ud800", "state": "\\ud800", "client_name": "\\ud800"}'),
    ("bytes that are not UTF-8", b'{"sub": "\xff"}'),
    ("too deep nesting", b"[" * 30_000 + b"]" * 30_000),
)


@check("a body that does not match the document is 400", "operation", "issuer", "token", where=_takes_json)
def bad_bodies(context: Context, operation: Operation) -> None:
    """Whatever is wrong with it."""
    name = f"{context.fixtures.run_id}-badly"
    options: dict[str, Any] = {
        "query": dict.fromkeys(valid_request(context, operation)["query"], name),
        "headers": {"Content-Type": "application/json"},
        "token": context.options.token or "",
    }
    path = context.path(operation, sid=name)
    for what, body in BODIES:
        response = context.http.send(operation.method, path, body=body, **options)
        if response.status == 403:
            raise CheckSkipped("the token lacks the scope of this operation")
        expect(response.status == 400, f"{response.status} to {what} instead of 400", response)


@check(
    "an unknown member of a body is 400 where the document allows none",
    "operation",
    "issuer",
    "token",
    where=_takes_json,
)
def unknown_members(context: Context, operation: Operation) -> None:
    """`additionalProperties: false` is enforced."""
    document = context.target.document
    content = document.resolved(operation.definition["requestBody"])["content"].get("application/json", {})
    if document.resolved(content.get("schema", {})).get("additionalProperties") is not False:
        raise CheckSkipped("its body may have further members")
    body = {**content.get("example", {}), context.unique("member"): context.unique("value")}
    path = context.path(operation, sid=f"{context.fixtures.run_id}-more")
    response = context.http.send(operation.method, path, json=body, token=context.options.token or "")
    expect_status(response, 400, 403)


@check(
    "an identifier in the path that cannot exist is 400 or 404",
    "operation",
    "issuer",
    "token",
    where=lambda operation: operation.secured and ("{sid}" in operation.path or "{delivery_id}" in operation.path),
)
def bad_identifiers(context: Context, operation: Operation) -> None:
    """Too long, or with characters that no identifier has."""
    options = valid_request(context, operation)
    for name in ("a" * 129, "contract%20name", "contract'%20OR%201=1--", "%F0%9F%99%82"):
        path = context.path(operation, sid=name, delivery_id=name)
        expect_status(context.http.send(operation.method, path, **options), 400, 404, 403)


@check("explaining a request ends nothing", "deployment", "issuer", "key", "token")
def explain(context: Context) -> None:
    """It says what would happen and why. A live session is kept, and the hint is not repeated."""
    operation = context.target.operation_named("explainLogout")
    if operation is None or not context.endpoints:
        raise CheckSkipped("the document has no explainLogout, or no logout endpoint is tested")
    session, token = context.fixtures.session(), context.options.token or ""
    body = {"id_token_hint": context.fixtures.hint(session), "endpoint": context.endpoints[0].operation.path}
    response = context.http.send("POST", context.path(operation), json=body, token=token)
    if response.status == 403:
        raise CheckSkipped("the token lacks the scope sessions:read")
    expect_status(response, 200)
    explanation = response.json()
    verified = isinstance(explanation, dict) and explanation.get("hint") == "VerifiedHint"
    expect(verified, "a valid hint is explained as an invalid one", response)
    context.expect_live(session, response)
    unknown = {"endpoint": "/contract/nowhere"}
    expect_status(context.http.send("POST", context.path(operation), json=unknown, token=token), 400)


@check("JSON operations accept no form", "deployment", "issuer", "token")
def no_form(context: Context) -> None:
    """A page of another site could send one."""
    for operation in filter(_takes_json, context.target.operations()):
        response = context.http.send(
            operation.method,
            context.path(operation),
            query=valid_request(context, operation)["query"],
            body=b"sub=contract",
            headers={"Content-Type": FORM},
            token=context.options.token or "",
        )
        expect_status(response, 415, 403)
