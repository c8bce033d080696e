"""The document's examples: there is one for everything, each fits its schema, and says what the code really says."""

from __future__ import annotations

import ast
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from endsession.contract.added_paths import merge, shipped
from endsession.contract.document import METHODS, Document
from endsession.pages import Pages
from endsession.protocol import errors
from endsession.reference.outline import outline
from endsession.reference.page import reference_page
from tests.kit.deployment import DOCUMENT

from .corpus import _resolved

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = DOCUMENT.raw["components"]["schemas"]
Place = tuple[str, Mapping[str, Any]]
"""Where something stands, and a parameter, header or media type: what has a schema and can have examples."""


def _operations(document: Document) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    for path, item in document.raw["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item, item[method]


def _places(document: Document) -> Iterator[Place]:
    """Every parameter, request body, response header and response body of the document."""
    for where, item, operation in _operations(document):
        for parameter in map(_resolved, (*item.get("parameters", ()), *operation.get("parameters", ()))):
            yield f"{where} {parameter['in']} {parameter['name']}", parameter
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{where} {media_type}", content
        for status, response in operation["responses"].items():
            answer = _resolved(response)
            for name, header in answer.get("headers", {}).items():
                yield f"{where} {status} {name}", _resolved(header)
            for media_type, content in answer.get("content", {}).items():
                yield f"{where} {status} {media_type}", content


def _examples(part: Mapping[str, Any]) -> list[Any]:
    """The examples of a place; a body without its own has those of its schema."""
    if "example" in part:
        return [part["example"]]
    named = [_resolved(item)["value"] for item in part.get("examples", {}).values()]
    schema = _resolved(part["schema"])
    return named or ([schema["example"]] if "example" in schema else [])


def _validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft4Validator:
    """A validator that finds the references of `schema` in the document."""
    return jsonschema_rs.Draft4Validator({"allOf": [schema], "components": DOCUMENT.raw["components"]})


DOCUMENTS = {"idp": DOCUMENT, **{name: merge(DOCUMENT, file) for name, file in shipped().items()}}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_everything_that_is_sent_or_answered_has_an_example_that_fits(document: Document) -> None:
    """Parameters, bodies and headers, also of the vendors' endpoints; an example that does not fit misleads."""
    places = list(_places(document))
    assert len(places) > 300
    assert [where for where, part in places if not _examples(part)] == []
    problems = [
        f"{where}: {error.message}"
        for where, part in places
        for example in _examples(part)
        for error in _validator(part["schema"]).iter_errors(example)
    ]
    assert problems == []


def test_an_example_that_does_not_fit_is_found() -> None:
    """References are followed: else nothing above could fail."""
    assert list(_validator({"$ref": "#/components/schemas/SessionPage"}).iter_errors({"sessions": [{"sid": 5}]}))


def _parts_with_schema(part: Any, where: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The schemas within a schema, itself included, that have an example of their own."""
    if isinstance(part, Mapping):
        if "example" in part and "type" in part:
            yield where, part
        for name, value in part.items():
            if name != "example":
                yield from _parts_with_schema(value, f"{where}/{name}")


def test_the_examples_of_schemas_fit() -> None:
    """Tools show them next to those of the operations."""
    found = list(_parts_with_schema(SCHEMAS))
    assert len(found) > 40
    problems = [f"{where}: {e.message}" for where, item in found for e in _validator(item).iter_errors(item["example"])]
    assert problems == []


def test_everything_is_described() -> None:
    """Operations, parameters, headers, bodies, responses, schemas and each of their members, in whole sentences."""
    places = [(where, part) for where, part in _places(DOCUMENT) if "in" in part or "required" in part]
    operations = [(where, operation) for where, _, operation in _operations(DOCUMENT)]
    members = [
        (f"{name}.{member}", _resolved(schema))
        for name, item in SCHEMAS.items()
        for member, schema in item.get("properties", {}).items()
    ]
    for where, part in (*places, *operations, *SCHEMAS.items(), *members):
        assert part.get("description", "").strip().endswith((".", "|", ":")), where
    assert len(members) > 80


# Errors: what the examples say is what the code says.


def _kinds(root: type[errors.EndsessionError] = errors.EndsessionError) -> Iterator[type[errors.EndsessionError]]:
    """Those of the document's operations: what fronts add is not in it (`endsession.protocol.front_errors`)."""
    if root.__module__ == errors.__name__:
        yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)


def _sentences() -> Iterator[str]:
    """Patterns of the texts in the code; what is filled in at run time can be anything."""
    for path in (*(ROOT / "endsession").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield re.escape(node.value)
            elif isinstance(node, ast.JoinedStr):
                yield "".join(re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in node.values)


def _errors() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Every example of an error, with the place and the status of its response."""
    for where, _, operation in _operations(DOCUMENT):
        for status, response in operation["responses"].items():
            for media_type, content in _resolved(response).get("content", {}).items():
                if status >= "400" and media_type.endswith("json"):
                    yield from ((f"{where} {status}", status, example) for example in _examples(content))


def test_errors_have_the_codes_and_the_words_of_the_code() -> None:
    """Each example of an error has a status and a code that one of our classes has, and one of our sentences."""
    known = {(str(kind.status), kind.code) for kind in _kinds()}
    patterns = [re.compile(sentence) for sentence in set(_sentences()) if len(sentence) > 20]
    for where, status, example in _errors():
        code, text = (example.get("error") or example["title"]), (example.get("error_description") or example["detail"])
        assert (status, code) in known, where
        assert any(pattern.fullmatch(text) for pattern in patterns), f"{where}: {text}"


def test_every_code_of_the_code_has_an_example_and_a_meaning() -> None:
    """A client developer meets no code for the first time in production."""
    shown = {(status, example["error"]) for _, status, example in _errors() if "error" in example}
    assert {(str(kind.status), kind.code) for kind in _kinds()} - shown == set()
    meanings = SCHEMAS["OAuthError"]["properties"]["error"]["description"]
    assert [kind.code for kind in _kinds() if f"`{kind.code}`" not in meanings] == []


def test_pages_have_the_headings_of_the_pages() -> None:
    """The examples are pages without their style: title and heading are those of a real one."""
    pages = Pages()
    real = [
        reference_page(outline(DOCUMENT, "https://login.example")).html,
        pages.signed_out(account=None, way_on=None).html,
        pages.question(action="", handle="", doubt="no_hint", app=None, account=None, redirect=None).html,
        *(pages.error(_made(kind), "x", None).html for kind in _kinds()),
    ]
    headings = {_headings(page) for page in real}
    examples = [
        example["value"]
        for example in DOCUMENT.raw["components"]["examples"].values()
        if isinstance(example["value"], str)
    ]
    assert len(examples) >= 6
    assert {_headings(example) for example in examples} <= headings


def _made(kind: type[errors.EndsessionError]) -> errors.EndsessionError:
    return kind(1) if kind is errors.RateLimited else kind()


def _headings(page: str) -> tuple[str, ...]:
    return tuple(re.findall(r"<(?:title|h1)>(.*?)</", page))


def test_the_hint_is_an_id_token_of_the_other_examples() -> None:
    """It reads as a real one: issuer, client and session are those that the other examples speak of."""
    hint = DOCUMENT.raw["components"]["parameters"]["IdTokenHint"]["example"]
    header, claims, signature = (urlsafe_b64decode(part + "==") for part in hint.split("."))
    assert json.loads(header)["alg"] == "ES256"
    assert len(signature) == 64
    said = json.loads(claims)
    session = DOCUMENT.raw["components"]["examples"]["LiveSession"]["value"]
    assert (said["sid"], said["sub"], said["aud"]) == (
        session["sid"],
        session["sub"],
        session["clients"][0]["client_id"],
    )
    discovery = DOCUMENT.raw["paths"]["/{issuer_id}/.well-known/openid-configuration"]["get"]["responses"]["200"]
    assert said["iss"] == discovery["content"]["application/json"]["example"]["issuer"]
