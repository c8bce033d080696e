"""Following the links of the document: register, join, log out, list the deliveries, send one again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemathesis import Case

from endsession.contract.document import METHODS, Document, resolved
from tests.kit.tokens import id_token

from .fixtures import Fixtures
from .inputs import Inputs, fitting, put_inputs
from .reach import cases_of, operations_of, send
from .scenarios import scenarios_of
from .targets import TOLD_URI, Target

WALKS = 5
"""How often each chain of links is followed, with other cases."""


def links_of(document: Document, operation: str, status: int) -> Mapping[str, Any]:
    """The links of an operation's answer, by name."""
    definition = _definitions(document)[operation]
    found: Mapping[str, Any] = resolved(document.raw, definition["responses"].get(str(status), {})).get("links", {})
    return found


def every_link(document: Document) -> Iterator[tuple[str, int, str]]:
    """The links of a document: operationId, status and name."""
    for operation, definition in _definitions(document).items():
        for status in map(int, definition["responses"]):
            yield from ((operation, status, name) for name in links_of(document, operation, status))


def _definitions(document: Document) -> dict[str, Any]:
    items = document.raw["paths"].values()
    return {item[method]["operationId"]: item[method] for item in items for method in METHODS if method in item}


@dataclass
class Walk:
    """Follows links at a target. `chains` are the operations that led, by links, to an answer that is no error."""

    target: Target
    problems: list[str] = field(default_factory=list)
    links: set[tuple[str, int, str]] = field(default_factory=set)
    chains: set[tuple[str, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._fixtures = Fixtures(self.target)
        self._operations = {name: (operation, place) for name, operation, *place in operations_of(self.target)}

    def follow_all(self) -> None:
        """From each answer that has links, along all of them, and on along the links of what they lead to."""
        self._fixtures.sid("ended")  # whose app has a delivery to list
        document = self._fixtures.document
        for name, status in sorted({(name, status) for name, status, _ in every_link(document)}):
            operation, place = self._operations[name]
            scenario = dict(scenarios_of(document, *place))[status][0]
            for case in cases_of(operation, WALKS):
                self._put(name, case, scenario.whole(document, *place))
                self._go_on((name,), case, status)

    def _go_on(self, chain: tuple[str, ...], case: Case[Any], expected: int | None = None) -> None:
        response, problems = send(case, self.target)
        self.problems += problems
        if response.status_code != expected and response.status_code >= 400:
            self.problems.append(f"{' -> '.join(chain)} was answered with {response.status_code}")
            return
        self.chains.add(chain)
        for name, link in links_of(self._fixtures.document, chain[-1], response.status_code).items():
            if (following := link["operationId"]) not in chain:
                self.links.add((chain[-1], response.status_code, name))
                values = {key: _value(text, case, response) for key, text in link["parameters"].items()}
                self._go_on((*chain, following), self._linked(following, values, case))

    def _linked(self, name: str, values: Mapping[str, str], before: Case[Any]) -> Case[Any]:
        """A case of the operation that a link leads to, with the link's parameters and fixtures for the rest."""
        operation, place = self._operations[name]
        case = cases_of(operation, 1)[0]
        self._put(name, case, fitting(self._fixtures.document, *place))
        if name == "endSession":
            hint = id_token(sid=before.path_parameters["sid"], aud="told")
            case.query, case.cookies = {"id_token_hint": hint, "post_logout_redirect_uri": TOLD_URI}, {}
        in_path = {key: value for key, value in values.items() if f"{{{key}}}" in case.path}
        case.path_parameters = {**case.path_parameters, **in_path}
        case.query = {**case.query, **{key: value for key, value in values.items() if key not in in_path}}
        return case

    def _put(self, name: str, case: Case[Any], inputs: Inputs) -> None:
        """The app `told` takes part, and takes logout tokens, so that there are deliveries to list."""
        told = {"participant": "told"} if name in ("putSession", "joinSession") else {}
        put_inputs(self._fixtures, case, {**inputs, **told})
        if name == "listDeliveries":
            case.query = {"client_id": "told"}


def _value(expression: str, case: Case[Any], response: Any) -> str:
    """What a runtime expression stands for (OpenAPI 3.0, Link Object), of the three kinds that the document uses."""
    if name := expression.partition("$request.path.")[2]:
        return str(case.path_parameters[name])
    if name := expression.partition("$request.query.")[2]:
        return str(case.query[name])
    value = response.json()
    for step in expression.partition("$response.body#/")[2].split("/"):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return str(value)
