"""The one hierarchy of errors that reach a caller.

An error has a stable `code` (the `error` member of an OAuth error body), an HTTP `status`, a `description` that anyone
may read, and a `detail` for the operator's log. Neither sentence ever holds a token, a cookie, a secret or any part of
the input.
"""

from __future__ import annotations

from collections.abc import Mapping


class EndsessionError(Exception):
    """An answer other than the one asked for.

    `description` keeps to printable ASCII without quotes and backslashes (RFC 6749, section 5.2).
    """

    code = "server_error"
    status = 500
    description = "The service could not complete the request."

    def __init__(
        self, description: str | None = None, *, detail: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self.description = description or type(self).description
        self.detail = detail
        self.headers: Mapping[str, str] = headers or {}
        super().__init__(f"{self.status} {self.code}: {detail or self.description}")


class InvalidRequest(EndsessionError):
    """A parameter is missing, repeated, malformed, or contradicts another one."""

    code = "invalid_request"
    status = 400
    description = "The request is malformed or missing a required parameter."


class StaleHandle(InvalidRequest):
    """One of our handles that cannot be used any more: too old, changed, or of another purpose or issuer.

    What it was for may have happened, so nothing may say that the user is still signed in.
    """

    description = "The handle is not valid any more. Start again at the app."


class SpeculativeRequest(InvalidRequest):
    """A browser fetches ahead what a user may ask for (Sec-Purpose: prefetch). Not a success, or it would be shown."""

    description = "A prefetch or preview ends nothing. The request counts when the user makes it."


class InvalidToken(EndsessionError):
    """The id_token_hint does not verify. One public sentence for every reason, so that nothing can be probed."""

    code = "invalid_token"
    status = 401
    description = "The id_token_hint is not a valid ID token of this issuer."

    def __init__(self, description: str | None = None, *, detail: str = "") -> None:
        super().__init__(description, detail=detail, headers={"WWW-Authenticate": f'Bearer error="{self.code}"'})


class SessionExpired(InvalidToken):
    """The session has ended and the issuer's policy treats that as an error (`on_dead_session = "error"`)."""

    code = "session_expired"
    description = "The session that the id_token_hint names has ended."


class LoginRequired(InvalidToken):
    """The issuer's policy asks for a signed-in browser (`require_authenticated_user`) and this one is not."""

    code = "login_required"
    description = "This request needs a browser with a live session at the provider."


class Unauthenticated(InvalidToken):
    """A management operation without a valid bearer token."""

    description = "This operation needs a valid bearer token."


class AccessDenied(EndsessionError):
    """A valid hint of another user or session, a doubt where policy never asks, a client or a site that may not ask."""

    code = "access_denied"
    status = 403
    description = "The id_token_hint does not belong to the session of this request."


class InsufficientScope(EndsessionError):
    """A valid bearer token without the scope of the operation (RFC 6750, section 3.1). Another issuer's is NotFound."""

    code = "insufficient_scope"
    status = 403
    description = "The bearer token does not allow this operation."

    def __init__(self, description: str | None = None, *, detail: str = "") -> None:
        super().__init__(description, detail=detail, headers={"WWW-Authenticate": f'Bearer error="{self.code}"'})


class NotFound(EndsessionError):
    """No such issuer, session or URL."""

    code = "not_found"
    status = 404
    description = "There is nothing at this URL."


class MethodNotAllowed(EndsessionError):
    """The URL exists and does not support this method; `Allow` lists those that it knows (RFC 9110, 15.5.6)."""

    code = "invalid_request"
    status = 405
    description = "This URL does not support the method of the request."


class SessionEnded(EndsessionError):
    """A change to a session that has ended: the login side must not go on with it."""

    code = "session_ended"
    status = 409
    description = "The session has ended and takes no changes."


class BodyTooLarge(EndsessionError):
    """The body is over the limit (`limits.body_bytes`)."""

    code = "invalid_request"
    status = 413
    description = "The body of the request is too large."


class UriTooLong(EndsessionError):
    """The query is over the limit (`limits.query_bytes`). A POST carries what a URI cannot."""

    code = "invalid_request"
    status = 414
    description = "The query is too long. Send the parameters as a form by POST instead."


class UnsupportedMediaType(EndsessionError):
    """The body is not in a media type of the operation."""

    code = "invalid_request"
    status = 415
    description = "The body of this request must be application/x-www-form-urlencoded."


class MisdirectedRequest(EndsessionError):
    """The Host header names no host of this service (`server.public_url`, `issuers.ID.hosts`)."""

    code = "invalid_request"
    status = 421
    description = "This service does not answer for the host of the request."


class InvalidRedirectUri(EndsessionError):
    """post_logout_redirect_uri is well formed but may not be used: not registered, not absolute, forbidden scheme."""

    code = "invalid_redirect_uri"
    status = 422
    description = "The post_logout_redirect_uri is not registered for this client."


class UnknownClient(EndsessionError):
    """client_id names no client of the issuer."""

    code = "invalid_client"
    status = 422
    description = "The client_id is not known to this issuer."


class InvalidClientMetadata(EndsessionError):
    """A registration breaks a rule (RFC 7591, section 3.2.2)."""

    code = "invalid_client_metadata"
    status = 400
    description = "The client's metadata cannot be registered."


class UnregistrableRedirectUri(InvalidClientMetadata):
    """A registration names a redirect URI that may not be used (RFC 7591, section 3.2.2)."""

    code = "invalid_redirect_uri"
    description = "A redirect URI of the client cannot be registered."


class ClientOfSettings(EndsessionError):
    """A client of the settings file cannot be changed through the API."""

    code = "invalid_client_metadata"
    status = 409
    description = "This client is defined in the settings file and can only be changed there."


class RateLimited(EndsessionError):
    """Over a limit; `retry_after` whole seconds from now there is room again (RFC 6585, section 4)."""

    code = "temporarily_unavailable"
    status = 429
    description = "There were too many requests. Please try again in a moment."

    def __init__(self, retry_after: int, *, detail: str = "") -> None:
        super().__init__(detail=detail, headers={"Retry-After": str(max(1, retry_after))})


class ServiceUnavailable(EndsessionError):
    """Storage cannot be reached, and the transaction that needed it changed nothing. Repeating the request is safe.

    A request may have committed an earlier transaction, so its caller is not told that nothing was changed.
    """

    code = "temporarily_unavailable"
    status = 503
    description = "The service cannot reach its storage. It is safe to send the request again in a moment."

    def __init__(self, *, detail: str = "", retry_after: int = 5) -> None:
        super().__init__(detail=detail, headers={"Retry-After": str(retry_after)})


class OutcomeUnknown(ServiceUnavailable):
    """The answer to COMMIT was lost, so it is not known whether the change was made. Repeating the request is safe."""

    description = (
        "The service lost its storage while saving the change, so it is not known whether it was made. "
        "It is safe to repeat the request."
    )


class ProviderUnavailable(ServiceUnavailable):
    """What the provider publishes, its keys or its metadata, is needed, is not known yet, and cannot be fetched."""

    description = "The service cannot reach the provider. Nothing was changed; please try again in a moment."


class SecretUnavailable(ServiceUnavailable):
    """The stored secret of a client is needed, and none of the sealing secrets opens it, until an operator acts."""

    description = "The service cannot check this request until its settings are corrected. It is safe to repeat it."
