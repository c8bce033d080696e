"""What handlers are given: the issuers, and the parts of the house that do things for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .contract.document import Document
from .contract.endpoint import LogoutEndpoint, issuer_named
from .contract.request import ErrorForm, Request
from .delivery.endings import Endings, NotifyPolicy
from .delivery.outbox import Outbox
from .front.document import ServedDocument
from .front.issuer_front import IssuerFront
from .front.learning import Learner
from .front.provider import Fronts
from .front.published import Published
from .limiter import Limiter
from .management.tokens import Caller, ManagementTokens
from .pages import Page, Pages
from .protocol.client import Client
from .protocol.errors import EndsessionError, NotFound
from .protocol.hint import VerifiedHint
from .protocol.policy import Policy
from .provider.metadata import ProviderMetadata
from .store.audit import Trace
from .store.readiness import Readiness
from .store.script import Database
from .tokens.hint import FindClient, IdTokenHints
from .tokens.seal import Sealer, Vault


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The provider's session cookie. `is_sid` says that its value is the session id itself."""

    name: str
    is_sid: bool
    clearing: str
    """The Set-Cookie value that clears it, with the attributes it was set with (RFC 6265, section 5.3); empty where it
    stays."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """One provider, as the handlers need it. Lifetimes are in seconds."""

    id: str
    identifier: str
    find_client: FindClient
    hints: IdTokenHints
    note_hint: Callable[[VerifiedHint], None]
    """To be called with each verified hint of a logout: it may contradict `with_sid`."""
    notify_policy: NotifyPolicy
    public_keys: Callable[[], list[dict[str, Any]]]
    """What its JWK Set publishes."""
    policy_of: Callable[[LogoutEndpoint], Policy]
    cookie: SessionCookie | None
    session_lifetime: float
    session_idle: float | None
    serves: Callable[[LogoutEndpoint], bool]
    """Whether it has this logout endpoint (setting `endpoints`)."""
    announce: LogoutEndpoint
    with_sid: bool
    """Whether its logout tokens carry `sid`."""
    lack_sid: Callable[[str], Awaitable[bool]]
    """Whether the hints of a client have been seen to carry no `sid`."""
    signs: Callable[[str], bool]
    """Whether it has a signing key for an algorithm of logout tokens."""
    refused_uri: Callable[[str], str | None]
    """Why no logout token would be sent to a URL, as far as the URL itself tells."""
    metadata: ProviderMetadata | None
    """The provider's own metadata, where ours is to be based on it."""
    publishes_op_keys: bool
    """Whether `public_keys` has the provider's as well."""
    logout_metadata: Mapping[str, Any]
    """The members of its metadata that are ours to say."""
    published: Published | None = None
    """What its front publishes in the provider's place."""

    async def client(self, client_id: str) -> Client | None:
        """A registered client: of the settings, else of the database, which keeps its secret to itself."""
        return await self.find_client(client_id)

    @property
    def stateless(self) -> bool:
        """Whether no sessions are registered here, so that an unknown `sid` may well be live."""
        return self.notify_policy.everyone


@dataclass(frozen=True)
class Gateway:
    """One running deployment. `clock` gives seconds since 1970."""

    public_url: str
    document: Document
    issuers: Mapping[str, Issuer]
    issuer_by_host: Mapping[str, Issuer]
    default_issuer: Issuer | None
    management: ManagementTokens
    """By the SHA-256 of their token."""
    store: Database
    endings: Endings
    outbox: Outbox
    sealer: Sealer
    vault: Vault
    limiter: Limiter
    readiness: Readiness
    pages: Pages
    clock: Callable[[], float]
    learners: Mapping[str, Learner]
    """What learns each issuer's sessions from ID tokens."""
    preset_policy: Callable[[LogoutEndpoint], Policy]
    """An endpoint's policy where no issuer is found."""
    fronts: Fronts = field(default_factory=lambda: Fronts(()))
    """The providers behind fronts, and which requests are for them."""
    issuer_fronts: Mapping[str, IssuerFront] = field(default_factory=dict)
    """What passes the requests of each front on."""
    without_cookie: set[str] = field(default_factory=set)
    """The issuers of which the log has said that a browser of a live session came without the provider's cookie."""
    reference: Page | None = None
    """The document as a page, where `server.docs` is on."""
    _hosts: frozenset[str] = field(init=False)
    _served: ServedDocument = field(init=False)

    def __post_init__(self) -> None:
        own = urlsplit(self.public_url).hostname or ""
        object.__setattr__(self, "_hosts", frozenset({own, *self.issuer_by_host}))
        object.__setattr__(self, "_served", ServedDocument(self.document, self.public_url, self.fronts))

    def served_document(self) -> Document:
        """The document as others may read it: with the paths that fronts answer now, which `document` has not."""
        return self._served.now()

    def find_issuer(self, request: Request) -> Issuer:
        """The issuer that a request is for: by path, else by host, else the default.

        Raises NotFound; also for a logout endpoint that this issuer does not serve.
        """
        issuer = self._find_issuer(request.endpoint, issuer_named(request.endpoint, request.path), request.host)
        if issuer is None:
            raise NotFound("There is no such issuer.")
        if request.endpoint is not None and not issuer.serves(request.endpoint):
            raise NotFound("This issuer does not serve this endpoint.")
        return issuer

    def _find_issuer(self, endpoint: LogoutEndpoint | None, issuer_id: str | None, host: str) -> Issuer | None:
        if issuer_id is not None:
            return self.issuers.get(issuer_id)
        if endpoint is not None and endpoint.issuer_from == "host" and host in self.issuer_by_host:
            return self.issuer_by_host[host]
        return self.default_issuer

    def link(self, issuer: Issuer, path: str) -> str:
        """An absolute URL of this gateway, from configuration only (T19)."""
        return f"{self.public_url}/{issuer.id}/{path}"

    def trace(self, request: Request) -> Trace:
        """Who makes this management request, for the audit."""
        return Trace(request.caller.name, request.client_address, self.clock())

    # What the contract asks (contract.request.Service)

    async def admit(self, address: str) -> None:
        """See Service."""
        await self.limiter.take_from_address(address)

    def is_our_host(self, host: str) -> bool:
        """See Service."""
        return host in self._hosts

    def authenticate(self, token: str, address: str, issuer_id: str | None) -> Caller:
        """See Service."""
        return self.management.authenticate(token, address, issuer_id)

    def authorize(self, caller: Caller | None, scope: str, issuer_id: str | None, address: str) -> None:
        """See Service."""
        self.management.authorize(caller, scope, issuer_id, address)

    def error_form(self, endpoint: LogoutEndpoint | None, issuer_id: str | None, host: str) -> ErrorForm:
        """See Service. Before an issuer is known, the endpoint's own preset says it."""
        issuer = self._find_issuer(endpoint, issuer_id, host)
        policy_of = issuer.policy_of if issuer else self.preset_policy
        error_format = policy_of(endpoint).error_format if endpoint else "negotiate"
        return ErrorForm(error_format, self._way_out(issuer) if issuer else None)

    def _way_out(self, issuer: Issuer) -> str | None:
        """The plain endpoint, where it asks a user whose request carries nothing."""
        plain = next(endpoint for endpoint in self.document.endpoints.values() if endpoint.name is None)
        asks = issuer.serves(plain) and issuer.policy_of(plain).on_no_params == "prompt"
        return self.public_url + plain.address(issuer.id) if asks else None

    def error_page(self, error: EndsessionError, request_id: str, way_out: str | None) -> Page:
        """See Service."""
        return self.pages.error(error, request_id, way_out)
