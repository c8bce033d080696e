"""Whether the endpoints of an issuer, their policies and what is announced of them hold together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from endsession.protocol.policy import contradictions

from .idle import idle_knobs
from .issuer import IssuerSettings
from .model import Settings
from .policies import (
    PLAIN,
    EndpointPolicySource,
    ServedDocument,
    can_match,
    complaint,
    own_knobs,
    policy_for,
    serves,
)
from .problems import Location, Problem, dotted

_ADDED: tuple[Location, ...] = (("server", "vendors"), ("server", "extra_paths"))
"""Where endpoints come from: while one cannot be served, nothing that refers to it is wrong by itself."""
_MORE = "; server.vendors adds those of other vendors"


def check_endpoints(issuer_id: str, settings: Settings, contract: ServedDocument) -> Iterator[Problem]:
    """Yield every problem with the endpoints of an issuer."""
    location, issuer = ("issuers", issuer_id), settings.issuers[issuer_id]
    yield from _policies(location, issuer, contract.endpoints)
    yield from idle_knobs(location, issuer, contract)
    yield from _discovery(issuer_id, settings, contract.endpoints)


def _policies(
    location: Location, issuer: IssuerSettings, endpoints: Mapping[str, EndpointPolicySource]
) -> Iterator[Problem]:  # fmt: skip
    names = {terms.name for terms in endpoints.values() if terms.name}
    for name in issuer.dialects:
        if name not in names:
            yield Problem(
                (*location, "dialects", name),
                "no endpoint has this name",
                f"use one of: {', '.join(sorted(names))}{_MORE}",
                also=_ADDED,
            )
    if issuer.announce != PLAIN and issuer.announce not in names:
        fix = f"use end-session or one of: {', '.join(sorted(names))}{_MORE}"
        yield Problem((*location, "announce"), "no endpoint has this name", fix, also=_ADDED)
    yield from _named_endpoints(location, issuer, names)
    for terms in endpoints.values():
        if complaint(terms):
            continue  # the document's mistake, which is told with the document
        table = ("policy",) if terms.name is None else ("dialects", terms.name, "policy")
        if not serves(issuer, terms):
            yield from _not_served(location, issuer, terms, table)
            continue
        for knobs, why in contradictions(policy_for(issuer, terms), has_cookie=can_match(issuer)):
            own = own_knobs(issuer, terms)
            preset = terms.preset or issuer.preset
            others = [knob for knob in knobs if knob not in own]
            fix = f"change {' or '.join(knobs)}"
            fix += f" (the preset {preset} sets {' and '.join(others)})" if others else ""
            if issuer.cookie is not None and not can_match(issuer):
                fix += ', or set cookie.match = "sid": with participants = all no other cookie can be matched'
            also = ((*location, "cookie"), (*location, "participants"), *((*location, *table, knob) for knob in knobs))
            yield Problem((*location, *table, knobs[-1]), why, fix, also=also)


def _named_endpoints(location: Location, issuer: IssuerSettings, names: set[str]) -> Iterator[Problem]:
    for index, name in enumerate(issuer.endpoints or ()):
        if name != PLAIN and name not in names:
            fix = f"use some of: {', '.join((PLAIN, *sorted(names)))}{_MORE}"
            yield Problem((*location, "endpoints", index), "no endpoint has this name", fix, also=_ADDED)
    if issuer.endpoints == ():
        fix = "name the endpoints that apps use, or leave it out to serve all"
        yield Problem((*location, "endpoints"), "it is empty: nobody could log out", fix)


def _not_served(
    location: Location, issuer: IssuerSettings, terms: EndpointPolicySource, table: Location
) -> Iterator[Problem]:  # fmt: skip
    """What is announced, or has knobs, has to be there."""
    name, setting = terms.name or PLAIN, (*location, "endpoints")
    why = "endpoints does not name it" if issuer.endpoints is not None else "under the preset strict it has to be named"
    if issuer.announce == name:
        fix = f"add {name} to {dotted(setting)}, or announce another endpoint"
        yield Problem((*location, "announce"), f"this issuer does not serve {name}: {why}", fix, also=(setting,))
    if own_knobs(issuer, terms):
        fix = f"add {name} to {dotted(setting)}, or leave the knobs out"
        yield Problem((*location, *table), f"this issuer does not serve {name}: {why}", fix, also=(setting,))


def _discovery(issuer_id: str, settings: Settings, endpoints: Mapping[str, EndpointPolicySource]) -> Iterator[Problem]:
    """What is announced has to be there, and the provider's metadata have to be the provider's."""
    issuer, public_url = settings.issuers[issuer_id], settings.server.public_url
    location: Location = ("issuers", issuer_id)
    if issuer.op_metadata_uri == f"{public_url}/{issuer_id}/.well-known/openid-configuration":
        fix = "name a URL at which the provider itself can be reached"
        yield Problem((*location, "op_metadata_uri"), "it is the URL of our own metadata", fix)
    announced = next((terms for terms in endpoints.values() if terms.name == issuer.announce), None)
    if announced is None or announced.issuer_from == "path":
        return
    host = urlsplit(public_url).hostname or settings.server.host
    found = [name for name, other in settings.issuers.items() if other.default]
    if announced.issuer_from == "host":
        found = [name for name, other in settings.issuers.items() if host in map(str.lower, other.hosts)] or found
    if issuer_id not in found:
        message = f"{issuer.announce} has no issuer in its path, and at {host} it is not this issuer's"
        fix = f"set default = true, or add {host} to hosts, or announce another endpoint"
        yield Problem((*location, "announce"), message, fix, also=((*location, "hosts"), (*location, "default")))
