"""Each printed configuration, run by its proxy: who gets which request, and what reaches them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from endsession.cli import main
from tests.kit.ports import free_port
from tests.lab.proxies import PROXIES

from .servers import HOST, LONG, Client, certificate, echo

METADATA = {
    "jwks_uri": "/certs",
    "authorization_endpoint": "/authorize",
    "token_endpoint": "/o/token/",
    "end_session_endpoint": "/bye",
    "userinfo_endpoint": "/me",
}
FRONTED = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/certs",
    "/authorize",
    "/o/token/",
    "/bye",
    "/in/x/y",
]
LOGOUT = ["/acme/logout", "/acme/end-session", "/acme/logout/confirm", "/acme/logout/resume"]
PRIVATE = [
    "/healthz",
    "/readyz",
    "/acme/sessions",
    "/acme/sessions/s-1",
    "/acme/sessions/s-1/clients",
    "/acme/deliveries",
    "/acme/deliveries/1/redeliver",
    "/acme/clients",
    "/acme/logout/explain",
]
OTHERS = [
    "/",
    "/me",
    "/o/token",
    "/o/token/x",
    "/authorizes",
    "/static/a%2Fb.js?x=%20&y",
    "/acme/account",
    "/globex/logout",
]


def printed(folder: Path, proxy: str, port: int, gateway: int, provider: int) -> str:
    """What the command writes for an issuer at HOST on `port`."""
    base = f"https://{HOST}:{port}"
    settings = f"""
[server]
public_url = "{base}"
trusted_proxies = ["127.0.0.1"]
[issuers.acme]
issuer = "{base}"
front = {{ upstream = "http://127.0.0.1:{provider}", redirect_paths = ["/in/"] }}
"""
    (folder / "endsession.toml").write_text(settings)
    metadata = {"issuer": base, **{member: base + path for member, path in METADATA.items()}}
    (folder / "metadata.json").write_text(json.dumps(metadata))
    out = folder / "out"
    options = ["--metadata", str(folder / "metadata.json"), "--gateway", f"127.0.0.1:{gateway}", "--output", str(out)]
    main(["proxy", "--for", proxy, "--config", str(folder / "endsession.toml"), *options])
    (file,) = out.iterdir()
    return file.read_text()


@pytest.fixture(scope="module", params=["nginx", "haproxy", "caddy", "envoy"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a running proxy, between it and the two servers."""
    proxy, folder, port = request.param, tmp_path_factory.mktemp(request.param), free_port()
    chain, key, both = certificate(folder)
    with echo("gateway") as gateway, echo("provider") as provider:
        text = printed(folder, proxy, port, gateway, provider)
        text = text.replace(f"/etc/ssl/certs/{HOST}.pem", str(both if proxy == "haproxy" else chain))
        text = text.replace(f"/etc/ssl/private/{HOST}.key", str(key))
        with PROXIES[proxy](folder, port, text):
            yield Client(port, chain)


def test_who_gets_what(client: Client) -> None:
    """Fronted paths and those of logout are the gateway's, management is nobody's, the rest is the provider's."""
    assert {path: client.ask(path).who for path in FRONTED} == dict.fromkeys(FRONTED, "gateway")
    assert {path: client.ask(path).who for path in LOGOUT} == dict.fromkeys(LOGOUT, "gateway")
    assert {path: client.ask(path).who for path in PRIVATE} == dict.fromkeys(PRIVATE, "404")
    assert {path: client.ask(path).who for path in OTHERS} == dict.fromkeys(OTHERS, "provider")


def test_who_is_found_under_sealed_handles(client: Client) -> None:
    """The pages of a logout have paths of which only the beginning is known."""
    assert client.ask("/acme/logout/status/gAAAAB-x_y=").who == "gateway"
    assert client.ask("/acme/logout/continue/gAAAAB-x_y=").who == "gateway"


@pytest.mark.parametrize(
    "target",
    [
        "/authorize?redirect_uri=https%3A%2F%2Fapp%2F&x=%2f%2F&y=a+b&z=%7e~&empty=&empty",
        "/o/token/?x=1",
        "/in/a%2Fb/%7Ec?x=//&y",
        "/static/a%2Fb/c%20d?x=%2f",
    ],
)
def test_targets_arrive_as_they_were_sent(client: Client, target: str) -> None:
    """Byte for byte, since signatures and digests are over them."""
    said = client.ask(target).said
    if "%7E" in target and "~" in said["target"]:  # Envoy decodes it, which is the same URL (RFC 3986, section 2.3)
        said["target"] = said["target"].replace("~", "%7E")
    assert said["target"] == target


def test_a_form_arrives_as_it_was_sent(client: Client) -> None:
    """With its headers; what is at the token endpoint is signed, or a secret."""
    body = "grant_type=authorization_code&code=a%2Bb&\x00\xff"
    answer = client.ask("/o/token/", "Authorization: Basic d2ViOng=", "DPoP: eyJ.a.b", body=body)
    assert (answer.who, answer.said["method"], answer.said["body"]) == ("gateway", "POST", body)
    assert answer.header("authorization") == ["Basic d2ViOng="]
    assert answer.header("dpop") == ["eyJ.a.b"]


