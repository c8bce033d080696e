"""The extension `x-logout`: how a vendor's logout endpoint differs from the standard's.

With it, serving another vendor's logout URL is an edit of the document and of nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast, get_args

from ..protocol.request import STANDARD_PARAMETERS

IssuerFrom = Literal["path", "host", "default"]
ISSUER_PARAMETER = "issuer_id"
"""What the parameter of a path that names the issuer is called, unless a vendor calls it otherwise."""


@dataclass(frozen=True, slots=True)
class LogoutEndpoint:
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
    issuer_parameter: str = ISSUER_PARAMETER

    def address(self, issuer_id: str) -> str:
        """The path at which that issuer has this endpoint."""
        return self.path.replace(f"{{{self.issuer_parameter}}}", issuer_id)

    def vendor_name(self, standard: str) -> str:
        """What this vendor calls a parameter of the standard."""
        return self.parameters.get(standard, standard)


def read_endpoint(path: str, extension: Any) -> LogoutEndpoint:
    """Read the value of `x-logout` at `path`. Raises ValueError with what is wrong."""
    if not isinstance(extension, Mapping):
        raise ValueError("it must be an object")
    known = {item.name for item in fields(LogoutEndpoint)} - {"issuer_from", "issuer_parameter", "path"} | {"issuer"}
    if unknown := set(extension) - known:
        raise ValueError(f"unknown member {min(unknown)}; known are {', '.join(sorted(known))}")
    issuer_from, issuer_parameter = _issuer(extension.get("issuer"), path)
    for member in ("parameters", "policy"):
        if not isinstance(extension.get(member) or {}, Mapping):
            raise ValueError(f"{member} must be an object")
    for member in ("name", "preset"):
        if not isinstance(extension.get(member, ""), str):
            raise ValueError(f"{member} must be a string")
    parameters = extension.get("parameters") or {}
    for standard, vendor in parameters.items():
        if standard not in STANDARD_PARAMETERS:
            raise ValueError(f"parameters: {standard} is not a parameter of the standard")
        if not isinstance(vendor, str):
            raise ValueError(f"parameters: the name of {standard} must be a string")
    preset = extension.get("preset")
    return LogoutEndpoint(
        path=path,
        name=extension.get("name", preset),
        preset=preset,
        issuer_from=issuer_from,
        parameters=parameters,
        policy=extension.get("policy") or {},
        issuer_parameter=issuer_parameter,
    )


def _issuer(issuer: Any, path: str) -> tuple[IssuerFrom, str]:
    """Where the issuer comes from, and the parameter of the path that names it."""
    if not isinstance(issuer, Mapping) or issuer.get("from") not in get_args(IssuerFrom):
        raise ValueError(f"issuer.from must be one of {', '.join(get_args(IssuerFrom))}")
    if unknown := set(issuer) - {"from", "parameter"}:
        raise ValueError(f"unknown member issuer.{min(map(str, unknown))}; known are from, parameter")
    parameter = issuer.get("parameter", ISSUER_PARAMETER)
    if issuer["from"] == "path" and f"{{{parameter}}}" not in path:
        raise ValueError(f"issuer.from is path, but the path has no {parameter}")
    if issuer["from"] != "path" and "parameter" in issuer:
        raise ValueError("issuer.parameter is for issuer.from = path alone")
    return cast(IssuerFrom, issuer["from"]), parameter


def issuer_named(endpoint: LogoutEndpoint | None, path: Mapping[str, str]) -> str | None:
    """The issuer that the parameters of a request's path name, if they name one."""
    return path.get(endpoint.issuer_parameter if endpoint else ISSUER_PARAMETER)
