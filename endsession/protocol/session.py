"""A session at the provider, as far as deciding a logout needs it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal

CookieState = Literal["not_configured", "not_presented", "presented", "unmatchable", "another"]
"""Whether an issuer has a session cookie, and whether a request carried one.

Where no sessions are registered (`participants = "all"`), a presented cookie that no session is known of is
`unmatchable`: it may be the hint's or not. One that is a `sid` itself, and not the hint's, is `another`.
"""
_OF_USER = "no-sid."
_LEARNT = "learnt."


def sid_of_user(issuer: str, sub: str, iat: int) -> str:
    """The name here of a session that nobody registered and whose hint has no `sid`: one for each hint.

    Of `iat`, not of `auth_time`: a provider may pass on that of a sign-in further up, and a newer session would then
    be taken for one that has ended.
    """
    digest = hashlib.sha256(f"{issuer}\n{iat}\n{sub}".encode()).hexdigest()
    return _OF_USER + digest[:40]


def new_sid() -> str:
    """The id of a session that was learnt from an ID token. Apps know it by the `sid` of their own tokens, if any."""
    return _LEARNT + secrets.token_urlsafe(16)


def names_user_alone(sid: str) -> bool:
    """Whether `sid` was made here: an app that has no other one does not know it, so its tokens name the user."""
    return sid.startswith((_OF_USER, _LEARNT))


@dataclass(frozen=True, slots=True)
class Session:
    """One session of one user at one issuer.

    `live` is judged at the moment of reading: not ended, and within its lifetimes. `client_subs` are the subjects
    under which the client of the request knows the user (pairwise subjects, OpenID Connect Core 1.0, section 8.1).
    `client_takes_part` is looked up for a hint that its client can have made itself, and is true of any other.
    """

    sid: str
    sub: str
    live: bool
    user_label: str | None = None
    client_subs: tuple[str, ...] = ()
    client_takes_part: bool = True

    def is_user(self, sub: str) -> bool:
        """Whether `sub` names this session's user, to the provider or to the client of the request."""
        return sub == self.sub or sub in self.client_subs


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions that a request is about.

    `browser` is the live session of that cookie; a cookie of an ended or unknown session counts as none.
    `others` are further live sessions whose cookies this browser presents as well; a logout here ends them too.
    `ended_here` is the ended session whose cookie this browser still carries, where none is live.
    `named` is the session that the hint's `sid` names, live or ended, if it is known. Where no sessions are registered,
    any that has not ended here is taken to be live, and a hint without `sid` has one of its own (`sid_of_user`).
    `of_subject` are live sessions of the hint's `sub` with its client, two at most, where the hint has no `sid`.
    """

    cookie: CookieState
    browser: Session | None = None
    ended_here: Session | None = None
    named: Session | None = None
    of_subject: tuple[Session, ...] = ()
    others: tuple[Session, ...] = ()
    secret_cookie: bool = True
    """Whether the cookie proves whose browser it is: a `sid` stands in tokens, and anyone who has one can send it."""

    @property
    def matchable(self) -> bool:
        """Whether it can be known which session is this browser's, if any."""
        return self.cookie in ("not_presented", "presented")
