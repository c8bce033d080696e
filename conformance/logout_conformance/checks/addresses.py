"""URLs, methods, hosts and sizes: what is refused before any parameter is read."""

from __future__ import annotations

from typing import Any

from ..check import CheckSkipped, Registry, expect, expect_status
from ..context import Context
from ..exchange import FORM
from ..target import Operation

check = Registry()

METHODS = ("PATCH", "DELETE", "PUT", "OPTIONS", "TRACE", "PROPFIND", "POST", "GET", "HEAD")
LONG = "a" * 60_000
LARGE = b"state=" + b"a" * 200_000


def _has_issuer(operation: Operation) -> bool:
    return "{issuer_id}" in operation.path


def valid_request(context: Context, operation: Operation) -> dict[str, Any]:
    """The parameters and the body that an operation requires, as options of `Transport.send`.

    They name nothing real, whatever the operation does with them.
    """
    document = context.target.document
    parameters = [document.resolved(parameter) for parameter in operation.definition.get("parameters", ())]
    required = [parameter for parameter in parameters if parameter["in"] == "query" and parameter.get("required")]
    query = {parameter["name"]: "contract-nobody" for parameter in required}
    options: dict[str, Any] = {"query": query, "token": context.token_for(operation)}
    body = document.resolved(operation.definition.get("requestBody", {}))
    for media_type, content in body.get("content", {}).items():
        if media_type == FORM:
            options["form"] = {"handle": "contract-no-handle", "id_token_hint": "a.b.c"}
        else:
            options["json"] = content.get("example", {})
    return options


def _or_unauthenticated(context: Context, operation: Operation) -> tuple[int, ...]:
    """Without a token, a management operation reads nothing else."""
    return (401,) if operation.secured and not context.options.token else ()


def _media_type(context: Context, operation: Operation) -> str:
    body = context.target.document.resolved(operation.definition["requestBody"])
    return str(next(iter(body["content"])))


@check("an unsupported method is 405 with Allow", "operation")
def unsupported_methods(context: Context, operation: Operation) -> None:
    """Whichever method it is. A header that names another method changes nothing."""
    path, token = context.path(operation), context.token_for(operation)
    for method in METHODS:
        if context.target.operation(operation.path, method) is None:
            expect_status(context.http.send(method, path, token=token), 405)
    if context.target.operation(operation.path, "DELETE") is None and operation.method == "POST":
        override = {"X-HTTP-Method-Override": "DELETE"}
        response = context.http.send("POST", path, headers=override, token=token)
        expect(response.status != 405, "a header changes the method of a request", response)


@check("a query that is too long is 414", "operation", where=lambda operation: 414 in operation.statuses)
def long_query(context: Context, operation: Operation) -> None:
    """60 000 characters, more than a deployment reads unless its limit was raised."""
    query, token = {"state": LONG}, context.token_for(operation)
    response = context.http.send(operation.method, context.path(operation), query=query, token=token)
    expect_status(response, 414, *_or_unauthenticated(context, operation))


@check("a body that is too large is 413", "operation", where=lambda operation: 413 in operation.statuses)
def large_body(context: Context, operation: Operation) -> None:
    """200 000 bytes, more than a deployment reads unless its limit was raised."""
    response = context.http.send(
        operation.method,
        context.path(operation),
        body=LARGE,
        headers={"Content-Type": _media_type(context, operation)},
        query=valid_request(context, operation)["query"],
        token=context.token_for(operation),
    )
    expect_status(response, 413, *_or_unauthenticated(context, operation))


@check("a body of an unsupported media type is 415", "operation", where=lambda operation: 415 in operation.statuses)
def unsupported_media_types(context: Context, operation: Operation) -> None:
    """XML, multipart, a form instead of JSON and vice versa, and a body without a type."""
    wrong = "application/json" if _media_type(context, operation) == FORM else FORM
    for media_type in (wrong, "text/xml", "multipart/form-data; boundary=x", "text/plain", ""):
        response = context.http.send(
            operation.method,
            context.path(operation),
            body=b"a=b",
            headers={"Content-Type": media_type},
            query=valid_request(context, operation)["query"],
            token=context.token_for(operation),
        )
        expect_status(response, 415, *_or_unauthenticated(context, operation))


