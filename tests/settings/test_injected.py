"""Variables that an orchestrator sets in every container, for a service that happens to be called endsession."""

from __future__ import annotations

import pytest

from .operator import Operator

URL = "tcp://10.96.17.4:8080"
SERVICE = {
    "SERVICE_HOST": "10.96.17.4",
    "SERVICE_PORT": "8080",
    "SERVICE_PORT_HTTP": "8080",
    "SERVICE_PORT_HTTP_METRICS": "9000",
    "PORT": URL,
    "PORT_8080_TCP": URL,
    "PORT_8080_TCP_PROTO": "tcp",
    "PORT_8080_TCP_PORT": "8080",
    "PORT_8080_TCP_ADDR": "10.96.17.4",
    "PORT_53_UDP": "udp://10.96.17.4:53",
    "PORT_53_UDP_PROTO": "udp",
    "PORT_5060_SCTP": "sctp://10.96.17.4:5060",
}
"""What Kubernetes sets for a Service called `endsession`, without `ENDSESSION_`."""


def test_a_service_called_endsession(operator: Operator) -> None:
    """Its variables stop nothing and set nothing."""
    before = operator.start().model_dump()
    operator.export(**SERVICE, URL="https://login.example")
    assert operator.start().model_dump() == before


@pytest.mark.parametrize("service", ["POSTGRESQL", "MANAGEMENT", "SERVER", "EU_1"])
def test_a_service_whose_name_begins_with_it(operator: Operator, service: str) -> None:
    """As a chart names the services that it brings: `endsession-postgresql`."""
    operator.export(**{f"{service}_{name}": value for name, value in SERVICE.items()})
    operator.start()


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("SERVER_PORT", "9000", "ENDSESSION_SERVER__PORT"),
        ("PORT", "9000", "ENDSESSION_SERVER__PORT"),
        ("SERVER_HOST", "::1", "ENDSESSION_SERVER__HOST"),
        ("SERVICE__PORT", "9000", "ENDSESSION_SERVER__PORT"),
        ("SERVER_PUBLIC_URL", "https://login.example", "ENDSESSION_SERVER__PUBLIC_URL"),
        ("SERVER__SERVICE_PORT", "9000", "ENDSESSION_SERVER__PORT"),
        ("STORAGE__URI", "sqlite:///x.db", "ENDSESSION_STORAGE__URL"),
        ("MANAGEMENT_PORT", "9000", "ENDSESSION_MANAGEMENT__PORT"),
        ("SERVER_PORT_8080", "9000", "ENDSESSION_SERVER__PORT"),
    ],
)
def test_a_mistyped_setting_is_told_all_the_same(operator: Operator, name: str, value: str, meant: str) -> None:
    """However near it is to what an orchestrator sets."""
    operator.export(**{name: value})
    head, message, fix = operator.told_once()
    assert (head, message) == (f"environment variable ENDSESSION_{name}", "there is no setting of this name.")
    assert fix == f"did you mean {meant}?"


def test_a_secret_file_is_no_such_variable(operator: Operator) -> None:
    """No orchestrator puts these into files: somebody wrote it, and means a setting."""
    operator.keep_secret({"ENDSESSION_SERVICE_PORT": "9000"})
    assert operator.told_once()[0] == "secret file FOLDER/secrets/ENDSESSION_SERVICE_PORT"
