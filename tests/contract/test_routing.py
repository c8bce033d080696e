"""Routing: the document's paths and methods exactly, no redirect to a better slash, and a HEAD that does nothing."""

from __future__ import annotations

import json
from urllib.parse import quote, unquote, urlencode, urlsplit

import pytest

from tests.kit.deployment import DOCUMENT, TOKEN, Deployment, cookie_of
from tests.kit.flow import AUTHPI, HTML, JSON, PING, PLAIN, answer, form_of
from tests.kit.raw import ask
from tests.kit.tokens import id_token

SIGNED_OUT = "https://app.example/signed-out"
ALL_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "TRACE", "QUERY", "CONNECT", "get", "FOO")
every_path = pytest.mark.parametrize("template", DOCUMENT.raw["paths"])


def url_of(template: str) -> str:
    """An address that the template matches."""
    values = {"issuer_id": "acme", "handle": "gAAAAAB", "sid": "s-1", "delivery_id": "0abc"}
    path = template
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, f"give {template} a value here"
    return path


def documented(template: str) -> set[str]:
    """The methods that the document gives a path, and HEAD where there is GET."""
    methods = {
        method.upper() for method in DOCUMENT.raw["paths"][template] if method in ("get", "put", "post", "delete")
    }
    return methods | {"HEAD"} if "GET" in methods else methods


@every_path
async def test_a_wrong_method_gets_the_complete_allow(shared: Deployment, template: str) -> None:
    """405 with every method that the path knows, whichever of its routes was nearest (RFC 9110, 15.5.6)."""
    for method in ALL_METHODS:
        if method in documented(template):
            continue
        got = await ask(shared.app, method, url_of(template), token=TOKEN)
        assert got.status == 405, method
        allowed = (got.header("allow") or "").split(", ")
        assert set(allowed) == documented(template)
        assert len(allowed) == len(set(allowed))


@every_path
async def test_a_right_method_is_never_a_405(shared: Deployment, template: str) -> None:
    """And nothing but a 405 has the header, which would promise methods for another reason."""
    for method in documented(template):
        got = await ask(shared.app, method, url_of(template))
        known = "issuer" in got.text or "session" in got.text or "switched off" in got.text
        assert got.status not in (404, 405, 500) or known, method
        assert got.header("allow") is None


@every_path
@pytest.mark.parametrize("change", ["{}/", "/{}", "{}//", "{}/.", "{}%20", "{}%0a", "{}%0D", "{};", "{}.json", "{}/x"])
async def test_an_address_beside_a_path_is_a_404(shared: Deployment, template: str, change: str) -> None:
    """No redirect, above all: its Location would carry the query, token included, to the Host of the request (T19)."""
    changed = change.replace("{}", url_of(template))
    got = await ask(shared.app, "GET", f"{changed}?id_token_hint={id_token()}", host="evil.example")
    if DOCUMENT.path_of(unquote(changed)) and not {"\n", "\r"} & set(unquote(changed)):
        # It is an address of another kind: a path that ends in a value, which is held to its pattern.
        assert got.status in (400, 401, 405, 421)
    else:
        assert got.status == 404
    assert got.header("location") is None


@pytest.mark.parametrize("bad", ["gA%20A", "gA+A", "gA%C3%A9", "gA,A", "gA;A", "%zz"])
async def test_a_value_in_a_path_is_held_to_its_pattern(shared: Deployment, bad: str) -> None:
    """What no handle and no sid is made of is malformed."""
    assert (await ask(shared.app, "GET", f"/acme/logout/status/{bad}")).status == 400
    sid = await ask(shared.app, "GET", f"/acme/sessions/{bad}", token=TOKEN)
    assert sid.status == 400
    assert "The parameter sid holds characters that are not allowed" in sid.text


async def test_case_matters(shared: Deployment) -> None:
    """Paths are compared byte by byte."""
    for path in ("/acme/LOGOUT", "/IDP/init_logout.openid", "/ACME/end-session", "/acme/Logout/status/x"):
        assert (await ask(shared.app, "GET", path)).status == 404


