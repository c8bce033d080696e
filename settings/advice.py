"""What holds together, and what an operator should know all the same: `endsession check` and the log say it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from endsession.protocol.client import is_loopback
from endsession.protocol.policy import Policy

from .issuer import IssuerSettings
from .model import Settings
from .policies import PLAIN, EndpointPolicySource, ServedDocument, can_match, policy_for, serves
from .problems import Location, Problem


def advice(settings: Settings, contract: ServedDocument) -> Iterator[Problem]:
    """Yield every warning about settings that `check` has let pass."""
    for issuer_id, issuer in settings.issuers.items():
        location: Location = ("issuers", issuer_id)
        served = [terms for terms in contract.endpoints.values() if serves(issuer, terms)]
        endpoints = [(terms, policy_for(issuer, terms)) for terms in served]
        if not can_match(issuer):
            yield from _leaked_hints(location, issuer, endpoints)
        if issuer.cookie is not None:
            yield from _alone(location, endpoints)
            yield from _unasked(location, endpoints)
        yield from _own_hints(location, issuer)
        yield from _in_the_clear(location, issuer)
        yield from _never_told(location, issuer)
    if settings.server.vendors or settings.server.extra_paths:
        yield from _nobodys(settings, contract)
    for index, token in enumerate(settings.management.tokens):
        if set(token.sha256) == {"0"}:
            where = ("management", "tokens", index, "sha256")
            fix = "make it from the token: printf %s TOKEN | sha256sum"
            yield Problem(where, "this is the placeholder of the README: no token matches it", fix)


def _leaked_hints(
    location: Location, issuer: IssuerSettings, endpoints: list[tuple[EndpointPolicySource, Policy]]
) -> Iterator[Problem]:
    """No browser can be matched, so a question may be answered by anyone who has the hint (docs/policy.md)."""
    names = [terms.name or PLAIN for terms, policy in endpoints if policy.hint_authority == "cookie"]
    if names:
        leak = f"at {', '.join(names)} anyone with a leaked hint can end its session with one click"
        if issuer.cookie is None:
            fix = "configure the provider's cookie, if it can reach this service"
            yield Problem((*location, "cookie"), f"there is none: {leak}", fix)
        else:
            message = f"participants = all registers no sessions, so no cookie can be matched: {leak}"
            fix = "register sessions, or take the cookie out, if it can never be matched"
            yield Problem((*location, "cookie", "match"), message, fix)


def _alone(location: Location, endpoints: list[tuple[EndpointPolicySource, Policy]]) -> Iterator[Problem]:
    """A cookie is configured, and at some endpoints it is not needed: an operator should have meant that."""
    names = {terms.name or PLAIN: policy.hint_authority for terms, policy in endpoints}
    alone = [name for name, authority in names.items() if authority == "hint"]
    if alone:
        others = [f'"{name}"' for name in names if name not in alone]
        message = f"at {', '.join(alone)} a hint alone ends its session, from any machine, though there is a cookie"
        fix = 'where the cookie reaches this service, set hint_authority = "cookie"'
        fix += f", or serve the others only: endpoints = [{', '.join(others)}]" if others else ""
        yield Problem((*location, "endpoints"), message, fix)


def _own_hints(location: Location, issuer: IssuerSettings) -> Iterator[Problem]:
    """What a client's own secret has signed acts only with a cookie, of a session that is registered."""
    lacking = "the issuer's cookie" if issuer.cookie is None else "registered sessions"
    if issuer.cookie is not None and issuer.participants == "tracked":
        return
    for client_id, client in issuer.clients.items():
        if client.id_token_signed_response_alg.startswith("HS"):
            where = (*location, "clients", client_id, "id_token_signed_response_alg")
            message = f"its own secret signs its hints, and without {lacking} they end nothing"
            yield Problem(where, message, "let the provider sign its ID tokens with its own key, as with RS256")


def _unasked(location: Location, endpoints: list[tuple[EndpointPolicySource, Policy]]) -> Iterator[Problem]:
    for terms, policy in endpoints:
        knobs = {"on_no_hint": "done", "on_no_params": "done", "bare_post_is_consent": True}
        found = [knob for knob, value in knobs.items() if getattr(policy, knob) == value]
        if found:
            where = ("policy",) if terms.name is None else ("dialects", terms.name, "policy")
            message = f"any site can sign a visitor out at {terms.name or 'end-session'} ({', '.join(found)})"
            fix = "where apps send hints, ask without one: "
            fix += ", ".join(f"{knob} = " + ("false" if knobs[knob] is True else '"prompt"') for knob in found)
            yield Problem((*location, *where), message, fix)


def _in_the_clear(location: Location, issuer: IssuerSettings) -> Iterator[Problem]:
    """http is allowed to confidential clients (Back-Channel Logout 1.0, section 2.2), and is seldom meant."""
    for client_id, client in issuer.clients.items():
        for member in ("backchannel_logout_uri", "frontchannel_logout_uri", "post_logout_redirect_uris"):
            value = getattr(client, member) or ()
            for uri in (value,) if isinstance(value, str) else value:
                parts = urlsplit(uri)
                if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
                    where = (*location, "clients", client_id, member)
                    yield Problem(where, "over http anyone on the way can read and change what is sent", "use https")


def _never_told(location: Location, issuer: IssuerSettings) -> Iterator[Problem]:
    """`participants = "all"` tells clients by the back channel alone."""
    for client_id, client in issuer.clients.items() if issuer.participants == "all" else ():
        if client.frontchannel_logout_uri and not client.backchannel_logout_uri:
            message = "no frame is shown for it: participants = all tells clients by the back channel alone"
            where = (*location, "clients", client_id, "frontchannel_logout_uri")
            yield Problem(where, message, "give it a backchannel_logout_uri, or register sessions")


def _nobodys(settings: Settings, contract: ServedDocument) -> Iterator[Problem]:
    if any(issuer.default or issuer.hosts for issuer in settings.issuers.values()):
        return
    names = [terms.name for terms in contract.endpoints.values() if terms.name and terms.issuer_from != "path"]
    if names:
        message = f"no issuer is found at {', '.join(names)}: none is the default, and none has hosts"
        yield Problem(("server", "vendors"), message, "set issuers.ID.default = true, or issuers.ID.hosts")
