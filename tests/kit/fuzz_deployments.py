"""The deployments that the fuzzer visits: what one cannot answer, another can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Plan:
    """One deployment and what is fuzzed there. `operations` are operationIds; none means all of them.

    `thorough` plans go through every phase of the fuzzer, with requests that fit the document and requests that violate
    it. The others send requests that fit only, to see every outcome often enough. `examples` is how many requests are
    made up for an operation of the tag `logout`; the others, which have less to say, get `few`.
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    operations: tuple[str, ...] = ()
    thorough: bool = False
    examples: int = 150
    few: int = 50
    seed: int = 20


THOROUGH = Plan("thorough", thorough=True, examples=50, few=25)
ORDINARY = Plan("ordinary")
STRICT = Plan(
    "strict",
    changes={
        "issuers": {"acme": {"preset": "strict", "dialects": {"pingfederate": {"policy": {
            "id_token_hint": "required",
            "on_invalid_hint": "error",
            "on_no_params": "error",
            "on_foreign_hint": "error",
            "on_stale_sid": "error",
            "on_unregistered_redirect": "error",
        }}}}}
    },
    operations=("initLogout", "initLogoutPost", "rpInitiatedLogout", "rpInitiatedLogoutPost"),
)  # fmt: skip
"""Where the ordinary deployment asks the user, this one refuses."""
PLANS = (THOROUGH, ORDINARY, STRICT)
