"""The logout request in the standard's own terms, whatever a vendor calls its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .errors import InvalidRequest
from .policy import Policy


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A logout request without its hint (RP-Initiated Logout 1.0, section 2). Absent and empty are both None.

    The raw hint is kept apart, so that a request can be sealed, logged or explained without it.
    """

    method: Literal["GET", "POST"]
    client_id: str | None = None
    post_logout_redirect_uri: str | None = None
    state: str | None = None
    logout_hint: str | None = None
    ui_locales: str | None = None

    @property
    def names_nothing(self) -> bool:
        """Whether the request says neither who, nor for whom, nor where to (a hint aside)."""
        return not (self.client_id or self.post_logout_redirect_uri or self.logout_hint)


def merge_places(method: str, query: Mapping[str, str], form: Mapping[str, str], policy: Policy) -> Mapping[str, str]:
    """The parameters of a request, from where its method and policy say they are (section 2; knob `post_params`).

    A parameter in both places is refused, whichever of the two counts: two readers could take different ones.
    """
    if both := query.keys() & form.keys():
        raise InvalidRequest(f"The parameter {min(both)} is in the query and in the form.")
    if method != "POST" or policy.post_params == "query":
        return query
    return form if policy.post_params == "form" else {**query, **form}
