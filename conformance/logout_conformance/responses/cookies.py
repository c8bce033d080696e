"""Cookies: the service's own has protective attributes, and of other cookies only the provider's may be cleared."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..conventions import BROWSER_COOKIES
from ..exchange import Exchange
from ..target import Operation, Target


def cookie_problems(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """Cookies that were not sent, such as those of a load balancer on the way, are not judged."""
    for line in exchange.all("set-cookie"):
        first, *attributes = (part.strip() for part in line.split(";"))
        name, _, value = first.partition("=")
        known = {attribute.partition("=")[0].lower(): attribute.partition("=")[2] for attribute in attributes}
        if exchange.method == "HEAD":
            yield "HEAD sets a cookie"
        if name in BROWSER_COOKIES:
            yield from _attributes(name, known, target)
        elif name in sent_cookies(exchange) and (value or not _is_clearing(known)):
            yield "a cookie of the request gets a new value"
        elif name in sent_cookies(exchange) and not known.get("path", "").startswith("/"):
            yield "a cookie is cleared without its path, so that browsers keep it for other paths"


def _attributes(name: str, known: dict[str, str], target: Target) -> Iterator[str]:
    if "httponly" not in known:
        yield f"{name} is not HttpOnly"
    if known.get("samesite", "").lower() not in ("lax", "strict"):
        yield f"{name} is neither SameSite=Lax nor SameSite=Strict"
    if known.get("path") != "/":
        yield f"{name} does not have Path=/"
    if "domain" in known:
        yield f"{name} is shared with other hosts (Domain)"
    if not known.get("max-age", "").isdigit() or int(known["max-age"]) > 3600:
        yield f"{name} lives longer than an hour"
    if target.public_url.startswith("https:") and ("secure" not in known or not name.startswith("__Host-")):
        yield f"{name} is not Secure with the prefix __Host-"


def _is_clearing(known: dict[str, str]) -> bool:
    return known.get("max-age") == "0" or "1970" in known.get("expires", "")


def sent_cookies(exchange: Exchange) -> set[str]:
    """The names of the cookies in the request."""
    return set(re.findall(r"([^=;\s]+)=", exchange.sent("cookie")))


def clears(exchange: Exchange, name: str) -> bool:
    """Whether the response clears a cookie."""
    return any(
        line.startswith(f"{name}=;") and re.search(r"max-age=0|1970", line, re.IGNORECASE)
        for line in exchange.all("set-cookie")
    )
