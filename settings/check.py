"""Whether settings that are well formed also hold together. Every function yields problems; nothing is raised."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from endsession.protocol.client import Client, is_loopback, registration_problems, sid_problems

from .check_endpoints import check_endpoints
from .check_front import check_front
from .ending import check_ending
from .issuer import Cookie, IssuerSettings
from .model import Settings
from .policies import ServedDocument
from .problems import Location, Problem, dotted

_ISSUER_ID = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}")
_PLAIN = re.compile(r"[\x21-\x7e]*")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")

_FIXES = {
    "client_secret": "give it in the environment, by the variable that is named here, or in a file of that name in"
    " ENDSESSION_SECRETS_DIR"
}
"""What fixes a registration, by its member, where the message alone does not say it."""


def check(settings: Settings, contract: ServedDocument, base: Path) -> Iterator[Problem]:
    """Yield every problem. `base` is the folder that relative paths start from."""
    reserved = contract.reserved_words()
    yield from _server(settings)
    yield from _management(settings)
    yield from _storage(settings)
    yield from _delivery(settings, base)
    yield from _between_issuers(settings)
    if not settings.issuers:
        yield Problem(("issuers",), "there is no issuer", "add a table [issuers.NAME]", also=(("issuers",),))
    for issuer_id, issuer in settings.issuers.items():
        location: Location = ("issuers", issuer_id)
        if not _ISSUER_ID.fullmatch(issuer_id):
            yield Problem(location, "an issuer's name has 1 to 64 letters, digits or -._~", "rename the table")
        if issuer_id in reserved:
            yield Problem(location, f"the path /{issuer_id} belongs to an endpoint of the document", "rename the table")
        yield from _issuer(location, issuer, base)
        yield from check_front(location, issuer, settings.server)
        yield from check_endpoints(issuer_id, settings, contract)
        for client_id, client in issuer.clients.items():
            if client.client_id != client_id:
                where = (*location, "clients", client_id, "client_id")
                yield Problem(where, "it differs from the table's name, which is the client_id", "leave it out")
            for member, problem in registration_problems(client):
                yield Problem((*location, "clients", client_id, member), problem, _FIXES.get(member, ""))
            yield from _required_sid((*location, "clients", client_id), client, issuer)


def _required_sid(location: Location, client: Client, issuer: IssuerSettings) -> Iterator[Problem]:
    """`location` is the client's."""
    setting: Location = (*location[:2], "id_tokens_have_sid")
    for member, problem in sid_problems(client, with_sid=issuer.id_tokens_have_sid):
        fix = f"leave it out, or set {dotted(setting)} = true if the provider's ID tokens carry sid"
        yield Problem((*location, member), problem, fix, also=(setting,))


def _server(settings: Settings) -> Iterator[Problem]:
    server = settings.server
    if server.public_url:
        yield from _url(("server", "public_url"), server.public_url)
    elif not is_loopback(server.host):
        yield Problem(
            ("server", "public_url"),
            "it is missing, and server.host is not a loopback address",
            'add the URL that browsers use, such as public_url = "https://login.example"',
        )
    if urlsplit(server.public_url).scheme == "https" and not server.trusted_proxies and _is_url(server.public_url):
        yield Problem(
            ("server", "trusted_proxies"),
            "it is empty, and TLS ends at a proxy (server.public_url): all users would share that proxy's rate limit",
            'name the address that the proxy connects from, such as trusted_proxies = ["127.0.0.1"]',
            also=(("server", "public_url"),),
        )
    for index, network in enumerate(server.trusted_proxies):
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            fix = "write an address such as 10.0.0.1, or a network such as 10.0.0.0/8"
            yield Problem(("server", "trusted_proxies", index), "it is neither an address nor a network", fix)


