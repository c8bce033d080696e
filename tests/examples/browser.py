"""A browser without a screen: cookies, redirects one by one, forms; and every `*.localhost` is this machine."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urljoin

import httpx2


class Loopback(httpx2.HTTPTransport):
    """Connects to this machine whatever the host name, since not every resolver knows names below `localhost`."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """See httpx2."""
        url = request.url.copy_with(host="127.0.0.1")
        there = httpx2.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
        )  # fmt: skip
        return super().handle_request(there)


class Browser:
    """One browser. `page` is what it shows; `passed` are the addresses that led there."""

    def __init__(self) -> None:
        self.http = httpx2.Client(transport=Loopback(), headers={"Accept": "text/html,*/*;q=0.8"}, trust_env=False)
        self.page: httpx2.Response
        self.passed: list[str] = []

    def open(self, url: str, form: dict[str, str] | None = None) -> httpx2.Response:
        """Go to `url`, or send it a form, and follow redirects."""
        self.passed = [url]
        method: str = "GET" if form is None else "POST"
        self.page = self.http.request(method, url, data=form)
        while self.page.is_redirect:
            self.passed.append(urljoin(str(self.page.url), self.page.headers["location"]))
            self.page = self.http.get(self.passed[-1])
        return self.page

    def press(self, button: str) -> httpx2.Response:
        """Press the button with this text, with the fields of its form."""
        form, label = _form_with(self.page.text, button)
        fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form))
        fields |= dict(re.findall(r'name="([^"]*)" value="([^"]*)"', label))
        action = _unescaped(re.search(r'action="([^"]*)"', form))
        sent = {name: html.unescape(value) for name, value in fields.items()}
        return self.open(urljoin(str(self.page.url), action), sent)

    def cookies(self, host: str) -> dict[str, str]:
        """The cookies that a host has set and not cleared."""
        return {cookie.name: cookie.value or "" for cookie in self.http.cookies.jar if cookie.domain == host}

    def forget(self, host: str, name: str) -> None:
        """Drop a cookie."""
        self.http.cookies.delete(name, domain=host, path="/")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: Any) -> None:
        self.http.close()


def _form_with(page: str, button: str) -> tuple[str, str]:
    """The form that has a button with this text, and the button's tag."""
    for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
        label = re.search(rf"<button([^>]*)>{re.escape(button)}</button>", form)
        if label:
            return form, label[1]
    raise AssertionError(f"no form has a button {button!r}")


def _unescaped(found: re.Match[str] | None) -> str:
    assert found is not None
    return html.unescape(found[1])
