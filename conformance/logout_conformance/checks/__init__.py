"""What a logout service has to do, one behaviour per function, one topic per module.

To add a check, write a function and decorate it with the registry of its module. To add a module, list it in MODULES.
"""

from __future__ import annotations

from ..check import Check
from . import (
    addresses,
    browser,
    confirmation,
    discovery,
    ending,
    forms,
    hints,
    issued,
    limits,
    management,
    naming,
    parameters,
    redirects,
    sessions,
)

MODULES = (
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
    issued,
    discovery,
    limits,
)
"""In the order in which they run: the cheapest for the deployment first, and the rate limit last."""

CHECKS: list[Check] = [check for module in MODULES for check in module.check.checks]
