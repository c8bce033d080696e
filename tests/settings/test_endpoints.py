"""Which logout endpoints an issuer serves: what is named has to exist, and what is used has to be named."""

from __future__ import annotations

import pytest

from endsession.contract.document import load_document
from endsession.runtime.served import served_document
from endsession.settings import Settings, serves

from .operator import GOOD, Operator
from .test_together import ACME, SERVER, add

STRICT = "preset = 'strict'"
PROBLEMS = {
    "an endpoint that is not there": (
        add(ACME, "endpoints = ['end-session', 'authpy']"),
        "issuers.acme.endpoints.0",
        "no endpoint has this name.",
        "use some of: end-session, authpi, pingfederate",
    ),
    "no endpoint at all": (
        add(ACME, "endpoints = []\nannounce = 'pingfederate'\ndefault = true"),
        "issuers.acme.endpoints",
        "it is empty: nobody could log out.",
        "name the endpoints that apps use, or leave it out to serve all",
    ),
    "an announcement of what is not served": (
        add(ACME, "endpoints = ['authpi']"),
        "issuers.acme.announce",
        "this issuer does not serve end-session: endpoints does not name it.",
        "add end-session to issuers.acme.endpoints, or announce another endpoint",
    ),
    "an announcement of what strict does not serve": (
        add(ACME, f"announce = 'authpi'\n{STRICT}"),
        "issuers.acme.announce",
        "this issuer does not serve authpi: under the preset strict it has to be named.",
        "add authpi to issuers.acme.endpoints, or announce another endpoint",
    ),
    "knobs of an endpoint that is not served": (
        add(ACME, "endpoints = ['end-session']\ndialects.authpi.policy = { max_hint_age = '1h' }"),
        "issuers.acme.dialects.authpi.policy",
        "this issuer does not serve authpi: endpoints does not name it.",
        "add authpi to issuers.acme.endpoints, or leave the knobs out",
    ),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_does_not_hold_together(operator: Operator, case: str) -> None:
    """Each is told with its place and a fix, and the gateway does not start."""
    text, setting, message, fix = PROBLEMS[case]
    operator.write(text)
    told = operator.told()
    assert setting.removesuffix(".0") in told
    assert message in told
    assert f"Fix: {fix}" in told


def served(settings: Settings, operator: Operator) -> set[str]:
    """The endpoints of acme."""
    document = served_document(load_document(), settings.server, operator.folder, [])
    issuer = settings.issuers["acme"]
    return {terms.name or "end-session" for terms in document.endpoints.values() if serves(issuer, terms)}


BOTH = add(SERVER, "vendors = ['hydra', 'keycloak']")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD, {"end-session", "authpi", "pingfederate"}),
        (BOTH, {"end-session", "authpi", "pingfederate", "hydra", "keycloak"}),
        (add(ACME, "endpoints = ['end-session', 'hydra']", BOTH), {"end-session", "hydra"}),
        # Under strict, endpoints at which a hint acts alone are served by name only.
        (add(ACME, STRICT, BOTH), {"end-session", "pingfederate", "keycloak"}),
        (add(ACME, f"{STRICT}\nendpoints = ['end-session', 'authpi']", BOTH), {"end-session", "authpi"}),
        (
            add(ACME, f"{STRICT}\ndialects.authpi.policy = {{ hint_authority = 'cookie' }}"),
            {"end-session", "authpi", "pingfederate"},
        ),
        (add(ACME, f"{STRICT}\npolicy = {{ hint_authority = 'hint' }}"), {"end-session", "pingfederate"}),
    ],
)
def test_what_is_served(operator: Operator, text: str, expected: set[str]) -> None:
    """All of the deployment, or those that are named; a knob of the plain endpoint is the operator's word as well."""
    operator.write(text)
    assert served(operator.start(), operator) == expected
