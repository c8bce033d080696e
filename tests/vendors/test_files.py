"""Files of an operator's own (`server.extra_paths`) and vendors by name: mistakes are told before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kit.deployment import cookie_of, deploy
from tests.kit.flow import both_methods, log_out
from tests.kit.tokens import id_token
from tests.settings.operator import GOOD, Operator, operator
from tests.settings.test_together import ACME, SERVER, add

__all__ = ["operator"]

SIGNED_OUT = "https://app.example/signed-out"
FORM = "application/x-www-form-urlencoded"


def one_endpoint() -> dict[str, Any]:
    """A file with one endpoint that works."""
    text = {"$ref": "#/components/schemas/IdTokenHint"}
    item = {
        "x-logout": {
            "name": "mine",
            "preset": "oidc",
            "issuer": {"from": "path", "parameter": "org"},
            "parameters": {"id_token_hint": "token"},
        },
        "parameters": [{"name": "org", "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": {
            "operationId": "mineLogout",
            "tags": ["logout"],
            "parameters": [
                {"name": "token", "in": "query", "schema": text},
                {"$ref": "#/components/parameters/PostLogoutRedirectUri"},
            ],
        },
        "post": {
            "operationId": "mineLogoutPost",
            "tags": ["logout"],
            "requestBody": {
                "content": {
                    FORM: {
                        "schema": {
                            "type": "object",
                            "properties": {
                                "token": text,
                                "post_logout_redirect_uri": {"$ref": "#/components/schemas/RequestedUri"},
                            },
                        }
                    }
                }
            },
        },
    }
    return {"paths": {"/sso/{org}/out": item}}


@both_methods
async def test_an_endpoint_of_ones_own(tmp_path: Path, method: str) -> None:
    """A file next to the settings is all that it takes; the document that is served has it, with every answer."""
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(one_endpoint()))
    async with deploy(tmp_path, {"server": {"extra_paths": ["mine.yaml"], "vendors": ["okta"]}}) as gateway:
        await gateway.register()
        sent = {"token": id_token(), "post_logout_redirect_uri": SIGNED_OUT}
        response = await log_out(gateway, method, "/sso/acme/out", cookie=cookie_of(), **sent)
        assert response.headers["location"] == SIGNED_OUT
        assert await gateway.state_of() == "ended"
        paths = (await gateway.get("/openapi.json")).json()["paths"]
        assert yaml.safe_load((await gateway.get("/openapi.yaml")).text)["paths"] == paths
    added = paths["/sso/{org}/out"]
    assert added["x-logout"]["name"] == "mine"
    plain = paths["/{issuer_id}/end-session"]
    assert [added[item]["responses"] for item in ("get", "post")] == [
        plain[item]["responses"] for item in ("get", "post")
    ]
    assert "/oauth2/v1/logout" in paths


def _in_item(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    return lambda content: change(content["paths"]["/sso/{org}/out"])


def _same_name_again(content: dict[str, Any]) -> None:
    more = one_endpoint()["paths"]["/sso/{org}/out"]
    del more["post"]
    more["get"]["operationId"] = "another"
    content["paths"]["/sso2/{org}/out"] = more


def _with_the_shape_of_another(content: dict[str, Any]) -> None:
    item = content["paths"].pop("/sso/{org}/out")
    content["paths"]["/{org}/logout"] = item


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "components": (lambda content: content.update(components={}), "it has to hold paths, and nothing else"),
    "no paths": (lambda content: content["paths"].clear(), "it has no paths"),
    "a list": (lambda content: content.update(paths=[]), "it has to hold paths, and nothing else"),
    "a number for a path": (
        lambda content: content["paths"].update({1: {}}),
        "1: a path begins with a slash",
    ),
    "a path of the document": (
        lambda content: content["paths"].update({"/{issuer_id}/logout": {}}),
        "/{issuer_id}/logout: the document has this path already",
    ),
    "a path of that shape": (_with_the_shape_of_another, "it matches the same URLs as"),
    "another operation": (
        lambda content: content["paths"].update({"/x": {"get": {"operationId": "x", "tags": ["health"]}}}),
        "/x: only logout endpoints can be added, and it has no x-logout",
    ),
    "no name": (
        _in_item(lambda item: item["x-logout"].pop("name")),
        "x-logout: it needs a name of small letters, digits and -, for settings to refer to",
    ),
    "a name with a dot": (
        _in_item(lambda item: item["x-logout"].update(name="a.b")),
        "x-logout: it needs a name of small letters, digits and -, for settings to refer to",
    ),
    "a taken name": (
        _in_item(lambda item: item["x-logout"].update(name="authpi")),
        "x-logout: the name authpi is taken",
    ),
    "the plain endpoint's name": (
        _in_item(lambda item: item["x-logout"].update(name="end-session")),
        "x-logout: the name end-session is taken",
    ),
    "a name twice": (_same_name_again, "/sso2/{org}/out: x-logout: the name mine is taken"),
    "a PUT": (_in_item(lambda item: item.update(put=item["get"])), "a logout endpoint has a get, a post, or both"),
    "no method": (
        _in_item(lambda item: (item.pop("get"), item.pop("post"))),
        "a logout endpoint has a get, a post, or both",
    ),
    "another tag": (
        _in_item(lambda item: item["get"].update(tags=["sessions"])),
        "get /sso/{org}/out: its tags have to be [logout]",
    ),
    "one of our operationIds": (
        _in_item(lambda item: item["get"].update(operationId="endSession")),
        "GET /sso/{org}/out: the operationId endSession is also that of",
    ),
    "no operationId": (
        _in_item(lambda item: item["get"].pop("operationId")),
        "an operation needs an operationId",
    ),
    "a preset that there is not": (
        _in_item(lambda item: item["x-logout"].update(preset="odic")),
        "there is no preset odic",
    ),
    "a knob that there is not": (
        _in_item(lambda item: item["x-logout"].update(policy={"promt": "never"})),
        "policy.promt",
    ),
    "no issuer": (_in_item(lambda item: item["x-logout"].pop("issuer")), "issuer.from must be one of"),
    "an issuer that the path has not": (
        _in_item(lambda item: item["x-logout"]["issuer"].update(parameter="realm")),
        "issuer.from is path, but the path has no realm",
    ),
    "a parameter of the host": (
        _in_item(lambda item: item["x-logout"]["issuer"].update({"from": "host"})),
        "issuer.parameter is for issuer.from = path alone",
    ),
    "a slip in issuer": (
        _in_item(lambda item: item["x-logout"]["issuer"].update(param="org")),
        "unknown member issuer.param; known are from, parameter",
    ),
    "a name that no operation takes": (
        _in_item(lambda item: item["x-logout"]["parameters"].update(state="relay")),
        "parameters: no operation here takes relay",
    ),
    "a parameter that the standard has not": (
        _in_item(lambda item: item["x-logout"]["parameters"].update(returnTo="token")),
        "parameters: returnTo is not a parameter of the standard",
    ),
    "a body that is no form": (
        _in_item(
            lambda item: item["post"]["requestBody"].update(content={"application/xml": {"schema": {"type": "object"}}})
        ),
        "a request body is either",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_served(operator: Operator, kind: str) -> None:
    """The setting, the file, the path in it, what is wrong, and where to read what is right."""
    change, message = WRONG[kind]
    content = one_endpoint()
    change(content)
    (operator.folder / "mine.yaml").write_text(yaml.safe_dump(content))
    operator.write(add(SERVER, 'extra_paths = ["mine.yaml"]'))
    head, told, fix = operator.told_once()
    assert head == "FOLDER/endsession.toml, line 3: server.extra_paths.0 (ENDSESSION_SERVER__EXTRA_PATHS)"
    assert told.startswith("FOLDER/mine.yaml: ")
    assert message in told
    assert fix == "correct it; docs/vendors.md describes such a file"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it has to hold paths, and nothing else"),
        ("paths: [\n", "line 2: it is not YAML: "),
        ("paths: {/x: 1, /x: 2}", "line 1: /x is there twice"),
        ("paths: '{{ x }}'", "connexion renders the text as a template"),
        ("paths: {/x: 'a\x07b'}", "it is not YAML: "),
        ("paths: &a {/x: *a}", "the file: it holds itself"),
        ("\udcff", "it is not in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read(operator: Operator, text: str, message: str) -> None:
    """What is no YAML, and what is, but not as it seems."""
    (operator.folder / "mine.yaml").write_bytes(text.encode(errors="surrogateescape"))
    operator.write(add(SERVER, 'extra_paths = ["mine.yaml"]'))
    assert message in operator.told()
    assert "FOLDER/mine.yaml: " in operator.told()


@pytest.mark.parametrize(
    ("line", "message", "fix"),
    [
        ('vendors = ["keycloack"]', "there is no such vendor.", "did you mean keycloak?"),
        (
            'vendors = ["x"]',
            "there is no such vendor.",
            "use some of: auth0, cognito, duende, entra, hydra, keycloak, okta, zitadel",
        ),
        ('vendors = ["authpi"]', "authpi is always served.", "leave it out"),
        ('vendors = ["okta", "okta"]', "okta is named twice.", "leave one"),
        (
            'extra_paths = ["no.yaml"]',
            "there is no file FOLDER/no.yaml.",
            "correct it; relative paths start at the settings file",
        ),
    ],
)
def test_a_name_that_leads_nowhere(operator: Operator, line: str, message: str, fix: str) -> None:
    """A slip of the pen gets the right name."""
    operator.write(add(SERVER, line))
    assert operator.told_once()[1:] == (message, fix)


def test_all_problems_are_told_at_once(operator: Operator) -> None:
    """And what only follows from them is not: a knob of an endpoint that cannot be served is no second problem."""
    (operator.folder / "mine.yaml").write_text("paths: {}")
    lines = 'vendors = ["keycloack"]\nextra_paths = ["mine.yaml", "no.yaml"]'
    settings = add(ACME, 'announce = "mine"\ndialects.keycloak.policy = { prompt = "always" }', add(SERVER, lines))
    operator.write(settings)
    heads = [line for line in operator.told().splitlines() if line.startswith("FOLDER")]
    assert [head.split(": ")[1].split(" ")[0] for head in heads] == [
        "server.vendors.0",
        "server.extra_paths.0",
        "server.extra_paths.1",
    ]


def test_an_issuer_cannot_have_the_name_of_a_path(operator: Operator) -> None:
    """Its own paths would never be reached while the vendor is switched on."""
    operator.write(add(SERVER, 'vendors = ["keycloak"]', GOOD.replace("issuers.acme", "issuers.realms")))
    head, message, fix = operator.told_once()
    assert "issuers.realms" in head
    assert (message, fix) == ("the path /realms belongs to an endpoint of the document.", "rename the table")
    operator.write(GOOD.replace("issuers.acme", "issuers.realms"))
    operator.start()
