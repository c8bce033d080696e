"""Settings that look odd, and hold together."""

from __future__ import annotations

import pytest

from .operator import GOOD, Operator
from .test_together import ACME, CASES, add


def test_relative_paths_start_at_the_settings_file(operator: Operator) -> None:
    """Wherever the gateway is started from."""
    (operator.folder / "keys").mkdir()
    (operator.folder / "keys" / "op.json").write_text('{"keys": []}')
    operator.write(CASES["a file that is not there"][0])
    assert operator.start().issuers["acme"].jwks_file == "keys/op.json"


def test_the_same_host_twice_at_one_issuer_is_fine(operator: Operator) -> None:
    """It is for the same."""
    operator.write(add(ACME, 'hosts = ["login.example", "Login.example"]\ndefault = true'))
    operator.start()


@pytest.mark.parametrize("found_by", ["default = true", 'hosts = ["login.example"]'])
def test_an_endpoint_without_an_issuer_in_its_path_can_be_announced(operator: Operator, found_by: str) -> None:
    """Where a request to it, at the public address, is one to this issuer."""
    operator.write(add(ACME, f'announce = "pingfederate"\n{found_by}'))
    operator.start()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/acme", "http://localhost/acme", "http://op.localhost:1/acme"])
def test_loopback_addresses_need_no_https(operator: Operator, url: str) -> None:
    """For development."""
    operator.write(GOOD.replace('https://op.example/acme"', f'{url}"'))
    operator.start()
