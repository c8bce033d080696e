"""What every provider of the lab is: a published one, unmodified, as a process, with the lab's users and apps in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import RSAKey

from tests.kit.ports import free_port

from .browser import Browser, Page
from .clients import CLIENTS, USERS, Client, User
from .forms import Form
from .network import Network, Server
from .process import running

Feature = Literal[
    "refresh",
    "rotation",
    "no_nonce",
    "no_pkce",
    "prompt_none",
    "public_client",
    "private_key_jwt",
    "par",
    "dpop",
    "form_post",
    "jarm",
    "hybrid",
    "device",
    "end_session",
    "userinfo",
    "introspection",
]
FEATURES: frozenset[Feature] = frozenset(get_args(Feature))
Endpoint = Literal["discovery", "jwks", "authorization", "par", "token", "end_session", "userinfo", "introspection"]


@dataclass(frozen=True)
class Step:
    """A form on the way through a provider's pages, known by a field or button that no other has.

    `fill` has values for its fields; those of the user are written as `{name}`, `{email}` and `{password}`.
    """

    known_by: str
    fill: Mapping[str, str] = field(default_factory=dict)
    button: str | None = None

    @property
    def asks_who(self) -> bool:
        """Whether it wants to know who the user is, rather than what they agree to."""
        return any("{" in value for value in self.fill.values())

    def values(self, user: User | None) -> dict[str, str]:
        """What is typed in."""
        known = {"name": user.name, "email": user.email, "password": user.password} if user else {}
        return {name: value.format_map(known) for name, value in self.fill.items()}


@dataclass
class LabProvider(ABC):
    """One provider. `base` is its public URL without a path; it listens on a port of this machine with plain HTTP.

    Whatever stands before it has to leave Host as it is, and to say `X-Forwarded-Proto: https` where `base` is https.
    """

    folder: Path
    base: str = "https://login.example"
    port: int = field(default_factory=free_port)
    _up: ExitStack = field(default_factory=ExitStack)

    name: ClassVar[str]
    steps: ClassVar[tuple[Step, ...]]
    paths: ClassVar[Mapping[Endpoint, str]]
    """The paths of its endpoints, as its metadata has them."""
    issuer_path: ClassVar[str] = ""
    offline_scope: ClassVar[str] = "openid"
    """The scope with which an app gets a refresh token."""
    offline_parameters: ClassVar[Mapping[str, str]] = {}
    """And what else it has to send for one."""
    supports: ClassVar[frozenset[Feature]]
    lacks: ClassVar[Mapping[Feature, str]]
    """What it cannot do, or not as it is installed here, and why."""

    announced_only: ClassVar[frozenset[Feature]] = frozenset()
    """Those of them that its metadata has all the same."""
    claims: ClassVar[frozenset[str]]
    """What its ID tokens say beyond `iss`, `sub`, `aud`, `exp`, `iat` and `nonce`. None says `sid`."""
    refreshed_id_token: ClassVar[Literal["none", "without nonce", "with nonce"]]
    """The ID token in the response to a refresh."""
    logout_ends_refresh: ClassVar[bool]
    """Whether a refresh token is refused after the provider's own logout."""
    leave: ClassVar[tuple[Step, ...]] = ()
    """The forms at its logout endpoint."""

    @property
    def issuer(self) -> str:
        """As in `iss`."""
        return f"{self.base}{self.issuer_path}"

    @property
    def host(self) -> str:
        """The public host name."""
        return urlsplit(self.base).hostname or ""

    @property
    def clients(self) -> tuple[Client, ...]:
        """The apps that are registered: those whose way to authenticate it knows."""
        needed = {"none": "public_client", "private_key_jwt": "private_key_jwt"}
        return tuple(client for client in CLIENTS if needed.get(client.authentication) in {None, *self.supports})

    def population(self) -> dict[str, Any]:
        """The lab's users and apps, for a script that reads JSON."""
        users = [{**asdict(user), "email": user.email} for user in USERS]
        uris = ("redirect_uri", "post_logout_redirect_uri", "backchannel_logout_uri", "jwks")
        clients = [{**asdict(client), **{uri: getattr(client, uri) for uri in uris}} for client in self.clients]
        return {"users": users, "clients": clients}

    @abstractmethod
    def prepare(self) -> None:
        """Make its database or settings in `folder`."""

    @abstractmethod
    def command(self) -> list[str]:
        """How it is run."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """What it is run with."""

    def start(self) -> None:
        """Prepare it, run it, and return once it listens."""
        self.prepare()
        self._up.enter_context(running(self.command(), self.port, self.folder, self.environment()))

    def stop(self) -> None:
        """Stop it for certain. What it keeps in `folder` stays; what it keeps in memory is gone."""
        self._up.close()

    def publish(self, network: Network) -> None:
        """Let the lab's network reach it directly."""
        network.route(self.host, Server(self.port))

    def step_of(self, page: Page, steps: tuple[Step, ...]) -> tuple[Step, Form] | None:
        """Which of these steps a page is, if it is one."""
        if urlsplit(page.url).hostname != self.host:
            return None
        for step in steps:
            form = page.form_with(step.known_by)
            if form is not None:
                return step, form
        return None

    def asks_who(self, page: Page) -> bool:
        """Whether a page is one at which the user has to say who they are."""
        found = self.step_of(page, self.steps)
        return found is not None and found[0].asks_who

    async def sign_in(self, browser: Browser, page: Page, user: User | None) -> Page:
        """Go on from a page of the provider until it leads out of it; as nobody (None), only consent is given."""
        return await self._through(self.steps, browser, page, user)

    async def log_out(self, browser: Browser, page: Page) -> Page:
        """Go on from a page of its logout endpoint to the end, with a yes to what it asks."""
        return await self._through(self.leave, browser, page, None)

    async def _through(self, steps: tuple[Step, ...], browser: Browser, page: Page, user: User | None) -> Page:
        for _ in range(len(steps) + 2):
            found = self.step_of(page, steps)
            if found is None:
                return page
            step, form = found
            assert user is not None or not step.asks_who, f"{self.name} asks who it is: {page.way}"
            page = await browser.submit(page, form, button=step.button, **step.values(user))
        raise AssertionError(f"{self.name} asks again and again: {page.way} {page.text}")


def private_key(folder: Path) -> str:
    """An RSA key for ID tokens, in PEM; the same one for the same folder."""
    path = folder / "key.pem"
    if not path.exists():
        key = rsa.generate_private_key(65537, 2048)
        encoding, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        path.write_bytes(key.private_bytes(encoding, kind, serialization.NoEncryption()))
    return path.read_text()


def private_jwk(folder: Path) -> dict[str, Any]:
    """The same key as a JWK, with a `kid`."""
    key = RSAKey.import_key(private_key(folder), {"use": "sig"})
    key.ensure_kid()
    return dict(key.as_dict(private=True))


@contextmanager
def started(kind: type[LabProvider], folder: Path, base: str = "https://login.example") -> Iterator[LabProvider]:
    """A provider of that kind, until the end."""
    provider = kind(folder, base)
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()