@pytest.mark.parametrize("path", ["/authorize", "/"])
def test_what_is_said_of_the_request(client: Client, path: str) -> None:
    """Host as it came; client address and scheme by the proxy's own knowledge, whatever a client has sent."""
    lies = ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: gopher", "X-Forwarded-Host: evil", "X-Real-IP: 6.6.6.6"]
    answer = client.ask(path, *lies, "Forwarded: for=6.6.6.6;host=evil")
    assert answer.header("host") == [client.netloc]
    assert answer.header("x-forwarded-for") == ["127.0.0.1"]
    assert answer.header("x-forwarded-proto") == ["https"]
    assert answer.header("x-forwarded-host") == [client.netloc]
    assert answer.header("x-real-ip") == ["127.0.0.1"]
    assert answer.header("forwarded") == []


@pytest.mark.parametrize(
    "target",
    [
        "//authorize",
        "/authorize/",
        "/AUTHORIZE",
        "/%61uthorize",
        "/o//token/",
        "/./authorize",
        "/x/../authorize",
    ],
)
def test_nothing_goes_around_the_gateway(client: Client, target: str) -> None:
    """A path that the provider could take for a fronted one reaches the gateway, or it reaches the provider as it is.

    Needless percent-encoding is decoded by every provider: only the gateway may get that.
    """
    answer = client.ask(target)
    if target == "/%61uthorize":
        assert answer.who == "gateway"
    elif answer.who == "provider":
        assert answer.said["target"] == target


@pytest.mark.parametrize(
    "target",
    [
        "/acme//sessions",
        "/%61cme/sessions",
        "/acme%2Fsessions",
        "/x/../acme/sessions",
        "/acme/./clients",
        "/Acme/clients",
    ],
)
def test_no_spelling_of_management_reaches_the_gateway(client: Client, target: str) -> None:
    """Whatever its path looks like."""
    assert client.ask(target).who != "gateway"


def test_long_heads(client: Client) -> None:
    """Of requests and of responses, at either server: codes, tokens and cookies are long."""
    for path, who in (("/authorize?long-head", "gateway"), ("/page?long-head", "provider")):
        answer = client.ask(path, f"Cookie: op_session={LONG[:15_000]}")
        assert (answer.status, answer.who) == (200, who)
        assert LONG in answer.head
        assert answer.header("cookie") == [f"op_session={LONG[:15_000]}"]
    assert client.ask(f"/authorize?request={LONG}").said["target"] == f"/authorize?request={LONG}"


def test_web_sockets_reach_the_provider(client: Client) -> None:
    """Consoles and consent pages use them."""
    assert client.web_socket("/console/socket") == b"HELLO"


def test_other_hosts_reach_nobody(client: Client) -> None:
    """Nothing is routed under a name that it does not have."""
    assert client.ask("/authorize", host="other.example").said == {}


def test_traefik(tmp_path: Path) -> None:
    """Not run, since no published binary can be had here: valid YAML with the routers that are meant."""
    config = yaml.safe_load(printed(tmp_path, "traefik", 443, 8080, 9000))
    routers = config["http"]["routers"]
    rules = {name.removeprefix("login-example-443-"): router["rule"] for name, router in routers.items()}
    assert set(rules) == {"private", "endsession", "provider"}
    assert rules["provider"] == f"Host(`{HOST}`)"
    for paths, name in ((FRONTED[:-1] + LOGOUT, "endsession"), (["/healthz", "/acme/sessions"], "private")):
        for path in paths:
            assert f"Path(`{path}`)" in rules[name]
    assert "PathPrefix(`/in/`)" in rules["endsession"]
    priorities = [routers[f"login-example-443-{name}"]["priority"] for name in ("private", "endsession", "provider")]
    assert priorities == sorted(priorities, reverse=True)
    servers = {name: s["loadBalancer"]["servers"][0]["url"] for name, s in config["http"]["services"].items()}
    assert servers == {"endsession": "http://127.0.0.1:8080", "provider": "http://127.0.0.1:9000"}
    assert all(service["loadBalancer"]["passHostHeader"] for service in config["http"]["services"].values())


SPELLINGS = [
    "/o/tok%65n/",
    "/%6F/token/",
    "/o%2Ftoken/",
    "/o%2ftoken%2F",
    "//o/token/",
    "/o//token/",
    "/o/./token/",
    "/o/x/../token/",
    "/o/x/%2e%2e/token/",
    "/o/token%2F",
    "//authorize",
    "/authoriz%65",
]


@pytest.mark.parametrize("target", SPELLINGS)
def test_no_spelling_of_an_endpoint_goes_around(client: Client, target: str) -> None:
    """Django takes `%2F` for a slash, Apache two for one, and Java's servers resolve dots: each would be an endpoint
    of the provider at which nothing is learnt or refused (T40)."""
    assert client.ask(target).who != "provider"
