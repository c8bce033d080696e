"""Sessions and clients that a run creates for its checks, and no others.

Everything that is written to the deployment has a name that begins with `contract-` and the id of the run. At the end
its clients are deleted and its sessions ended.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from dataclasses import dataclass
from typing import Any

from .exchange import Exchange
from .hints import encrypt, id_token_claims
from .options import Options
from .redaction import Redaction
from .transport import Transport

_REGISTERED = (200, 201)


@dataclass(frozen=True)
class Session:
    """A session of the run. `cookie` is the Cookie header of its browser, empty where no cookie name is known."""

    sid: str
    sub: str
    cookie: str = ""


@dataclass(frozen=True)
class Client:
    """A client to test with."""

    client_id: str
    redirect_uris: tuple[str, ...] = ()


class CannotPrepare(Exception):
    """The deployment refuses to create what a check needs."""

    def __init__(self, seen: str, exchange: Exchange) -> None:
        self.exchange = exchange
        super().__init__(seen)


class Fixtures:
    """Creates sessions, clients and hints, and knows which of them the options make possible."""

    def __init__(self, options: Options, http: Transport, redaction: Redaction) -> None:
        self.options, self.http, self.redaction = options, http, redaction
        self.run_id = f"contract-{secrets.token_hex(4)}"
        self.iss = options.iss
        self.available: set[str] = set()
        """The keys of `options.NEEDS` that are there."""
        self.users: set[str] = set()
        """Users of the run whose sessions are not known by their ids."""
        self.app: Client | None = None
        self.other: Client | None = None
        self.disabled: Client | None = None
        self._client_ids: list[str] = []
        self._sids: list[str] = []
        self._numbers = itertools.count(1)

    # What is available

    def prepare(self) -> None:
        """Find out what the options allow, and register the run's clients if they allow that."""
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
                self.available.add(name)
        if not options.issuer:
            return
        self._discover_issuer()
        if options.token:
            self._register_clients()
            self._detect_delivery_scopes()
        if self.app is None and options.client:
            self.app = Client(options.client, options.redirect_uris)
            self.http.target.known_redirects.update(options.redirect_uris)
        if self.app is not None and self.app.redirect_uris:
            self.available.add("redirect")
        if options.signer and not (self.app and self.iss):
            self.available.discard("key")
        if options.token and options.cookie:
            self.available.add("cookie")

    def missing(self, needs: tuple[str, ...]) -> list[str]:
        """Those of `needs` that are not available."""
        missing = [need for need in needs if need not in self.available]
        if "key" in missing and self.options.signer:
            missing[missing.index("key")] = "iss" if self.app else "redirect"
        return missing

    def _discover_issuer(self) -> None:
        metadata = self.http.send("GET", f"/{self.options.issuer}/.well-known/openid-configuration").json()
        if self.iss is None and isinstance(metadata, dict) and isinstance(metadata.get("issuer"), str):
            self.iss = metadata["issuer"]

    def _detect_delivery_scopes(self) -> None:
        can_read = self.manage("GET", "deliveries").status == 200
        if can_read and self.manage("POST", "deliveries/0c/redeliver").status == 404:
            self.available.add("deliveries")

    def _register_clients(self) -> None:
        uris = (f"https://{self.run_id}.example/signed-out", f"https://{self.run_id}.example/bye?x=1&y=a%20b")
        if self._register("app", post_logout_redirect_uris=list(uris)).status not in _REGISTERED:
            return
        self.app = Client(f"{self.run_id}-app", uris)
        other_uris = (f"https://other-{self.run_id}.example/signed-out",)
        self._register("other", post_logout_redirect_uris=list(other_uris))
        self.other = Client(f"{self.run_id}-other", other_uris)
        self._register("off", disabled=True)
        self.disabled = Client(f"{self.run_id}-off")
        self.available.add("clients")
        self.http.target.known_redirects.update(uris)

    # Clients and sessions

    def manage(self, method: str, path: str, **options: Any) -> Exchange:
        """Send a management request of the issuer, with the token. `options` are those of `Transport.send`."""
        return self.http.send(method, f"/{self.options.issuer}/{path}", token=self.options.token or "", **options)

    def register(self, name: str, **metadata: Any) -> Client:
        """Register one more client of the run. Raises CannotPrepare."""
        response = self._register(name, **metadata)
        if response.status not in _REGISTERED:
            raise CannotPrepare(f"{response.status} to the registration of a client", response)
        uris = tuple(metadata.get("post_logout_redirect_uris", ()))
        return Client(f"{self.run_id}-{name}", uris)

    def _register(self, name: str, **metadata: Any) -> Exchange:
        if self.options.signer:
            metadata.setdefault("id_token_signed_response_alg", self.options.signer.algorithm)
        client_id = f"{self.run_id}-{name}"
        response = self.manage("PUT", "clients", query={"client_id": client_id}, json=metadata)
        if response.status in _REGISTERED:
            self._client_ids.append(client_id)
        return response

    def session(self, sub: str = "", *, client: Client | None = None, **members: Any) -> Session:
        """Register a new session of a user of the run, with a client in it. Raises CannotPrepare.

        `members` are further members of the request's body.
        """
        sid = f"{self.run_id}-{next(self._numbers)}"
        sub = sub or f"{self.run_id}-alice-{sid.rpartition('-')[2]}"
        participant = client or self.app
        value = sid if self.options.cookie_is_sid else self.redaction.keep_secret(secrets.token_urlsafe(16), "a cookie")
        body = {
            "sub": sub,
            "cookie_sha256": [hashlib.sha256(value.encode()).hexdigest()],
            "clients": [{"client_id": participant.client_id}] if participant else [],
            **members,
        }
        response = self.manage("PUT", f"sessions/{sid}", json=body)
        if response.status != 201:
            raise CannotPrepare(f"{response.status} to the registration of a session", response)
        self._sids.append(sid)
        cookie = f"{self.options.cookie}={value}" if self.options.cookie else ""
        return Session(sid, sub, cookie)

    def unregistered(self) -> Session:
        """A session that the deployment does not know."""
        return Session(f"{self.run_id}-unheard-{next(self._numbers)}", f"{self.run_id}-nobody")

    def state(self, session: Session) -> str:
        """`live` or `ended`, as management reports it."""
        response = self.manage("GET", f"sessions/{session.sid}")
        body = response.json()
        return str(body.get("state")) if isinstance(body, dict) else f"not shown ({response.status})"

    # Cleaning up

    def track(self, operation: str, response: Exchange) -> None:
        """Note a session or a client that the fuzzer has created, to be removed at the end."""
        body = response.json()
        if response.status == 201 and isinstance(body, dict):
            if operation in ("putSession", "registerIdToken"):
                self._sids.append(str(body.get("sid")))
            elif operation == "putClient":
                self._client_ids.append(str(body.get("client_id")))

    def clean_up(self) -> None:
        """Delete the run's clients and end its sessions."""
        for client_id in self._client_ids:
            self.manage("DELETE", "clients", query={"client_id": client_id})
        for sid in self._sids:
            self.manage("DELETE", f"sessions/{sid}")
        for user in sorted(self.users):
            self.manage("DELETE", "sessions", query={"sub": user})

    # Hints

    def claims(self, session: Session, *, client: Client | None = None, **changes: Any) -> dict[str, Any]:
        """The claims of an ID token for a session."""
        audience = client or self.app
        assert audience is not None
        return id_token_claims(self.iss or "", audience.client_id, session.sub, session.sid, **changes)

    def hint(self, session: Session, *, client: Client | None = None, **changes: Any) -> str:
        """A valid ID token for a session. `changes` are claims; None leaves a claim out."""
        assert self.options.signer is not None
        token = self.options.signer.sign(self.claims(session, client=client, **changes))
        return self.redaction.keep_secret(token, "an ID token")

    def encrypted(self, content: str) -> str:
        """`content`, encrypted for the gateway."""
        return self.redaction.keep_secret(encrypt(content, self.options.encryption_key or ""), "an encrypted hint")
