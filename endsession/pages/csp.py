"""Every Content-Security-Policy that is sent: nothing is allowed but what a page brings or has to reach (T16, T17).

A page's own style and script are named by their hash, so that they work inline and nothing else does.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from urllib.parse import urlsplit

NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
"""Of every answer that is no page."""


def page_csp(*, style: str, script: str = "", frames: Iterable[str] = (), form: str = "'none'") -> str:
    """The policy of a page with this inline style and script. `frames` are URLs, `form` what `form-action` allows."""
    parts = ["default-src 'none'", f"style-src '{_hash(style)}'", "base-uri 'none'", "frame-ancestors 'none'"]
    parts += [f"script-src '{_hash(script)}'"] if script else []
    parts += [f"frame-src {' '.join(sorted(set(map(_origin, frames))))}"] if frames else []
    return "; ".join([*parts, f"form-action {form}"])


def form_to_ourselves(redirect: str | None) -> str:
    """What `form-action` allows for one of our forms whose response may be a redirect to `redirect`.

    Browsers hold the redirect that answers a form to `form-action` too, so its target has to be named there.
    """
    if redirect is None:
        return "'self'"
    scheme = urlsplit(redirect).scheme
    return f"'self' {_origin(redirect) if scheme in ('http', 'https') else f'{scheme}:'}"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
