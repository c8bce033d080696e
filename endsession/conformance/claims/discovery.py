"""What anybody may read: keys, metadata, the document, health."""

from __future__ import annotations

from ..claim import NotTried, Register, Scene, expect, expect_status

claims = Register()

_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


@claims("only public keys are published", "deployment", "issuer")
def keys(scene: Scene) -> None:
    """A JWK Set whose keys have names, and no private member."""
    answer = scene.wire.send("GET", f"/{scene.options.issuer}/jwks.json")
    expect_status(answer, 200)
    found = answer.json().get("keys", [])
    expect(isinstance(found, list), "there are no keys", answer)
    for key in found:
        expect(not _PRIVATE & set(key), "a private key is published", answer)
        expect(key.get("kid"), "a key has no kid, so that an app cannot find it", answer)
    names = [key.get("kid") for key in found]
    expect(len(names) == len(set(names)), "two keys have one kid", answer)


@claims("the metadata is the issuer's own, and leads to documented addresses", "deployment", "issuer")
def metadata(scene: Scene) -> None:
    """OpenID Connect Discovery 1.0, section 4.3; served only where the identifier is the address's prefix."""
    answer = scene.wire.send("GET", f"/{scene.options.issuer}/.well-known/openid-configuration")
    expect_status(answer, 200, 404)
    if answer.status == 404:
        raise NotTried("the issuer's identifier is not the prefix of this address, so that nothing is served here")
    said = answer.json()
    here = f"{scene.target.public_url}/{scene.options.issuer}"
    expect(said.get("issuer") == here, "the issuer is not the prefix of this address", answer)
    expect(scene.options.iss in (None, said.get("issuer")), "the issuer is another than --iss", answer)
    for member in ("end_session_endpoint", "jwks_uri"):
        expect(
            scene.target.is_ours(str(said.get(member))), f"{member} is no documented address of this service", answer
        )
    ends = {scene.target.public_url + one.address for one in scene.endpoints}
    expect(
        said.get("end_session_endpoint") in ends, "end_session_endpoint is no logout endpoint of the document", answer
    )


@claims("the metadata leads to no host that the request names", "deployment", "issuer")
def metadata_of_another_host(scene: Scene) -> None:
    """Whoever could change its addresses, for a cache perhaps, would be sent everybody's hints (T19)."""
    host = "contract-stranger.example"
    for headers in (
        {"Host": host},
        {"X-Forwarded-Host": host},
        {"X-Forwarded-Server": host},
        {"X-Original-Host": host},
        {"Forwarded": f"host={host};proto=http"},
    ):
        answer = scene.wire.send("GET", f"/{scene.options.issuer}/.well-known/openid-configuration", headers=headers)
        expect(answer.status != 200 or host not in answer.text, f"{next(iter(headers))} gets into the metadata", answer)


@claims("the served document is the one that is tested", "deployment")
def document(scene: Scene) -> None:
    """As JSON and as YAML: the same paths and methods."""
    for name in ("/openapi.json", "/openapi.yaml"):
        if name not in scene.target.document.raw["paths"]:
            continue
        answer = scene.wire.send("GET", name)
        expect_status(answer, 200)
        for path in scene.target.document.raw["paths"]:
            expect(path in answer.text, "the served document lacks a path of the document that is tested", answer)


@claims("it is healthy and ready", "deployment")
def health(scene: Scene) -> None:
    """What a load balancer asks."""
    for path in ("/healthz", "/readyz"):
        if path in scene.target.document.raw["paths"]:
            answer = scene.wire.send("GET", path)
            expect_status(answer, 200)
            expect(answer.json() == {"status": "ok"}, "it does not say that it is well", answer)
            expect_status(scene.wire.send("HEAD", path), 200)
