"""The logout request in the standard's own terms, whatever a vendor calls its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .errors import InvalidRequest
from .policy import Policy

STANDARD_PARAMETERS = (
    "id_token_hint",
    "logout_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
)
"""The parameters of RP-Initiated Logout 1.0, section 2, which a vendor may call by other names."""


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


def read_request(
    method: Literal["GET", "POST"], parameters: Mapping[str, str], policy: Policy
) -> tuple[LogoutRequest, str | None]:
    """The request that `parameters` (by their standard names) make under `policy`, and the raw hint apart from it.

    What a knob says is not read does not get any further than this.
    """
    request = LogoutRequest(
        method=method,
        client_id=None if policy.client_id_param == "ignore" else parameters.get("client_id") or None,
        post_logout_redirect_uri=parameters.get("post_logout_redirect_uri") or None,
        state=parameters.get("state") or None,
        logout_hint=None if policy.logout_hint == "ignore" else parameters.get("logout_hint") or None,
        ui_locales=None if policy.ui_locales == "ignore" else _languages(parameters.get("ui_locales", "")),
    )
    return request, parameters.get("id_token_hint") or None


def _languages(text: str) -> str | None:
    """What is not a list of language tags costs nobody a logout (OpenID Connect Core 1.0, section 3.1.2.1)."""
    return text if len(text) <= _MAX_LANGUAGES and _LANGUAGES.fullmatch(text) else None


_MAX_LANGUAGES = 255
_LANGUAGES = re.compile(r"[A-Za-z0-9-]{1,35}(?: [A-Za-z0-9-]{1,35})*")
"""Tags as in RFC 5646, section 4.4.1, with spaces between."""


def merge_places(method: str, query: Mapping[str, str], form: Mapping[str, str], policy: Policy) -> Mapping[str, str]:
    """The parameters of a request, from where its method and policy say they are (section 2; knob `post_params`).

    A parameter in both places is refused, whichever of the two counts: two readers could take different ones. Only
    `ui_locales` is not worth that: it ends nothing, and leads nowhere.
    """
    if both := (query.keys() & form.keys()) - {"ui_locales"}:
        raise InvalidRequest(f"The parameter {min(both)} is in the query and in the form.")
    if method != "POST" or policy.post_params == "query":
        return query
    return form if policy.post_params == "form" else {**query, **form}
