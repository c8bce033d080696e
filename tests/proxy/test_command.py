"""The command `endsession proxy`: where its metadata comes from, what it prints, and what it refuses."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from endsession.cli import main
from endsession.proxy.write import FILES
from tests.kit.provider import provider

ISSUER = "https://login.example"
METADATA = {
    "issuer": ISSUER,
    "jwks_uri": f"{ISSUER}/certs",
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
}


def configured(folder: Path, upstream: str = "http://127.0.0.1:1", **metadata: Any) -> list[str]:
    """Settings and a metadata file; returns the options that name the two."""
    (folder / "endsession.toml").write_text(f"""
[server]
public_url = "{ISSUER}"
trusted_proxies = ["127.0.0.1"]
[issuers.acme]
issuer = "{ISSUER}"
front.upstream = "{upstream}"
[issuers.plain]
issuer = "https://plain.example"
jwks = {{ keys = [] }}
""")
    (folder / "metadata.json").write_text(json.dumps(METADATA | metadata))
    return ["--config", str(folder / "endsession.toml"), "--metadata", str(folder / "metadata.json")]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    """The status and the message of a command that does not succeed."""
    with pytest.raises(SystemExit) as stopped:
        main(["proxy", *arguments])
    return stopped.value.code, capsys.readouterr().err


@pytest.mark.parametrize("proxy", FILES)
def test_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str], proxy: str) -> None:
    """Every fronted path, every private one, both servers, and where the certificate goes."""
    main(["proxy", "--for", proxy, "--gateway", "10.0.0.7:8081", *configured(tmp_path, "https://op.internal:9443")])
    text = capsys.readouterr().out
    for expected in ("/authorize", "/token", "/certs", "/acme/end-session", "/acme/sessions", "/healthz"):
        assert expected in text
    for expected in ("10.0.0.7", "8081", "op.internal", "9443", "/etc/ssl/certs/login.example.pem", "35s"):
        assert expected in text


async def _with_provider(folder: Path, upstream_says: bytes) -> tuple[str, list[dict[str, str]]]:
    async with provider() as web:
        web.paths["/.well-known/openid-configuration"] = ("200 OK", {}, upstream_says)
        options = configured(folder, web.url.removesuffix("/jwks.json"))[:2]
        await asyncio.to_thread(main, ["proxy", "--for", "nginx", *options, "--output", str(folder / "out")])
        return (folder / "out" / "nginx.conf").read_text(), web.requests


async def test_the_metadata_is_the_providers(tmp_path: Path) -> None:
    """Fetched from the upstream under its public name, where no file is given."""
    moved = {**METADATA, "token_endpoint": f"{ISSUER}/moved"}
    text, requests = await _with_provider(tmp_path, json.dumps(moved).encode())
    assert "location = /moved {" in text
    assert requests[0]["host"] == "login.example"


def test_without_a_provider(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says what to do."""
    status, message = refused(capsys, "--for", "nginx", *configured(tmp_path)[:2])
    assert status == 1
    assert "from http://127.0.0.1:1; name a file that has it with --metadata" in message


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"issuer": "https://other.example"}, "its issuer is not https://login.example"),
        ({"token_endpoint": f"{ISSUER}/t;x"}, "https://login.example/t;x (token): its path has characters"),
        ({"token_endpoint": f"{ISSUER}/a%2Fb"}, "(token): its path has characters"),
        ({"token_endpoint": f"{ISSUER}/t\n}}evil"}, "(token): its path has characters"),
        ({"token_endpoint": "https://[::1]/t"}, "https://[::1]: it is not a host name"),
        ({"token_endpoint": "https://ev$il.example/t"}, "it is not a host name"),
    ],
)
def test_what_cannot_be_routed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], metadata: dict[str, str], message: str
) -> None:
    """Nothing of the provider's is written where it could mean something else to a proxy."""
    status, said = refused(capsys, "--for", "haproxy", *configured(tmp_path, **metadata))
    assert status in (1, 2)
    assert message in said


@pytest.mark.parametrize("issuer", ["plain", "nobody"])
def test_an_issuer_without_a_front(tmp_path: Path, capsys: pytest.CaptureFixture[str], issuer: str) -> None:
    """There is nothing to route."""
    status, message = refused(capsys, "--for", "nginx", "--issuer", issuer, *configured(tmp_path))
    assert (status, f"there is no issuer {issuer} with a front" in message) == (2, True)
    assert "--issuer acme" in message


def test_endpoints_on_two_hosts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each host is a site, and ours is among one of them alone."""
    options = configured(tmp_path, token_endpoint="https://tokens.example/t")
    main(["proxy", "--for", "nginx", *options])
    first, second = capsys.readouterr().out.split("\nserver {")[1:]
    assert "server_name login.example;" in first
    assert "location = /acme/sessions " in first
    assert "server_name tokens.example;" in second
    assert "location = /t {" in second
    assert "acme" not in second.split("endsession's.")[1]
