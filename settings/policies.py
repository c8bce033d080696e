"""Which policy applies at which endpoint of which issuer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from endsession.protocol.policy import Policy

from .model import IssuerSettings
from .presets import PRESETS, with_knobs


class DialectTerms(Protocol):
    """What the document says of one logout endpoint (its `x-logout`)."""

    @property
    def name(self) -> str | None:
        """The name of the dialect; None for the plain endpoint."""
        ...

    @property
    def preset(self) -> str | None:
        """The preset it starts from; None takes the issuer's."""
        ...

    @property
    def policy(self) -> Mapping[str, Any]:
        """Knobs that differ from the preset."""
        ...


def preset_policy(terms: DialectTerms, preset: str = "oidc") -> Policy:
    """The endpoint's policy before any issuer has its say; `preset` is for the endpoint that has none of its own."""
    return with_knobs(PRESETS[terms.preset or preset], dict(terms.policy))


def policy_for(issuer: IssuerSettings, terms: DialectTerms) -> Policy:
    """The preset, then the document's knobs, then the issuer's: of the plain endpoint or of the dialect."""
    policy = preset_policy(terms, issuer.preset)
    if terms.name is None:
        return with_knobs(policy, _said(issuer.policy))
    dialect = issuer.dialects.get(terms.name)
    return with_knobs(policy, _said(dialect.policy)) if dialect else policy


def _said(overrides: Any) -> dict[str, object]:
    return {knob: value for knob, value in overrides if value is not None}
