"""Reading the document of a deployment, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from logout_conformance.conventions import STANDARD_PARAMETERS
from logout_conformance.document import BadDocument, parse_document
from tests.kit.deployment import DOCUMENT

RESPONSES: dict[str, Any] = {"responses": {"200": {"description": "."}, "default": {"description": "."}}}


def document(**paths: Any) -> dict[str, Any]:
    """A document with `/login` and `paths` below a slash."""
    return {"openapi": "3.0.3", "paths": {"/login": {"get": RESPONSES}, **{f"/{k}": v for k, v in paths.items()}}}


def test_the_served_document_is_read_as_the_gateway_reads_it() -> None:
    """As JSON and as YAML: the same paths in the same order, and the same logout endpoints under the same names."""
    for text in (DOCUMENT.as_json, DOCUMENT.as_yaml):
        found = parse_document(text.decode())
        assert list(found.raw["paths"]) == list(DOCUMENT.raw["paths"])
        assert found.endpoints.keys() == DOCUMENT.endpoints.keys()
        for path, endpoint in DOCUMENT.endpoints.items():
            extension = found.endpoints[path]
            assert extension.url_path("acme") == endpoint.address("acme")
            assert (extension.issuer_from, extension.policy) == (endpoint.issuer_from, endpoint.policy)
            for name in STANDARD_PARAMETERS:
                assert extension.vendor_name(name) == endpoint.vendor_name(name)


def test_a_concrete_path_matches_before_a_templated_one() -> None:
    """Whatever their order in the document (OpenAPI 3.0, Paths Object)."""
    found = parse_document(json.dumps(document(**{"{name}": {"get": RESPONSES}, "status": {"post": RESPONSES}})))
    assert found.path_of("/status") == "/status"
    assert found.path_of("/other") == "/{name}"
    assert found.path_of("/other/more") is None
    assert found.allowed_methods("/status") == {"POST"}
    assert found.allowed_methods("/{name}") == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "neither JSON nor YAML"),
        ("a: [", "neither JSON nor YAML"),
        ("no key", "it has no paths"),
        ('{"openapi": "3.0.0"}', "it has no paths"),
        (json.dumps({**document(), "openapi": "3.1.0"}), "it is not OpenAPI 3.0"),
        (json.dumps(document(a=[])), "/a: not a path with an object"),
        (json.dumps(document(a={"get": {}})), "GET /a: not an operation with responses"),
        (json.dumps(document(a={"x-logout": {}})), "/a: x-logout: issuer.from is not path, host or default"),
        (
            json.dumps(document(a={"x-logout": {"issuer": {"from": "path"}, "policy": "strict"}})),
            "/a: x-logout: policy is not an object",
        ),
    ],
)
def test_an_unusable_document_is_refused(text: str, sentence: str) -> None:
    """With the place and what is wrong there."""
    with pytest.raises(BadDocument, match=sentence):
        parse_document(text)
