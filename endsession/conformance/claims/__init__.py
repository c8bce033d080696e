"""What a logout service has to hold, each claim with its trial, one idea per file."""

from __future__ import annotations

from ..claim import Claim
from .addresses import claims as addresses
from .browser import claims as browser
from .confirmation import claims as confirmation
from .discovery import claims as discovery
from .ending import claims as ending
from .forms import claims as forms
from .hints import claims as hints
from .limits import claims as limits
from .management import claims as management
from .naming import claims as naming
from .parameters import claims as parameters
from .redirects import claims as redirects
from .sessions import claims as sessions

CLAIMS: list[Claim] = [
    claim
    for register in (
        addresses,
        parameters,
        hints,
        redirects,
        ending,
        naming,
        forms,
        browser,
        confirmation,
        management,
        sessions,
        discovery,
        limits,
    )
    for claim in register.claims
]
"""In the order in which they are tried: what costs the deployment least comes first."""