@check("an unknown issuer is 404", "operation", where=lambda operation: 404 in operation.statuses)
def unknown_issuer(context: Context, operation: Operation) -> None:
    """At every operation whose path names the issuer, whatever else is in the request."""
    extension = context.target.document.endpoints.get(operation.path)
    if not (_has_issuer(operation) or (extension and extension.issuer_from == "path")):
        raise CheckSkipped("its path names no issuer")
    if operation.secured and not context.options.token:
        raise CheckSkipped("needs --token-file FILE")
    options = valid_request(context, operation)
    unknown = context.path(operation, issuer_id=context.unique("nobody"))
    response = context.http.send(operation.method, unknown, **options)
    if operation.secured and response.status == 403:
        raise CheckSkipped("the token lacks the scope of this operation")
    expect_status(response, 404)
    # So is a name that only resembles a known one.
    if context.options.issuer:
        for similar in (context.options.issuer + "%20", context.options.issuer.upper() + "-", "%2e%2e"):
            path = context.path(operation, issuer_id=similar)
            expect_status(context.http.send(operation.method, path, **options), 404)


@check("a path is served as documented, and no other spelling of it is redirected", "operation")
def other_spellings(context: Context, operation: Operation) -> None:
    """With a slash at the end, doubled or encoded, path parameters, another case, dots: each is 404."""
    path = context.path(operation)
    head, _, last = path.rpartition("/")
    spellings = [f"{path}/", f"/{path}", f"{head}//{last}", f"{path};x=y", f"{path}%2F", f"{path}%00", f"{path}/.."]
    if "{" not in operation.path.rpartition("/")[2]:
        spellings += [f"{head}/{last.upper()}"] + ([f"{head}%2f{last}"] if head else [])
    for spelling in spellings:
        base = context.target.base_of(operation.path)
        response = context.http.send(operation.method, spelling, token=context.token_for(operation), base=base)
        if response.path is None and context.target.shared_host:
            continue
        if response.path is None:
            expect_status(response, 404, 405)
        expect(not 300 <= response.status < 400, f"{response.status} to another spelling of the path", response)


@check(
    "a Host that is not the service's is 421, and no header overrides it",
    "operation",
    where=lambda operation: 421 in operation.statuses,
)
def other_host(context: Context, operation: Operation) -> None:
    """Links are made from configuration, never from a request. A proxy may refuse the host before the service does."""
    host = "contract-stranger.example"
    path, options = context.path(operation), valid_request(context, operation)
    if operation.definition.get("parameters") and "{handle}" in operation.path:
        options["query"] = {}
    response = context.http.send(operation.method, path, headers={"Host": host}, **options)
    expect(host not in str(response.headers) + response.text, "the response links to the Host of the request", response)
    if response.status != 421:
        expect(response.status >= 400, f"{response.status} for another host", response)
        expect("x-request-id" not in dict(response.headers), f"{response.status} instead of 421", response)
        raise CheckSkipped("a proxy refuses other hosts before the service sees them")
    forwarded = {"X-Forwarded-Host": host, "Forwarded": f"host={host};proto=http", "X-Forwarded-Proto": "http"}
    response = context.http.send(operation.method, path, headers=forwarded, **options)
    expect(response.status != 421, "X-Forwarded-Host counts as the host of the request", response)
    expect(host not in str(response.headers) + response.text, "the response links to X-Forwarded-Host", response)


@check("an undocumented path is 404", "deployment")
def undocumented_paths(context: Context) -> None:
    """No console, no documentation page, no files, no metrics."""
    if context.target.shared_host:
        raise CheckSkipped("the host serves other paths as well (--shared-host)")
    usual = ("/", "/contract-nowhere", "/docs", "/ui/", "/swagger.json", "/metrics", "/.env", "/static/x", "/admin")
    for path in usual:
        if context.target.document.path_of(path) is None:
            response = context.http.send("GET", path)
            expect(response.status in (404, 405), f"{response.status} at a path that is not in the document", response)
    expect_status(context.http.send("GET", f"/{context.unique('path')}"), 404)
