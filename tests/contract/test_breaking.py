"""The breaking-change gate: nothing that clients of the last release rely on is lost without a version that says so."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from endsession.contract.document import checked_document, read_yaml
from tests.kit.deployment import DOCUMENT
from tooling.breaking import RELEASED, announced, breaks

Raw = dict[str, Any]
Edit = Callable[[Raw], object]
RELEASE = read_yaml(RELEASED)


def test_the_document_breaks_nothing_of_the_last_release() -> None:
    """If this fails, fix the document or raise its version; docs/stability.md says when to keep a new one."""
    found = sorted(set(breaks(RELEASE, DOCUMENT.raw)))
    versions = RELEASE["info"]["version"], DOCUMENT.raw["info"]["version"]
    assert found == [] or announced(*versions), "\n".join(found)


def test_document_and_package_have_one_version() -> None:
    """They are released together (docs/stability.md)."""
    package = tomllib.loads((RELEASED.parents[1] / "pyproject.toml").read_text())["project"]["version"]
    assert DOCUMENT.raw["info"]["version"] == package


def test_the_release_is_a_document_that_could_be_served() -> None:
    """It was written by the gate, not by hand."""
    assert checked_document(RELEASE).raw == RELEASE
    assert yaml.safe_load(RELEASED.read_text()) == RELEASE


def _get(path: str, method: str = "get") -> Callable[[Raw], Raw]:
    return lambda raw: raw["paths"][path][method]


LOGOUT, SESSION, SESSIONS = "/{issuer_id}/logout", "/{issuer_id}/sessions/{sid}", "/{issuer_id}/sessions"
end_session, put_session, sessions_page = _get(LOGOUT), _get(SESSION, "put"), _get(SESSIONS)


def _schema(raw: Raw, name: str) -> Raw:
    return raw["components"]["schemas"][name]  # type: ignore[no-any-return]


def _member(raw: Raw, schema: str, name: str) -> Raw:
    return _schema(raw, schema)["properties"][name]  # type: ignore[no-any-return]


def _parameter(raw: Raw, name: str) -> Raw:
    return raw["components"]["parameters"][name]  # type: ignore[no-any-return]


BREAKS: dict[str, tuple[Edit, str]] = {
    "a path": (lambda raw: raw["paths"].pop("/healthz"), "/healthz: the path is gone"),
    "a method": (lambda raw: raw["paths"][LOGOUT].pop("post"), f"POST {LOGOUT}: the operation is gone"),
    "a name": (lambda raw: end_session(raw).update(operationId="logOut"), "operationId is logOut"),
    "a tag": (lambda raw: end_session(raw).update(tags=["health"]), "tags is ['health']"),
    "a scope": (lambda raw: put_session(raw).update({"x-scope": "clients:write"}), "x-scope is clients:write"),
    "credentials": (lambda raw: end_session(raw).update(security=[{"managementToken": []}]), "other credentials"),
    "a policy": (lambda raw: raw["paths"][LOGOUT]["x-logout"].update(preset="strict"), "x-logout differs"),
    "a parameter": (lambda raw: end_session(raw)["parameters"].pop(), "query state: the parameter is gone"),
    "a new required parameter": (
        lambda raw: end_session(raw)["parameters"].append(
            {"name": "x", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        "query x: it is required",
    ),
    "a parameter that is required now": (lambda raw: _parameter(raw, "State").update(required=True), "it is required"),
    "a shorter parameter": (lambda raw: _schema(raw, "State").update(maxLength=10), "state: maxLength is 10"),
    "a longer parameter": (lambda raw: _schema(raw, "SessionId").update(minLength=5), "sid: minLength is 5"),
    "a pattern": (lambda raw: _schema(raw, "State").update(pattern="^[a-z]*$"), "pattern is ^[a-z]*$"),
    "a bound": (lambda raw: _parameter(raw, "PageSize")["schema"].update(maximum=10), "limit: maximum is 10"),
    "a bound where there was none": (
        lambda raw: _member(raw, "ConfirmForm", "decision").update(maxLength=2),
        "decision: maxLength is 2 in place of none",
    ),
    "a value less": (lambda raw: _schema(raw, "SessionState").update(enum=["live"]), "there is no ended"),
    "a list where anything went": (lambda raw: _schema(raw, "Subject").update(enum=["a"]), "there is no any"),
    "a type": (lambda raw: _parameter(raw, "PageSize").update(schema={"type": "string"}), "type is string"),
    "a body that is needed": (
        lambda raw: _get(LOGOUT, "post")(raw)["requestBody"].update(required=True),
        "a body is required",
    ),
    "a media type": (
        lambda raw: put_session(raw)["requestBody"].update(content={"text/plain": {"schema": {"type": "string"}}}),
        "application/json: it is not taken any more",
    ),
    "a member that is needed": (
        lambda raw: _schema(raw, "SessionRegistration").update(required=["sub", "user_label"]),
        "user_label: it is required",
    ),
    "a member that is not taken": (
        lambda raw: _schema(raw, "SessionRegistration")["properties"].pop("user_label"),
        "user_label: the member is gone",
    ),
    "members that are not named": (
        lambda raw: _schema(raw, "LogoutForm").update(additionalProperties=False),
        "members that are not named",
    ),
    "an item of a list": (
        lambda raw: _member(raw, "SessionRegistration", "cookie_sha256")["items"].update(pattern="^x$"),
        "cookie_sha256[]: pattern is ^x$",
    ),
    "an answer": (lambda raw: end_session(raw)["responses"].pop("429"), "429 is not answered any more"),
    "another way to succeed": (
        lambda raw: end_session(raw)["responses"].update({"204": {"description": "Done."}}),
        "204 is a new way to succeed",
    ),
    "an answer's header": (
        lambda raw: raw["components"]["responses"]["Redirect"].pop("headers"),
        "303: the header Location is gone",
    ),
    "an answer's media type": (
        lambda raw: raw["components"]["responses"]["LoggedOut"]["content"].pop("text/html"),
        "200 text/html: it is not answered",
    ),
    "an answer's member": (
        lambda raw: _schema(raw, "Delivery")["properties"].pop("reason"),
        ".reason: the member is gone",
    ),
    "a member that may be missing now": (
        lambda raw: _schema(raw, "Session").update(required=["sid"]),
        "answers that the release does not allow",
    ),
    "a value more in an answer": (
        lambda raw: _schema(raw, "DeliveryState")["enum"].append("lost"),
        "there is no lost",
    ),
    "null in an answer": (
        lambda raw: _member(raw, "Session", "user_label").update(nullable=True),
        "null is not among the values",
    ),
    "another type in an answer": (
        lambda raw: _member(raw, "Session", "began_at").update(type="string"),
        "began_at: the type is number in place of string",
    ),
    "a composed schema": (
        lambda raw: _schema(raw, "Subject").update(anyOf=[{"maxLength": 3}]),
        "anyOf differs",
    ),
    "an SDK's class": (
        lambda raw: raw["components"]["schemas"].update(Unused=raw["components"]["schemas"].pop("Text"))
        or raw["components"]["parameters"]["Cursor"].update(schema={"$ref": "#/components/schemas/Unused"})
        or raw["components"]["parameters"]["ClientFilter"].update(schema={"$ref": "#/components/schemas/Unused"}),
        "the schema Text is gone",
    ),
}  # fmt: skip

HARMLESS: dict[str, Edit] = {
    "nothing": lambda raw: None,
    "words": lambda raw: end_session(raw).update(summary="Log out", description="Other words."),
    "an example": lambda raw: _parameter(raw, "State").update(example="x"),
    "a path": lambda raw: raw["paths"].update({"/x": raw["paths"]["/healthz"]}),
    "an operation": lambda raw: raw["paths"]["/healthz"].update(post=_get(SESSIONS)(raw)),
    "a parameter": lambda raw: sessions_page(raw)["parameters"].append(
        {"name": "x", "in": "query", "schema": {"type": "string"}}
    ),
    "a parameter that need not be sent": lambda raw: _get(SESSIONS, "delete")(raw)["parameters"][1].pop("required"),
    "a wider parameter": lambda raw: _schema(raw, "State").update(maxLength=4096),
    "a value more in a request": lambda raw: _member(raw, "LogoutQuestion", "method")["enum"].append("PUT"),
    "a member of a request": lambda raw: _schema(raw, "SessionRegistration")["properties"].update(x={"type": "string"}),
    "a member of an answer": lambda raw: _schema(raw, "Session")["properties"].update(x={"type": "string"}),
    "a member that is always there": lambda raw: _schema(raw, "Session")["required"].append("ended_at"),
    "a value less in an answer": lambda raw: _member(raw, "Session", "end_reason").update(enum=["user", "admin"]),
    "an error": lambda raw: end_session(raw)["responses"].update({"451": {"description": "No."}}),
    "a header": lambda raw: raw["components"]["responses"]["NotFound"].update(
        headers={"X-Hint": {"schema": {"type": "string"}}}
    ),
    "another media type": lambda raw: raw["components"]["responses"]["Healthy"]["content"].update(
        {"text/plain": {"schema": {"type": "string"}}}
    ),
    "a shared name for a parameter": lambda raw: (
        raw["components"]["parameters"].update(New=end_session(raw)["parameters"][1]),
        end_session(raw)["parameters"].__setitem__(1, {"$ref": "#/components/parameters/New"}),
    ),
}


def _edited(edit: Edit) -> Raw:
    raw = copy.deepcopy(RELEASE)
    edit(raw)
    return raw  # type: ignore[no-any-return]


@pytest.mark.parametrize(("edit", "told"), BREAKS.values(), ids=BREAKS)
def test_a_break_is_seen(edit: Edit, told: str) -> None:
    """Whatever a client could rely on: what it sends is taken, and what it is answered can be read."""
    found = list(breaks(RELEASE, _edited(edit)))
    assert any(told in item for item in found), found


@pytest.mark.parametrize("edit", HARMLESS.values(), ids=HARMLESS)
def test_what_clients_have_to_tolerate_breaks_nothing(edit: Edit) -> None:
    """What is new or wider passes: else the gate would be switched off soon."""
    assert list(breaks(RELEASE, _edited(edit))) == []


@pytest.mark.parametrize(
    ("old", "new", "enough"),
    [
        ("0.1.0", "0.1.0", False),
        ("0.1.0", "0.1.1", False),
        ("0.1.0", "0.2.0", True),
        ("0.9.0", "1.0.0", True),
        ("1.2.3", "1.3.0", False),
        ("1.2.3", "2.0.0", True),
        ("2.0.0", "1.9.0", False),
        ("0.2.0", "0.1.0", False),
    ],
)
def test_a_version_says_whether_something_breaks(old: str, new: str, enough: bool) -> None:
    """Semantic Versioning: before 1.0.0 the second number, from then on the first."""
    assert announced(old, new) is enough
