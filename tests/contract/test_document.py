"""The document: it is valid OpenAPI, and what cannot be served is refused when the process starts, with a reason."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator

from endsession.contract.document import DEFAULT_PATH, BadDocument, checked_document, load_document
from endsession.runtime.app import MANAGEMENT_TAGS, PUBLIC_TAGS
from tests.kit.deployment import DOCUMENT, deploy

from .corpus import Operation

Edit = Callable[[dict[str, Any]], object]


def edited(edit: Edit) -> dict[str, Any]:
    """A copy of the document with an edit."""
    raw = copy.deepcopy(dict(DOCUMENT.raw))
    edit(raw)
    return raw


def test_it_is_valid_openapi() -> None:
    """The document satisfies the OpenAPI 3.0 specification, examples and defaults included."""
    assert list(OpenAPIV30SpecValidator(yaml.safe_load(DEFAULT_PATH.read_text())).iter_errors()) == []


def test_every_operation_documents_what_can_always_happen() -> None:
    """Whatever the operation, a wrong method and an overlong query can be sent to it."""
    for path, item in DOCUMENT.raw["paths"].items():
        for method in ("get", "put", "post", "delete"):
            if method in item:
                assert {"405", "414"} <= set(item[method]["responses"]), f"{method} {path}"


def test_every_response_of_an_operation_has_a_description_and_every_error_a_body() -> None:
    """A client reads an error by the document alone."""
    responses = DOCUMENT.raw["components"]["responses"]
    for path, item in DOCUMENT.raw["paths"].items():
        for method in ("get", "put", "post", "delete"):
            for status, response in item.get(method, {}).get("responses", {}).items():
                named = response.get("$ref", "").rpartition("/")[2]
                resolved = responses[named] if named else response
                assert resolved["description"], f"{method} {path} {status}"
                assert status < "400" or "application/json" in resolved["content"], f"{method} {path} {status}"


def _schemas(part: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of the document that describes something of a request."""
    if isinstance(part, dict):
        if "type" in part or "pattern" in part:
            yield path, part
        for key, value in part.items():
            if key not in ("responses", "headers", "example", "examples"):
                yield from _schemas(value, f"{path}/{key}")
    elif isinstance(part, list):
        for value in part:
            yield from _schemas(value, path)


