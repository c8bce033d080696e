"""Sending logout requests as browsers and apps do."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from .deployment import Deployment, cookie_of

AUTHPI = "/acme/logout"
PING = "/idp/init_logout.openid"
PLAIN = "/acme/end-session"
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
JSON = "application/json"

both_methods = pytest.mark.parametrize("method", ["GET", "POST"])


async def log_out(
    gateway: Deployment, method: str, path: str, *, cookie: str = "", accept: str = "", **parameters: str
) -> httpx2.Response:
    """A logout request, with its parameters where the method puts them."""
    if method == "GET":
        return await gateway.get(path, parameters, cookie=cookie, accept=accept)
    return await gateway.post(path, parameters, cookie=cookie, accept=accept)


async def answer(
    gateway: Deployment,
    question: httpx2.Response,
    decision: str | None,
    *,
    cookie: str = "",
    fields: Mapping[str, str] | None = None,
    **headers: Any,
) -> httpx2.Response:
    """Press a button of the question page: its form's fields and `fields`, in the browser that got the page."""
    action, handle = form_of(question)
    cookies = "; ".join(filter(None, [cookie, browser_cookie(question)]))
    form = {"handle": handle, **(fields or {})} | ({"decision": decision} if decision else {})
    headers = {"origin": "null", "sec-fetch-site": "same-origin", **headers}
    return await gateway.post(action, form, cookie=cookies, accept=HTML, headers=headers)


def form_of(question: httpx2.Response) -> tuple[str, str]:
    """The path and the handle of the question's form."""
    action = re.search(r'<form method="post" action="https://login\.example([^"]+)">', question.text)
    handle = re.search(r'name="handle" value="([^"]+)"', question.text)
    assert action, question.text
    assert handle, question.text
    return html.unescape(action[1]), html.unescape(handle[1])


def browser_cookie(response: httpx2.Response) -> str:
    """The cookie by which the gateway knows the browser again, as the browser sends it back."""
    for header in response.headers.get_list("set-cookie"):
        if header.startswith("__Host-endsession="):
            return header.split(";")[0]
    return ""


def clears_cookie(response: httpx2.Response) -> bool:
    """Whether the answer removes the provider's cookie."""
    return any(header.startswith("op_session=; Max-Age=0") for header in response.headers.get_list("set-cookie"))


async def ask(gateway: Deployment, **parameters: str) -> httpx2.Response:
    """Sign alice in and let her be asked."""
    await gateway.register()
    question = await gateway.get(PLAIN, {"client_id": "web", **parameters}, cookie=cookie_of(), accept=HTML)
    assert asks(question)
    return question


def asks(response: httpx2.Response) -> bool:
    """Whether the answer is the question page."""
    return response.status_code == 200 and "Do you want to log out?" in response.text
