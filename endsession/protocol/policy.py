"""The knobs on which specifications and vendors disagree, and which combinations make no sense.

A knob's meaning stands next to it; `docs/policy.md` has the same list for operators. Presets, that is complete sets of
values, are data in `settings/presets.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Policy:
    """How one logout endpoint of one issuer behaves. Times are in seconds."""

    id_token_hint: Literal["optional", "required"] = "optional"
    """Whether a request without a hint is refused with 400."""
    on_no_hint: Literal["prompt", "done"] = "prompt"
    """A request without a hint that names a client, a URI or a user: ask, or end the browser's session unasked."""
    on_invalid_hint: Literal["error", "prompt", "ignore"] = "prompt"
    """A hint that does not verify: refuse (400 or 401), ask the user, or go on as if it were absent."""
    on_no_params: Literal["prompt", "done", "error"] = "prompt"
    """A request that names nothing: ask, end the browser's session without asking, or refuse with 400."""
    on_unregistered_redirect: Literal["error", "ignore"] = "error"
    """A URI that may not be used: refuse with 422 and keep the session, or log out and stay on one of our pages."""
    redirect_match: Literal["exact", "exact_or_native_loopback", "wildcard"] = "exact"
    """How a requested URI is compared with the registered ones."""
    post_params: Literal["form", "query", "form_or_query"] = "form"
    """Where a POST carries its parameters. Both at once is always refused."""
    client_id_param: Literal["accept", "ignore", "reject"] = "accept"
    """Whether `client_id` is read, skipped, or refused with 400."""
    logout_hint: Literal["use", "ignore"] = "use"
    """Whether `logout_hint` is compared with the user of the browser's session."""
    ui_locales: Literal["use", "ignore"] = "use"
    """Whether `ui_locales` is kept with the request, or skipped. Pages are in English either way, so far."""
    encrypted_hint: Literal["require_client_id", "auto"] = "auto"
    """Whether an encrypted hint is valid without `client_id`."""
    prompt: Literal["auto", "always", "never"] = "auto"
    """Ask when in doubt, always, or never; `never` turns each doubt into an error."""
    hint_authority: Literal["cookie", "hint"] = "cookie"
    """Whether only the browser's cookie, or also a valid hint alone, says whose session ends."""
    on_foreign_hint: Literal["prompt", "error"] = "prompt"
    """The hint is another user's than the browser's session: ask, or refuse with 403."""
    on_stale_sid: Literal["prompt", "error"] = "prompt"
    """The hint is the same user's but of another session: ask, or refuse with 403."""
    redirect_without_hint: Literal["after_confirmation", "never", "when_no_session"] = "after_confirmation"
    """Whether `client_id` alone can lead to a redirect (RP-Initiated Logout 1.0, section 3)."""
    accept_expired_hint: bool = True
    """Whether a hint past its `exp` is still valid (RP-Initiated Logout 1.0, section 2)."""
    max_hint_age: int = 30 * DAY
    """Oldest `iat` of a hint that acts alone, or whose session is not live. One that the browser's session confirms may
    be of any age."""
    on_dead_session: Literal["success", "error"] = "success"
    """The session has ended or is unknown: answer as if it had ended now, or refuse with 401."""
    error_format: Literal["negotiate", "oauth_json", "html", "problem"] = "negotiate"
    """The form of errors: by the Accept header, always JSON, always a page, or RFC 9457 JSON."""
    default_redirect: Literal["none", "first_registered"] = "none"
    """Where the browser goes when the request names no URI."""
    bare_post_is_consent: bool = False
    """Whether a POST without a valid hint counts as the user's yes. Lets other sites log the user out."""
    sid_beats_sub: bool = False
    """Equal `sid` but different `sub`: act on it, or treat the hint as another user's."""
    require_authenticated_user: bool = False
    """Whether a request from a browser without a live session is refused with 401."""


def contradictions(policy: Policy, *, has_cookie: bool) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (knobs, why) for each combination that cannot be meant.

    `has_cookie` says whether the issuer configures the provider's session cookie, and one that sessions can be matched
    by: where none are registered (`participants = "all"`), only a cookie that is the `sid` itself.
    """
    if policy.prompt == "never":
        for knob in ("on_invalid_hint", "on_no_params", "on_foreign_hint", "on_stale_sid"):
            if getattr(policy, knob) == "prompt":
                yield ("prompt", knob), f"prompt = never forbids the question that {knob} = prompt asks for"
        if policy.redirect_without_hint == "after_confirmation":
            yield (
                ("prompt", "redirect_without_hint"),
                "prompt = never forbids the confirmation that redirect_without_hint = after_confirmation waits for",
            )
        if policy.hint_authority == "cookie" and not has_cookie:
            yield (
                ("prompt", "hint_authority"),
                "prompt = never needs the issuer's cookie, or hint_authority = hint: "
                "without either, no session can be matched and every request has to ask",
            )
    if policy.prompt == "always":
        for knob, value in (("bare_post_is_consent", True), ("on_no_hint", "done"), ("on_no_params", "done")):
            if getattr(policy, knob) == value:
                yield ("prompt", knob), f"prompt = always asks, {knob} = {str(value).lower()} skips asking"
    if policy.id_token_hint == "required" and policy.on_no_params != "error":
        yield (
            ("id_token_hint", "on_no_params"),
            f"id_token_hint = required refuses what on_no_params = {policy.on_no_params} would answer",
        )
    if policy.id_token_hint == "required" and policy.on_no_hint == "done":
        yield (
            ("id_token_hint", "on_no_hint"),
            "id_token_hint = required refuses what on_no_hint = done would answer",
        )
    if policy.encrypted_hint == "require_client_id" and policy.client_id_param != "accept":
        yield (
            ("encrypted_hint", "client_id_param"),
            f"encrypted_hint = require_client_id needs client_id, but client_id_param = {policy.client_id_param}",
        )
    if policy.require_authenticated_user and not has_cookie:
        yield (
            ("require_authenticated_user",),
            "require_authenticated_user needs the issuer's cookie: without it no browser is ever known to be signed in",
        )
