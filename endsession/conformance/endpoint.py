"""A logout endpoint, whatever its vendor calls it and its parameters, by one of its methods."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from endsession.contract.endpoint import LogoutEndpoint

from .exchange import Exchange
from .target import Operation, Target
from .wire import Wire

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
JSON = "application/json"


@dataclass(frozen=True)
class Endpoint:
    """One method of one path with `x-logout`. `policy` is what the deployment says its knobs are, empty if unknown."""

    operation: Operation
    dialect: LogoutEndpoint
    address: str
    policy: Mapping[str, Any]
    takes: frozenset[str]
    """The standard's names of the parameters that it declares."""
    takes_query: bool
    """Whether its parameters stand in the query."""

    @property
    def label(self) -> str:
        """How reports name it."""
        return self.operation.label

    def knob(self, name: str) -> Any:
        """A knob of the policy: as the deployment says, else as the document does; None if nobody says."""
        return self.policy.get(name, self.dialect.policy.get(name))

    def named(self, parameters: Mapping[str, str | None]) -> list[tuple[str, str]]:
        """Parameters of the standard under the vendor's names; those that it does not take are left out."""
        return [
            (self.dialect.vendor_name(name), value)
            for name, value in parameters.items()
            if value is not None and name in self.takes
        ]

    def ask(
        self,
        wire: Wire,
        parameters: Mapping[str, str | None],
        *,
        more: list[tuple[str, str]] | None = None,
        **options: Any,
    ) -> Exchange:
        """A logout request with these parameters, where the method puts them; `more` goes along as it is."""
        pairs = self.named(parameters) + (more or [])
        options["query" if self.takes_query else "form"] = pairs
        return wire.send(self.operation.method, self.address, **options)


def endpoints(target: Target, issuer: str, policies: Mapping[str, Mapping[str, Any]]) -> list[Endpoint]:
    """All logout endpoints of the document, at an issuer."""
    found = []
    for operation in target.operations():
        dialect = target.document.endpoints.get(operation.path)
        if dialect is None:
            continue
        in_query, in_form = _declared(target, operation)
        vendor = in_form if operation.method == "POST" and in_form else in_query
        takes = frozenset(name for name in _STANDARD if dialect.vendor_name(name) in vendor)
        address = dialect.address(issuer)
        policy = policies.get(operation.path, {})
        found.append(Endpoint(operation, dialect, address, policy, takes, vendor is in_query))
    return found


_STANDARD = ("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")


def _declared(target: Target, operation: Operation) -> tuple[set[str], set[str]]:
    item = target.document.raw["paths"][operation.path]
    parameters = [
        target.resolved(one) for one in (*item.get("parameters", ()), *operation.definition.get("parameters", ()))
    ]
    body = target.resolved(operation.definition.get("requestBody", {}))
    form: set[str] = set()
    for content in body.get("content", {}).values():
        form |= set(target.resolved(content.get("schema", {})).get("properties", {}))
    return {one["name"] for one in parameters if one["in"] == "query"}, form


# Reading answers


def asks(exchange: Exchange) -> bool:
    """Whether the user is asked: the question page, or a JSON answer that names where to ask."""
    return exchange.status == 200 and (
        question_of(exchange) is not None or status_of(exchange) == "confirmation_required"
    )


def question_of(exchange: Exchange) -> tuple[str, str] | None:
    """Where the question's form goes, and its handle."""
    action = re.search(r"<form[^>]*\baction=\"([^\"]+)\"", exchange.text)
    handle = re.search(r"name=\"handle\"\s+value=\"([^\"]+)\"", exchange.text)
    return (html.unescape(action[1]), html.unescape(handle[1])) if action and handle else None


def status_of(exchange: Exchange) -> str:
    """The `status` of a LogoutResult."""
    body = exchange.json()
    return str(body.get("status", "")) if isinstance(body, dict) else ""


def cookies_set(exchange: Exchange) -> str:
    """The cookies that an answer sets, as a browser sends them back."""
    pairs = [line.split(";")[0] for line in exchange.all("set-cookie")]
    return "; ".join(pair for pair in pairs if not pair.endswith("="))
