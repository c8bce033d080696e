"""The calls of a login service: one where it has an ID token to show, or two where it has not; and one question."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx2


class SessionEnded(Exception):
    """The gateway has ended the session: nothing may be issued in it any more, and the user is to be signed out."""


class LoginSide:
    """One issuer's sessions, as its login service tells the gateway of them. Raises httpx2.HTTPError where that fails.

    A sign-in that the gateway has not been told of is one that it cannot end: do not issue the ID token then.
    """

    def __init__(self, http: httpx2.Client, gateway: str, token: str) -> None:
        """`gateway` is its URL with the issuer's name, as `https://login.example/acme`; `token` is the operator's."""
        self._http, self._gateway = http, gateway
        self._headers = {"Authorization": f"Bearer {token}"}

    def issued(self, id_token: str, cookie: str) -> str:
        """An ID token is about to go out to an app, in the browser with this session cookie: all in one call.

        The session begins, or the app joins it. Returns the gateway's own id of the session.
        """
        answer = self._send("POST", "id-tokens", {"id_token": id_token, "cookie_sha256": _digest(cookie)})
        return str(answer["sid"])

    def began(self, sid: str, *, sub: str, label: str, cookie: str) -> None:
        """Somebody signed in: the first of two calls. `sid` is what ID tokens will carry. Raises SessionEnded."""
        self._send("PUT", f"sessions/{sid}", {"sub": sub, "user_label": label, "cookie_sha256": [_digest(cookie)]})

    def joins(self, sid: str, client_id: str) -> None:
        """An app is about to get an ID token in the session: the second of two calls. Raises SessionEnded."""
        self._send("POST", f"sessions/{sid}/clients", {"client_id": client_id})

    def is_live(self, sid: str) -> bool:
        """Whether the session is still alive: ask before trusting your own cookie, since it may have ended here."""
        return bool(self._send("GET", f"sessions/{sid}")["state"] == "live")

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._http.request(method, f"{self._gateway}/{path}", json=body, headers=self._headers)
        if answer.status_code == 409:
            raise SessionEnded
        return dict(answer.raise_for_status().json())


def _digest(cookie: str) -> str:
    """What the gateway learns of the cookie: never its value."""
    return hashlib.sha256(cookie.encode()).hexdigest()
