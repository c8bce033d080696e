"""Management operations: who may, at which issuer, and what is refused."""

from __future__ import annotations

from ..claim import NotTried, Register, Scene, expect, expect_status
from ..exchange import FORM
from ..target import Operation
from .addresses import fitting

claims = Register()


def _secured(operation: Operation) -> bool:
    return operation.secured


def _takes_json(operation: Operation) -> bool:
    return operation.secured and "requestBody" in operation.definition


@claims("without a valid bearer token it is 401", "operation", where=_secured)
def no_token(scene: Scene, operation: Operation) -> None:
    """None, an unknown one, another scheme, a token in the query or in a cookie: all the same."""
    options = fitting(scene, operation)
    options.pop("token")
    query = dict(options.pop("query"))
    path = scene.path(operation)
    unknown = scene.redaction.keep_secret(scene.junk("token"), "an unknown token")
    real = scene.options.token or unknown
    for headers, more, cookie in (
        ({}, {}, ""),
        ({"Authorization": f"Bearer {unknown}"}, {}, ""),
        ({"Authorization": "Bearer"}, {}, ""),
        ({"Authorization": f"Basic {real}"}, {}, ""),
        ({"Authorization": real}, {}, ""),
        ({}, {"access_token": real}, ""),
        ({}, {}, f"access_token={real}"),
    ):
        answer = scene.wire.send(
            operation.method, path, query={**query, **more}, headers=headers, cookie=cookie, **options
        )
        expect_status(answer, 401)


@claims(
    "without a token nothing shows which issuers there are",
    "operation",
    "issuer",
    where=lambda operation: operation.secured,
)
def no_token_no_answer(scene: Scene, operation: Operation) -> None:
    """The answer for an issuer that exists is that for one that does not (T24)."""
    options = fitting(scene, operation)
    options["token"] = ""
    known = scene.wire.send(operation.method, scene.path(operation), **options)
    unknown = scene.wire.send(operation.method, scene.path(operation, issuer_id="contract-nobody"), **options)
    expect((known.status, known.body) == (unknown.status, unknown.body), "the answers differ", unknown)


@claims("without the scope it is 403", "operation", "issuer", "other-token", where=_secured)
def no_scope(scene: Scene, operation: Operation) -> None:
    """With the token of --other-token-file, wherever that may not do what the operation does."""
    options = fitting(scene, operation)
    options["token"] = scene.options.other_token
    if operation.method == "GET" or operation.definition.get("x-scope", "").endswith(":read"):
        answer = scene.wire.send(operation.method, scene.path(operation), **options)
        if answer.status != 403:
            raise NotTried("the token of --other-token-file may do this")
        return
    sid = f"{scene.parties.run}-forbidden"
    query = dict.fromkeys(dict(options.pop("query")), sid)
    answer = scene.wire.send(operation.method, scene.path(operation, sid=sid), query=query, **options)
    expect_status(answer, 403)


@claims(
    "at an issuer out of the token's reach it is 404", "operation", "issuer", "token", "other-issuer", where=_secured
)
def other_issuer(scene: Scene, operation: Operation) -> None:
    """As if that issuer did not exist (T31)."""
    options = fitting(scene, operation)
    path = scene.path(operation, issuer_id=scene.options.other_issuer or "")
    answer = scene.wire.send(operation.method, path, **options)
    nobody = scene.wire.send(operation.method, scene.path(operation, issuer_id="contract-nobody"), **options)
    if nobody.status == 403:
        raise NotTried("the token has not the scope of this operation")
    expect_status(answer, 404)
    expect(answer.body == nobody.body, "the answer shows that the issuer exists", answer)


BODIES: tuple[tuple[str, bytes], ...] = (
    ("nothing", b""),
    ("no JSON", b"contract{"),
    ("an array", b"[]"),
    ("a text", b'"contract"'),
    ("null", b"null"),
    ("a number that is none", b'{"sub": NaN}'),
    ("a repeated member", b'{"sub": "a", "sub": "b", "client_id": "a", "client_id": "b", "x": 1, "x": 2}'),
    ("half a character", b'{"sub": "\\ud800", "client_id": "\\ud800", "state": "\\ud800", "client_name": "\\ud800"}'),
    ("bytes that are not UTF-8", b'{"sub": "\xff"}'),
    ("much too deep", b"[" * 30_000 + b"]" * 30_000),
)


