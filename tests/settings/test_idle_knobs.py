"""A knob that cannot act where an operator has set it is refused: what it promises would not happen."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from endsession.contract.document import Document, load_document
from endsession.protocol.policy import Policy
from endsession.protocol.request import STANDARD_PARAMETERS
from endsession.runtime.served import served_document
from endsession.settings import Settings
from endsession.settings.check import check
from endsession.settings.idle import NEEDS

VENDORS = ["auth0", "cognito", "duende", "entra", "hydra", "keycloak", "okta", "zitadel"]
KNOBS = [knob.name for knob in fields(Policy)]
HINTS = get_type_hints(Policy)


@pytest.fixture(scope="module")
def document() -> Document:
    """The document with every vendor's endpoint."""
    given: dict[str, Any] = {"server": {"vendors": VENDORS}}
    return served_document(load_document(), Settings(**given).server, Path(), [])


def problems(document: Document, name: str | None, knob: str, value: Any, **table: Any) -> list[str]:
    """What is said about the knob alone, at the endpoint of that name."""
    where = {"policy": {knob: value}} if name is None else {"dialects": {name: {"policy": {knob: value}}}}
    issuer = {"issuer": "https://op.example", "jwks_uri": "https://op.example/jwks", "cookie": {"name": "c"}}
    given: dict[str, Any] = {"issuers": {"acme": {**issuer, **where, **table}}}
    found = check(Settings(**given), document, Path())
    return [
        problem.message
        for problem in found
        if problem.location[-1] == knob and ("cannot act" in problem.message or "nothing would end" in problem.message)
    ]


def values(knob: str) -> tuple[Any, ...]:
    """Every value of a knob."""
    kind = HINTS[knob]
    return (60,) if kind is int else (True, False) if kind is bool else get_args(kind)


@pytest.mark.parametrize("knob", KNOBS)
def test_every_knob_at_every_endpoint(document: Document, knob: str) -> None:
    """It is refused where the endpoint takes none of the parameters that it speaks of, and nowhere else."""
    post = ("post_params", "bare_post_is_consent")
    seen = set()
    for path, endpoint in document.endpoints.items():
        item = document.raw["paths"][path]
        taken = set().union(*(document.parameters(path, method) for method in ("get", "post") if method in item))
        takes = {name for name in STANDARD_PARAMETERS if endpoint.vendor_name(name) in taken}
        acts = any(parameters <= takes for parameters in NEEDS.get(knob, (set(),)))
        acts = acts and (knob not in post or "post" in item)
        seen.add(acts)
        for value in values(knob):
            found = problems(document, endpoint.name, knob, value)
            assert any("so it cannot act" in message for message in found) is not acts, (path, found)
    assert True in seen


@pytest.mark.parametrize(
    ("name", "knob", "value"),
    [
        ("authpi", "client_id_param", "accept"),
        ("authpi", "logout_hint", "use"),
        ("authpi", "ui_locales", "use"),
        ("pingfederate", "logout_hint", "use"),
        ("auth0-v2", "hint_authority", "hint"),
        ("auth0-v2", "post_params", "query"),
        ("cognito", "max_hint_age", 60),
        ("cognito", "id_token_hint", "required"),
    ],
)
def test_some_by_name(document: Document, name: str, knob: str, value: Any) -> None:
    """Written down apart from the table that is under test."""
    assert any("so it cannot act" in message for message in problems(document, name, knob, value))


@pytest.mark.parametrize(
    ("knob", "value"), [("on_no_hint", "done"), ("on_no_params", "done"), ("bare_post_is_consent", True)]
)
@pytest.mark.parametrize(
    ("table", "refused"),
    [
        ({}, False),
        ({"cookie": None}, True),
        ({"participants": "all"}, True),
        ({"participants": "all", "cookie": {"name": "c", "match": "sid"}}, False),
    ],
    ids=["a cookie", "none", "one of nobody's", "the sid"],
)
def test_what_ends_a_browsers_session_unasked(
    document: Document, knob: str, value: Any, table: dict[str, Any], refused: bool
) -> None:
    """Where no browser's session is ever known, nothing would end."""
    found = problems(document, None, knob, value, **table)
    assert any("nothing would end" in message for message in found) is refused


def test_every_knob_is_thought_of() -> None:
    """One that speaks of no parameter is listed here."""
    others = {
        "on_no_params",
        "post_params",
        "prompt",
        "error_format",
        "bare_post_is_consent",
        "require_authenticated_user",
    }
    assert set(KNOBS) == others | set(NEEDS)
