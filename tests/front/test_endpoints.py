"""Which URLs of a provider the front answers, and how they are found by what a request names."""

from __future__ import annotations

from typing import Any

import pytest

from endsession.front.endpoints import Endpoint, Endpoints, fronted, unusable, well_known
from endsession.settings import Front

OP = "https://op.example"
METADATA = {
    "issuer": OP,
    "jwks_uri": f"{OP}/certs",
    "authorization_endpoint": f"{OP}/authorize",
    "token_endpoint": f"{OP}/o/token/",
    "pushed_authorization_request_endpoint": f"{OP}/par",
    "end_session_endpoint": f"{OP}/bye",
    "introspection_endpoint": f"{OP}/introspect",
    "userinfo_endpoint": f"{OP}/me",
    "revocation_endpoint": f"{OP}/revoke",
    "mtls_endpoint_aliases": {"token_endpoint": "https://mtls.op.example/token"},
}
FRONT = Front(upstream="http://op.internal:9000")
ALL = ("authorization", "token", "par", "introspection", "userinfo", "revocation")


def made(metadata: dict[str, Any] | None = METADATA, identifier: str = OP, **front: Any) -> Endpoints:
    """The endpoints of one provider."""
    return Endpoints(fronted("acme", identifier, metadata, FRONT.model_copy(update=front)))


def found(endpoints: Endpoints, netloc: str, path: bytes) -> str | None:
    """The kind of the endpoint there."""
    endpoint = endpoints.find(netloc, path)
    return endpoint.kind if endpoint else None


@pytest.mark.parametrize(
    ("identifier", "urls"),
    [
        (OP, ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]),
        (OP + "/", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]),
        (
            OP + "/realms/a",
            [
                "/realms/a/.well-known/openid-configuration",
                "/.well-known/oauth-authorization-server/realms/a",
                "/.well-known/openid-configuration/realms/a",
            ],
        ),
    ],
)
def test_where_metadata_may_be_read(identifier: str, urls: list[str]) -> None:
    """Discovery 1.0, section 4, appends to the issuer's path; RFC 8414, sections 3 and 5, inserts before it."""
    assert list(well_known(identifier)) == [OP + url for url in urls]


def test_which_endpoints_are_fronted_by_default() -> None:
    """Discovery, JWK Set and logout always; authorization, token and PAR as `learn` says."""
    kinds = [endpoint.kind for endpoint in made().all]
    assert kinds == ["discovery", "discovery", "jwks", "authorization", "token", "par", "logout"]


@pytest.mark.parametrize("kind", ALL)
def test_each_endpoint_is_fronted_where_learn_names_it(kind: str) -> None:
    """And only there."""
    assert kind in {endpoint.kind for endpoint in made(learn=(kind,)).all}
    assert kind not in {endpoint.kind for endpoint in made(learn=tuple(set(ALL) - {kind})).all}


def test_before_the_metadata_is_known() -> None:
    """The URLs of the metadata itself, and what the settings name."""
    assert [e.kind for e in made(None, redirect_paths=("/in/",)).all] == ["discovery", "discovery", "redirect"]


@pytest.mark.parametrize(
    ("netloc", "path", "kind"),
    [
        ("op.example", b"/o/token/", "token"),
        ("OP.Example", b"/o/token/", "token"),
        ("op.example:443", b"/o/token/", "token"),
        ("op.example:80", b"/o/token/", None),
        ("op.example:8443", b"/o/token/", None),
        ("other.example", b"/o/token/", None),
        ("op.example", b"/o/token", None),
        ("op.example", b"//o/token/", None),
        ("op.example", b"/o//token/", None),
        ("op.example", b"/O/token/", None),
        ("op.example", b"/o/token/x", None),
        ("op.example", b"/o%2Ftoken/", None),
        ("op.example", b"/o/./token/", None),
        ("op.example", b"/%6f/tok%65n/", "token"),
        ("op.example", b"/o/token/%", None),
        ("op.example", b"", None),
        ("mtls.op.example", b"/token", None),
    ],
)
def test_what_is_found(netloc: str, path: bytes, kind: str | None) -> None:
    """Host in any case, with the default port or without; the path exactly, but for needless percent-encoding."""
    assert found(made(), netloc, path) == kind


def test_an_endpoint_on_another_host_keeps_its_own() -> None:
    """It is looked for under its own Host, and under no other."""
    endpoints = made({**METADATA, "token_endpoint": "http://Tokens.op.example:8080/t?tenant=a"})
    assert found(endpoints, "tokens.op.example:8080", b"/t") == "token"
    assert found(endpoints, "op.example", b"/t") is None
    assert next(e.url for e in endpoints.all if e.kind == "token") == "http://tokens.op.example:8080/t"


def test_a_host_that_is_an_ipv6_address() -> None:
    """Its brackets belong to the Host header."""
    endpoints = made({**METADATA, "token_endpoint": "https://[2001:DB8::1]/t"})
    assert found(endpoints, "[2001:db8::1]", b"/t") == found(endpoints, "[2001:db8::1]:443", b"/t") == "token"


@pytest.mark.parametrize(("written", "sent"), [("/caf\u00e9", b"/caf%C3%A9"), ("/a%2fb", b"/a%2Fb"), ("", b"/")])
def test_paths_as_clients_send_them(written: str, sent: bytes) -> None:
    """Other characters are percent-encoded, and an encoded slash stays one, in either case of its digits."""
    assert found(made({**METADATA, "token_endpoint": OP + written}), "op.example", sent) == "token"


def test_redirect_prefixes() -> None:
    """All that begins with one, where it is no endpoint; on the issuer's host."""
    endpoints = made({**METADATA, "token_endpoint": OP + "/in/token"}, redirect_paths=("/in/",))
    assert found(endpoints, "op.example", b"/in/x/login") == "redirect"
    assert found(endpoints, "op.example:443", b"/in/") == "redirect"
    assert found(endpoints, "op.example", b"/in/token") == "token"
    assert found(endpoints, "op.example", b"/in") is None
    assert found(endpoints, "other.example", b"/in/") is None


@pytest.mark.parametrize(
    "url", ["/token", "op.example/token", "ftp://op.example/t", "https://", 1, None, "http://[", ""]
)
def test_what_is_no_url_is_left_out_and_named(url: object) -> None:
    """The rest is fronted all the same."""
    metadata = {**METADATA, "token_endpoint": url}
    assert "token" not in {endpoint.kind for endpoint in made(metadata).all}
    assert list(unusable(metadata, FRONT)) == ["its token_endpoint is not an http or https URL"]


def test_what_is_missing_is_named() -> None:
    """Where nothing could be learnt without it; a provider need have no PAR."""
    assert list(unusable({"jwks_uri": OP + "/certs"}, FRONT)) == [
        "it has no authorization_endpoint",
        "it has no token_endpoint",
    ]
    assert list(unusable(METADATA, FRONT)) == []


def test_two_endpoints_at_one_url_clash() -> None:
    """They differ in the query at most, which does not say what a request is for."""
    endpoints = made({**METADATA, "end_session_endpoint": f"{OP}/o/token/?logout"})
    assert [(one.kind, other.kind) for one, other in endpoints.clashes()] == [("token", "logout")]


def test_two_issuers_at_one_url_clash() -> None:
    """Two tables that name one provider."""
    twice = Endpoints([*made().all, Endpoint("globex", "token", "https", "op.example", "/o/token/")])
    assert [(one.issuer_id, other.issuer_id) for one, other in twice.clashes()] == [("acme", "globex")]
    assert list(made().clashes()) == []
