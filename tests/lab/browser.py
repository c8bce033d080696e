"""A browser over HTTP: cookies, redirects, forms, and the headers by which servers see who caused a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2

from .cookies import Cookies, Navigation, site
from .forms import Form, forms_of
from .network import Network

Destination = Literal["document", "iframe"]
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
MAX_HOPS = 20
SENDS_ITSELF = ("document.forms[0].submit(",)
"""In the script of a page that sends its form by itself: that of `form_post`, and that with which an app reads a
fragment, which it has in a field of that name."""


@dataclass(frozen=True)
class Page:
    """Where the browser has arrived, and the responses on the way there, the last of which is the page."""

    responses: tuple[httpx2.Response, ...]
    url: str
    """The URL in the address bar, with its fragment."""

    @property
    def response(self) -> httpx2.Response:
        """The response that is shown."""
        return self.responses[-1]

    @property
    def status(self) -> int:
        """The status of the page."""
        return self.response.status_code

    @property
    def text(self) -> str:
        """The page."""
        return self.response.text

    @property
    def forms(self) -> list[Form]:
        """The forms of the page."""
        return forms_of(self.text) if "html" in self.response.headers.get("content-type", "") else []

    def form_with(self, name: str) -> Form | None:
        """The first form that has a field or a button of that name."""
        return next((form for form in self.forms if form.has(name) or name in dict(form.buttons)), None)

    @property
    def way(self) -> list[str]:
        """The URLs that were requested, without their queries: for messages and for tests of who was asked."""
        return [str(response.request.url).partition("?")[0] for response in self.responses]


@dataclass
class Browser:
    """A person's browser. Two of them share nothing."""

    network: Network
    cookies: Cookies = field(default_factory=Cookies)
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with every request."""

    async def get(self, url: str, *, initiator: str = "", destination: Destination = "document", **query: str) -> Page:
        """Go to a URL: typed in, or followed from the page `initiator`, which for an iframe is the page around it."""
        if query:
            url += ("&" if urlsplit(url).query else "?") + urlencode(query)
        return await self._go("GET", url, None, initiator, destination)

    async def submit(self, page: Page, form: Form, *, button: str | None = None, **values: str) -> Page:
        """Fill in a form of a page and send it."""
        pairs = form.filled(values, button)
        url = urljoin(page.url, form.action)
        if form.method == "GET":
            return await self._go("GET", f"{url.partition('?')[0]}?{urlencode(pairs)}", None, page.url, "document")
        return await self._go("POST", url, urlencode(pairs).encode(), page.url, "document")

    async def _go(self, method: str, url: str, body: bytes | None, initiator: str, destination: Destination) -> Page:
        responses: list[httpx2.Response] = []
        while len(responses) < MAX_HOPS:
            response = await self._send(method, url, body, initiator, destination)
            responses.append(response)
            location = response.headers.get("location")
            if response.is_redirect and location:
                url = urljoin(url, location)
                if response.status_code not in (307, 308):
                    method, body = "GET", None
                continue
            page = Page(tuple(responses), url)
            if not any(script in page.text for script in SENDS_ITSELF):
                return page
            (form,) = page.forms
            values = {"fragment": urlsplit(url).fragment} if form.has("fragment") else {}
            initiator, url = page.url, urljoin(page.url, form.action)
            method, body = "POST", urlencode(form.filled(values)).encode()
        raise AssertionError(f"it goes round in circles: {Page(tuple(responses), url).way}")

    async def _send(
        self, method: str, url: str, body: bytes | None, initiator: str, destination: Destination
    ) -> httpx2.Response:
        """One request, with the cookies that go with it, and those of its response taken."""
        navigation = Navigation(method, url, initiator, destination == "document")
        headers = {
            "User-Agent": AGENT,
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": "en",
            "Accept-Encoding": "gzip, deflate",
            "Sec-Fetch-Dest": destination,
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Site": _relation(initiator, url),
            **_caused_by(method, initiator),
            **self.headers,
        }
        if cookie := self.cookies.header(navigation):
            headers["Cookie"] = cookie
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        request = httpx2.Request(method, url.partition("#")[0], headers=headers, content=body)
        response = await self.network.handle_async_request(request)
        await response.aread()
        await response.aclose()
        self.cookies.take(navigation, response.headers.get_list("set-cookie"))
        return response


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _relation(initiator: str, url: str) -> str:
    """The value of `Sec-Fetch-Site`."""
    if not initiator:
        return "none"
    if _origin(initiator) == _origin(url):
        return "same-origin"
    return "same-site" if site(initiator) == site(url) else "cross-site"


def _caused_by(method: str, initiator: str) -> dict[str, Any]:
    """Origin and Referer, by the policy that browsers have by default (strict-origin-when-cross-origin)."""
    if not initiator:
        return {}
    referer = {"Referer": f"{_origin(initiator)}/"}
    return {**referer, "Origin": _origin(initiator)} if method == "POST" else referer
