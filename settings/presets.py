"""The presets: complete policies, as data. An issuer or an endpoint starts from one and overrides single knobs.

The table with the reasons is in `docs/policy.md`; a test holds the two to each other.
"""

from __future__ import annotations

from dataclasses import replace

from endsession.protocol.policy import DAY, Policy

OIDC = Policy()
"""OpenID Connect RP-Initiated Logout 1.0, asking whenever there is doubt."""

AUTHPI = Policy(
    id_token_hint="required",
    on_invalid_hint="error",
    on_no_params="error",
    post_params="form_or_query",
    client_id_param="ignore",
    logout_hint="ignore",
    ui_locales="ignore",
    prompt="never",
    hint_authority="hint",
    on_foreign_hint="error",
    on_stale_sid="error",
    redirect_without_hint="never",
    error_format="oauth_json",
)
"""AuthPI: the ID token represents the session to terminate, errors are JSON, and nobody is asked."""

PINGFEDERATE = Policy(
    on_unregistered_redirect="ignore",
    logout_hint="ignore",
    encrypted_hint="require_client_id",
    error_format="html",
)
"""PingFederate: asks without a valid hint, ignores a URI that does not match; errors are pages."""

STRICT = Policy(
    id_token_hint="required",
    on_invalid_hint="error",
    on_no_params="error",
    logout_hint="ignore",
    on_foreign_hint="error",
    on_stale_sid="error",
    redirect_without_hint="never",
    max_hint_age=DAY,
)
"""Errors where `oidc` asks about a hint, and redirects only with a verified hint, which is at most a day old if its
session is not live."""

PRESETS = {"oidc": OIDC, "authpi": AUTHPI, "pingfederate": PINGFEDERATE, "strict": STRICT}


def with_knobs(policy: Policy, knobs: dict[str, object]) -> Policy:
    """`policy` with single knobs replaced."""
    return replace(policy, **knobs)  # type: ignore[arg-type]