def _management(settings: Settings) -> Iterator[Problem]:
    for index, token in enumerate(settings.management.tokens):
        for name in token.issuers:
            if name != "*" and name not in settings.issuers:
                where = ("management", "tokens", index, "issuers")
                fix = f"use one of: {', '.join(settings.issuers)}, *"
                yield Problem(where, f"there is no issuer {name}", fix, also=(("issuers",),))


def _storage(settings: Settings) -> Iterator[Problem]:
    url = settings.storage.url
    if not url.startswith(("postgresql://", "postgres://")) and not url.removeprefix("sqlite:///").strip(":/ "):
        yield Problem(("storage", "url"), "it names no file", "write sqlite:///endsession.db")
    elif not url.startswith(("postgresql://", "postgres://", "sqlite:///")):
        fix = "write sqlite:///endsession.db, or postgresql://user@host/database"
        yield Problem(("storage", "url"), "it is not a supported storage", fix)
    elif not url.startswith("sqlite:///") and not settings.storage.sealing_secrets:
        message = "it is missing, and every process that uses this database needs the same"
        fix = "make one (openssl rand -hex 32) and set ENDSESSION_STORAGE__SEALING_SECRETS='[\"...\"]' for all of them"
        yield Problem(("storage", "sealing_secrets"), message, fix, also=(("storage", "url"),))
    known = settings.limits.storage.startswith(("memory://", "redis://", "rediss://", "valkey://", "valkeys://"))
    if not known or not _is_url(settings.limits.storage):
        fix = "write memory://, or redis://host:6379 where several nodes share the limits"
        yield Problem(("limits", "storage"), "it is not a supported storage", fix)


def _delivery(settings: Settings, base: Path) -> Iterator[Problem]:
    delivery = settings.delivery
    for index, network in enumerate(delivery.allow_networks):
        yield from _network(("delivery", "allow_networks", index), network)
    if delivery.ca_file and not (base / delivery.ca_file).is_file():
        yield _no_file(("delivery", "ca_file"), base / delivery.ca_file)
    if delivery.proxy and not (_is_url(delivery.proxy) and urlsplit(delivery.proxy).scheme in ("http", "https")):
        yield Problem(("delivery", "proxy"), "it is not an http or https URL", "write http://proxy.example:3128")


def _network(location: Location, network: str) -> Iterator[Problem]:
    try:
        around = ipaddress.ip_network(network, strict=False)
    except ValueError:
        yield Problem(location, "it is not a network", "write a network address, such as 10.20.0.0/16")
        return
    if str(ipaddress.ip_address(network.partition("/")[0])) != str(around.network_address):
        message = "its address is not the first one of the network, so it is not clear what is meant"
        yield Problem(location, message, f"write {around}, or a smaller network")


def _between_issuers(settings: Settings) -> Iterator[Problem]:
    """What may occur once only."""
    seen: dict[str, str] = {}
    for issuer_id, issuer in settings.issuers.items():
        claims = [("issuer", issuer.issuer), *(("hosts", host.lower()) for host in issuer.hosts)]
        if issuer.default:
            claims.append(("default", "default"))
        for member, value in claims:
            other = seen.setdefault(f"{member} {value}", issuer_id)
            if other != issuer_id:
                message = f"{other} is the default already" if member == "default" else f"{other} has the same"
                yield Problem(("issuers", issuer_id, member), message, "change one of the two")


