"""The cast of a fuzzing run: real sessions, hints, cookies, handles, clients and deliveries of a deployment.

A session that a request has ended comes back under a new sid, so that there is always one to end; and so with the rest.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from endsession.contract.endpoint import LogoutEndpoint

from .deployment import READER, TOKEN, cookie_of
from .flow import HTML, JSON, PLAIN, browser_cookie, form_of
from .fuzz_hints import HINTS
from .fuzz_stage import Stage
from .tokens import id_claims, sign

KEEPER = "a-token-for-clients"
TOLD_URI = "https://told.example/signed-out"
"""Where the app `told`, which takes logout tokens, wants its users back."""
READERS = {"writer": TOKEN, "reader": READER, "keeper": KEEPER, "nobody": "a-token-of-nobody"}
REDIRECTS = {
    "registered": "https://app.example/signed-out",
    "registered with a query": "https://app.example/bye?x=1",
    "of another client": "https://other.example/signed-out",
    "not registered": "https://evil.example/",
    "not absolute": "/signed-out",
    "a script": "javascript:alert(1)",
}


class Cast:
    """Who and what can appear in a request to `stage`."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._sids: dict[str, str] = {}
        self._looked_up: set[str] = set()
        self._hints: dict[tuple[str, str], str] = {}
        self._joined = ""

    def endpoint(self, path: str) -> LogoutEndpoint | None:
        """What the document says of the logout endpoint at this path template, if it is one."""
        return self._stage.deployment.gateway.document.endpoints.get(path)

    def next_request(self) -> None:
        """A request has gone by: what is known of the sessions may not hold any more."""
        self._looked_up.clear()

    def _send(self, method: str, path: str, **options: Any) -> Any:
        return self._stage.call(self._stage.deployment.send, method, path, **options)

    # Sessions

    def live(self, name: str = "alice") -> str:
        """The sid of the live session called `name`; the one of before, or a new one when that has ended.

        A name is a user's, but for a second session of alice's, `alice again`.
        """
        sid = self._sids.get(name)
        if name in self._looked_up and sid:
            return sid
        if sid is None or self._stage.call(self._stage.deployment.state_of, sid) == "ended":
            user = name.split(maxsplit=1)[0]
            sid = self._sids[name] = f"s-{user}-{secrets.token_hex(8)}"
            clients = [{"client_id": "web"}, {"client_id": "other"}]
            answer = self._stage.call(self._stage.deployment.register, sid, sub=user, user_label=user, clients=clients)
            assert answer.status_code == 201, answer.text
        self._looked_up.add(name)
        return sid

    def ended(self) -> str:
        """The sid of a session of alice's that is over."""
        if "ended" not in self._sids:
            sid = self._sids["ended"] = "s-ended"
            clients = [{"client_id": "told"}, {"client_id": "web"}]
            self._stage.call(self._stage.deployment.register, sid, clients=clients)
            self._send("DELETE", f"/acme/sessions/{sid}", token=TOKEN)
        return self._sids["ended"]

    def sid(self, kind: str) -> str:
        """A sid for a path: `live`, `ended` or `new`."""
        made: dict[str, Callable[[], str]] = {
            "live": self.live,
            "ended": self.ended,
            "new": lambda: f"s-{secrets.token_hex(8)}",
        }
        return made[kind]()

    # What a logout request carries

    def hint(self, kind: str) -> str:
        """An `id_token_hint` of that kind (the keys of `HINTS`)."""
        others = {"of another user": "mallory", "of the other session": "alice again"}
        over = kind in ("of a session that ended", "very old")
        sid = self.ended() if over else self.live(others.get(kind, "alice"))
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

    # Handles, each from the answer that gives it out

    def question(self, kind: str) -> tuple[str, dict[str, str]]:
        """A question's handle and the cookies of the browser that was asked.

        `open`, `with a way back`, `spent` or `of another issuer`.
        """
        issuer = "blind" if kind == "of another issuer" else "acme"
        back = {"client_id": "web", "post_logout_redirect_uri": REDIRECTS["registered"]}
        cookie = cookie_of(self.live())
        path, parameters = f"/{issuer}/end-session", back if kind == "with a way back" else {}
        page = self._send("GET", path, params=parameters, cookie=cookie, accept=HTML)
        _, handle = form_of(page)
        cookies = _as_cookies(browser_cookie(page)) | _as_cookies(cookie)
        if kind == "spent":
            fields, sent = {"handle": handle, "decision": "no"}, "; ".join(f"{k}={v}" for k, v in cookies.items())
            self._send("POST", f"/{issuer}/logout/confirm", data=fields, cookie=sent)
        return handle, cookies

    def parked(self, kind: str) -> tuple[str, dict[str, str]]:
        """The handle with which a request goes on, and the cookies of the browser that may go on with it.

        `asked` is the address that a JSON caller gets; anything else the kind of hint in a form that another site
        posted, or a kind of redirect.
        """
        if kind == "asked":
            url = self._send("GET", PLAIN, cookie=cookie_of(self.live()), accept=JSON).json()["confirm_url"]
            return parse_qs(urlsplit(url).query)["handle"][0], {}
        redirect = REDIRECTS.get(kind, REDIRECTS["registered"])
        form = {"id_token_hint": self.hint(kind if kind in HINTS else "live"), "post_logout_redirect_uri": redirect}
        answer = self._send("POST", PLAIN, data=form, accept=HTML)
        handle = parse_qs(urlsplit(answer.headers["location"]).query)["handle"][0]
        return handle, _as_cookies(browser_cookie(answer))

    def status(self) -> str:
        """The handle at which the state of a logout can be read."""
        parameters, cookie = {"id_token_hint": self.hint("live")}, cookie_of(self.live())
        answer = self._send("GET", PLAIN, params=parameters, cookie=cookie, accept=JSON)
        self.next_request()
        return str(answer.json()["status_url"]).rpartition("/")[2]

    def frames(self) -> str:
        """The handle of a page with frames, of a logout that a client of the database began."""
        self.client("stored")
        sid = f"s-framed-{secrets.token_hex(8)}"
        self._stage.call(self._stage.deployment.register, sid, clients=[{"client_id": "framed"}])
        form = {"client_id": "stored", "post_logout_redirect_uri": "https://stored.example/signed-out"}
        asked = self._send("GET", PLAIN, params=form, cookie=cookie_of(sid), accept=HTML)
        action, handle = form_of(asked)
        fields, cookie = {"handle": handle, "decision": "yes"}, f"{cookie_of(sid)}; {browser_cookie(asked)}"
        page = self._send("POST", action, data=fields, cookie=cookie, accept=HTML)
        found = re.search(r"/logout/continue/([A-Za-z0-9_=-]+)", page.text)
        assert found, page.text
        return found[1]

    # What an app of a chain of requests holds

    def join(self, sid: str) -> None:
        """The app `told` has joined the session `sid`, and so has an ID token of it."""
        self._joined = sid

    def joined_hint(self) -> str:
        """That ID token."""
        return sign(id_claims(sid=self._joined, aud="told"))

    # What management can name

    def client(self, kind: str) -> str:
        """A client_id: `of settings`, `stored` in the database, or `new`."""
        if kind == "stored":
            metadata = {"post_logout_redirect_uris": ["https://stored.example/signed-out"]}
            self._send("PUT", "/acme/clients", params={"client_id": "stored"}, json=metadata, token=TOKEN)
        names = {"of settings": "web", "stored": "stored"}
        return names.get(kind) or f"c-{secrets.token_hex(6)}"

    def delivery(self, kind: str) -> str:
        """The id of a delivery: `over`, or one that was `never` made."""
        if kind == "never":
            return "0"
        session = self._send("GET", f"/acme/sessions/{self.ended()}", token=READER).json()
        return str(next(one["id"] for one in session["deliveries"] if one["channel"] == "back"))


def _as_cookies(header: str) -> dict[str, str]:
    return dict(re.findall(r"([^=;\s]+)=([^;]*)", header))
