"""Which policy applies at which endpoint of which issuer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from endsession.protocol.policy import Policy

from .issuer import IssuerSettings, PolicyOverrides
from .model import Server
from .presets import PRESETS, with_knobs
from .problems import Problem, did_you_mean


class EndpointPolicySource(Protocol):
    """What the document says of one logout endpoint (its `x-logout`)."""

    @property
    def name(self) -> str | None:
        """The name of the endpoint; None for the plain endpoint."""
        ...

    @property
    def preset(self) -> str | None:
        """The preset it starts from; None takes the issuer's."""
        ...

    @property
    def issuer_from(self) -> str:
        """What a request tells its issuer by: `path`, `host` or `default`."""
        ...

    @property
    def policy(self) -> Mapping[str, Any]:
        """Knobs that differ from the preset."""
        ...


class ServedDocument(Protocol):
    """What settings are held to: the document that is served."""

    @property
    def endpoints(self) -> Mapping[str, EndpointPolicySource]:
        """Its logout endpoints, by path."""
        ...

    def reserved_words(self) -> frozenset[str]:
        """The names that no issuer can have."""
        ...

    def standard_parameters(self, path: str) -> frozenset[str]:
        """The parameters of a logout endpoint by their standard names, whichever method takes them."""
        ...

    def takes_post(self, path: str) -> bool:
        """Whether a logout endpoint can be called by POST."""
        ...


PLAIN = "end-session"
"""What settings call the plain endpoint, which has no name in the document."""
DocumentFor = Callable[[Server, Path, list[Problem]], ServedDocument]
"""From the settings of the server and the folder that relative paths start from to the document; adds to the problems
what cannot be served."""


def complaint(terms: EndpointPolicySource) -> str | None:
    """What is wrong with an endpoint's terms: a preset that there is not, or a knob or value that no policy has."""
    if terms.preset is not None and terms.preset not in PRESETS:
        return f"there is no preset {terms.preset}; known are {', '.join(PRESETS)}"
    try:
        PolicyOverrides.model_validate(dict(terms.policy))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "extra_forbidden":
            knob = str(first["loc"][0])
            near = did_you_mean(knob, PolicyOverrides.model_fields)
            return f"policy.{knob}: there is no such knob" + (f"; {near}" if near else "")
        return f"policy.{first['loc'][0]}: {first['msg']}"
    return None


def preset_policy(terms: EndpointPolicySource, preset: str = "oidc") -> Policy:
    """The endpoint's policy before issuer overrides are applied; `preset` is for an endpoint that has none itself."""
    return with_knobs(PRESETS[terms.preset or preset], _said(PolicyOverrides.model_validate(dict(terms.policy))))


def policy_for(issuer: IssuerSettings, terms: EndpointPolicySource) -> Policy:
    """The preset, then the document's knobs, then the issuer's: of the plain endpoint or of the endpoint."""
    policy = preset_policy(terms, issuer.preset)
    if terms.name is None:
        return with_knobs(policy, _said(issuer.policy))
    endpoint = issuer.dialects.get(terms.name)
    return with_knobs(policy, _said(endpoint.policy)) if endpoint else policy


def own_knobs(issuer: IssuerSettings, terms: EndpointPolicySource) -> set[str]:
    """The knobs that the operator has set for an endpoint."""
    endpoint = issuer.dialects.get(terms.name) if terms.name else None
    overrides = issuer.policy if terms.name is None else endpoint.policy if endpoint else None
    return set(overrides.model_fields_set) if overrides is not None else set()


def can_match(issuer: IssuerSettings) -> bool:
    """Whether a browser's session can be matched: by a cookie that is registered with it, or that is its `sid`, or by
    the front's own."""
    if issuer.front is not None:
        return True
    return issuer.cookie is not None and (issuer.participants == "tracked" or issuer.cookie.match == "sid")


def serves(issuer: IssuerSettings, terms: EndpointPolicySource) -> bool:
    """Whether an issuer has an endpoint: one that it names or, where it names none, any.

    Under `strict` a hint acts alone only where the operator has asked for it by name.
    """
    if issuer.endpoints is not None:
        return (terms.name or PLAIN) in issuer.endpoints
    return terms.name is None or issuer.preset != "strict" or policy_for(issuer, terms).hint_authority == "cookie"


def _said(overrides: Any) -> dict[str, object]:
    return {knob: value for knob, value in overrides if value is not None}
