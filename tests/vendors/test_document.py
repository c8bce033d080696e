"""The document with every vendor in it: valid, unambiguous, good to generate from, and served as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from endsession.contract.added_paths import FOLDER, merge, shipped
from endsession.contract.document import METHODS, Document, load_document
from endsession.settings import complaint
from tests.kit.deployment import cookie_of, deploy, merged
from tests.kit.flow import HTML, asks
from tests.kit.tokens import id_token

from .table import ALL, ENDPOINTS, VENDORS


@pytest.fixture(scope="module")
def everything() -> Document:
    """The document with all vendors."""
    document = load_document()
    for file in shipped().values():
        document = merge(document, file)
    return document


def operations(document: Document) -> list[dict[str, Any]]:
    """Every operation of a logout endpoint."""
    items = [document.raw["paths"][path] for path in document.endpoints]
    return [item[method] for item in items for method in METHODS if method in item]


def test_it_is_valid(everything: Document) -> None:
    """OpenAPI 3.0, by a validator that knows nothing of us."""
    validate(dict(everything.raw))


def test_operation_ids_make_good_method_names(everything: Document) -> None:
    """camelCase, no two alike, and the vendor first."""
    ids = [operation["operationId"] for operation in operations(everything)]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9]{5,23}", item) for item in ids)
    assert all(any(item.startswith(vendor) for item in ids) for vendor in VENDORS)


def test_every_endpoint_says_what_it_does(everything: Document) -> None:
    """A summary, a description, and an example and a bound for every parameter."""
    components = everything.raw["components"]
    for operation in operations(everything):
        assert operation["summary"]
        assert operation["description"]
        for parameter in operation.get("parameters", ()):
            found = components["parameters"][parameter["$ref"].rpartition("/")[2]] if "$ref" in parameter else parameter
            assert found["description"], operation["operationId"]
            assert found["example"], operation["operationId"]
            assert "$ref" in found["schema"] or found["in"] == "path"


def test_the_names_and_policies_are_known(everything: Document) -> None:
    """Every endpoint has a name of its own, and terms that a policy can have."""
    names = [endpoint.name for endpoint in everything.endpoints.values()]
    assert len(names) == len(set(names))
    assert [complaint(endpoint) for endpoint in everything.endpoints.values()] == [None] * len(names)


def test_no_vendor_has_code() -> None:
    """A vendor's logout URL is one YAML file, and no Python names a vendor, but for what a provider itself calls."""
    root = FOLDER.resolve().parents[1]
    assert {path.suffix for path in FOLDER.iterdir()} == {".yaml"}
    sources = [path for room in ("endsession", "handlers") for path in (root / room).rglob("*.py")]
    assert len(sources) > 50
    words = re.compile(rf"\b({'|'.join(VENDORS)}|returnTo)\b|[\"']logout_uri", re.IGNORECASE)
    told = {path.name for path in sources if words.search(path.read_text())}
    assert told == {"hooks.py"}


async def test_it_is_served_as_it_is(tmp_path: Path, everything: Document) -> None:
    """`/openapi.json` and `/openapi.yaml` have the paths of those that are switched on, and of no others."""
    async with deploy(tmp_path, {"server": {"vendors": ["okta", "entra"]}}) as gateway:
        served = (await gateway.get("/openapi.json")).json()
        assert served == yaml.safe_load((await gateway.get("/openapi.yaml")).text)
    added = {path for path in served["paths"] if path not in load_document().raw["paths"]}
    assert added == {"/oauth2/{authorizationServerId}/v1/logout", "/oauth2/v1/logout", "/{tenant}/oauth2/v2.0/logout"}
    assert all(served["paths"][path] == everything.raw["paths"][path] for path in added)


@pytest.mark.parametrize("name", ENDPOINTS)
async def test_discovery_can_announce_it(tmp_path: Path, name: str) -> None:
    """`announce` names it, and the address that a relying party then reads is one that logs out."""
    url = ENDPOINTS[name].url
    async with deploy(tmp_path, merged(ALL, {"issuers": {"acme": {"announce": name}}})) as gateway:
        await gateway.register()
        members = (await gateway.get("/acme/.well-known/openid-configuration")).json()
        assert members["end_session_endpoint"] == f"https://login.example{url}"
        sent = {"id_token_hint": id_token(), "client_id": "web"}
        response = await gateway.get(members["end_session_endpoint"], sent, cookie=cookie_of())
        assert (response.status_code, await gateway.state_of()) == (200, "ended")


async def test_an_issuer_changes_single_knobs_of_it(tmp_path: Path) -> None:
    """`issuers.ID.dialects.NAME.policy`: a vendor that ends without a question can be made to ask."""
    policy = {"on_no_hint": "prompt", "on_no_params": "prompt"}
    changes = {"issuers": {"acme": {"dialects": {"auth0-v2": {"policy": policy}}}}}
    async with deploy(tmp_path, merged(ALL, changes)) as gateway:
        await gateway.register()
        assert asks(await gateway.get("/v2/logout", {"client_id": "web"}, cookie=cookie_of(), accept=HTML))
        assert await gateway.state_of() == "live"
