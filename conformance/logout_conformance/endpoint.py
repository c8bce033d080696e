"""A logout endpoint by one of its methods, whatever its vendor calls it and its parameters."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .conventions import STANDARD_PARAMETERS
from .document import LogoutExtension
from .exchange import Exchange
from .target import Operation, Target
from .transport import Transport

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"
"""What a browser accepts."""
JSON = "application/json"


@dataclass(frozen=True)
class Endpoint:
    """One method of one path with `x-logout`. `policy` has the knobs that the deployment states, if it states any."""

    operation: Operation
    extension: LogoutExtension
    url_path: str
    policy: Mapping[str, Any]
    takes: frozenset[str]
    """The standard names of the parameters that it declares."""
    takes_query: bool
    """Whether its parameters are in the query, rather than in a form."""

    @property
    def label(self) -> str:
        """Its name in reports."""
        return self.operation.label

    def knob(self, name: str) -> Any:
        """A knob of the policy, from the deployment or else from the document; None if neither states it."""
        return self.policy.get(name, self.extension.policy.get(name))

    def named(self, parameters: Mapping[str, str | None]) -> list[tuple[str, str]]:
        """Standard parameters under the vendor's names, without those that it does not take."""
        return [
            (self.extension.vendor_name(name), value)
            for name, value in parameters.items()
            if value is not None and name in self.takes
        ]

    def request(
        self,
        http: Transport,
        parameters: Mapping[str, str | None],
        *,
        extra: list[tuple[str, str]] | None = None,
        **options: Any,
    ) -> Exchange:
        """Send a logout request with standard parameters, where the method takes them.

        `extra` is added as it is. `options` are those of `Transport.send`.
        """
        pairs = self.named(parameters) + (extra or [])
        options["query" if self.takes_query else "form"] = pairs
        return http.send(self.operation.method, self.url_path, **options)


def takes(*names: str) -> Callable[[Endpoint], bool]:
    """A condition for checks: the endpoint takes all of these standard parameters."""
    return lambda endpoint: endpoint.takes.issuperset(names)


def endpoints(target: Target, issuer: str, policies: Mapping[str, Mapping[str, Any]]) -> list[Endpoint]:
    """All logout endpoints of the document for an issuer. `policies` are known policies by path template."""
    found = []
    for operation in target.operations():
        extension = target.document.endpoints.get(operation.path)
        if extension is None:
            continue
        in_query, in_form = _declared(target, operation)
        declared = in_form if operation.method == "POST" and in_form else in_query
        takes = frozenset(name for name in STANDARD_PARAMETERS if extension.vendor_name(name) in declared)
        url_path, policy = extension.url_path(issuer), policies.get(operation.path, {})
        found.append(Endpoint(operation, extension, url_path, policy, takes, declared is in_query))
    return found


def _declared(target: Target, operation: Operation) -> tuple[set[str], set[str]]:
    """The names of the parameters in the query, and of the fields of a form."""
    document = target.document
    item = document.raw["paths"][operation.path]
    parameters = [
        document.resolved(parameter)
        for parameter in (*item.get("parameters", ()), *operation.definition.get("parameters", ()))
    ]
    body = document.resolved(operation.definition.get("requestBody", {}))
    form: set[str] = set()
    for content in body.get("content", {}).values():
        form |= set(document.resolved(content.get("schema", {})).get("properties", {}))
    return {parameter["name"] for parameter in parameters if parameter["in"] == "query"}, form


# Reading responses


def asks(exchange: Exchange) -> bool:
    """Whether the user is asked: by the question page, or by a JSON response that says where to ask."""
    return exchange.status == 200 and (
        question_of(exchange) is not None or status_of(exchange) == "confirmation_required"
    )


def question_of(exchange: Exchange) -> tuple[str, str] | None:
    """The action of a question's form, and its handle."""
    action = re.search(r"<form[^>]*\baction=\"([^\"]+)\"", exchange.text)
    handle = re.search(r"name=\"handle\"\s+value=\"([^\"]+)\"", exchange.text)
    return (html.unescape(action[1]), html.unescape(handle[1])) if action and handle else None


def status_of(exchange: Exchange) -> str:
    """The member `status` of a LogoutResult, or an empty string."""
    body = exchange.json()
    return str(body.get("status", "")) if isinstance(body, dict) else ""


def cookies_set(exchange: Exchange) -> str:
    """The cookies that a response sets, as a browser sends them back."""
    pairs = [line.split(";")[0] for line in exchange.all("set-cookie")]
    return "; ".join(pair for pair in pairs if not pair.endswith("="))
