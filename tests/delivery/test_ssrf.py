"""Where a delivery may go (T13)."""

import ipaddress

import pytest

from endsession.delivery.ssrf import LOOPBACK, refusal, unreachable

REFUSED = [
    "192.0.0.8",
    "192.0.0.100",
    "192.88.99.1",
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",  # mapped
    "::127.0.0.1", "::10.0.0.1",  # compatible
    "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::10.0.0.1",  # NAT64
    "64:ff9b:1::1.1.1.1", "64:ff9b:1:a00:0:100:101:101",  # 10.0.0.1 to a local NAT64 whose prefix has 48 bits
    "2002:7f00:1::", "2002:a00:1::",  # 6to4
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo, whose client is 10.0.0.1
    "fec0::1", "3fff::1",  # site-local of old, and documentation: Python calls them global
    "168.63.129.16", "::ffff:168.63.129.16", "64:ff9b::168.63.129.16", "2002:a83f:8110::",  # Azure, a public address
    "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "100.100.100.200", "169.254.170.2", "192.0.0.192",  # metadata
    "not-an-address",
]  # fmt: skip
ALLOWED = ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::"]


@pytest.mark.parametrize("address", REFUSED)
def test_special_addresses_are_refused(address: str) -> None:
    """Private, loopback, link-local and other special addresses, also embedded in IPv6 ones."""
    assert refusal(address, ())


@pytest.mark.parametrize("address", ALLOWED)
def test_public_addresses_are_allowed(address: str) -> None:
    """What the whole Internet can reach, a delivery may reach."""
    assert refusal(address, ()) is None


@pytest.mark.parametrize("address", ["10.20.3.4", "::ffff:10.20.3.4"])
def test_the_operator_allows_a_network_by_name(address: str) -> None:
    """`delivery.allow_networks` opens just that network."""
    allowed = (ipaddress.ip_network("10.20.0.0/16"),)
    assert refusal(address, allowed) is None
    assert refusal("10.21.0.1", allowed)
    assert refusal("127.0.0.1", allowed)


METADATA = ["169.254.169.254", "169.254.170.2", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"]


@pytest.mark.parametrize("address", [*METADATA, "::ffff:169.254.169.254", "64:ff9b::169.254.169.254"])
def test_no_network_opens_the_way_to_a_clouds_credentials(address: str) -> None:
    """Whatever networks are allowed, an address of cloud metadata is not among them by inclusion."""
    wide = ["0.0.0.0/0", "::/0", "169.254.0.0/16", "169.254.169.254/31", "100.64.0.0/10", "fd00::/8", "192.0.0.0/24"]
    allowed = [ipaddress.ip_network(network, strict=False) for network in wide]
    assert "gives out credentials" in (refusal(address, allowed) or "")


@pytest.mark.parametrize("address", METADATA)
def test_an_address_of_metadata_has_to_be_named_itself(address: str) -> None:
    """An app that happens to have such an address, in a private network, can be reached by naming it."""
    assert refusal(address, [ipaddress.ip_network(address)]) is None
    others = [ipaddress.ip_network(other) for other in METADATA if other != address]
    assert refusal(address, others)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x", "https://localhost/x", "https://app.localhost/x", "http://[::1]:8/x", "http://10.0.0.1/",
        "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/", "https://0/",
        "http://169.254.169.254/latest", "http://[::ffff:10.0.0.1]/", "http://[64:ff9b:1::a00:1]/",
        "https://app.example:0/x", "https://app.example:99999/x", "ftp://app.example/x", "https://[bad/x",
    ],
)  # fmt: skip
def test_a_url_that_is_refused_by_itself(url: str) -> None:
    """Literal addresses in every notation, this machine by name, ports and schemes: before anything is looked up."""
    assert unreachable(url, ())


@pytest.mark.parametrize(
    "url", ["https://app.example/x", "http://93.184.216.34:8080/", "https://10.example/", "https://a.b:1/"]
)
def test_a_url_that_may_be_tried(url: str) -> None:
    """Where a name leads is found out at each delivery."""
    assert unreachable(url, ()) is None


def test_an_allowed_network_is_not_refused() -> None:
    """In every notation."""
    for url in ("http://127.0.0.1/", "http://127.1/", "http://localhost/", "http://[::1]/"):
        assert unreachable(url, LOOPBACK) is None