def test_parameters_are_of_one_plain_type() -> None:
    """connexion fails where a parameter has no type, and makes None of `null` where it is nullable."""
    components = DOCUMENT.raw["components"]
    for place, parameter in [
        *components["parameters"].items(),
        *((path, entry) for path, item in DOCUMENT.raw["paths"].items() for method in ("get", "put", "post", "delete")
          for entry in item.get(method, {}).get("parameters", ())),
    ]:  # fmt: skip
        if "$ref" in parameter:
            continue
        schema = parameter["schema"]
        schema = components["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        assert schema.get("type") in ("string", "integer", "boolean"), place
        assert not {"nullable", "oneOf", "anyOf", "allOf", "default"} & set(schema), place


def test_patterns_hold_the_whole_value_and_formats_are_not_relied_on() -> None:
    """A pattern is searched for, so it is anchored; `format: uri` would pass `javascript:` and is checked by nobody."""
    found = list(_schemas(DOCUMENT.raw))
    patterns = [schema["pattern"] for _, schema in found if "pattern" in schema]
    assert len(patterns) > 10
    assert all(pattern.startswith("^") and pattern.endswith("$") and "|" not in pattern for pattern in patterns)
    # `double` constrains nothing: without it a generated client would round times to minutes.
    numbers = [schema for _, schema in found if schema.get("type") == "number"]
    assert all(schema.get("format") == "double" for schema in numbers)
    assert [path for path, schema in found if "format" in schema and schema not in numbers] == []


def test_free_text_admits_no_control_characters() -> None:
    """Parameters and fields without a list of values have a pattern and a greatest length (T15, T26)."""
    for path, item in DOCUMENT.raw["paths"].items():
        for method in ("get", "put", "post", "delete"):
            if method in item:
                operation = Operation(path, method, item[method])
                fields = {**operation.form, **{k: v["schema"] for k, v in operation.parameters("query").items()}}
                for name, schema in fields.items():
                    # What is wrong with languages costs nobody a logout: the request leaves them out (`read_request`).
                    if schema["type"] == "string" and "enum" not in schema and name not in ("ui_locales", "locale"):
                        assert {"pattern", "maxLength"} <= set(schema), f"{method} {path} {name}"


def test_operation_ids_make_good_method_names() -> None:
    """SDKs name their methods by them: camelCase, short, no two alike."""
    ids = [
        item[method]["operationId"]
        for item in DOCUMENT.raw["paths"].values()
        for method in ("get", "put", "post", "delete")
        if method in item
    ]
    assert all(entry.isalpha() and entry[0].islower() and len(entry) <= 24 for entry in ids)
    assert len(set(ids)) == len(ids)


POSTS_THAT_WRITE = {"joinSession", "redeliver", "registerIdToken", "hydraToken"}


def test_every_management_operation_asks_for_a_token_and_a_scope() -> None:
    """An operation is open to everybody only if its tag is public: nobody forgets the token without being told."""
    for path, item in DOCUMENT.raw["paths"].items():
        for method in ("get", "put", "post", "delete"):
            operation = item.get(method)
            if operation is None:
                continue
            where = f"{method} {path}"
            if operation["tags"][0] in PUBLIC_TAGS:
                assert "security" not in operation, where
                assert "x-scope" not in operation, where
            else:
                assert operation["tags"][0] in MANAGEMENT_TAGS, where
                assert operation["security"] == [{"managementToken": []}], where
                assert operation["x-scope"].partition(":")[2] in ("read", "write"), where
                assert {"401", "403", "404"} <= set(operation["responses"]), where
                writes = method in ("put", "delete") or operation["operationId"] in POSTS_THAT_WRITE
                assert operation["x-scope"].endswith("write") is writes, where


def _only_path(item: object, path: str = "/x") -> Edit:
    return lambda raw: raw.update(paths={path: item})


def _get(**members: Any) -> dict[str, Any]:
    return {"get": {"operationId": "a", "tags": ["logout"], "responses": {"200": {"description": ""}}, **members}}


def _logout(**extension: Any) -> Edit:
    return lambda raw: raw["paths"]["/idp/init_logout.openid"].update({"x-logout": extension})


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        pytest.param(lambda raw: raw.pop("paths"), "it has no paths", id="no paths"),
        pytest.param(lambda raw: raw.update(paths=[]), "it has no paths", id="paths that are none"),
        pytest.param(lambda raw: raw.update(openapi="3.1.0"), "it is not OpenAPI 3.0", id="3.1"),
        pytest.param(lambda raw: raw.pop("openapi"), "it is not OpenAPI 3.0", id="no version"),
        pytest.param(_only_path({}, "x"), "x: a path begins with a slash", id="a path without slash"),
        pytest.param(_only_path([]), "/x: it is not an object", id="a path item that is none"),
        pytest.param(_only_path({"get": []}), "GET /x: it is not an object", id="an operation that is none"),
        pytest.param(_only_path(_get(operationId="")), "GET /x: an operation needs", id="no operationId"),
        pytest.param(_only_path(_get(tags=[])), "GET /x: an operation needs", id="no tag"),
        pytest.param(_only_path(_get(tags=["logout", "b"])), "GET /x: an operation needs", id="two tags"),
        pytest.param(
            lambda raw: raw["paths"].update({"/x": _get(operationId="endSession")}),
            "GET /x: the operationId endSession is also that of GET /{issuer_id}/logout",
            id="an operationId twice",
        ),
        pytest.param(_logout(issuer={"from": "mars"}), "x-logout: issuer.from must be one of", id="issuer"),
        pytest.param(_logout(preset="oidc"), "x-logout: issuer.from must be one of", id="no issuer"),
        pytest.param(_logout(issuer={"from": "path"}), "the path has no issuer_id", id="no issuer_id"),
        pytest.param(_logout(issuer={"from": "host"}, colour="red"), "unknown member colour", id="unknown member"),
        pytest.param(
            _logout(issuer={"from": "host"}, parameters={"return": "returnTo"}),
            "parameters: return is not a parameter of the standard",
            id="unknown parameter",
        ),
        pytest.param(
            _logout(issuer={"from": "host"}, parameters={"state": "status"}),
            "parameters: no operation here takes status",
            id="a vendor's parameter that is not declared",
        ),
        pytest.param(
            _logout(issuer={"from": "host"}, parameters={"state": 5}),
            "parameters: the name of state must be a string",
            id="a parameter's name that is no text",
        ),
        pytest.param(_logout(issuer={"from": "host"}, preset=5), "preset must be a string", id="preset"),
        pytest.param(_logout(issuer={"from": "host"}, name=["x"]), "name must be a string", id="name"),
        pytest.param(_logout(issuer={"from": "host"}, policy=["x"]), "policy must be an object", id="policy"),
        pytest.param(
            _logout(issuer={"from": "host"}, parameters=["state"]), "parameters must be an object", id="parameters"
        ),
        pytest.param(lambda raw: raw["paths"]["/healthz"].update({"x-logout": {}}), "/healthz: x-logout", id="empty"),
    ],
)
def test_what_cannot_be_served_is_refused(edit: Edit, complaint: str) -> None:
    """Each thing that connexion would stumble over, or that would be passed over in silence, is told with its place."""
    with pytest.raises(BadDocument) as caught:
        checked_document(edited(edit))
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("openapi: 3.0.3\ninfo: {description: 'see {{this}}'}\npaths: {}", "{{ must not appear"),
        ("openapi: 3.0.3\ninfo: {description: '{% raw %}'}\npaths: {}", "{% must not appear"),
        ("openapi: [3.0.3", "expected"),
        ("- just\n- a list", "it has no paths"),
        ("openapi: 3.1.0\npaths: {}", "it is not OpenAPI 3.0"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, text: str, complaint: str) -> None:
    """What is wrong is told with the file's name; braces because connexion renders the text as a template."""
    (file := tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(BadDocument) as caught:
        load_document(file)
    assert str(file) in str(caught.value)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    """A missing file, or one that is no text, is as bad as one that says nonsense."""
    file = tmp_path / "missing.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadDocument, match=re.escape(str(file))):
        load_document(file)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda raw: raw["paths"].update({"/x": _get(tags=["nothing"])}), id="no module"),
        pytest.param(lambda raw: raw["paths"].update({"/x": _get(operationId="walkTheDog")}), id="no function"),
        pytest.param(
            lambda raw: raw["paths"]["/idp/init_logout.openid"]["post"]["requestBody"].update(
                content={"text/plain": {"schema": {"type": "string"}}}
            ),
            id="a body of another media type",
        ),
        pytest.param(lambda raw: raw["paths"]["/healthz"]["get"].pop("responses"), id="no OpenAPI"),
    ],
)
@pytest.mark.usefixtures("backend")
async def test_a_document_that_does_not_fit_its_handlers_is_refused_at_start(tmp_path: Path, edit: Edit) -> None:
    """An operation without a handler, or of a shape that is not read, is found before the first request."""
    with pytest.raises(BadDocument):
        async with deploy(tmp_path, document=checked_document(edited(edit))):
            pass


