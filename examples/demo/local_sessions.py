"""An app's own sessions, which end here or by a logout elsewhere."""

from __future__ import annotations

import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalSession:
    """A person signed in to the app in one browser. The ID token is kept for the logout."""

    sub: str
    name: str
    sid: str | None
    id_token: str


class LocalSessions:
    """The sessions of one app, by the value of its cookie."""

    def __init__(self) -> None:
        self._live: dict[str, LocalSession] = {}
        self._ended_elsewhere: set[str] = set()

    def begin(self, session: LocalSession) -> str:
        """Keep a session. Returns the value for the cookie."""
        cookie = secrets.token_urlsafe(24)
        self._live[cookie] = session
        return cookie

    def get(self, cookie: str | None) -> LocalSession | None:
        """The session of a cookie."""
        return self._live.get(cookie or "")

    def end(self, cookie: str | None) -> LocalSession | None:
        """End the session of a cookie and return it."""
        return self._live.pop(cookie or "", None)

    def end_elsewhere(self, sid: str | None, sub: str | None) -> None:
        """End what a logout token names: one session of the provider or, without `sid`, all of the user."""
        for cookie, session in list(self._live.items()):
            if session.sub == sub if sid is None else session.sid == sid:
                del self._live[cookie]
                self._ended_elsewhere.add(cookie)

    def was_ended_elsewhere(self, cookie: str | None) -> bool:
        """Whether the session of a cookie was ended by a logout token."""
        return cookie in self._ended_elsewhere
