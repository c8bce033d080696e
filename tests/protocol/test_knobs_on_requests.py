"""Knobs about what a request says, value by value: what it does, and how it differs from its neighbours."""

from __future__ import annotations

from dataclasses import replace

from endsession.protocol.client import Client
from endsession.protocol.decide import client_to_look_up, decide
from endsession.protocol.policy import Policy
from endsession.protocol.request import LogoutRequest, read_request
from endsession.protocol.session import Sessions

from .worlds import INVALID, MALFORMED, NO_HINT, URI, WEB, case, hint, outcome

NOBODY = Sessions("not_presented")


def test_id_token_hint_optional() -> None:
    """Without a hint the user is asked."""
    policy = Policy(id_token_hint="optional")
    assert outcome(policy, client_id="web") == "ask no_hint C"


def test_id_token_hint_required() -> None:
    """Without a hint it is 400, whatever else is named and no matter who is signed in."""
    policy = Policy(id_token_hint="required")
    assert outcome(policy, client_id="web") == "400 invalid_request"
    assert outcome(policy) == "400 invalid_request"
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy, sessions=NOBODY, client_id="web") == "400 invalid_request"


def test_on_no_hint_prompt() -> None:
    """The user is asked, and a registered redirect URI waits for the yes."""
    policy = Policy(on_no_hint="prompt")
    assert outcome(policy, client_id="web", post_logout_redirect_uri=URI) == "ask no_hint C, redirect"


def test_on_no_hint_done() -> None:
    """The browser's session ends without a question, and a registered redirect URI is followed."""
    policy = Policy(on_no_hint="done")
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


def test_on_invalid_hint_error() -> None:
    """401, or 400 for what is no JWT at all."""
    policy = Policy(on_invalid_hint="error")
    assert outcome(policy, INVALID) == "401 invalid_token"
    assert outcome(policy, MALFORMED) == "400 invalid_request"


def test_on_invalid_hint_prompt() -> None:
    """The user is asked, and nothing in the hint is believed."""
    policy = Policy(on_invalid_hint="prompt")
    assert outcome(policy, INVALID) == outcome(policy, MALFORMED) == "ask invalid_hint C"
    assert outcome(policy, INVALID, post_logout_redirect_uri=URI) == "ask invalid_hint C, redirect"
    assert outcome(policy, INVALID, NOBODY) == "nothing"
    # Not "as if it were absent": a hint that was asked for and is no good is not the same as none.
    assert outcome(replace(policy, id_token_hint="required"), INVALID) == "ask invalid_hint C"


def test_on_invalid_hint_ignore() -> None:
    """As if there were no hint."""
    policy = Policy(on_invalid_hint="ignore")
    assert outcome(policy, INVALID) == "ask no_hint C"
    assert outcome(replace(policy, id_token_hint="required"), INVALID) == "400 invalid_request"
    assert outcome(replace(policy, on_no_params="done"), INVALID) == "end C"


def test_on_no_params_prompt() -> None:
    """The user is asked, if anybody is signed in."""
    policy = Policy(on_no_params="prompt")
    assert outcome(policy) == "ask no_hint C"
    assert outcome(policy, sessions=NOBODY) == "nothing"


def test_on_no_params_done() -> None:
    """The browser's session ends without a question."""
    policy = Policy(on_no_params="done")
    assert outcome(policy) == outcome(policy, state="s", ui_locales="de") == "end C"
    assert outcome(policy, client_id="web") == "ask no_hint C"
    assert outcome(policy, INVALID) == "ask invalid_hint C"
    # Nothing is known to be signed in, so nothing ends and nothing may say that it did.
    assert outcome(policy, sessions=Sessions("not_configured")) == "nothing"


def test_on_no_params_error() -> None:
    """400; a request that names something is asked about."""
    policy = Policy(on_no_params="error")
    assert outcome(policy) == "400 invalid_request"
    assert outcome(policy, client_id="web") == "ask no_hint C"
    assert outcome(policy, hint()) == "end C"


def test_on_unregistered_redirect_error() -> None:
    """422, also of a client that is not known; 400 where no client is named. A client_id alone is no error (T24)."""
    policy = Policy(on_unregistered_redirect="error")
    elsewhere = "https://evil.example/"
    assert outcome(policy, hint(), post_logout_redirect_uri=elsewhere) == "422 invalid_redirect_uri"
    assert outcome(policy, hint(), post_logout_redirect_uri="javascript:alert(1)") == "422 invalid_redirect_uri"
    assert outcome(policy, client=None, post_logout_redirect_uri=URI) == "400 invalid_request"
    assert outcome(policy, client=None, client_id="nobody", post_logout_redirect_uri=URI) == "422 invalid_redirect_uri"
    assert outcome(policy, client=None, client_id="nobody") == "ask no_hint C"
    # A hint was to name the client, and did not: nothing to complain of in the URI.
    assert outcome(policy, INVALID, client=None, post_logout_redirect_uri=URI) == "ask invalid_hint C"


