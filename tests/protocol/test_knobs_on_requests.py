"""Knobs about what a request says, value by value: what it does, and how it differs from its neighbours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from endsession.protocol.client import Client
from endsession.protocol.decide import client_to_look_up, decide
from endsession.protocol.policy import Policy
from endsession.protocol.request import LogoutRequest, read_request
from endsession.protocol.session import Sessions

from .knobs import Cases
from .worlds import INVALID, MALFORMED, NO_HINT, URI, WEB, case, hint, outcome

NOBODY = Sessions("not_presented")
shows = Cases()


@pytest.mark.parametrize("case", shows.cases, ids=str)
def test_knob(case: tuple[str, object]) -> None:
    """The value does what its case says."""
    shows.run(case)


@shows("id_token_hint", "optional")
def _(policy: Policy) -> None:
    assert outcome(policy, client_id="web") == "ask no_hint C"


@shows("id_token_hint", "required")
def _(policy: Policy) -> None:
    assert outcome(policy, client_id="web") == "400 invalid_request"
    assert outcome(policy) == "400 invalid_request"
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy, sessions=NOBODY, client_id="web") == "400 invalid_request"


@shows("on_no_hint", "prompt")
def _(policy: Policy) -> None:
    assert outcome(policy, client_id="web", post_logout_redirect_uri=URI) == "ask no_hint C, redirect"


@shows("on_no_hint", "done")
def _(policy: Policy) -> None:
    assert outcome(policy, client_id="web") == outcome(policy, logout_hint="alice") == "end C"
    assert outcome(policy, client_id="web", post_logout_redirect_uri=URI) == "end C, redirect"
    never = replace(policy, redirect_without_hint="never")
    assert outcome(never, client_id="web", post_logout_redirect_uri=URI) == "end C"
    assert outcome(policy, sessions=NOBODY, client_id="web", post_logout_redirect_uri=URI) == "nothing, link"
    # Nothing is known to be signed in, so nothing ends and nothing may say that it did.
    blind = Sessions("not_configured")
    assert outcome(policy, sessions=blind, client_id="web", post_logout_redirect_uri=URI) == "nothing, redirect"
    # It is about requests that name something, that carry no hint, and that mean this user.
    assert outcome(policy) == "ask no_hint C"
    assert outcome(policy, INVALID, client_id="web") == "ask invalid_hint C"
    assert outcome(policy, logout_hint="bob") == "ask foreign_hint C"
    assert outcome(replace(policy, on_invalid_hint="ignore"), INVALID, client_id="web") == "end C"


@shows("on_invalid_hint", "error")
def _(policy: Policy) -> None:
    assert outcome(policy, INVALID) == "401 invalid_token"
    assert outcome(policy, MALFORMED) == "400 invalid_request"


@shows("on_invalid_hint", "prompt")
def _(policy: Policy) -> None:
    assert outcome(policy, INVALID) == outcome(policy, MALFORMED) == "ask invalid_hint C"
    assert outcome(policy, INVALID, post_logout_redirect_uri=URI) == "ask invalid_hint C, redirect"
    assert outcome(policy, INVALID, NOBODY) == "nothing"
    # Not "as if it were absent": a hint that was asked for and is no good is not the same as none.
    assert outcome(replace(policy, id_token_hint="required"), INVALID) == "ask invalid_hint C"


@shows("on_invalid_hint", "ignore")
def _(policy: Policy) -> None:
    assert outcome(policy, INVALID) == "ask no_hint C"
    assert outcome(replace(policy, id_token_hint="required"), INVALID) == "400 invalid_request"
    assert outcome(replace(policy, on_no_params="done"), INVALID) == "end C"


@shows("on_no_params", "prompt")
def _(policy: Policy) -> None:
    assert outcome(policy) == "ask no_hint C"
    assert outcome(policy, sessions=NOBODY) == "nothing"


@shows("on_no_params", "done")
def _(policy: Policy) -> None:
    assert outcome(policy) == outcome(policy, state="s", ui_locales="de") == "end C"
    assert outcome(policy, client_id="web") == "ask no_hint C"
    assert outcome(policy, INVALID) == "ask invalid_hint C"
    # Nothing is known to be signed in, so nothing ends and nothing may say that it did.
    assert outcome(policy, sessions=Sessions("not_configured")) == "nothing"


@shows("on_no_params", "error")
def _(policy: Policy) -> None:
    assert outcome(policy) == "400 invalid_request"
    assert outcome(policy, client_id="web") == "ask no_hint C"
    assert outcome(policy, hint()) == "end C"


@shows("on_unregistered_redirect", "error")
def _(policy: Policy) -> None:
    elsewhere = "https://evil.example/"
    assert outcome(policy, hint(), post_logout_redirect_uri=elsewhere) == "422 invalid_redirect_uri"
    assert outcome(policy, hint(), post_logout_redirect_uri="javascript:alert(1)") == "422 invalid_redirect_uri"
    assert outcome(policy, client=None, post_logout_redirect_uri=URI) == "400 invalid_request"
    assert outcome(policy, client=None, client_id="nobody") == "422 invalid_client"
    # A hint was to name the client, and did not: nothing to complain of in the URI.
    assert outcome(policy, INVALID, client=None, post_logout_redirect_uri=URI) == "ask invalid_hint C"


@shows("on_unregistered_redirect", "ignore")
def _(policy: Policy) -> None:
    elsewhere = "https://evil.example/"
    assert outcome(policy, hint(), post_logout_redirect_uri=elsewhere) == "end C"
    assert outcome(policy, hint(), post_logout_redirect_uri="javascript:alert(1)") == "end C"
    assert outcome(policy, client=None, post_logout_redirect_uri=URI) == "ask no_hint C"
    assert outcome(policy, client=None, client_id="nobody", post_logout_redirect_uri=URI) == "ask no_hint C"


@shows("redirect_match", "exact")
def _(policy: Policy) -> None:
    _matches(policy, exact=True, port=False, wildcard=False)


@shows("redirect_match", "exact_or_native_loopback")
def _(policy: Policy) -> None:
    _matches(policy, exact=True, port=True, wildcard=False)


@shows("redirect_match", "wildcard")
def _(policy: Policy) -> None:
    _matches(policy, exact=True, port=False, wildcard=True)


def _matches(policy: Policy, *, exact: bool, port: bool, wildcard: bool) -> None:
    registered = (URI, "http://127.0.0.1/done", "https://*.apps.example/done")
    client = replace(WEB, application_type="native", post_logout_redirect_uris=registered)
    for uri, matches in (
        (URI, exact),
        ("http://127.0.0.1:49152/done", port),
        ("https://one.apps.example/done", wildcard),
    ):
        expected = "end C, redirect" if matches else "422 invalid_redirect_uri"
        assert outcome(policy, hint(), client=client, post_logout_redirect_uri=uri) == expected


@shows("client_id_param", "accept")
def _(policy: Policy) -> None:
    assert outcome(policy, hint(), client_id="web") == "end C"
    assert outcome(policy, hint(), client_id="other") == "400 invalid_request"
    assert client_to_look_up(LogoutRequest("GET", client_id="other"), NO_HINT) == "other"
    assert client_to_look_up(LogoutRequest("GET", client_id="other"), hint()) == "web"


@shows("client_id_param", "ignore")
def _(policy: Policy) -> None:
    assert outcome(policy, hint(), client_id="other") == "end C"
    assert outcome(policy, client=None, client_id="nobody") == "ask no_hint C"
    assert read_request("GET", {"client_id": "other"}, policy)[0].client_id is None


@shows("client_id_param", "reject")
def _(policy: Policy) -> None:
    assert outcome(policy, hint(), client_id="web") == "400 invalid_request"
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy, INVALID, client=None, client_id="nobody") == "400 invalid_request"


@shows("logout_hint", "use")
def _(policy: Policy) -> None:
    for known in ("alice", "C", "alice@example.com"):
        assert outcome(policy, logout_hint=known) == "ask no_hint C"
    assert outcome(policy, logout_hint="bob") == "ask foreign_hint C"
    assert outcome(replace(policy, on_foreign_hint="error"), logout_hint="bob") == "403 access_denied"
    assert outcome(policy, hint(), logout_hint="bob") == "end C"


@shows("logout_hint", "ignore")
def _(policy: Policy) -> None:
    assert outcome(replace(policy, on_foreign_hint="error"), logout_hint="bob") == "ask no_hint C"


@shows("redirect_without_hint", "after_confirmation")
def _(policy: Policy) -> None:
    assert outcome(policy, post_logout_redirect_uri=URI) == "ask no_hint C, redirect"
    assert outcome(policy, sessions=NOBODY, post_logout_redirect_uri=URI) == "nothing, link"


@shows("redirect_without_hint", "never")
def _(policy: Policy) -> None:
    assert outcome(policy, post_logout_redirect_uri=URI) == "ask no_hint C"
    assert outcome(policy, INVALID, post_logout_redirect_uri=URI) == "ask invalid_hint C"
    assert outcome(policy, sessions=NOBODY, post_logout_redirect_uri=URI) == "nothing"
    assert outcome(policy, hint(), post_logout_redirect_uri=URI) == "end C, redirect"


@shows("redirect_without_hint", "when_no_session")
def _(policy: Policy) -> None:
    assert outcome(policy, post_logout_redirect_uri=URI) == "ask no_hint C, redirect"
    assert outcome(policy, sessions=NOBODY, post_logout_redirect_uri=URI) == "nothing, redirect"
    # A hint that is no good never leads to a redirect that nobody agreed to.
    assert outcome(policy, INVALID, NOBODY, post_logout_redirect_uri=URI) == "nothing, link"


@shows("default_redirect", "none")
def _(policy: Policy) -> None:
    assert outcome(policy, hint()) == "end C"


@shows("default_redirect", "first_registered")
def _(policy: Policy) -> None:
    client = Client(client_id="web", post_logout_redirect_uris=("https://*.apps.example/", URI))
    assert decide(case(policy, hint(), client=client)).redirect == URI
    assert outcome(policy, hint(), client=Client(client_id="web")) == "end C"
    assert outcome(policy, hint(), client=None) == "end C"
    # Only where a hint verified: otherwise any site could send a browser there.
    assert outcome(policy, client_id="web") == "ask no_hint C"
    assert outcome(policy, INVALID, client_id="web") == "ask invalid_hint C"
