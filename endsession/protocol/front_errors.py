"""Errors that a front adds to what the provider answers (`docs/errors.md`)."""

from __future__ import annotations

from .errors import EndsessionError, InvalidToken, ServiceUnavailable


class ProviderBroken(EndsessionError):
    """Behind a front, the provider cannot be reached, or what it sent is no response that can be passed on."""

    code = "temporarily_unavailable"
    status = 502
    description = "The provider gives no usable response. Please try again in a moment."


class ProviderBusy(ServiceUnavailable):
    """Behind a front, all connections to the provider are in use. Nothing of the request was passed on."""

    description = "The provider has too much to do. Please try again in a moment."

    def __init__(self, *, detail: str = "", retry_after: int = 2) -> None:
        super().__init__(detail=detail, retry_after=retry_after)


class ProviderTooSlow(EndsessionError):
    """Behind a front, the provider's response was not there in time (`front.timeout`). It may have acted."""

    code = "temporarily_unavailable"
    status = 504
    description = "The provider did not answer in time. Please try again in a moment."


class BodyTooSlow(EndsessionError):
    """The body of a request did not come in whole in time."""

    code = "invalid_request"
    status = 408
    description = "The body of the request did not come in time."


class InvalidGrant(EndsessionError):
    """Behind a front, a refresh token of a session that has ended (RFC 6749, section 5.2)."""

    code = "invalid_grant"
    status = 400
    description = "The session of this refresh token has ended. The user has to sign in again."


class AccessTokenEnded(InvalidToken):
    """Behind a front, an access token of a session that has ended (RFC 6750, section 3.1)."""

    description = "The session of this access token has ended. The user has to sign in again."
