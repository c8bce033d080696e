"""What a decision depends on, and what it can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .client import Client
from .errors import EndsessionError
from .hint import Hint
from .policy import Policy
from .redirect import RegisteredRedirect
from .request import LogoutRequest
from .session import Session, Sessions

Doubt = Literal["no_hint", "invalid_hint", "foreign_hint", "stale_sid", "unmatched", "always"]
"""Why the user is asked. The question page says it in a sentence."""

CLOCK_SKEW = 60
"""Seconds by which the clocks of a provider and this service may differ."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a decision depends on. `now` is seconds since 1970.

    `client` is the registered client that the request is for: the verified hint's, else that of `client_id`. A hint
    that turns out to be too old names none.
    """

    request: LogoutRequest
    policy: Policy
    hint: Hint
    client: Client | None
    sessions: Sessions
    now: float


@dataclass(frozen=True, slots=True)
class Decision:
    """One of: end (and redirect, or show that it is done), ask, nothing to end, refuse.

    `session` is what ends, now or after a yes; `others` are live sessions of the same browser, which end with it.
    `redirect` is where the browser goes then. `link` is a registered URI that the page may offer, but that the browser
    is not sent to. `over` says that the session meant had ended before.
    """

    action: Literal["end", "ask", "nothing", "refuse"]
    session: Session | None = None
    redirect: RegisteredRedirect | None = None
    link: RegisteredRedirect | None = None
    over: bool = False
    doubt: Doubt | None = None
    error: EndsessionError | None = None
    trace: tuple[str, ...] = ()
    others: tuple[Session, ...] = ()