async def test_a_fixed_path_wins_over_a_templated_one(shared: Deployment) -> None:
    """`/idp/...` is PingFederate's, and never an issuer called idp."""
    got = await ask(shared.app, "GET", PING, accept=HTML)
    assert got.status == 200
    assert (await ask(shared.app, "GET", "/idp/logout?id_token_hint=x")).status == 404


# HEAD


@pytest.mark.parametrize("path", [AUTHPI, PING, PLAIN])
async def test_a_head_ends_nothing(gateway: Deployment, path: str) -> None:
    """A link checker that sends a HEAD to a logout link signs nobody out: 200, empty, and the session is live."""
    await gateway.register()
    query = urlencode({"id_token_hint": id_token(), "post_logout_redirect_uri": SIGNED_OUT})
    got = await ask(gateway.app, "HEAD", f"{path}?{query}", headers=[("cookie", cookie_of())])
    assert (got.status, got.body) == (200, b"")
    assert got.header("location") is None
    assert got.all("set-cookie") == []
    assert await gateway.state_of() == "live"
    after = await ask(gateway.app, "GET", f"{path}?{query}", headers=[("cookie", cookie_of())])
    assert after.status == 303
    assert await gateway.state_of() == "ended"


@pytest.mark.parametrize(
    "path", [AUTHPI, PING, PLAIN, "/nobody/logout", "/acme/logout/status/x", "/acme/logout/resume"]
)
async def test_a_head_is_a_200_whatever_it_asks(shared: Deployment, path: str) -> None:
    """It tells nothing: neither of issuers, nor of hints, nor of handles."""
    for query in ("", "?id_token_hint=x&id_token_hint=y", f"?state={'s' * 20_000}"):
        got = await ask(shared.app, "HEAD", path + query)
        assert (got.status, got.body) == (200, b"")


async def test_a_head_spends_no_handle(gateway: Deployment) -> None:
    """A preview of the address of a parked request leaves it as good as it was."""
    await gateway.register()
    parked = await gateway.get(PLAIN, {"client_id": "web"}, cookie=cookie_of(), accept=JSON)
    address = urlsplit(parked.json()["confirm_url"])
    for _ in range(3):
        assert (await ask(gateway.app, "HEAD", f"{address.path}?{address.query}")).status == 200
    question = await gateway.get(f"{address.path}?{address.query}", cookie=cookie_of(), accept=HTML)
    assert form_of(question)
    assert (await answer(gateway, question, "yes", cookie=cookie_of())).status_code == 200
    assert await gateway.state_of() == "ended"


async def test_a_head_of_a_management_operation_needs_its_token(shared: Deployment) -> None:
    """Reading heads is reading."""
    await shared.register(sid := "s-head")
    assert (await ask(shared.app, "HEAD", f"/acme/sessions/{sid}")).status == 401
    assert (await ask(shared.app, "HEAD", f"/acme/sessions/{sid}", token=TOKEN)).status == 200


async def test_openapi_is_served_as_it_is_routed(shared: Deployment) -> None:
    """The paths of the served document are those that answer."""
    served = json.loads((await ask(shared.app, "GET", "/openapi.json")).body)
    assert set(served["paths"]) == set(DOCUMENT.raw["paths"])


async def test_no_user_interface_is_served(shared: Deployment) -> None:
    """The one that connexion carries is old, and cannot live under a strict policy (T33)."""
    for path in ("/ui", "/ui/", "/ui/index.html", "/acme/ui/", "/docs", "/swagger.json", "/static/x"):
        assert (await ask(shared.app, "GET", path)).status == 404


async def test_an_issuers_name_is_decoded_once(shared: Deployment) -> None:
    """`%61cme` is acme; `%2561cme` is an issuer that there is not."""
    assert (await ask(shared.app, "GET", "/%61cme/jwks.json")).status == 200
    assert (await ask(shared.app, "GET", f"/{quote('%61cme')}/jwks.json")).status == 404
