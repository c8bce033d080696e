"""Rules about what a browser does with a response: its pages, and the headers that protect them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from ..conventions import PUBLIC_TAGS
from ..exchange import Exchange
from ..target import Operation, Target


def security_headers(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """Headers against XSS, clickjacking, MIME sniffing, and leaks by Referer."""
    if exchange.path is None and exchange.status != 404:
        return
    if exchange.header("x-content-type-options").lower() != "nosniff":
        yield "no X-Content-Type-Options: nosniff"
    if exchange.header("referrer-policy").lower() != "no-referrer":
        yield "no Referrer-Policy: no-referrer"
    csp = exchange.header("content-security-policy")
    if "frame-ancestors 'none'" not in csp:
        yield "no Content-Security-Policy with frame-ancestors 'none'"
    if exchange.header("x-frame-options").upper() != "DENY":
        yield "no X-Frame-Options: DENY"
    if "default-src 'none'" not in csp:
        yield "no Content-Security-Policy with default-src 'none'"
    if "unsafe-" in csp or re.search(r"script-src[^;]*(\*|https?:|data:)", csp):
        yield "the Content-Security-Policy allows any script"


def not_shared(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """No script of another origin may read a response about a session (CORS)."""
    if operation is not None and operation.tag not in PUBLIC_TAGS and exchange.all("access-control-allow-origin"):
        yield "Access-Control-Allow-Origin lets other origins read the response"


def page(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """A page states its language and encoding. Its forms and refreshes stay on the service. No script is foreign."""
    if exchange.media_type != "text/html" or exchange.method == "HEAD":
        return
    if "utf-8" not in exchange.header("content-type").lower():
        yield "a page without charset=utf-8"
    if not re.search(r"<html[^>]*\blang=", exchange.text):
        yield "a page without a language"
    for action in re.findall(r"<form[^>]*\baction=\"([^\"]*)\"", exchange.text):
        if not action.startswith(target.public_url + "/") and urlsplit(action).netloc:
            yield "a form that is sent to another host"
    for url in re.findall(r"http-equiv=\"refresh\"[^>]*url=([^\"]*)\"", exchange.text, re.IGNORECASE):
        if not url.startswith(target.public_url + "/"):
            yield "a page that refreshes to another host"
    if re.search(r"<script[^>]*\bsrc=", exchange.text) or re.search(r"\son[a-z]+\s*=\s*[\"']", exchange.text):
        yield "a page with an external script or a script in an attribute"
    csp = exchange.header("content-security-policy")
    if "<script" in exchange.text and "'sha256-" not in csp and "'nonce-" not in csp:
        yield "a page with a script that its Content-Security-Policy does not name"
    if "form-action" not in csp:
        yield "a page whose Content-Security-Policy does not restrict forms (form-action)"
