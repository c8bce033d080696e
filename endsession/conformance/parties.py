"""Who takes part in the directed checks: sessions and clients of the run's own, and nobody else's.

Whatever is written to the deployment has a name that begins with `contract-` and the run's number. At the end of the
run its clients are forgotten and its sessions are ended.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from dataclasses import dataclass
from typing import Any

from .exchange import Exchange
from .hints import claims, encrypt
from .options import Options
from .redaction import Redaction
from .wire import Wire

_REGISTERED = (200, 201)


@dataclass(frozen=True)
class Session:
    """A session that the run made. `cookie` is the Cookie header of its browser, empty where no name is known."""

    sid: str
    sub: str
    cookie: str = ""


@dataclass(frozen=True)
class Client:
    """A client to test with."""

    client_id: str
    redirect_uris: tuple[str, ...] = ()


class Parties:
    """Makes what the checks need, and knows what there is."""

    def __init__(self, options: Options, wire: Wire, redaction: Redaction) -> None:
        self.options, self.wire, self.redaction = options, wire, redaction
        self.run = f"contract-{secrets.token_hex(4)}"
        self.iss = options.iss
        self.have: set[str] = set()
        self.app: Client | None = None
        self.other: Client | None = None
        self.disabled: Client | None = None
        self._made: list[str] = []
        self._sids: list[str] = []
        self._numbers = itertools.count(1)

    # Finding out what there is

    def prepare(self) -> None:
        """See what the options allow, and register the run's clients if that is among it."""
        options = self.options
        for name, value in (
            ("issuer", options.issuer),
            ("key", options.signer),
            ("token", options.token),
            ("other-token", options.other_token),
            ("other-issuer", options.other_issuer),
            ("until-limited", options.until_limited),
            ("encryption-key", options.encryption_key),
        ):
            if value:
                self.have.add(name)
        if not options.issuer:
            return
        self._learn_iss()
        if options.token:
            self._register_clients()
            self._learn_scopes()
        if self.app is None and options.client:
            self.app = Client(options.client, options.redirect_uris)
            self.wire.target.known_redirects.update(options.redirect_uris)
        if self.app is not None and self.app.redirect_uris:
            self.have.add("redirect")
        if options.signer and not (self.app and self.iss):
            self.have.discard("key")
        if options.token and options.cookie:
            self.have.add("cookie")

    def missing(self, needs: tuple[str, ...]) -> list[str]:
        """Those of `needs` that there are not."""
        lacking = [need for need in needs if need not in self.have]
        if "key" in lacking and self.options.signer:
            lacking[lacking.index("key")] = "iss" if self.app else "redirect"
        return lacking

    def _learn_iss(self) -> None:
        answer = self.wire.send("GET", f"/{self.options.issuer}/.well-known/openid-configuration")
        found = answer.json()
        if self.iss is None and isinstance(found, dict) and isinstance(found.get("issuer"), str):
            self.iss = found["issuer"]

    def _learn_scopes(self) -> None:
        reads = self.manage("GET", "deliveries").status == 200
        if reads and self.manage("POST", "deliveries/0c/redeliver").status == 404:
            self.have.add("deliveries")

    def _register_clients(self) -> None:
        uris = (f"https://{self.run}.example/signed-out", f"https://{self.run}.example/bye?x=1&y=a%20b")
        if self._register("app", post_logout_redirect_uris=list(uris)).status not in _REGISTERED:
            return
        self.app = Client(f"{self.run}-app", uris)
        theirs = (f"https://other-{self.run}.example/signed-out",)
        self._register("other", post_logout_redirect_uris=list(theirs))
        self.other = Client(f"{self.run}-other", theirs)
        self._register("off", disabled=True)
        self.disabled = Client(f"{self.run}-off")
        self.have.add("clients")
        self.wire.target.known_redirects.update(uris)

    def _register(self, name: str, **metadata: Any) -> Exchange:
        if self.options.signer:
            metadata.setdefault("id_token_signed_response_alg", self.options.signer.algorithm)
        client_id = f"{self.run}-{name}"
        answer = self.manage("PUT", "clients", query={"client_id": client_id}, json=metadata)
        if answer.status in _REGISTERED:
            self._made.append(client_id)
        return answer

    def register(self, name: str, **metadata: Any) -> Client:
        """Register one more client of the run. Raises CannotPrepare."""
        answer = self._register(name, **metadata)
        if answer.status not in _REGISTERED:
            raise CannotPrepare(f"registering a client is answered with {answer.status}", answer)
        uris = tuple(metadata.get("post_logout_redirect_uris", ()))
        return Client(f"{self.run}-{name}", uris)

    def remember(self, operation: str, answer: Exchange) -> None:
        """A session or a client that the fuzzer has made, to be taken away at the end."""
        body = answer.json()
        if answer.status == 201 and isinstance(body, dict):
            if operation == "putSession":
                self._sids.append(str(body.get("sid")))
            elif operation == "putClient":
                self._made.append(str(body.get("client_id")))

    def leave(self) -> None:
        """Forget the run's clients and end its sessions."""
        for client_id in self._made:
            self.manage("DELETE", "clients", query={"client_id": client_id})
        for sid in self._sids:
            self.manage("DELETE", f"sessions/{sid}")

    # Management

    def manage(self, method: str, path: str, **options: Any) -> Exchange:
        """A management operation of the issuer, with the token."""
        return self.wire.send(method, f"/{self.options.issuer}/{path}", token=self.options.token or "", **options)

    def session(self, sub: str = "", *, client: Client | None = None, **said: Any) -> Session:
        """Sign a user of the run's in, with the client in the session; each call a new session."""
        sid = f"{self.run}-{next(self._numbers)}"
        sub = sub or f"{self.run}-alice-{sid.rpartition('-')[2]}"
        member = client or self.app
        value = sid if self.options.cookie_is_sid else self.redaction.keep_secret(secrets.token_urlsafe(16), "a cookie")
        body = {
            "sub": sub,
            "cookie_sha256": [hashlib.sha256(value.encode()).hexdigest()],
            "clients": [{"client_id": member.client_id}] if member else [],
            **said,
        }
        answer = self.manage("PUT", f"sessions/{sid}", json=body)
        if answer.status != 201:
            raise CannotPrepare(f"registering a session is answered with {answer.status}", answer)
        self._sids.append(sid)
        cookie = f"{self.options.cookie}={value}" if self.options.cookie else ""
        return Session(sid, sub, cookie)

    def state(self, session: Session) -> str:
        """`live` or `ended`, as management says."""
        answer = self.manage("GET", f"sessions/{session.sid}")
        found = answer.json()
        return str(found.get("state")) if isinstance(found, dict) else f"answered with {answer.status}"

    # Hints

    def claims(self, session: Session, *, client: Client | None = None, **changes: Any) -> dict[str, Any]:
        """The claims of an ID token for a session."""
        member = client or self.app
        assert member is not None
        return claims(self.iss or "", member.client_id, session.sub, session.sid, **changes)

    def hint(self, session: Session, *, client: Client | None = None, **changes: Any) -> str:
        """A good ID token for a session."""
        assert self.options.signer is not None
        token = self.options.signer.sign(self.claims(session, client=client, **changes))
        return self.redaction.keep_secret(token, "an ID token")

    def encrypted(self, content: str) -> str:
        """`content`, encrypted for the gateway."""
        return self.redaction.keep_secret(encrypt(content, self.options.encryption_key or ""), "an encrypted hint")

    def unregistered(self) -> Session:
        """A session that the deployment has never heard of."""
        return Session(f"{self.run}-unheard-{next(self._numbers)}", f"{self.run}-nobody")


class CannotPrepare(Exception):
    """What a check needs cannot be made: the deployment refuses it."""

    def __init__(self, seen: str, exchange: Exchange) -> None:
        self.exchange = exchange
        super().__init__(seen)
