"""What anybody may read: keys, metadata, the document, health."""

from __future__ import annotations

from ..check import CheckSkipped, Registry, expect, expect_status
from ..context import Context

check = Registry()

_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
"""Private members of a JWK (RFC 7518, section 6)."""


@check("only public keys are published", "deployment", "issuer")
def keys(context: Context) -> None:
    """A JWK Set whose keys have a `kid` and no private member."""
    response = context.http.send("GET", f"/{context.options.issuer}/jwks.json")
    expect_status(response, 200)
    found = response.json().get("keys", [])
    expect(isinstance(found, list), "there are no keys", response)
    for key in found:
        expect(not _PRIVATE & set(key), "a private key is published", response)
        expect(key.get("kid"), "a key has no kid, so that apps cannot find it", response)
    kids = [key.get("kid") for key in found]
    expect(len(kids) == len(set(kids)), "two keys have the same kid", response)


@check("the metadata is that of the issuer, and has documented URLs", "deployment", "issuer")
def metadata(context: Context) -> None:
    """OpenID Connect Discovery 1.0, section 4.3. Served only where the identifier is the prefix of the URL.

    Or behind a front (`x-front`), where the metadata is the provider's, with the URLs that apps know.
    """
    response = context.http.send("GET", f"/{context.options.issuer}/.well-known/openid-configuration")
    expect_status(response, 200, 404)
    if response.status == 404:
        raise CheckSkipped("the issuer's identifier is not the prefix of this URL, so that nothing is served here")
    members = response.json()
    prefix = f"{context.target.public_url}/{context.options.issuer}"
    known = _fronted(context, "discovery")
    expect(known or members.get("issuer") == prefix, "the issuer is not the prefix of this URL", response)
    expect(context.options.iss in (None, members.get("issuer")), "the issuer differs from --iss", response)
    for name, kind in (("end_session_endpoint", "logout"), ("jwks_uri", "jwks")):
        url = str(members.get(name))
        documented = context.target.is_internal(url) or url in _fronted(context, kind)
        expect(documented, f"{name} is not a documented URL of this service", response)
    logout_urls = {context.target.public_url + endpoint.url_path for endpoint in context.endpoints}
    logout_urls |= _fronted(context, "logout")
    expect(
        members.get("end_session_endpoint") in logout_urls,
        "end_session_endpoint is not a logout endpoint of the document",
        response,
    )


def _fronted(context: Context, kind: str) -> set[str]:
    return context.target.document.fronted_urls(kind, str(context.options.issuer), context.target.public_url)


@check("no host of a request gets into the metadata", "deployment", "issuer")
def metadata_of_another_host(context: Context) -> None:
    """A caller that could change its URLs, perhaps in a cache, would receive the hints of all users."""
    host = "contract-stranger.example"
    for headers in (
        {"Host": host},
        {"X-Forwarded-Host": host},
        {"X-Forwarded-Server": host},
        {"X-Original-Host": host},
        {"Forwarded": f"host={host};proto=http"},
    ):
        path = f"/{context.options.issuer}/.well-known/openid-configuration"
        response = context.http.send("GET", path, headers=headers)
        clean = response.status != 200 or host not in response.text
        expect(clean, f"{next(iter(headers))} gets into the metadata", response)


@check("the published document is the one that is tested", "deployment")
def document(context: Context) -> None:
    """As JSON and as YAML, with the same paths."""
    published = [name for name in ("/openapi.json", "/openapi.yaml") if name in context.target.document.raw["paths"]]
    if not published:
        raise CheckSkipped("the document is not published")
    for name in published:
        response = context.http.send("GET", name)
        expect_status(response, 200)
        for path in context.target.document.raw["paths"]:
            expect(path in response.text, "the published document lacks a path of the tested one", response)


@check("the service is healthy and ready", "deployment")
def health(context: Context) -> None:
    """What a load balancer asks."""
    probes = [path for path in ("/healthz", "/readyz") if path in context.target.document.raw["paths"]]
    if not probes:
        raise CheckSkipped("the document has no /healthz and no /readyz")
    for path in probes:
        response = context.http.send("GET", path)
        expect_status(response, 200)
        expect(response.json() == {"status": "ok"}, "the status is not ok", response)
        expect_status(context.http.send("HEAD", path), 200)
