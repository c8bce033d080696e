"""The providers of the lab."""

from __future__ import annotations

from typing import Any

import pytest

from .allauth import Allauth
from .canaille import Canaille
from .dot import Dot
from .node import Node
from .provider import Feature, LabProvider

PROVIDERS: tuple[type[LabProvider], ...] = (Dot, Node, Allauth, Canaille)


def with_feature(*features: Feature) -> list[Any]:
    """Parameters of tests: each provider with each of these features that it supports."""
    pairs = [(kind, feature) for kind in PROVIDERS for feature in features if feature in kind.supports]
    return [pytest.param(kind, feature, id=f"{kind.name}-{feature}") for kind, feature in pairs]


def without_feature(feature: Feature) -> list[Any]:
    """Parameters of tests: each provider that lacks this feature."""
    kinds = [kind for kind in PROVIDERS if feature in kind.lacks]
    return [pytest.param(kind, feature, id=f"{kind.name}-{feature}") for kind in kinds]
