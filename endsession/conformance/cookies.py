"""Cookies: ours is closed to scripts and other sites, and of others' only the provider's may be cleared."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .exchange import Exchange
from .target import Operation, Target

OURS = ("__Host-endsession", "endsession")


def cookie_problems(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """Cookies of proxies on the way (such as a load balancer's) are not judged."""
    for line in exchange.all("set-cookie"):
        first, *attributes = (part.strip() for part in line.split(";"))
        name, _, value = first.partition("=")
        known = {attribute.partition("=")[0].lower(): attribute.partition("=")[2] for attribute in attributes}
        if exchange.method == "HEAD":
            yield "HEAD sets a cookie"
        if name in OURS:
            yield from _of_ours(name, known, target)
        elif name in sent_cookies(exchange) and (value or not _is_clearing(known)):
            yield "a cookie that was sent is given a new value"
        elif name in sent_cookies(exchange) and not known.get("path", "").startswith("/"):
            yield "a cookie is cleared without its path, which clears it nowhere else"


def _of_ours(name: str, known: dict[str, str], target: Target) -> Iterator[str]:
    if "httponly" not in known:
        yield "the cookie of ours is not HttpOnly"
    if known.get("samesite", "").lower() not in ("lax", "strict"):
        yield "the cookie of ours is neither SameSite=Lax nor Strict"
    if known.get("path") != "/":
        yield "the cookie of ours is not for Path=/"
    if "domain" in known:
        yield "the cookie of ours is shared with other hosts (Domain)"
    if not known.get("max-age", "").isdigit() or int(known["max-age"]) > 3600:
        yield "the cookie of ours lives longer than an hour"
    if target.public_url.startswith("https:") and ("secure" not in known or not name.startswith("__Host-")):
        yield "the cookie of ours is not Secure and __Host-"


def _is_clearing(known: dict[str, str]) -> bool:
    return known.get("max-age") == "0" or "1970" in known.get("expires", "")


def sent_cookies(exchange: Exchange) -> set[str]:
    """The names of the cookies that the request carried."""
    return set(re.findall(r"([^=;\s]+)=", exchange.sent("cookie")))


def clears(exchange: Exchange, name: str) -> bool:
    """Whether the answer takes a cookie away."""
    return any(
        line.startswith(f"{name}=;") and re.search(r"max-age=0|1970", line, re.IGNORECASE)
        for line in exchange.all("set-cookie")
    )
