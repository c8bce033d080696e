"""Every value of every knob that `decide` reads: what it does, and how it differs from its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from endsession.protocol.client import Client
from endsession.protocol.decide import client_to_look_up, decide
from endsession.protocol.policy import Policy
from endsession.protocol.request import LogoutRequest
from endsession.protocol.session import Sessions

from .knobs import AT_THE_ENDPOINT, every_knob_and_value
from .worlds import DAY, DEAD, INVALID, MALFORMED, NO_HINT, URI, WEB, C, H, case, hint, outcome

NOBODY = Sessions("not_presented")
NO_COOKIE = Sessions("not_configured", named=H)
STALE = Sessions("presented", C, named=H)
FOREIGN = Sessions("presented", replace(C, sub="bob"))
CASES: dict[tuple[str, Any], Callable[[Policy], None]] = {}


def shows(knob: str, value: Any) -> Callable[[Callable[[Policy], None]], Callable[[Policy], None]]:
    """Register a case: it is called with a policy of which just this knob differs from the default."""

    def register(show: Callable[[Policy], None]) -> Callable[[Policy], None]:
        CASES[knob, value] = show
        return show

    return register


@pytest.mark.parametrize(("knob", "value"), CASES, ids=lambda part: str(part))
def test_knob(knob: str, value: Any) -> None:
    """The value does what its case says."""
    CASES[knob, value](replace(Policy(), **{knob: value}))


def test_every_value_of_every_knob_has_a_case() -> None:
    """A new knob or a new value needs a case, here or at the endpoint."""
    missing = set(every_knob_and_value()) - set(CASES)
    assert {knob for knob, _ in missing} <= AT_THE_ENDPOINT, missing


@shows("id_token_hint", "optional")
def _(policy: Policy) -> None:
    assert outcome(policy, client_id="web") == "ask no_hint C"


@shows("id_token_hint", "required")
def _(policy: Policy) -> None:
    assert outcome(policy, client_id="web") == "400 invalid_request"
    assert outcome(policy) == "400 invalid_request"
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy, sessions=NOBODY, client_id="web") == "400 invalid_request"


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
    assert client_to_look_up(LogoutRequest("GET", client_id="other"), NO_HINT, policy) == "other"
    assert client_to_look_up(LogoutRequest("GET", client_id="other"), hint(), policy) == "web"


@shows("client_id_param", "ignore")
def _(policy: Policy) -> None:
    assert outcome(policy, hint(), client_id="other") == "end C"
    assert client_to_look_up(LogoutRequest("GET", client_id="other"), NO_HINT, policy) is None
    assert client_to_look_up(LogoutRequest("GET", client_id="other"), hint(), policy) == "web"


@shows("client_id_param", "reject")
def _(policy: Policy) -> None:
    assert outcome(policy, hint(), client_id="web") == "400 invalid_request"
    assert outcome(policy, hint()) == "end C"
    assert client_to_look_up(LogoutRequest("GET", client_id="other"), INVALID, policy) is None


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


@shows("prompt", "auto")
def _(policy: Policy) -> None:
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy) == "ask no_hint C"


@shows("prompt", "always")
def _(policy: Policy) -> None:
    assert outcome(policy, hint()) == "ask always C"
    assert outcome(policy, hint(), NOBODY) == "nothing over"
    by_hint = replace(policy, hint_authority="hint")
    assert outcome(by_hint, hint("H"), NO_COOKIE) == "ask always H"


@shows("prompt", "never")
def _(policy: Policy) -> None:
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy, client_id="web") == "403 access_denied"
    assert outcome(replace(policy, on_no_params="done")) == "end C"


@shows("hint_authority", "cookie")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "nothing"
    assert outcome(policy, hint("H"), NO_COOKIE) == "ask unmatched H"


@shows("hint_authority", "hint")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "end H"
    assert outcome(policy, hint("H"), NO_COOKIE) == "end H"


@shows("on_foreign_hint", "prompt")
def _(policy: Policy) -> None:
    assert outcome(policy, hint(), FOREIGN, post_logout_redirect_uri=URI) == "ask foreign_hint C, redirect"


@shows("on_foreign_hint", "error")
def _(policy: Policy) -> None:
    assert outcome(policy, hint(), FOREIGN) == "403 access_denied"


@shows("on_stale_sid", "prompt")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), STALE) == "ask stale_sid C"


@shows("on_stale_sid", "error")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), STALE) == "403 access_denied"


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


@shows("accept_expired_hint", True)
def _(policy: Policy) -> None:
    assert outcome(policy, hint(age=3 * DAY)) == "end C"
    assert outcome(policy, hint("H", age=3 * DAY), Sessions("not_presented", named=DEAD)) == "nothing over"


@shows("accept_expired_hint", False)
def _(policy: Policy) -> None:
    assert outcome(policy, hint(age=3 * DAY)) == "ask invalid_hint C"
    assert outcome(policy, hint(age=3600 + 59)) == "end C"
    assert outcome(policy, hint(age=3600 + 61)) == "ask invalid_hint C"


@shows("on_dead_session", "success")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), NOBODY, post_logout_redirect_uri=URI) == "nothing over, redirect"


@shows("on_dead_session", "error")
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), NOBODY, post_logout_redirect_uri=URI) == "401 session_expired"
    assert outcome(policy, hint("H"), Sessions("presented", C, named=DEAD)) == "ask stale_sid C"


@shows("default_redirect", "none")
def _(policy: Policy) -> None:
    assert outcome(policy, hint()) == "end C"


@shows("default_redirect", "first_registered")
def _(policy: Policy) -> None:
    client = Client(client_id="web", post_logout_redirect_uris=("https://*.apps.example/", URI))
    assert decide(case(policy, hint(), client=client)).redirect == URI
    assert outcome(policy, hint(), client=Client(client_id="web")) == "end C"
    # Only where a hint verified: otherwise any site could send a browser there.
    assert outcome(policy, client_id="web") == "ask no_hint C"
    assert outcome(policy, INVALID, client_id="web") == "ask invalid_hint C"


@shows("bare_post_is_consent", False)
def _(policy: Policy) -> None:
    assert outcome(policy, method="POST") == "ask no_hint C"


@shows("bare_post_is_consent", True)
def _(policy: Policy) -> None:
    assert outcome(policy, method="POST", post_logout_redirect_uri=URI) == "end C, redirect"
    assert outcome(policy, method="GET") == "ask no_hint C"
    assert outcome(policy, method="POST", logout_hint="bob") == "ask foreign_hint C"
    # Nothing is known to be signed in, so nothing ends and nothing may say that it did.
    assert outcome(policy, sessions=Sessions("not_configured"), method="POST") == "nothing"


@shows("sid_beats_sub", False)
def _(policy: Policy) -> None:
    other = replace(C, sub="bob")
    assert outcome(policy, hint("C"), Sessions("presented", other, named=other)) == "ask foreign_hint C"


@shows("sid_beats_sub", True)
def _(policy: Policy) -> None:
    other = replace(C, sub="bob")
    assert outcome(policy, hint("C"), Sessions("presented", other, named=other)) == "end C"
    assert outcome(policy, hint("H"), Sessions("presented", other, named=H)) == "ask foreign_hint C"
    # The session is live, so the hint may be of any age.
    assert outcome(policy, hint("C", age=99 * DAY), Sessions("presented", other, named=other)) == "end C"


@shows("require_authenticated_user", False)
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "nothing"


@shows("require_authenticated_user", True)
def _(policy: Policy) -> None:
    assert outcome(policy, hint("H"), Sessions("not_presented", named=H)) == "401 login_required"
    assert outcome(policy, sessions=NOBODY) == "401 login_required"
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy) == "ask no_hint C"
