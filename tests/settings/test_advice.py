"""Settings that hold together, and of which an operator should know something all the same."""

from __future__ import annotations

import pytest

from endsession.contract.document import load_document
from endsession.runtime.served import served_document
from endsession.settings import Settings, advice

from .operator import GOOD, Operator
from .test_together import ACME, COOKIE, SERVER, WEB, add


def serving(*vendors: str, settings: str = GOOD) -> str:
    """Settings with the plain endpoint, PingFederate's and these: a hint acts alone at none of them."""
    names = ", ".join(f'"{name}"' for name in ("end-session", "pingfederate", *vendors))
    return add(ACME, f"endpoints = [{names}]", settings)


BY_SID = GOOD.replace(COOKIE, 'cookie = { name = "op_session", match = "sid" }')
CASES = {
    "a hint alone": (
        GOOD,
        "issuers.acme.endpoints",
        "at authpi a hint alone ends its session, from any machine, though there is a cookie",
        'where the cookie reaches this service, set hint_authority = "cookie", or serve the others only: '
        'endpoints = ["pingfederate", "end-session"]',
    ),
    "a hint alone, by name and by a knob": (
        add(ACME, "policy = { hint_authority = 'hint' }", add(ACME, 'endpoints = ["end-session", "authpi"]')),
        "issuers.acme.endpoints",
        "at authpi, end-session a hint alone ends its session, from any machine, though there is a cookie",
        'where the cookie reaches this service, set hint_authority = "cookie"',
    ),
    "a client whose own hints nothing can confirm": (
        GOOD.replace(COOKIE, "endpoints = ['authpi']\nannounce = 'authpi'")
        + f"id_token_signed_response_alg = 'HS256'\nclient_secret = '{'s' * 32}'\n",
        "issuers.acme.clients.web.id_token_signed_response_alg",
        "its own secret signs its hints, and without the issuer's cookie they end nothing",
        "let the provider sign its ID tokens with its own key, as with RS256",
    ),
    "nor registered sessions": (
        serving(settings=add(ACME, "participants = 'all'", BY_SID))
        + f"id_token_signed_response_alg = 'HS512'\nclient_secret = '{'s' * 64}'\n",
        "issuers.acme.clients.web.id_token_signed_response_alg",
        "its own secret signs its hints, and without registered sessions they end nothing",
        "let the provider sign its ID tokens with its own key, as with RS256",
    ),
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
    "a cookie that nobody registers": (
        serving(settings=add(ACME, "participants = 'all'")),
        "issuers.acme.cookie.match",
        "participants = all registers no sessions, so no cookie can be matched: at pingfederate, end-session"
        " anyone with a leaked hint can end its session with one click",
        "register sessions, or take the cookie out, if it can never be matched",
    ),
    "a frame that nobody shows": (
        add(
            WEB,
            "redirect_uris = ['https://app.example/cb']\nfrontchannel_logout_uri = 'https://app.example/out'",
            serving(settings=add(ACME, "participants = 'all'", BY_SID)),
        ),
        "issuers.acme.clients.web.frontchannel_logout_uri",
        "no frame is shown for it: participants = all tells clients by the back channel alone",
        "give it a backchannel_logout_uri, or register sessions",
    ),
    "no question": (
        add(ACME, "policy = { on_no_params = 'done' }", serving()),
        "issuers.acme.policy",
        "any site can sign a visitor out at end-session (on_no_params)",
        'where apps send hints, ask without one: on_no_params = "prompt"',
    ),
    "a POST that needs no answer": (
        add(ACME, "policy = { bare_post_is_consent = true }", serving()),
        "issuers.acme.policy",
        "any site can sign a visitor out at end-session (bare_post_is_consent)",
        "where apps send hints, ask without one: bare_post_is_consent = false",
    ),
    "a vendor that asks nothing": (
        add(ACME, "default = true", add(SERVER, 'vendors = ["cognito"]', serving("cognito"))),
        "issuers.acme.dialects.cognito.policy",
        "any site can sign a visitor out at cognito (on_no_hint)",
        'where apps send hints, ask without one: on_no_hint = "prompt"',
    ),
    "a vendor whose issuer nobody is": (
        add(SERVER, 'vendors = ["duende"]', serving("duende")),
        "server.vendors",
        "no issuer is found at pingfederate, duende: none is the default, and none has hosts",
        "set issuers.ID.default = true, or issuers.ID.hosts",
    ),
    "the README's place for a digest": (
        serving() + f"[[management.tokens]]\nname = 'x'\nsha256 = '{'0' * 64}'\nissuers = ['*']\nscopes = []\n",
        "management.tokens.0.sha256",
        "this is the placeholder of the README: no token matches it",
        "make it from the token: printf %s TOKEN | sha256sum",
    ),
    "tokens over http": (
        add(WEB, 'backchannel_logout_uri = "http://app.example/logout"', serving()),
        "issuers.acme.clients.web.backchannel_logout_uri",
        "over http anyone on the way can read and change what is sent",
        "use https",
    ),
    "a browser over http": (
        serving().replace("https://app.example/signed-out", "http://app.example/signed-out"),
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
        serving(),
        add(ACME, "preset = 'strict'"),
        GOOD.replace(
            COOKIE, "policy = { hint_authority = 'hint' }\ndialects.pingfederate.policy.hint_authority='hint'"
        ),
        add(SERVER, 'vendors = ["keycloak", "okta"]', serving("keycloak", "okta", "okta-org")).replace(
            COOKIE, f'{COOKIE}\nhosts = ["x.example"]'
        ),
        add(WEB, 'backchannel_logout_uri = "http://127.0.0.1:9/logout"', serving()),
    ],
)
def test_nothing_to_say(operator: Operator, text: str) -> None:
    """Advice that is always given is never read."""
    operator.write(text)
    assert advised(operator.start(), operator) == []
