"""A client that requires `sid`, at an issuer whose tokens carry none: refused before anything is served (R22, R40)."""

from __future__ import annotations

import pytest

from .operator import GOOD, Operator

WEB = """backchannel_logout_uri = "https://app.example/oidc/backchannel"
frontchannel_logout_uri = "https://app.example/oidc/frontchannel"
redirect_uris = ["https://app.example/callback"]
"""
MEMBERS = ["backchannel_logout_session_required", "frontchannel_logout_session_required"]


def settings(*, required: str, have_sid: str) -> str:
    """The settings of such a client; both are TOML."""
    lines = GOOD.replace("[issuers.acme]\n", f"[issuers.acme]\nid_tokens_have_sid = {have_sid}\n")
    return f"{lines}{WEB}{required}\n"


@pytest.mark.parametrize("member", MEMBERS)
def test_it_is_refused_where_tokens_carry_no_sid(operator: Operator, member: str) -> None:
    """The refusal names the setting, its line and what to change."""
    text = settings(required=f"{member} = true", have_sid="false")
    operator.write(text)
    line = text.splitlines().index(f"{member} = true") + 1
    head, message, fix = operator.told_once()
    assert head.startswith(f"FOLDER/endsession.toml, line {line}: issuers.acme.clients.web.{member} (ENDSESSION_")
    assert message == "it is true, and this issuer's tokens carry no sid (id_tokens_have_sid = false)."
    assert fix == "leave it out, or set issuers.acme.id_tokens_have_sid = true if the provider's ID tokens carry sid"


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize(("required", "have_sid"), [("true", "true"), ("false", "true"), ("false", "false")])
def test_it_is_taken_where_it_can_be_kept(operator: Operator, member: str, required: str, have_sid: str) -> None:
    """Both ways where tokens carry `sid`, and where nothing is required."""
    operator.write(settings(required=f"{member} = {required}", have_sid=have_sid))
    client = operator.start().issuers["acme"].clients["web"]
    assert getattr(client, member) is (required == "true")