@claims("a body that is not what the document says is 400", "operation", "issuer", "token", where=_takes_json)
def bad_bodies(scene: Scene, operation: Operation) -> None:
    """Whatever is wrong with it, and nothing of it is repeated."""
    headers = {"Content-Type": "application/json"}
    sid = f"{scene.parties.run}-badly"
    query = fitting(scene, operation)["query"]
    path = scene.path(operation, sid=sid)
    mine = dict.fromkeys(dict(query), f"{scene.parties.run}-badly")
    for what, body in BODIES:
        answer = scene.wire.send(
            operation.method, path, query=mine, body=body, headers=headers, token=scene.options.token or ""
        )
        if answer.status == 403:
            raise NotTried("the token has not the scope of this operation")
        expect(answer.status == 400, f"{answer.status} for {what} in place of 400", answer)


@claims(
    "an unknown member of a body is 400, where the document allows none",
    "operation",
    "issuer",
    "token",
    where=_takes_json,
)
def unknown_members(scene: Scene, operation: Operation) -> None:
    """`additionalProperties: false` is held."""
    content = scene.target.resolved(operation.definition["requestBody"])["content"].get("application/json", {})
    if scene.target.resolved(content.get("schema", {})).get("additionalProperties") is not False:
        raise NotTried("its body may have further members")
    body = {**content.get("example", {}), scene.junk("member"): scene.junk("value")}
    answer = scene.wire.send(
        operation.method,
        scene.path(operation, sid=f"{scene.parties.run}-more"),
        json=body,
        token=scene.options.token or "",
    )
    expect_status(answer, 400, 403)


@claims(
    "a name in the path that cannot be one is 400 or 404",
    "operation",
    "issuer",
    "token",
    where=lambda operation: operation.secured and ("{sid}" in operation.path or "{delivery_id}" in operation.path),
)
def bad_names(scene: Scene, operation: Operation) -> None:
    """Too long, or with characters that no identifier has."""
    options = fitting(scene, operation)
    for name in ("a" * 129, "contract%20name", "contract'%20OR%201=1--", "%F0%9F%99%82"):
        answer = scene.wire.send(operation.method, scene.path(operation, sid=name, delivery_id=name), **options)
        expect_status(answer, 400, 404, 403)


@claims("explaining a request ends nothing", "deployment", "issuer", "key", "token")
def explain(scene: Scene) -> None:
    """It says what would happen and why; a live session stays alive, and the hint is not repeated."""
    found = next((one for one in scene.target.operations() if one.name == "explainLogout"), None)
    if found is None:
        raise NotTried("the document has no explainLogout")
    session = scene.parties.session()
    body = {"id_token_hint": scene.parties.hint(session), "endpoint": scene.endpoints[0].operation.path}
    answer = scene.wire.send("POST", scene.path(found), json=body, token=scene.options.token or "")
    if answer.status == 403:
        raise NotTried("the token has not the scope sessions:read")
    expect_status(answer, 200)
    said = answer.json()
    expect(
        isinstance(said, dict) and said.get("hint") == "VerifiedHint", "a good hint is explained as a bad one", answer
    )
    scene.live(session, answer)
    unknown = {"endpoint": "/contract/nowhere"}
    expect_status(scene.wire.send("POST", scene.path(found), json=unknown, token=scene.options.token or ""), 400)


@claims("a form is no way to write JSON operations", "deployment", "issuer", "token")
def no_form(scene: Scene) -> None:
    """A page of another site could send one."""
    for operation in scene.target.operations():
        if _takes_json(operation):
            answer = scene.wire.send(
                operation.method,
                scene.path(operation),
                query=fitting(scene, operation)["query"],
                body=b"sub=contract",
                headers={"Content-Type": FORM},
                token=scene.options.token or "",
            )
            expect_status(answer, 415, 403)
