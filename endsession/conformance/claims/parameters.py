"""Parameters: repeated, empty, unknown, in two places, or not decodable."""

from __future__ import annotations

from ..claim import Register, Scene, expect, expect_status
from ..endpoint import HTML, Endpoint, asks
from ..parties import Session
from ..target import Operation

claims = Register()

VALUES = {
    "id_token_hint": "contract.repeated.hint",
    "logout_hint": "contract-user",
    "client_id": "contract-client",
    "post_logout_redirect_uri": "https://contract-repeated.example/",
    "state": "contract-state",
    "ui_locales": "de",
}


@claims("a repeated parameter is 400", "endpoint", "issuer")
def repeated(scene: Scene, endpoint: Endpoint) -> None:
    """Each parameter, twice with different values and twice with the same: two readers could take different ones."""
    for name in endpoint.takes:
        for second in ("another", VALUES[name]):
            answer = endpoint.ask(scene.wire, VALUES, more=[(endpoint.dialect.vendor_name(name), second)])
            expect_status(answer, 400)


@claims(
    "a repeated parameter of a good request is 400, and the session stays",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=lambda endpoint: {"id_token_hint", "state"} <= endpoint.takes,
)
def repeated_with_a_hint(scene: Scene, endpoint: Endpoint) -> None:
    """Everything is checked before anything ends."""
    session = scene.parties.session()
    for name in ("state", "id_token_hint"):
        sent = {"id_token_hint": scene.parties.hint(session), "state": "one"}
        again = [(endpoint.dialect.vendor_name(name), sent[name])]
        answer = endpoint.ask(scene.wire, sent, more=again, cookie=session.cookie)
        expect_status(answer, 400)
        scene.live(session, answer)


@claims(
    "a parameter in the query and in the form is 400",
    "endpoint",
    "issuer",
    where=lambda endpoint: endpoint.operation.method == "POST" and not endpoint.takes_query,
)
def in_both_places(scene: Scene, endpoint: Endpoint) -> None:
    """Whichever of the two counts, another reader could take the other."""
    for name in endpoint.takes:
        field = endpoint.dialect.vendor_name(name)
        answer = scene.wire.send(
            "POST", endpoint.address, query={field: VALUES[name]}, form={field: VALUES[name], "x": "y"}
        )
        expect_status(answer, 400)


@claims("an empty parameter is as an absent one", "endpoint", "issuer")
def empty(scene: Scene, endpoint: Endpoint) -> None:
    """The same answer to a request without parameters and to one whose parameters are all empty."""
    absent = endpoint.ask(scene.wire, {})
    given = endpoint.ask(scene.wire, dict.fromkeys(VALUES, ""))
    expect(absent.status == given.status, f"{given.status} for empty parameters, {absent.status} without", given)
    expect(asks(absent) == asks(given), "a question for one of the two, and none for the other", given)
    expect(absent.media_type == given.media_type, "another form of answer for empty parameters", given)


@claims("an unknown parameter is ignored", "endpoint", "issuer")
def unknown(scene: Scene, endpoint: Endpoint) -> None:
    """The same answer with a parameter that the document does not know."""
    plain = endpoint.ask(scene.wire, {})
    more = endpoint.ask(scene.wire, {}, more=[(scene.junk("name"), scene.junk("value"))])
    expect(plain.status == more.status, f"{more.status} with an unknown parameter, {plain.status} without", more)
    expect(more.text.find("contract-value") < 0, "the answer repeats an unknown parameter", more)


@claims(
    "languages that are not known are passed over", "endpoint", "issuer", where=lambda one: "ui_locales" in one.takes
)
def strange_languages(scene: Scene, endpoint: Endpoint) -> None:
    """RP-Initiated Logout 1.0, section 2: no error for them."""
    plain = endpoint.ask(scene.wire, {})
    for languages in ("tlh-x-contract zz", "*", "---", "de_DE;q=x", "a" * 500):
        answer = endpoint.ask(scene.wire, {"ui_locales": languages})
        expect(answer.status == plain.status, f"{answer.status} for languages that are not known", answer)


MARKUP = "\"'><script>contract()</script><img src=x onerror=contract()>"


