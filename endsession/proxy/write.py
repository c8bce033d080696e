"""The plan, in the words of a proxy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .plan import Plan

FILES: Mapping[str, str] = {
    "nginx": "nginx.conf",
    "caddy": "Caddyfile",
    "envoy": "envoy.yaml",
    "haproxy": "haproxy.cfg",
    "traefik": "traefik.yaml",
}
"""By proxy, the name of its configuration."""


def spelled(path: str, slash: str) -> str:
    """A regular expression for a path in which each slash may be written as `slash` says, itself an expression.

    Many servers take `//`, `/./` or `%2F` for a slash. What they would take for an endpoint must not go around
    endsession, which knows no such path and says so.
    """
    plain = re.sub(r"[^\w/-]", lambda found: f"[{found[0]}]", path)
    return plain.replace("/", slash)


def write(plan: Plan, proxy: str) -> str:
    """The configuration of one of FILES. What stands in a plan means nothing but itself to any of them."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # it is no HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["spelled"] = spelled
    return environment.get_template(FILES[proxy]).render(plan=plan)