def _issuer(location: Location, issuer: IssuerSettings, base: Path) -> Iterator[Problem]:
    yield from _url((*location, "issuer"), issuer.issuer)
    sources = [name for name in ("jwks_uri", "jwks_file", "jwks") if getattr(issuer, name) is not None]
    if len(sources) != 1 and (sources or issuer.front is None):
        found = " and ".join(sources) or "none of them"
        yield Problem(
            (*location, sources[-1] if sources else "jwks_uri"),
            f"exactly one of jwks_uri, jwks_file and jwks is needed; there is {found}",
            "leave one" if sources else "say where the provider's keys are",
            also=tuple((*location, name) for name in ("jwks_uri", "jwks_file", "jwks")),
        )
    if issuer.jwks_uri is not None:
        yield from _url((*location, "jwks_uri"), issuer.jwks_uri)
    if issuer.jwks_file is not None and not (base / issuer.jwks_file).is_file():
        yield _no_file((*location, "jwks_file"), base / issuer.jwks_file)
    for member, alg in (("signing_keys", "RS256"), ("decryption_keys", "RSA-OAEP-256")):
        for index, name in enumerate(getattr(issuer, member)):
            if not (base / name).is_file():
                fix = f"make one: endsession keygen --alg {alg}"
                yield Problem((*location, member, index), f"there is no file {base / name}", fix)
    for member in ("op_metadata_uri", "op_backchannel_uri"):
        if (url := getattr(issuer, member)) is not None:
            yield from _url((*location, member), url)
    if issuer.ending is not None:
        yield from _url((*location, "ending", "url"), issuer.ending.url)
        nameless = issuer.participants == "all" and not issuer.id_tokens_have_sid
        yield from check_ending((*location, "ending"), issuer.ending, base, nameless=nameless)
    for index, host in enumerate(issuer.hosts):
        if not _HOST.fullmatch(host):
            yield Problem((*location, "hosts", index), "it is not a host name", "write login.example, and nothing more")
    if issuer.cookie is not None:
        yield from _cookie((*location, "cookie"), issuer.cookie)


def _cookie(location: Location, cookie: Cookie) -> Iterator[Problem]:
    """What browsers do not take (RFC 6265bis): they would keep the cookie that is to be cleared."""
    for member in ("path", "domain"):
        if not _PLAIN.fullmatch(value := getattr(cookie, member)) or ";" in value:
            message = "a semicolon, a space, a control or a non-ASCII character has no place in it"
            yield Problem((*location, member), message, "write it as the provider sets it")
    host_only = cookie.name.startswith("__Host-")
    if not cookie.secure and (cookie.same_site == "none" or cookie.partitioned):
        message = "browsers drop a SameSite=None or Partitioned cookie that is not Secure"
        yield Problem((*location, "secure"), message, "set it to true, as the provider does")
    elif not cookie.secure and (host_only or cookie.name.startswith("__Secure-")):
        yield Problem((*location, "secure"), "browsers drop a cookie of this name that is not Secure", "set it to true")
    if host_only and (cookie.path != "/" or cookie.domain):
        where = (*location, "domain" if cookie.domain else "path")
        yield Problem(where, "browsers drop a __Host- cookie that has a domain, or another path than /", "leave it out")


def _no_file(location: Location, path: Path) -> Problem:
    return Problem(location, f"there is no file {path}", "correct it; relative paths start at the settings file")


def _is_url(url: str) -> bool:
    """Whether `url` can be taken apart, and holds nothing that would begin something else in a header."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:
        return False
    return _PLAIN.fullmatch(url) is not None and not set(parts.netloc.rpartition("@")[2]) & set(";,'\"\\")


def _url(location: Location, url: str) -> Iterator[Problem]:
    """https, or http on this machine; no query, fragment or user information; no slash at the end."""
    parts = urlsplit(url) if _is_url(url) else urlsplit("")
    host = parts.hostname
    if not host or parts.scheme not in ("http", "https"):
        yield Problem(location, "it is not an absolute https URL", "write it as in https://login.example/acme")
    elif parts.scheme == "http" and not is_loopback(host):
        yield Problem(location, "http is for loopback addresses only", "use https")
    elif parts.fragment or "@" in parts.netloc:
        yield Problem(location, "it has a fragment (#) or user information (@)", "leave that out")
    elif parts.query and location[-1] not in ("jwks_uri", "op_metadata_uri", "op_backchannel_uri"):
        yield Problem(location, "it has a query (?)", "leave that out")
    elif location == ("server", "public_url") and url.endswith("/"):
        yield Problem(location, "it ends with a slash", f"write {url.rstrip('/')}")
