"""A front and what contradicts it in the settings of its issuer."""

from __future__ import annotations

import pytest

from .operator import GOOD, Operator

COOKIE = 'cookie = { name = "op_session" }'
FRONT = "[issuers.acme.front]\nupstream = 'http://op.internal:9000'\n"


def front(line: str = "", *, issuer_line: str = "") -> str:
    """The settings with a front, and no more than it needs."""
    settings = GOOD.replace('jwks_uri = "https://op.example/acme/jwks.json"\n', "").replace(f"{COOKIE}\n", "")
    settings = settings.replace("https://op.example/acme", "https://login.example/op")
    return (settings.replace("[issuers.acme]\n", f"[issuers.acme]\n{issuer_line}\n")) + FRONT + line


CASES = {
    "a front with the provider's cookie": (
        front(issuer_line=COOKIE),
        "issuers.acme.cookie",
        "it does nothing together with front: browsers are recognised by a cookie of this gateway's own.",
        "leave it out",
    ),
    "a front with every client told": (
        front(issuer_line='participants = "all"'),
        "issuers.acme.participants",
        "all contradicts front, which learns which apps take part in each session.",
        "leave it out",
    ),
    "a front that learns nothing": (
        front('learn = ["token"]'),
        "issuers.acme.front.learn",
        "without authorization and token no session is learnt.",
        'name both: learn = ["authorization", "token", "par"]',
    ),
    "a front before itself": (
        front().replace("http://op.internal:9000", "https://login.example"),
        "issuers.acme.front.upstream",
        "it is the issuer's own public address: requests would come back here.",
        "write the address at which the provider itself listens",
    ),
    "a front at another host": (
        front().replace("https://login.example/op", "https://op.example"),
        "issuers.acme.issuer",
        "server.public_url has another host, so no browser would be recognised at a logout.",
        "let the proxy route this gateway's paths at the provider's host too, and name that in server.public_url",
    ),
    "a front whose provider has a path": (
        front().replace("op.internal:9000", "op.internal:9000/op"),
        "issuers.acme.front.upstream",
        "it has a path or a query: the paths of requests are passed on as they are.",
        "leave it out",
    ),
    "a front without a URL": (
        front().replace("http://op.internal:9000", "op.internal:9000"),
        "issuers.acme.front.upstream",
        "it is not an http or https URL.",
        "write it as in http://op.internal:9000",
    ),
    "the provider's own logout": (
        front('end_provider_session = ["cookies", "native"]'),
        "issuers.acme.front.end_provider_session",
        "native is not built yet: nothing would call the provider's own logout endpoint.",
        "leave native out; cookies, the default, asks the browser's user for a password again at every provider",
    ),
    "cookies that are no names": (
        front('cookies = ["a*b"]'),
        "issuers.acme.front.cookies.0",
        "it is not a cookie's name, with at most one * at the end.",
        "write it as the provider sets it, such as sessionid",
    ),
    "cookies that are never withheld": (
        front('keep_cookies = ["lang"]\nend_provider_session = []'),
        "issuers.acme.front.keep_cookies",
        "it cannot act: end_provider_session does not name cookies.",
        "leave it out, or add cookies there",
    ),
    "a cookie that is withheld and kept": (
        front('cookies = ["lang"]\nkeep_cookies = ["lang"]'),
        "issuers.acme.front.keep_cookies",
        "lang is to be withheld (cookies) and to pass (keep_cookies).",
        "leave it in one of the two",
    ),
    "an admin API that is not described": (
        front('end_provider_session = ["cookies", "action"]'),
        "issuers.acme.front.end_provider_session",
        "action needs the table ending.",
        "add ending, with the provider's admin API",
    ),
    "an admin API that is not used": (
        front("[issuers.acme.ending]\nprovider = 'hydra'\nurl = 'https://op.internal:4445'"),
        "issuers.acme.front.end_provider_session",
        "action is not named, and there is a table ending.",
        "name action, or leave ending out",
    ),
    "a redirect path that is none": (
        front('redirect_paths = ["interaction"]'),
        "issuers.acme.front.redirect_paths.0",
        "it is not a path.",
        "write the beginning of a path, such as /interaction/",
    ),
    "offline tokens that would end alone": (
        front("end_offline = true\nrefuse_refresh = false"),
        "issuers.acme.front.end_offline",
        "it cannot act: refuse_refresh = false lets every refresh token pass.",
        "leave one of the two out",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_contradicts_a_front(operator: Operator, case: str) -> None:
    """The setting, what is wrong with it in the light of the front, and a fix."""
    text, name, message, fix = CASES[case]
    operator.write(text)
    head, told_message, told_fix = operator.told_once()
    assert f": {name}" in head
    assert (told_message, told_fix) == (message, fix)


def test_one_line_is_enough(operator: Operator) -> None:
    """A front needs `upstream`, and nothing else of the issuer but its identifier."""
    operator.write(front())
    assert operator.start().issuers["acme"].front is not None
