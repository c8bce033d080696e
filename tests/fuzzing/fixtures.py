"""Fixtures: real things of a target that a request can hold. Each exists when it is asked for.

A session that a request has ended is replaced by a new one, so that there is always one to end.
"""

from __future__ import annotations

import re
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.kit.deployment import READER, TOKEN, cookie_of
from tests.kit.flow import HTML, JSON, PLAIN, browser_cookie, form_of
from tests.kit.tokens import id_claims, id_token

from .hints import HINTS
from .targets import Target

REDIRECTS = {
    "registered": "https://app.example/signed-out",
    "registered with a query": "https://app.example/bye?x=1",
    "of another client": "https://other.example/signed-out",
    "not registered": "https://evil.example/",
    "not absolute": "/signed-out",
    "a script": "javascript:alert(1)",
}
Cookies = dict[str, str]


class Fixtures:
    """The fixtures of one target."""

    def __init__(self, target: Target) -> None:
        self._target, self._send = target, target.send
        self.document = target.deployment.gateway.document
        self._sids: dict[str, str] = {}
        self._checked: set[str] = set()
        self._hints: dict[tuple[str, str], str] = {}

    def next_request(self) -> None:
        """A request has been sent: a session that was live may have ended."""
        self._checked.clear()

    def sid(self, name: str) -> str:
        """The sid of a session: a user's (`alice`, `mallory`), `alice again`, `ended`, or `new` for none yet."""
        if name == "new":
            return f"s-{secrets.token_hex(8)}"
        if name not in self._checked and not self._is_as_named(name):
            self._sids[name] = self._sign_in(name)
        self._checked.add(name)
        return self._sids[name]

    def _is_as_named(self, name: str) -> bool:
        sid = self._sids.get(name)
        return sid is not None and (
            name == "ended" or self._target.call(self._target.deployment.state_of, sid) == "live"
        )

    def _sign_in(self, name: str) -> str:
        sid, user = f"s-{secrets.token_hex(8)}", "mallory" if name == "mallory" else "alice"
        clients = [{"client_id": "web"}, {"client_id": "told" if name == "ended" else "other"}]
        registered = self._target.call(
            self._target.deployment.register, sid, sub=user, user_label=user, clients=clients
        )
        assert registered.status_code == 201, registered.text
        if name == "ended":
            self._send("DELETE", f"/acme/sessions/{sid}", token=TOKEN)
        return sid

    def hint(self, name: str) -> str:
        """A hint of the catalogue."""
        sid = self.sid(HINTS[name].session)
        if (name, sid) not in self._hints:
            self._hints[name, sid] = HINTS[name].make(id_claims(sid=sid))
        return self._hints[name, sid]

    def issued(self, name: str) -> str:
        """An ID token that has been issued: `known` is of a session that has begun by another one."""
        sid = "op-known" if name == "known" else f"op-{secrets.token_hex(8)}"
        if name == "known":
            body = {"id_token": id_token(sid=sid)}
            self._send("POST", "/acme/id-tokens", token=TOKEN, json=body)
        if name == "forged":
            return id_token(sid=sid)[:-8] + "AAAAAAAA"
        return id_token(sid=sid, aud="nobody" if name == "of no client" else "web")

    def hooked(self, name: str) -> dict[str, Any]:
        """What Hydra's hook is about: a sign-in, or a refresh token of a session that has ended here."""
        sid, ended = f"op-{secrets.token_hex(8)}", name == "of an ended session"
        if ended:
            begun = self._send("POST", "/acme/id-tokens", token=TOKEN, json={"id_token": id_token(sid=sid)})
            self._send("DELETE", f"/acme/sessions/{begun.json()['sid']}", token=TOKEN)
        claims = {"sub": "alice", "ext": {"sid": sid}}
        client_id = "nobody" if name == "of no client" else "web"
        grants = ["refresh_token" if ended else "authorization_code"]
        return {
            "session": {"id_token": {"id_token_claims": claims, "subject": "alice"}},
            "request": {"client_id": client_id, "grant_types": grants},
        }

    def cookies(self, name: str) -> Cookies:
        """The cookies of a browser that has a session of that name; it may be `unknown`, or `none`."""
        if name == "none":
            return {}
        return _as_cookies(cookie_of("s-nobody" if name == "unknown" else self.sid(name)))

    # Handles, each from the answer that gives it out

    def question(self, name: str) -> tuple[str, Cookies]:
        """A question's handle and the cookies of the browser that was asked.

        `open`, `with a way back`, `of another issuer`, or `answered`: with no, which a second answer repeats.
        """
        issuer = "blind" if name == "of another issuer" else "acme"
        back = {"client_id": "web", "post_logout_redirect_uri": REDIRECTS["registered"]}
        cookie, parameters = cookie_of(self.sid("alice")), back if name == "with a way back" else {}
        page = self._send("GET", f"/{issuer}/end-session", params=parameters, cookie=cookie, accept=HTML)
        action, handle = form_of(page)
        cookie = f"{browser_cookie(page)}; {cookie}"
        if name == "answered":
            self._send("POST", action, data={"handle": handle, "decision": "no"}, cookie=cookie)
        return handle, _as_cookies(cookie)

    def parked(self, name: str) -> str:
        """The handle with which a request goes on, in any browser.

        `asked` is the one that a JSON caller gets. Another name is the hint, or the redirect, of a form that another
        site posted.
        """
        if name == "asked":
            answer = self._send("GET", PLAIN, cookie=cookie_of(self.sid("alice")), accept=JSON)
            return _query(answer.json()["confirm_url"])["handle"][0]
        hint = self.hint(name if name in HINTS else "good")
        form = {"id_token_hint": hint, "post_logout_redirect_uri": REDIRECTS.get(name, REDIRECTS["registered"])}
        answer = self._send("POST", PLAIN, data=form, accept=HTML)
        return _query(answer.headers["location"])["handle"][0]

    def status(self) -> str:
        """The handle at which the state of a logout can be read."""
        cookie = cookie_of(self.sid("alice"))
        answer = self._send("GET", PLAIN, params={"id_token_hint": self.hint("good")}, cookie=cookie, accept=JSON)
        self.next_request()
        return str(answer.json()["status_url"]).rpartition("/")[2]

    def frames(self) -> str:
        """The handle of a page with frames, of a logout that a client of the database began."""
        client, sid = self.client("stored"), f"s-{secrets.token_hex(8)}"
        self._target.call(self._target.deployment.register, sid, clients=[{"client_id": "framed"}])
        form = {"client_id": client, "post_logout_redirect_uri": "https://stored.example/signed-out"}
        asked = self._send("GET", PLAIN, params=form, cookie=cookie_of(sid), accept=HTML)
        action, handle = form_of(asked)
        fields, cookie = {"handle": handle, "decision": "yes"}, f"{cookie_of(sid)}; {browser_cookie(asked)}"
        page = self._send("POST", action, data=fields, cookie=cookie, accept=HTML)
        found = re.search(r"/logout/continue/([A-Za-z0-9_=-]+)", page.text)
        assert found, page.text
        return found[1]

    # What management can name

    def client(self, name: str) -> str:
        """A client_id: `of settings`, `stored` in the database, or `new`."""
        if name == "stored":
            metadata = {"post_logout_redirect_uris": ["https://stored.example/signed-out"]}
            self._send("PUT", "/acme/clients", params={"client_id": "stored"}, json=metadata, token=TOKEN)
        return {"of settings": "web", "stored": "stored"}.get(name) or f"c-{secrets.token_hex(6)}"

    def delivery(self, name: str) -> str:
        """The id of a delivery: `settled`, or one that was `never` made."""
        if name == "never":
            return "0"
        session = self._send("GET", f"/acme/sessions/{self.sid('ended')}", token=READER).json()
        return str(next(delivery["id"] for delivery in session["deliveries"] if delivery["channel"] == "back"))


def _as_cookies(header: str) -> Cookies:
    return dict(re.findall(r"([^=;\s]+)=([^;]*)", header))


def _query(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query)