def test_fixed_paths_come_before_templated_ones() -> None:
    """OpenAPI 3.0, Paths Object: a concrete path is matched before its templated counterpart, wherever it stands."""
    raw = edited(lambda raw: raw.update(paths=dict(reversed(raw["paths"].items()))))
    paths = list(checked_document(raw).raw["paths"])
    templated = ["{" in path.split("/")[1] for path in paths]
    assert templated == sorted(templated)


@pytest.mark.parametrize(
    ("url_path", "template"),
    [
        ("/acme/logout", "/{issuer_id}/logout"),
        ("/idp/init_logout.openid", "/idp/init_logout.openid"),
        ("/acme/logout/status/abc", "/{issuer_id}/logout/status/{handle}"),
        ("/idp/init_logoutXopenid", None),
        ("/a/b/logout", None),
        ("//logout", None),
        ("/acme/logout/", None),
        ("/acme/logout\n", None),
    ],
)
def test_a_url_path_finds_its_template(url_path: str, template: str | None) -> None:
    """Errors are rendered by what the path would have been; nothing but the whole path counts."""
    assert DOCUMENT.path_of(url_path) == template


def test_first_words_of_fixed_paths_are_reserved() -> None:
    """An issuer of such a name could never be reached."""
    assert {"idp", "healthz", "readyz", "openapi.yaml", "openapi.json"} <= DOCUMENT.reserved_words()
    assert not any("{" in word for word in DOCUMENT.reserved_words())


def test_allow_lists_every_method_and_head_with_get() -> None:
    """RFC 9110, section 10.2.1; a HEAD is answered wherever a GET is."""
    assert DOCUMENT.allow("/{issuer_id}/logout") == "GET, HEAD, POST"
    assert DOCUMENT.allow("/{issuer_id}/logout/confirm") == "POST"
    assert DOCUMENT.allow("/{issuer_id}/sessions/{sid}") == "GET, HEAD, PUT, DELETE"
