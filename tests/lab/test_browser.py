"""The lab's browser keeps and sends cookies as browsers do, so that a test sees of them what people will see."""

from __future__ import annotations

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from .browser import Browser
from .forms import forms_of
from .network import Network

LOGIN, APP = "https://login.example", "https://web.example"


async def echo(request: Request) -> Response:
    """What came, and the cookies of the query as Set-Cookie lines."""
    headers = {name: request.headers.get(name) for name in ("cookie", "origin", "referer")}
    fetch = {name: request.headers.get(f"sec-fetch-{name}") for name in ("site", "dest")}
    response = JSONResponse({"method": request.method, **headers, **fetch, "body": (await request.body()).decode()})
    for line in request.query_params.getlist("set"):
        response.headers.append("Set-Cookie", line)
    return response


async def go(request: Request) -> Response:
    """A redirect to the query's `to`, or to itself, by its `status`."""
    return RedirectResponse(request.query_params.get("to", "/go"), int(request.query_params.get("status", 303)))


async def form(request: Request) -> Response:
    """A page whose form goes to the query's `to`; with `by=itself` it does so by a script."""
    script = "<script>document.forms[0].submit()</script>" if "by" in request.query_params else ""
    page = f'<form method="post" action="{request.query_params["to"]}"><input name="a" value="1">{script}</form>'
    return Response(page, media_type="text/html")


@pytest.fixture
def browser() -> Browser:
    """A browser in a network of three hosts."""
    network = Network()
    routes = [Route("/go", go), Route("/form", form), Route("/{path:path}", echo, methods=["GET", "POST"])]
    for host in ("login.example", "api.login.example", "web.example"):
        network.route(host, httpx2.ASGITransport(app=Starlette(routes=routes)))
    return Browser(network)


async def give(browser: Browser, line: str, url: str = LOGIN) -> None:
    """Let a server set a cookie."""
    await browser.get(url, set=line)


async def sent(browser: Browser, url: str, initiator: str = "") -> str | None:
    """The Cookie header that arrives."""
    cookie = (await browser.get(url, initiator=initiator)).response.json()["cookie"]
    return str(cookie) if cookie else None


async def test_a_cookie_goes_back_to_its_host_alone(browser: Browser) -> None:
    """One without Domain goes to the host that set it; one with Domain goes to the hosts below it as well."""
    await give(browser, "own=1; Secure")
    await give(browser, "shared=2; Domain=login.example; Secure")
    assert await sent(browser, LOGIN) == "own=1; shared=2"
    assert await sent(browser, "https://api.login.example") == "shared=2"
    assert await sent(browser, APP) is None
    assert await sent(browser, "http://login.example") is None


async def test_a_cookie_is_deleted_as_it_was_set(browser: Browser) -> None:
    """Deleting needs the same path and the same scope: a line without Domain leaves the cookie with Domain alone."""
    await give(browser, "a=1")
    await give(browser, "a=2; Domain=login.example")
    await give(browser, "a=; Max-Age=0")
    assert await sent(browser, LOGIN) == "a=2"
    await give(browser, "a=; Max-Age=0; Domain=login.example; Path=/other")
    assert await sent(browser, LOGIN) == "a=2"
    await give(browser, "a=; Domain=login.example; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    assert await sent(browser, LOGIN) is None


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("__Host-a=1; Secure; Path=/", True),
        ("__Host-a=1; Path=/", False),
        ("__Host-a=1; Secure", False),
        ("__Host-a=1; Secure; Path=/; Domain=login.example", False),
        ("__Secure-a=1; Secure", True),
        ("__Secure-a=1", False),
    ],
)
async def test_a_prefix_is_a_promise(browser: Browser, line: str, kept: bool) -> None:
    """`__Host-` and `__Secure-` cookies that do not keep what their names promise are refused (RFC 6265bis, 4.1.3)."""
    await give(browser, line)
    assert (await sent(browser, f"{LOGIN}/deep/path") is not None) == kept


@pytest.mark.parametrize(
    ("attribute", "link", "post", "frame"),
    [
        ("; SameSite=Strict", False, False, False),
        ("; samesite=lax", True, False, False),
        ("", True, False, False),
        ("; SameSite=None", True, True, True),
    ],
)
async def test_another_site_reaches_some_cookies(
    browser: Browser, attribute: str, link: bool, post: bool, frame: bool
) -> None:
    """A link, a form and a frame on another site's page send the cookies that SameSite allows."""
    await give(browser, f"a=1; Secure{attribute}")
    assert await sent(browser, LOGIN) == "a=1"
    assert (await sent(browser, LOGIN, initiator=APP) is not None) == link
    page = await browser.get(f"{APP}/form", to=LOGIN)
    arrived = (await browser.submit(page, page.forms[0])).response.json()
    assert (arrived["cookie"] is not None) == post
    assert (arrived["method"], arrived["site"], arrived["origin"]) == ("POST", "cross-site", APP)
    framed = (await browser.get(LOGIN, initiator=APP, destination="iframe")).response.json()
    assert (framed["cookie"] is not None) == frame
    assert framed["dest"] == "iframe"


async def test_another_site_replaces_no_cookie_that_it_cannot_send(browser: Browser) -> None:
    """A response within a frame of another site sets no Lax cookie."""
    await give(browser, "a=1; Secure; SameSite=Lax")
    await browser.get(LOGIN, initiator=APP, destination="iframe", set="a=2; Secure; SameSite=Lax")
    assert await sent(browser, LOGIN) == "a=1"


async def test_redirects_and_pages_that_send_themselves_are_followed(browser: Browser) -> None:
    """A 303 becomes a GET and a 307 stays a POST; a `form_post` page goes on by itself, as another site's POST."""
    page = await browser.get(f"{APP}/go", to=f"{LOGIN}/here?a=%20b#part")
    assert (page.url, page.way) == (f"{LOGIN}/here?a=%20b#part", [f"{APP}/go", f"{LOGIN}/here"])
    page = await browser.get(f"{APP}/form", to=f"{LOGIN}/here", by="itself")
    assert page.response.json() | {"method": "POST", "body": "a=1", "site": "cross-site"} == page.response.json()


async def test_a_circle_of_redirects_is_an_error(browser: Browser) -> None:
    """It is named, and not followed any further."""
    with pytest.raises(AssertionError, match="circles"):
        await browser.get(f"{APP}/go")


def test_forms_are_read_as_they_are_sent() -> None:
    """Hidden fields, checked boxes, the pressed button and controls outside the form are in; disabled ones are not."""
    (found,) = forms_of("""
        <form id="f" action="/x" method="POST"><input type="hidden" name="h" value="1"><input name="user">
        <input type="checkbox" name="c" value="yes" checked><input type="checkbox" name="d" value="no">
        <input name="gone" disabled><button name="act" value="ok">OK</button></form>
        <button name="act" value="no" form="f">No</button><input name="elsewhere">""")
    assert (found.action, found.method) == ("/x", "POST")
    assert found.filled({"user": "alice"}) == [("h", "1"), ("user", "alice"), ("c", "yes")]
    assert found.filled({}, "act")[-1] == ("act", "ok")
    assert found.filled({}, "act=no")[-1] == ("act", "no")
    with pytest.raises(AssertionError, match="no \\['password'\\]"):
        found.filled({"password": "x"})
