"""The extension `x-logout`: how a vendor's logout endpoint differs from the standard's.

With it, serving another vendor's logout URL is an edit of the document and of nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast, get_args

STANDARD_PARAMETERS = (
    "id_token_hint",
    "logout_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
)
IssuerFrom = Literal["path", "host", "default"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What `x-logout` says about one path.

    `path` is the template it stands at. `name` is what `issuers.ID.dialects.NAME` in the settings refers to; the plain
    endpoint has none, and follows the issuer's own preset and policy. `policy` holds knobs that differ from the preset.
    """

    path: str
    name: str | None
    preset: str | None
    issuer_from: IssuerFrom
    parameters: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)

    def vendor_name(self, standard: str) -> str:
        """What this vendor calls a parameter of the standard."""
        return self.parameters.get(standard, standard)


def read_dialect(path: str, extension: Any) -> Dialect:
    """Read the value of `x-logout` at `path`. Raises ValueError with what is wrong."""
    if not isinstance(extension, Mapping):
        raise ValueError("it must be an object")
    known = {item.name for item in fields(Dialect)} - {"issuer_from", "path"} | {"issuer"}
    if unknown := set(extension) - known:
        raise ValueError(f"unknown member {min(unknown)}; known are {', '.join(sorted(known))}")
    issuer = extension.get("issuer") or {}
    if not isinstance(issuer, Mapping) or issuer.get("from") not in get_args(IssuerFrom):
        raise ValueError(f"issuer.from must be one of {', '.join(get_args(IssuerFrom))}")
    for member in ("parameters", "policy"):
        if not isinstance(extension.get(member) or {}, Mapping):
            raise ValueError(f"{member} must be an object")
    for member in ("name", "preset"):
        if not isinstance(extension.get(member, ""), str):
            raise ValueError(f"{member} must be a text")
    parameters = extension.get("parameters") or {}
    for standard, vendor in parameters.items():
        if standard not in STANDARD_PARAMETERS:
            raise ValueError(f"parameters: {standard} is not a parameter of the standard")
        if not isinstance(vendor, str):
            raise ValueError(f"parameters: the name of {standard} must be a text")
    preset = extension.get("preset")
    return Dialect(
        path=path,
        name=extension.get("name", preset),
        preset=preset,
        issuer_from=cast(IssuerFrom, issuer["from"]),
        parameters=parameters,
        policy=extension.get("policy") or {},
    )
