"""Knobs that an operator has set at an endpoint where they cannot act: what they promise would not happen there."""

from __future__ import annotations

from collections.abc import Iterator

from .issuer import IssuerSettings
from .policies import ServedDocument, can_match, complaint, own_knobs, policy_for
from .problems import Location, Problem

_HINT = ({"id_token_hint"},)
_REDIRECT = ({"post_logout_redirect_uri"},)
NEEDS: dict[str, tuple[set[str], ...]] = {
    "id_token_hint": _HINT,
    "on_no_hint": ({"client_id"}, {"post_logout_redirect_uri"}, {"logout_hint"}),
    "on_invalid_hint": _HINT,
    "on_unregistered_redirect": (*_REDIRECT, {"client_id"}),
    "redirect_match": _REDIRECT,
    "client_id_param": ({"client_id"},),
    "logout_hint": ({"logout_hint"},),
    "ui_locales": ({"ui_locales"},),
    "encrypted_hint": _HINT,
    "hint_authority": _HINT,
    "on_foreign_hint": (*_HINT, {"logout_hint"}),
    "on_stale_sid": _HINT,
    "redirect_without_hint": ({"client_id", "post_logout_redirect_uri"},),
    "accept_expired_hint": _HINT,
    "max_hint_age": _HINT,
    "on_dead_session": _HINT,
    "default_redirect": _HINT,
    "sid_beats_sub": _HINT,
}
"""Of which parameters a knob speaks: sets of which the endpoint has to take one whole."""
_OF_POST = ("post_params", "bare_post_is_consent")
_ENDS_UNASKED = {"on_no_hint": "done", "on_no_params": "done", "bare_post_is_consent": True}
"""Values that end the browser's session, which has to be known for that."""


def idle_knobs(location: Location, issuer: IssuerSettings, contract: ServedDocument) -> Iterator[Problem]:
    """Yield a problem for each knob of the operator's own that nothing at its endpoint can bring into play."""
    for path, terms in contract.endpoints.items():
        if complaint(terms):
            continue  # the document's mistake, which is reported with the document
        takes, policy = contract.standard_parameters(path), policy_for(issuer, terms)
        where = (*location, "policy") if terms.name is None else (*location, "dialects", terms.name, "policy")
        for knob in sorted(own_knobs(issuer, terms)):
            needs = NEEDS.get(knob, (set(),))
            if not any(parameters <= takes for parameters in needs):
                names = " or ".join(" and ".join(sorted(parameters)) for parameters in needs)
                message = f"the endpoint {terms.name or 'end-session'} does not take {names}, so it cannot act"
                yield Problem((*where, knob), message, "leave it out")
            elif knob in _OF_POST and not contract.takes_post(path):
                message = f"the endpoint {terms.name or 'end-session'} takes no POST, so it cannot act"
                yield Problem((*where, knob), message, "leave it out")
            elif getattr(policy, knob) == _ENDS_UNASKED.get(knob) and not can_match(issuer):
                message = (
                    "without a cookie that can be matched the browser's session is not known, so nothing would end"
                )
                fix = "leave it out, or configure a cookie that sessions can be matched by"
                yield Problem((*where, knob), message, fix, also=((*location, "cookie"), (*location, "participants")))
