"""Single logout at each provider of the lab behind published proxies, with the configuration that we print for them."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import httpx2
import pytest

from endsession.cli import main
from tests.kit.ports import free_port
from tests.lab.network import Network, Server
from tests.lab.provider import LabProvider
from tests.lab.proxies import PROXIES
from tests.lab.serving import listening
from tests.proxy.servers import HOST, certificate

from . import test_single_logout
from .behind import behind_front

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite_alone(
        "a proxy stands before the gateway, and the storage behind it; test_single_logout has both"
    ),
]


async def _metadata(provider: LabProvider, network: Network, folder: Path) -> Path:
    """What the provider itself publishes, in a file."""
    provider.publish(network)
    async with httpx2.AsyncClient(transport=network) as http:
        found = (await http.get(f"{provider.issuer}/.well-known/openid-configuration")).json()
    (folder / "metadata.json").write_text(json.dumps(found))
    return folder / "metadata.json"


def _printed(proxy: str, folder: Path, provider: LabProvider, metadata: Path, gateway: int, port: int) -> str:
    """What `endsession proxy` writes, for another port than 443 and a certificate of its own."""
    (folder / "endsession.toml").write_text(
        f"""
[server]
public_url = "{provider.base}"
trusted_proxies = ["127.0.0.1"]
[issuers.acme]
issuer = "{provider.issuer}"
front = {{ upstream = "http://127.0.0.1:{provider.port}" }}
"""
    )
    options = ["--metadata", str(metadata), "--gateway", f"127.0.0.1:{gateway}", "--output", str(folder / "out")]
    main(["proxy", "--for", proxy, "--config", str(folder / "endsession.toml"), *options])
    (file,) = (folder / "out").iterdir()
    chain, key, _ = certificate(folder)
    text = file.read_text().replace(f"/etc/ssl/certs/{HOST}.pem", str(chain))
    text = text.replace(f"/etc/ssl/private/{HOST}.key", str(key))
    assert "443" in text
    text = text.replace("listen 443", f"listen {port}").replace("port_value: 443", f"port_value: {port}")
    # The port of the public URL: Canaille sends a browser that comes by another one to that, again and again.
    return text.replace("$server_port", "443").replace("%DOWNSTREAM_LOCAL_PORT%", "443")


@pytest.mark.parametrize("proxy", ["nginx", "envoy"])
async def test_one_logout_is_for_every_app(proxy: str, provider: LabProvider, network: Network, tmp_path: Path) -> None:
    """Over TLS, through the proxy, to a gateway and a provider that listen: as without a proxy."""
    metadata, port = await _metadata(provider, network, tmp_path), free_port()
    changes = {"server": {"trusted_proxies": ["127.0.0.1"]}}
    async with (
        behind_front(provider, network, tmp_path, changes=changes) as behind,
        listening(behind.gateway.app) as gateway,
    ):
        with PROXIES[proxy](tmp_path, port, _printed(proxy, tmp_path, provider, metadata, gateway, port)):
            tls = ssl.create_default_context(cafile=str(tmp_path / "chain.pem"))
            network.route(provider.host, Server(port, tls))
            await test_single_logout.test_one_logout_is_for_every_app(behind)
