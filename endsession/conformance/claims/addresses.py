"""Addresses, methods, hosts and sizes: what is refused before anybody looks at a parameter."""

from __future__ import annotations

from typing import Any

from ..claim import NotTried, Register, Scene, expect, expect_status
from ..exchange import FORM
from ..target import Operation

claims = Register()

ODD_METHODS = ("PATCH", "DELETE", "PUT", "OPTIONS", "TRACE", "PROPFIND", "POST", "GET", "HEAD")
LONG = "a" * 60_000
LARGE = b"state=" + b"a" * 200_000


def _has_issuer(operation: Operation) -> bool:
    return "{issuer_id}" in operation.path


def _has_body(operation: Operation) -> bool:
    return "requestBody" in operation.definition


@claims("a method that the address does not know is 405 with Allow", "operation")
def odd_methods(scene: Scene, operation: Operation) -> None:
    """Whatever the method is; and a header that names another method changes nothing."""
    path = scene.path(operation)
    for method in ODD_METHODS:
        if scene.target.operation(operation.path, method) is None:
            answer = scene.wire.send(method, path, token=scene.token_for(operation))
            expect_status(answer, 405)
    if scene.target.operation(operation.path, "DELETE") is None and operation.method == "POST":
        answer = scene.wire.send(
            "POST", path, headers={"X-HTTP-Method-Override": "DELETE"}, token=scene.token_for(operation)
        )
        expect(answer.status != 405, "a header changes the method of a request", answer)


@claims("a query that is too long is 414", "operation", where=lambda operation: 414 in operation.statuses)
def long_query(scene: Scene, operation: Operation) -> None:
    """60 000 characters, more than a deployment reads unless its limit was raised."""
    answer = scene.wire.send(
        operation.method, scene.path(operation), query={"state": LONG}, token=scene.token_for(operation)
    )
    expect_status(answer, 414, *_unless_authenticated(scene, operation))


@claims("a body that is too large is 413", "operation", where=lambda operation: 413 in operation.statuses)
def large_body(scene: Scene, operation: Operation) -> None:
    """200 000 bytes, more than a deployment reads unless its limit was raised."""
    media_type = next(iter(scene.target.resolved(operation.definition["requestBody"])["content"]))
    answer = scene.wire.send(
        operation.method,
        scene.path(operation),
        body=LARGE,
        headers={"Content-Type": media_type},
        query=fitting(scene, operation)["query"],
        token=scene.token_for(operation),
    )
    expect_status(answer, 413, *_unless_authenticated(scene, operation))


@claims("a body of another media type is 415", "operation", where=lambda operation: 415 in operation.statuses)
def other_media_type(scene: Scene, operation: Operation) -> None:
    """XML, multipart forms, a form where JSON belongs and the reverse, and a body without any type."""
    right = next(iter(scene.target.resolved(operation.definition["requestBody"])["content"]))
    wrong = "application/json" if right == FORM else FORM
    for media_type in (wrong, "text/xml", "multipart/form-data; boundary=x", "text/plain", ""):
        answer = scene.wire.send(
            operation.method,
            scene.path(operation),
            body=b"a=b",
            headers={"Content-Type": media_type},
            query=fitting(scene, operation)["query"],
            token=scene.token_for(operation),
        )
        expect_status(answer, 415, *_unless_authenticated(scene, operation))


def _unless_authenticated(scene: Scene, operation: Operation) -> tuple[int, ...]:
    """Without a token, a management operation looks at nothing else."""
    return (401,) if operation.secured and not scene.options.token else ()


@claims("an unknown issuer is 404", "operation", where=lambda operation: 404 in operation.statuses)
def unknown_issuer(scene: Scene, operation: Operation) -> None:
    """At every operation whose path names the issuer, whatever else the request holds."""
    dialect = scene.target.document.endpoints.get(operation.path)
    if not (_has_issuer(operation) or (dialect and dialect.issuer_from == "path")):
        raise NotTried("its path names no issuer")
    if operation.secured and not scene.options.token:
        raise NotTried("needs --token-file FILE")
    issuer = scene.junk("nobody")
    options = fitting(scene, operation)
    answer = scene.wire.send(operation.method, scene.path(operation, issuer_id=issuer), **options)
    if operation.secured and answer.status == 403:
        raise NotTried("the token has not the scope of this operation")
    expect_status(answer, 404)
    # A name that merely looks like one of ours is unknown as well.
    if scene.options.issuer:
        for near in (scene.options.issuer + "%20", scene.options.issuer.upper() + "-", "%2e%2e"):
            answer = scene.wire.send(operation.method, scene.path(operation, issuer_id=near), **options)
            expect_status(answer, 404)


