"""A browser's cookies: `http.cookiejar` with what browsers have added since (RFC 6265bis): SameSite and prefixes."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

SAFE = ("GET", "HEAD")


def site(url: str) -> tuple[str, str]:
    """The scheme and the registrable domain (the last two labels: the lab's hosts are all like login.example)."""
    parts = urlsplit(url)
    return parts.scheme, ".".join((parts.hostname or "").split(".")[-2:])


def same_site(cookie: Cookie) -> str:
    """`strict`, `lax` or `none`. A cookie that says nothing is lax, as browsers have it."""
    rest: dict[str, Any] = vars(cookie)["_rest"]
    said = next((str(value).lower() for name, value in rest.items() if name.lower() == "samesite"), "lax")
    return said if said in ("strict", "none") else "lax"


class Navigation(Request):
    """A request of a browser, as the jar sees it. `initiator` is the page that caused it, empty for the user."""

    def __init__(self, method: str, url: str, initiator: str, top_level: bool) -> None:
        super().__init__(url, method=method)
        self.same_site = not initiator or site(initiator) == site(url)
        self.lax = self.same_site or (top_level and method in SAFE)


class _Policy(DefaultCookiePolicy):
    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        secure = bool(cookie.secure) and request.type == "https"
        if cookie.name.startswith("__Secure-") and not secure:
            return False
        bound = secure and not cookie.domain_specified and cookie.path_specified and cookie.path == "/"
        if cookie.name.startswith("__Host-") and not bound:
            return False
        if cookie.secure and request.type != "https":
            return False
        # What a response may set without being navigated to is bound the same way as what it may read.
        return self._allowed(cookie, request) and super().set_ok(cookie, request)

    def return_ok(self, cookie: Cookie, request: Request) -> bool:
        return self._allowed(cookie, request) and super().return_ok(cookie, request)

    @staticmethod
    def _allowed(cookie: Cookie, request: Request) -> bool:
        assert isinstance(request, Navigation)
        return {"strict": request.same_site, "lax": request.lax, "none": True}[same_site(cookie)]


class Cookies:
    """The cookies of one browser, kept by host, path and name."""

    def __init__(self) -> None:
        self.jar = CookieJar(_Policy(strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain))

    def header(self, navigation: Navigation) -> str | None:
        """The Cookie header of a request, if any cookie goes with it."""
        self.jar.add_cookie_header(navigation)
        value = navigation.get_header("Cookie")
        return str(value) if value else None

    def take(self, navigation: Navigation, set_cookies: list[str]) -> None:
        """Keep, replace and delete what a response says."""

        class _Response:
            def info(self) -> Message:
                message = Message()
                for value in set_cookies:
                    message["Set-Cookie"] = value
                return message

        self.jar.extract_cookies(_Response(), navigation)  # type: ignore[arg-type]  # it uses info() alone

    def __iter__(self) -> Iterator[Cookie]:
        return iter(self.jar)

    def of(self, host: str) -> dict[str, str]:
        """The names and values of the cookies that a host has set for itself or for its domain."""
        return {cookie.name: cookie.value or "" for cookie in self if host.endswith(cookie.domain.lstrip("."))}
