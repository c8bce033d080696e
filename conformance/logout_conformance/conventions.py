"""What is expected of a deployment and is not in its OpenAPI document: codes, names, tags.

What this suite takes for granted about a service is here and in `document.py` (the extension `x-logout`). Apart from
that it knows the paths of management (`fixtures.py`) and some operationIds (`reporting/coverage.py`, `explainLogout`).
"""

from __future__ import annotations

STANDARD_PARAMETERS = (
    "id_token_hint",
    "logout_hint",
    "client_id",
    "post_logout_redirect_uri",
    "state",
    "ui_locales",
)
"""The parameters of a logout request (OpenID Connect RP-Initiated Logout 1.0, section 2)."""

ERROR_CODES: dict[int, frozenset[str]] = {
    400: frozenset({"invalid_request", "invalid_redirect_uri", "invalid_client_metadata"}),
    401: frozenset({"invalid_token", "session_expired", "login_required"}),
    403: frozenset({"access_denied", "insufficient_scope"}),
    404: frozenset({"not_found"}),
    405: frozenset({"invalid_request"}),
    409: frozenset({"session_ended", "invalid_client_metadata"}),
    413: frozenset({"invalid_request"}),
    414: frozenset({"invalid_request"}),
    415: frozenset({"invalid_request"}),
    421: frozenset({"invalid_request"}),
    422: frozenset({"invalid_redirect_uri", "invalid_client"}),
    429: frozenset({"temporarily_unavailable"}),
    500: frozenset({"server_error"}),
    503: frozenset({"temporarily_unavailable"}),
}
"""The values of `error` that each status may carry."""

LOGOUT_ONLY_CODES = frozenset({"session_expired", "login_required"})
"""Codes about the user's session. A management operation has no use for them."""

BROWSER_COOKIES = ("__Host-endsession", "endsession")
"""The service's own cookie, which binds a question to a browser: by HTTPS, and by HTTP on a loopback address."""

LOGOUT_TAG = "logout"
"""The tag of the operations that a logout consists of."""

PUBLIC_TAGS = ("document", "discovery", "health")
"""Tags of operations whose responses anybody may read and caches may store."""