def fitting(scene: Scene, operation: Operation) -> dict[str, Any]:
    """The parameters and the body that an operation asks for. They name nobody real, whatever becomes of it."""
    parameters = [scene.target.resolved(one) for one in operation.definition.get("parameters", ())]
    query = {one["name"]: "contract-nobody" for one in parameters if one["in"] == "query" and one.get("required")}
    options: dict[str, Any] = {"query": query, "token": scene.token_for(operation)}
    for media_type, content in (
        scene.target.resolved(operation.definition.get("requestBody", {})).get("content", {}).items()
    ):
        if media_type == FORM:
            options["form"] = {"handle": "contract-no-handle", "id_token_hint": "a.b.c"}
        else:
            options["json"] = content.get("example", {})
    return options


@claims("an address is only what the document says, and no other spelling of it is redirected", "operation")
def other_spellings(scene: Scene, operation: Operation) -> None:
    """A slash at the end, doubled or encoded, path parameters, another case, dots: each is 404 (T25)."""
    path = scene.path(operation)
    head, _, last = path.rpartition("/")
    spellings = [f"{path}/", f"/{path}", f"{head}//{last}", f"{path};x=y", f"{path}%2F", f"{path}%00", f"{path}/.."]
    fixed = operation.path.rpartition("/")[2]
    if "{" not in fixed:
        spellings += [f"{head}/{last.upper()}"] + ([f"{head}%2f{last}"] if head else [])
    for spelling in spellings:
        base = scene.target.base_of(operation.path)
        answer = scene.wire.send(operation.method, spelling, token=scene.token_for(operation), base=base)
        if answer.path is None and scene.target.shared_host:
            continue
        if answer.path is None:
            expect_status(answer, 404, 405)
        expect(not 300 <= answer.status < 400, f"{answer.status} to another spelling of the address", answer)


@claims(
    "a Host that is not the service's is 421, and no header makes it one",
    "operation",
    where=lambda operation: 421 in operation.statuses,
)
def other_host(scene: Scene, operation: Operation) -> None:
    """Links come from configuration alone (T19). A proxy on the way may refuse the host before the service sees it."""
    host = "contract-stranger.example"
    options = fitting(scene, operation)
    if operation.definition.get("parameters") and "{handle}" in operation.path:
        options["query"] = {}
    answer = scene.wire.send(operation.method, scene.path(operation), headers={"Host": host}, **options)
    expect(host not in str(answer.headers) + answer.text, "the answer leads to the host of the request", answer)
    if answer.status != 421:
        expect(answer.status >= 400, f"{answer.status} for another host", answer)
        expect("x-request-id" not in dict(answer.headers), f"{answer.status} in place of 421", answer)
        raise NotTried("a proxy refuses other hosts before the service sees them")
    forwarded = {"X-Forwarded-Host": host, "Forwarded": f"host={host};proto=http", "X-Forwarded-Proto": "http"}
    answer = scene.wire.send(operation.method, scene.path(operation), headers=forwarded, **options)
    expect(answer.status != 421, "X-Forwarded-Host counts as the host of the request", answer)
    expect(host not in str(answer.headers) + answer.text, "the answer leads to X-Forwarded-Host", answer)


@claims("an address that the document does not have is 404", "deployment")
def nowhere(scene: Scene) -> None:
    """Nothing undocumented is served: no console, no page of documentation, no files, no metrics."""
    if scene.target.shared_host:
        raise NotTried("others answer at this host as well (--shared-host)")
    for path in (
        "/",
        "/contract-nowhere",
        "/docs",
        "/ui/",
        "/swagger.json",
        "/metrics",
        "/.env",
        "/static/x",
        "/admin",
    ):
        if scene.target.document.path_of(path) is None:
            answer = scene.wire.send("GET", path)
            expect(
                answer.status in (404, 405), f"{answer.status} at an address that the document does not have", answer
            )
    answer = scene.wire.send("GET", f"/{scene.junk('path')}")
    expect_status(answer, 404)