@claims("markup in a parameter is never part of a page", "endpoint", "issuer")
def markup(scene: Scene, endpoint: Endpoint) -> None:
    """In each parameter, shown as a page, to a browser with and without a session (T16)."""
    session = scene.parties.session() if "cookie" in scene.parties.have else None
    app = scene.parties.app
    for name in sorted(endpoint.takes):
        sent = {"client_id": app.client_id if app else None, name: MARKUP}
        if name == "state" and app and app.redirect_uris:
            sent["post_logout_redirect_uri"] = app.redirect_uris[0]
        for cookie in ("", session.cookie if session else ""):
            answer = endpoint.ask(scene.wire, sent, more=[("contract", MARKUP)], accept=HTML, cookie=cookie)
            expect("<script>contract" not in answer.text, "a page holds a script that was sent", answer)
            expect("<img src=x" not in answer.text, "a page holds markup that was sent", answer)


@claims(
    "control characters and undecodable bytes are 400",
    "endpoint",
    "issuer",
    where=lambda endpoint: "state" in endpoint.takes,
)
def control_characters(scene: Scene, endpoint: Endpoint) -> None:
    """Line ends in `state` would split an answer's head; what is not UTF-8 is not guessed (T15)."""
    name = endpoint.dialect.vendor_name("state")
    for value in ("a%0d%0aX-Contract:%20b", "a%00b", "a%7Fb", "%ff%fe", "%c0%af"):
        text = f"{name}={value}"
        if endpoint.takes_query:
            answer = scene.wire.send(endpoint.operation.method, endpoint.address, query=text)
        else:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = scene.wire.send(endpoint.operation.method, endpoint.address, body=text.encode(), headers=headers)
        expect(not answer.all("x-contract"), "a parameter becomes a header of the answer", answer)
        expect_status(answer, 400)


@claims(
    "a parameter over its length is refused", "endpoint", "issuer", where=lambda endpoint: "state" in endpoint.takes
)
def too_long(scene: Scene, endpoint: Endpoint) -> None:
    """`state` has at most 2048 characters."""
    answer = endpoint.ask(scene.wire, {"state": "s" * 2049})
    expect_status(answer, 400)


@claims(
    "a parameter in the wrong place does not count",
    "endpoint",
    "issuer",
    "key",
    "token",
    where=lambda endpoint: (
        endpoint.operation.method == "POST"
        and "id_token_hint" in endpoint.takes
        and not any(
            one.get("in") == "query" or ("$ref" in one and "IdTokenHint" in one["$ref"])
            for one in endpoint.operation.definition.get("parameters", ())
        )
    ),
)
def wrong_place(scene: Scene, endpoint: Endpoint) -> None:
    """A POST that takes a form reads no hint from its query, where logs and histories would keep it (T23)."""
    done = "done" in (endpoint.knob("on_no_params"), endpoint.knob("on_no_hint"))
    if done or endpoint.knob("bare_post_is_consent") or endpoint.knob("post_params") in ("query", "form_or_query"):
        return
    session = scene.parties.session()
    name = endpoint.dialect.vendor_name("id_token_hint")
    answer = scene.wire.send(
        "POST", endpoint.address, query={name: scene.parties.hint(session)}, form={}, cookie=_only(session)
    )
    expect(answer.status != 303, "a redirect for a hint that stands in the wrong place", answer)
    scene.live(session, answer)


def _only(session: Session) -> str:
    return session.cookie


@claims(
    "a repeated query parameter of an operation is 400",
    "operation",
    "issuer",
    where=lambda operation: operation.tag != "logout" and 400 in operation.statuses,
)
def repeated_elsewhere(scene: Scene, operation: Operation) -> None:
    """Management operations as well; without a token there is nothing to see."""
    parameters = [scene.target.resolved(one) for one in operation.definition.get("parameters", ())]
    names = [one["name"] for one in parameters if one["in"] == "query"]
    if not scene.options.token or not names:
        return
    run = scene.parties.run
    for name in names:
        value = {"limit": "10", "state": "ended"}.get(name, run)
        answer = scene.wire.send(
            operation.method, scene.path(operation), query=[(name, value), (name, value)], token=scene.options.token
        )
        expect_status(answer, 400, 415, 403)
