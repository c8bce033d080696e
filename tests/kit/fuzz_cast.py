"""The cast of a fuzzing run: real sessions, hints, cookies and handles of a deployment, good ones and every bad kind.

A session that a request has ended comes back under a new sid, so that there is always one to end.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .deployment import READER, TOKEN, cookie_of
from .flow import HTML, JSON, PLAIN, browser_cookie, form_of
from .fuzz_stage import Stage
from .tokens import id_claims, sign, signing_key

DAY = 86400


class Cast:
    """Who and what can appear in a request to `stage`."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._sids: dict[str, str] = {}
        self._hints: dict[tuple[str, str], str] = {}

    # Sessions

    def live(self, user: str = "alice") -> str:
        """The sid of a live session of that user; the one of before, or a new one when that has ended."""
        sid = self._sids.get(user)
        if sid is None or self._stage.call(self._stage.deployment.state_of, sid) == "ended":
            sid = self._sids[user] = f"s-{user}-{secrets.token_hex(8)}"
            clients = [{"client_id": "web"}, {"client_id": "other"}]
            answer = self._stage.call(self._stage.deployment.register, sid, sub=user, user_label=user, clients=clients)
            assert answer.status_code == 201, answer.text
        return sid

    def ended(self) -> str:
        """The sid of a session of alice's that is over."""
        if "ended" not in self._sids:
            sid = self._sids["ended"] = "s-ended"
            self._stage.call(self._stage.deployment.register, sid)
            self._stage.call(self._stage.deployment.send, "DELETE", f"/acme/sessions/{sid}", token=TOKEN)
        return self._sids["ended"]

    def sid(self, kind: str) -> str:
        """A sid for a path: `live`, `ended`, `new` or `unknown`."""
        made: dict[str, Callable[[], str]] = {
            "live": self.live,
            "ended": self.ended,
            "new": lambda: f"s-{secrets.token_hex(8)}",
            "unknown": lambda: "s-nobody",
        }
        return made[kind]()

    # What a request carries

    def hint(self, kind: str) -> str:
        """An `id_token_hint` of that kind (the keys of `HINTS`)."""
        sid = self.live()
        if kind in ("of another user", "of the other session"):
            sid = self.live("mallory" if kind == "of another user" else "alice again")
        known = (kind, sid)
        if known not in self._hints:
            self._hints[known] = HINTS[kind](sid)
        return self._hints[known]

    def cookies(self, kind: str) -> dict[str, str]:
        """The cookies of a browser: `live`, `ended`, `of another user`, `unknown` or `none`."""
        sids: dict[str, Callable[[], str]] = {
            "live": self.live,
            "ended": self.ended,
            "of another user": lambda: self.live("mallory"),
            "unknown": lambda: "s-nobody",
        }
        return _as_cookies(cookie_of(sids[kind]())) if kind in sids else {}

    def question(self, kind: str) -> tuple[str, dict[str, str]]:
        """A question's handle and the cookies of the browser that was asked: `open`, `spent`, `of another issuer`."""
        issuer = "blind" if kind == "of another issuer" else "acme"
        cookie = cookie_of(self.live())
        page = self._stage.call(self._stage.deployment.get, f"/{issuer}/end-session", cookie=cookie, accept=HTML)
        _, handle = form_of(page)
        cookies = _as_cookies(browser_cookie(page)) | _as_cookies(cookie)
        if kind == "spent":
            fields, sent = {"handle": handle, "decision": "no"}, "; ".join(f"{k}={v}" for k, v in cookies.items())
            self._stage.call(self._stage.deployment.post, f"/{issuer}/logout/confirm", fields, cookie=sent)
        return handle, cookies

    def parked(self) -> str:
        """The handle with which a parked request goes on."""
        answer = self._stage.call(self._stage.deployment.get, PLAIN, cookie=cookie_of(self.live()), accept=JSON)
        return parse_qs(urlsplit(answer.json()["confirm_url"]).query)["handle"][0]

    def status(self) -> str:
        """The handle at which the state of a logout can be read."""
        parameters, cookie = {"id_token_hint": self.hint("live")}, cookie_of(self.live())
        answer = self._stage.call(self._stage.deployment.get, PLAIN, parameters, cookie=cookie, accept=JSON)
        return str(answer.json()["status_url"]).rpartition("/")[2]


def _as_cookies(header: str) -> dict[str, str]:
    return dict(re.findall(r"([^=;\s]+)=([^;]*)", header))


def _hint(alg: str = "RS256", *, header: dict[str, Any] | None = None, **changes: Any) -> Callable[[str], str]:
    def make(sid: str) -> str:
        return sign(id_claims(**{"sid": sid, **changes}), alg, header=header)

    return make


@cache
def _stranger() -> Any:
    return signing_key(kid="a-stranger")


def _forged(sid: str) -> str:
    """Signed with another key, under the name of the right one."""
    return sign(id_claims(sid=sid), key=_stranger(), header={"kid": signing_key().kid})


def _expired(sid: str) -> str:
    now = id_claims()["iat"]
    return sign(id_claims(sid=sid, iat=now - DAY, exp=now - DAY + 300))


HINTS: dict[str, Callable[[str], str]] = {
    "live": _hint(),
    "expired": _expired,
    "of another user": _hint(sub="mallory"),
    "of the other session": _hint(sub="alice again"),
    "of another client": _hint("ES256", aud="other"),
    "of a disabled client": _hint(aud="gone"),
    "of another issuer": _hint(iss="https://login.example/globex"),
    "of a session that ended": _hint(sid="s-ended"),
    "without sid": _hint(sid=None),
    "very old": _hint(sid="s-ended", iat=1_500_000_000, exp=1_500_000_300, auth_time=1_500_000_000),
    "forged": _forged,
    "not a JWT": lambda sid: f"{sid}.is.not-a-JWT",
    "one word": lambda sid: "hint",
}
READERS = {"writer": TOKEN, "reader": READER, "nobody": "a-token-of-nobody"}
