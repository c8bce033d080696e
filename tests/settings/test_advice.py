"""Settings that hold together, and of which an operator should know something all the same."""

from __future__ import annotations

import pytest

from endsession.contract.document import load_document
from endsession.runtime.served import served_document
from endsession.settings import Settings, advice

from .operator import GOOD, Operator
from .test_together import ACME, COOKIE, SERVER, WEB, add

BY_HINT = "{ hint_authority = 'hint' }"
CASES = {
    "no cookie": (
        GOOD.replace(COOKIE, ""),
        "issuers.acme.cookie",
        "there is none: at pingfederate, end-session anyone with a leaked hint can end its session with one click",
        "configure the provider's cookie, if it can reach this service",
    ),
    "no cookie, and one endpoint by the hint alone": (
        GOOD.replace(COOKIE, "policy = { hint_authority = 'hint' }"),
        "issuers.acme.cookie",
        "there is none: at pingfederate anyone with a leaked hint can end its session with one click",
        "configure the provider's cookie, if it can reach this service",
    ),
    "no question": (
        add(ACME, "policy = { on_no_params = 'done' }"),
        "issuers.acme.policy",
        "any site can sign a visitor out at end-session (on_no_params)",
        'where apps send hints, ask without one: on_no_params = "prompt"',
    ),
    "a POST that needs no answer": (
        add(ACME, "policy = { bare_post_is_consent = true }"),
        "issuers.acme.policy",
        "any site can sign a visitor out at end-session (bare_post_is_consent)",
        "where apps send hints, ask without one: bare_post_is_consent = false",
    ),
    "a vendor that asks nothing": (
        add(ACME, "default = true", add(SERVER, 'vendors = ["cognito"]')),
        "issuers.acme.dialects.cognito.policy",
        "any site can sign a visitor out at cognito (on_no_hint)",
        'where apps send hints, ask without one: on_no_hint = "prompt"',
    ),
    "a vendor whose issuer nobody is": (
        add(SERVER, 'vendors = ["duende"]'),
        "server.vendors",
        "no issuer is found at pingfederate, duende: none is the default, and none has hosts",
        "set issuers.ID.default = true, or issuers.ID.hosts",
    ),
    "the README's place for a digest": (
        GOOD + f"[[management.tokens]]\nname = 'x'\nsha256 = '{'0' * 64}'\nissuers = ['*']\nscopes = []\n",
        "management.tokens.0.sha256",
        "it only keeps the place of a digest: no token has it",
        "make it from the token: printf %s TOKEN | sha256sum",
    ),
    "tokens over http": (
        add(WEB, 'backchannel_logout_uri = "http://app.example/logout"'),
        "issuers.acme.clients.web.backchannel_logout_uri",
        "over http anyone on the way can read and change what is sent",
        "use https",
    ),
    "a browser over http": (
        GOOD.replace("https://app.example/signed-out", "http://app.example/signed-out"),
        "issuers.acme.clients.web.post_logout_redirect_uris",
        "over http anyone on the way can read and change what is sent",
        "use https",
    ),
}


def advised(settings: Settings, operator: Operator) -> list[tuple[str, str, str]]:
    """What is said about the settings."""
    document = served_document(load_document(), settings.server, operator.folder, [])
    found = advice(settings, document)
    return sorted((".".join(map(str, item.location)), item.message, item.fix) for item in found)


@pytest.mark.parametrize("case", CASES)
def test_what_an_operator_should_know(operator: Operator, case: str) -> None:
    """The setting, what follows from it, and what would change that. The gateway starts all the same."""
    text, *said = CASES[case]
    operator.write(text)
    assert advised(operator.start(), operator) == [tuple(said)]


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace(
            COOKIE, "policy = { hint_authority = 'hint' }\ndialects.pingfederate.policy.hint_authority='hint'"
        ),
        add(SERVER, 'vendors = ["keycloak", "okta", "hydra"]').replace(COOKIE, f'{COOKIE}\nhosts = ["x.example"]'),
        add(WEB, 'backchannel_logout_uri = "http://127.0.0.1:9/logout"'),
    ],
)
def test_nothing_to_say(operator: Operator, text: str) -> None:
    """Advice that is always given is never read."""
    operator.write(text)
    assert advised(operator.start(), operator) == []
