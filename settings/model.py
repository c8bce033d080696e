"""The settings themselves. The text below a setting is its documentation; `docs/settings.md` is made from it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, PrivateAttr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from .issuer import IssuerSettings
from .problems import BadSettings, Places, Problem
from .values import Duration, Group, Rate, SealingSecret, Sha256

PREFIX = "ENDSESSION_"
Scope = Literal[
    "sessions:read", "sessions:write", "deliveries:read", "deliveries:write", "clients:read", "clients:write"
]


class Server(Group):
    """Where browsers and apps reach the gateway."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = Field(default=8080, ge=0, le=65535)
    """The port to listen on; 0 lets the system choose."""
    public_url: str = ""
    """How browsers reach the gateway. Links are built from this and never from a request; it may have a path. Needed
    unless `host` is a loopback address."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose `X-Forwarded-For` is believed. Needed where `public_url` is https, since
    TLS ends at a proxy: all users would share that proxy's rate limit. Each proxy has to set the header or to append to
    it; one that only passes on what it was sent lets anybody choose an address."""
    vendors: tuple[str, ...] = ()
    """Vendors whose logout URLs are served as well, such as `keycloak`; `docs/vendors.md` lists them."""
    extra_paths: tuple[str, ...] = ()
    """Files with logout endpoints of your own; `docs/vendors.md` says what is in them."""
    docs: bool = False
    """Whether `/docs` shows the document as a page, for people who write clients. It tells which endpoints there are,
    and nothing else of the deployment."""


class ManagementToken(Group):
    """A bearer token of a service that may use management operations."""

    name: str
    """Who uses it; a session that was ended with it shows this name as `ended_by`."""
    sha256: Sha256
    """The SHA-256 of the token, in lower-case hex. The token itself is stored nowhere."""
    issuers: tuple[str, ...]
    """The issuers at which it may act; `*` stands for all."""
    scopes: tuple[Scope, ...]
    """What it may do: `sessions:read`, `sessions:write`, `deliveries:read`, `deliveries:write`, `clients:read`,
    `clients:write`."""


class Management(Group):
    """Management operations (sessions, and what follows from them)."""

    host: str | None = None
    """The address of a listener of its own. Without one, management is served together with the public operations."""
    port: int = Field(default=8081, ge=0, le=65535)
    """The port of that listener."""
    tokens: tuple[ManagementToken, ...] = ()
    """The bearer tokens that are accepted."""


class Storage(Group):
    """Where sessions are kept."""

    url: str = "sqlite:///endsession.db"
    """`sqlite:///` and the path of a file (four slashes make it absolute), or `postgresql://user@host/database` for
    more than one machine. A password belongs in the environment, not into the file, and its special characters are
    percent-encoded. The role owns its schema or may create tables there, and the database is in UTF-8. Parameters of
    libpq are taken, such as `sslmode` and `target_session_attrs`."""
    sealing_secrets: tuple[SealingSecret, ...] = ()
    """Secrets of 32 characters or more that seal what travels through browsers and the secrets that the storage keeps.
    The first seals, all open: to replace one, `docs/operations.md` has the steps. They belong in the environment or the
    secrets folder, and are needed with PostgreSQL. With SQLite, one is made in a file next to the database,
    `endsession.db.secret`, where there is none."""


class Limits(Group):
    """How much is taken from whom."""

    storage: str = "memory://"
    """Where the counts are kept: `memory://`, each process for itself, or `redis://host:6379` (`rediss://`,
    `valkey://`), shared by all."""
    logout_per_address: Rate = "60/minute"
    """Logout requests of one client address, and what follows from them (answers, looks at a status); IPv6 addresses
    are counted by /64 network."""
    logout_per_client: Rate = "60/minute"
    """Logout requests with a verified hint of one client of one issuer, for each of its users, whatever address they
    come from. There is none for all users together, since one of them could use it up."""
    logout_per_issuer: Rate = ""
    """Logout requests of one issuer; off by default, since anyone could use it up."""
    wrong_tokens_per_address: Rate = "30/minute"
    """Wrong bearer tokens of one client address, counted by each process for itself. Over it, every token from there is
    refused with 429, but for those that were right from there before."""
    connections: int = Field(default=1000, ge=10, le=100_000)
    """Connections that are open at once, at all listeners of a process; further ones are closed at once. Each needs an
    open file (`ulimit -n`)."""
    connections_per_address: int = Field(default=100, ge=1, le=100_000)
    """Connections of one client address; IPv6 addresses are counted by /64 network. A proxy of `server.trusted_proxies`
    may have as many as there may be in all."""
    query_bytes: int = Field(default=16 * 1024, ge=1024, le=1024 * 1024)
    """The longest query that is read; longer ones are answered with 414."""
    body_bytes: int = Field(default=64 * 1024, ge=1024, le=16 * 1024 * 1024)
    """The largest body that is read; larger ones are answered with 413."""


class Delivery(Group):
    """How apps are told of a session's end."""

    timeout: Duration = Field(default=5.0, gt=0, le=30)
    """How long one attempt may take, from the look-up of the name to the last byte of the answer; 30 s at most."""
    deadline: Duration = 86_400.0
    """For how long an app that does not answer is tried again."""
    concurrency: int = Field(default=100, ge=1, le=10_000)
    """Attempts under way at once, in one process."""
    per_app: int = Field(default=8, ge=1, le=1000)
    """Attempts under way at once to one app, in one process."""
    allow_networks: tuple[str, ...] = ()
    """Private networks that apps may live in, such as `10.20.0.0/16`. All others are refused."""
    ca_file: str = ""
    """A file with the certificates of a private CA, for deliveries; without it, the system's are trusted, as they are
    where the provider's keys are fetched."""
    proxy: str = ""
    """An egress proxy for deliveries, as a URL. It then resolves names, and has to keep to the rules on addresses
    itself."""


class Retention(Group):
    """How long rows are kept."""

    ended_sessions: Duration = 30 * 86_400.0
    """How long an ended session and what became of it can be looked up."""
    audit: Duration = 400 * 86_400.0
    """How long the audit is kept, which says who ended which session and why. No operation reads it yet; it can be read
    with SQL, from the table `audit`."""


class Settings(BaseSettings, Group):
    """All settings of one deployment."""

    model_config = SettingsConfigDict(case_sensitive=True, env_prefix=PREFIX, env_ignore_empty=True)

    server: Server = Server()
    management: Management = Management()
    storage: Storage = Storage()
    limits: Limits = Limits()
    delivery: Delivery = Delivery()
    retention: Retention = Retention()
    issuers: dict[str, IssuerSettings] = {}
    """The issuers, by their name in paths."""
    _places: Places = PrivateAttr(default_factory=lambda: Places(PREFIX, None, "", {}))

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code is all there is: `load` alone reads a file and the environment."""
        return (init_settings,)

    def refuse(self, problems: list[Problem]) -> BadSettings:
        """The error for problems that only show when the settings are put to use."""
        return BadSettings(problems, self._places)

    def tell(self, problem: Problem) -> str:
        """A problem with its place and its fix, in three lines."""
        return self._places.tell(problem)


__all__ = ["PREFIX", "ManagementToken", "Settings"]