def test_on_unregistered_redirect_ignore() -> None:
    """The logout goes on, without a redirect."""
    policy = Policy(on_unregistered_redirect="ignore")
    elsewhere = "https://evil.example/"
    assert outcome(policy, hint(), post_logout_redirect_uri=elsewhere) == "end C"
    assert outcome(policy, hint(), post_logout_redirect_uri="javascript:alert(1)") == "end C"
    assert outcome(policy, client=None, post_logout_redirect_uri=URI) == "ask no_hint C"
    assert outcome(policy, client=None, client_id="nobody", post_logout_redirect_uri=URI) == "ask no_hint C"


def test_redirect_match_exact() -> None:
    """The same string and nothing else."""
    policy = Policy(redirect_match="exact")
    _matches(policy, exact=True, port=False, wildcard=False)


def test_redirect_match_exact_or_native_loopback() -> None:
    """For native apps the port of a loopback address may differ."""
    policy = Policy(redirect_match="exact_or_native_loopback")
    _matches(policy, exact=True, port=True, wildcard=False)


def test_redirect_match_wildcard() -> None:
    """One host label in the place of the star."""
    policy = Policy(redirect_match="wildcard")
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


def test_client_id_param_accept() -> None:
    """It names the client where there is no hint, and has to be the hint's client."""
    policy = Policy(client_id_param="accept")
    assert outcome(policy, hint(), client_id="web") == "end C"
    assert outcome(policy, hint(), client_id="other") == "400 invalid_request"
    assert client_to_look_up(LogoutRequest("GET", client_id="other"), NO_HINT) == "other"
    assert client_to_look_up(LogoutRequest("GET", client_id="other"), hint()) == "web"


def test_client_id_param_ignore() -> None:
    """It is not read."""
    policy = Policy(client_id_param="ignore")
    assert outcome(policy, hint(), client_id="other") == "end C"
    assert outcome(policy, client=None, client_id="nobody") == "ask no_hint C"
    assert read_request("GET", {"client_id": "other"}, policy)[0].client_id is None


def test_client_id_param_reject() -> None:
    """400, with or without a hint."""
    policy = Policy(client_id_param="reject")
    assert outcome(policy, hint(), client_id="web") == "400 invalid_request"
    assert outcome(policy, hint()) == "end C"
    assert outcome(policy, INVALID, client=None, client_id="nobody") == "400 invalid_request"


def test_logout_hint_use() -> None:
    """Another user's than the browser's session is a foreign hint; a verified id_token_hint comes first."""
    policy = Policy(logout_hint="use")
    for known in ("alice", "C", "alice@example.com"):
        assert outcome(policy, logout_hint=known) == "ask no_hint C"
    assert outcome(policy, logout_hint="bob") == "ask foreign_hint C"
    assert outcome(replace(policy, on_foreign_hint="error"), logout_hint="bob") == "403 access_denied"
    assert outcome(policy, hint(), logout_hint="bob") == "end C"


def test_logout_hint_ignore() -> None:
    """It is not read."""
    policy = Policy(logout_hint="ignore")
    assert outcome(replace(policy, on_foreign_hint="error"), logout_hint="bob") == "ask no_hint C"


def test_redirect_without_hint_after_confirmation() -> None:
    """After the user's yes; where nobody is signed in, as a link."""
    policy = Policy(redirect_without_hint="after_confirmation")
    assert outcome(policy, post_logout_redirect_uri=URI) == "ask no_hint C, redirect"
    assert outcome(policy, sessions=NOBODY, post_logout_redirect_uri=URI) == "nothing, link"


def test_redirect_without_hint_never() -> None:
    """Neither after a yes nor as a link; with a hint it is followed."""
    policy = Policy(redirect_without_hint="never")
    assert outcome(policy, post_logout_redirect_uri=URI) == "ask no_hint C"
    assert outcome(policy, INVALID, post_logout_redirect_uri=URI) == "ask invalid_hint C"
    assert outcome(policy, sessions=NOBODY, post_logout_redirect_uri=URI) == "nothing"
    assert outcome(policy, hint(), post_logout_redirect_uri=URI) == "end C, redirect"


def test_redirect_without_hint_when_no_session() -> None:
    """Also at once, where nobody is signed in and no hint was refused."""
    policy = Policy(redirect_without_hint="when_no_session")
    assert outcome(policy, post_logout_redirect_uri=URI) == "ask no_hint C, redirect"
    assert outcome(policy, sessions=NOBODY, post_logout_redirect_uri=URI) == "nothing, redirect"
    # A hint that is no good never leads to a redirect that nobody agreed to.
    assert outcome(policy, INVALID, NOBODY, post_logout_redirect_uri=URI) == "nothing, link"


def test_default_redirect_none() -> None:
    """Without a redirect URI the browser stays on a page."""
    policy = Policy(default_redirect="none")
    assert outcome(policy, hint()) == "end C"


def test_default_redirect_first_registered() -> None:
    """With a verified hint, to the first registered URI that is no wildcard."""
    policy = Policy(default_redirect="first_registered")
    client = Client(client_id="web", post_logout_redirect_uris=("https://*.apps.example/", URI))
    assert decide(case(policy, hint(), client=client)).redirect == URI
    assert outcome(policy, hint(), client=Client(client_id="web")) == "end C"
    assert outcome(policy, hint(), client=None) == "end C"
    # Only where a hint verified: otherwise any site could send a browser there.
    assert outcome(policy, client_id="web") == "ask no_hint C"
    assert outcome(policy, INVALID, client_id="web") == "ask invalid_hint C"
