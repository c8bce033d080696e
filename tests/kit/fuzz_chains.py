"""Chains of requests along the links of the document: register, join, log out, read the ledger, send again.

What a link carries over stays as the answer before gave it; the rest of each request is the cast's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.errors import format_transition
from schemathesis.engine import events

from endsession.contract.body import FORM
from endsession.contract.document import METHODS, Document

from .fuzz_cast import TOLD_URI, Cast
from .fuzz_inputs import put_parts
from .fuzz_kinds import Parts
from .fuzz_run import SEED, TAKEN, only, problems_of, run
from .fuzz_stage import Stage

_TOLD: Parts = {"participant": "told"}
_WHOLE_LIFE: dict[str, Parts] = {
    "putSession": _TOLD, "joinSession": _TOLD, "endSession": {}, "listDeliveries": {}, "redeliver": {},
}  # fmt: skip
CHAINS: tuple[tuple[dict[str, Parts], int], ...] = (
    # The longest chain: with one seed it is followed to its end about every other time, so there are several.
    *[(_WHOLE_LIFE, 20)] * 6,
    ({"putSession": _TOLD, "joinSession": _TOLD, "endSessionPost": {}, "listDeliveries": {}}, 15),
    ({"putSession": _TOLD, "getSession": {}, "deleteSession": {}, "listDeliveries": {}}, 20),
    ({"putClient": {"metadata": "good"}, "listClients": {}, "deleteClient": {}}, 20),
)
"""Groups of operations, with the parts that their requests have beside issuer and token; and how many chains to try.

Each has a seed of its own."""


@dataclass
class Followed:
    """What following links came to. A chain is the operations that led, by links, to an answer that is no error."""

    problems: list[str] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    chains: set[tuple[str, ...]] = field(default_factory=set)

    def has(self, *steps: str) -> bool:
        """Whether a chain ends with these steps."""
        return any(chain[-len(steps) :] == steps for chain in self.chains)


def links_of(document: Document) -> set[str]:
    """The links of a document, as schemathesis names them."""
    labels = {
        item[method]["operationId"]: f"{method.upper()} {path}"
        for path, item in document.raw["paths"].items()
        for method in METHODS
        if method in item
    }
    links = set()
    for path, item in document.raw["paths"].items():
        for method in METHODS:
            for status, response in item.get(method, {}).get("responses", {}).items():
                whole = _resolved(document, response)
                for name, link in whole.get("links", {}).items():
                    links.add(format_transition(f"{method.upper()} {path}", status, name, labels[link["operationId"]]))
    return links


def _resolved(document: Document, response: Any) -> Any:
    if "$ref" not in response:
        return response
    return document.raw["components"]["responses"][response["$ref"].rpartition("/")[2]]


def follow_links(stage: Stage) -> Followed:
    """Follow all links of the document, group by group."""
    followed = Followed()
    for number, (parts, scenarios) in enumerate(CHAINS):
        _follow(stage, parts, scenarios, followed, seed=SEED + number)
    return followed


def _follow(stage: Stage, parts: dict[str, Parts], scenarios: int, followed: Followed, *, seed: int) -> None:
    """The stateful phase over the operations of `parts`, along the document's own links only."""
    config = {
        "seed": seed,
        "generation": {"mode": "positive", "database": "none"},
        "phases": {
            "examples": {"enabled": False},
            "coverage": {"enabled": False},
            "fuzzing": {"enabled": False},
            "stateful": {
                "enabled": True,
                "max-steps": 10,
                "generation": {"max-examples": scenarios},
                "inference": {"algorithms": []},
            },
        },
        "checks": {
            "positive_data_acceptance": {"expected-statuses": [*TAKEN, 400, 422]},
            "use_after_free": {"enabled": False},
            "ignored_auth": {"enabled": False},
        },
        "operations": only(parts),
    }
    for event in run(stage, config, _chaining(Cast(stage), parts)):
        followed.problems += problems_of(event)
        if isinstance(event, events.ScenarioFinished):
            _take_down(event.recorder, followed)


def _chaining(cast: Cast, parts: dict[str, Parts]) -> Any:
    def before_generate_case(context: Any, strategy: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
        name = context.operation.definition.raw["operationId"]
        # What is known already has to be met as well: every other registration is one that replaces another.
        again: Iterator[Parts] = cycle(({}, {"sid": "live"}) if name == "putSession" else ({},))
        if name == "putClient":
            again = cycle(({"name": "new"}, {"name": "stored"}))

        def fit(case: Case) -> Case:
            put_parts(cast, case, {"issuer": "acme", "token": "writer", **parts[name], **next(again)})
            if name == "joinSession":
                cast.join(case.path_parameters["sid"])
            elif name == "endSession":
                case.query = {"id_token_hint": cast.joined_hint(), "post_logout_redirect_uri": TOLD_URI}
            elif name == "endSessionPost":
                case.query, case.media_type = {}, FORM
                case.body = {"id_token_hint": cast.joined_hint(), "post_logout_redirect_uri": TOLD_URI}
            elif name == "listDeliveries":
                case.query = {"client_id": "told"}
            return case

        return strategy.map(fit)

    return before_generate_case


def _take_down(recorder: Any, followed: Followed) -> None:
    def steps(name: str) -> Iterator[str]:
        node = recorder.cases[name]
        if node.parent_id is not None:
            yield from steps(node.parent_id)
        yield node.value.operation.definition.raw["operationId"]

    for name, node in recorder.cases.items():
        interaction = recorder.interactions.get(name)
        good = interaction is not None and interaction.response is not None and interaction.response.status_code < 400
        if node.transition is not None and node.is_transition_applied and good:
            followed.links.add(node.transition.id)
            followed.chains.add(tuple(steps(name)))
