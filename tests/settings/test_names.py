"""Slips of the pen in names: each is told with where it stands and what was probably meant; none is without effect."""

from __future__ import annotations

import pytest

from .operator import GOOD, Operator


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SERVR__PORT", "ENDSESSION_SERVER__PORT"),
        ("SERVER__PROT", "ENDSESSION_SERVER__PORT"),
        ("SERVER_PORT", "ENDSESSION_SERVER__PORT"),
        ("PORT", "ENDSESSION_SERVER__PORT"),
        ("STORAGE_URL", "ENDSESSION_STORAGE__URL"),
        ("ISSUERS__ACME__PRESETT", "ENDSESSION_ISSUERS__ACME__PRESET"),
        ("ISSUER__ACME__PRESET", "ENDSESSION_ISSUERS__ACME__PRESET"),
        ("ISSUERS__ACME__COOKIE__NAMES", "ENDSESSION_ISSUERS__ACME__COOKIE__NAME"),
        ("ISSUERS__ACME__POLICY__PROMT", "ENDSESSION_ISSUERS__ACME__POLICY__PROMPT"),
        ("ISSUERS__ACME__CLIENTS__WEB__SECRET", "ENDSESSION_ISSUERS__ACME__CLIENTS__WEB__CLIENT_SECRET"),
        ("SERVER__PORT__NUMBER", "ENDSESSION_SERVER__PORT"),
    ],
)
def test_a_mistyped_variable(operator: Operator, name: str, meant: str) -> None:
    """The nearest right name is told."""
    operator.export(**{name: "1"})
    head, message, fix = operator.told_once()
    assert head == f"environment variable ENDSESSION_{name}"
    assert message == "there is no setting of this name."
    assert fix == f"did you mean {meant}?"


def test_a_variable_that_is_like_nothing(operator: Operator) -> None:
    """Then there is nothing to suggest but where to look."""
    operator.export(XYZZY="1")
    assert operator.told_once()[2] == "unset it; docs/settings.md lists all that there are"


@pytest.mark.parametrize(
    ("name", "meant", "table"),
    [
        ("ISSUERS__ACEM__PRESET", "acme", "[issuers.acem]"),
        ("ISSUERS__ACME__CLIENTS__WEBB__CLIENT_SECRET", "web", "[issuers.acme.clients.webb]"),
    ],
)
def test_an_entry_that_is_nearly_another(operator: Operator, name: str, meant: str, table: str) -> None:
    """It would be a new issuer or client, that nobody asked for, and the secret would not be where it belongs."""
    operator.write(GOOD.replace("[issuers.acme]", "[issuers.acme.clients.mobile]\n[issuers.acme]"))
    operator.export(**{name: "oidc"})
    assert operator.told_once() == (
        f"environment variable ENDSESSION_{name}",
        "there is no setting of this name.",
        f"did you mean {meant}? If not, add a table {table}",
    )


def test_an_entry_like_no_other_is_new(operator: Operator) -> None:
    """Then it has to be whole."""
    operator.export(ISSUERS__GLOBEX__ISSUER="https://op.example/globex")
    head, message, fix = operator.told_once()
    assert head == "environment variable ENDSESSION_ISSUERS__GLOBEX__ISSUER: issuers.globex.jwks_uri (" + (
        "ENDSESSION_ISSUERS__GLOBEX__JWKS_URI)"
    )
    assert message == "exactly one of jwks_uri, jwks_file and jwks is needed; there is none of them."
    assert fix == "say where the provider's keys are"


def test_a_mistyped_secret_file(operator: Operator) -> None:
    """Its path is told."""
    operator.keep_secret({"ENDSESSION_ISSUERS__ACME__CLIENTS__WEB__CLIENTSECRET": "hush"})
    head, _, fix = operator.told_once()
    assert head == "secret file FOLDER/secrets/ENDSESSION_ISSUERS__ACME__CLIENTS__WEB__CLIENTSECRET"
    assert fix == "did you mean ENDSESSION_ISSUERS__ACME__CLIENTS__WEB__CLIENT_SECRET?"


def test_a_secret_file_without_the_prefix(operator: Operator) -> None:
    """It looks like a setting and would have no effect."""
    operator.keep_secret({"issuers__acme__clients__web__client_secret": "hush"})
    head, message, fix = operator.told_once()
    assert head == "file FOLDER/secrets/issuers__acme__clients__web__client_secret"
    assert message == "its name does not begin with ENDSESSION_, so it has no effect."
    assert fix == "rename it to ENDSESSION_ISSUERS__ACME__CLIENTS__WEB__CLIENT_SECRET"


@pytest.mark.parametrize(
    ("text", "name", "meant"),
    [
        ("[sever]\nport = 1", "sever", "server"),
        ("[limits]\nquery_byte = 1", "limits.query_byte", "query_bytes"),
        ("[issuers.globex]\nisuer = 'x'", "issuers.globex.isuer", "issuer"),
        ("[issuers.acme.policy]\non_no_param = 'done'", "issuers.acme.policy.on_no_param", "on_no_params"),
        (
            "[issuers.acme.dialects.authpi.policy]\nprompts = 'auto'",
            "issuers.acme.dialects.authpi.policy.prompts",
            "prompt",
        ),
        ("[issuers.acme.clients.app]\nredirect_uri = []", "issuers.acme.clients.app.redirect_uri", "redirect_uris"),
        ("[[management.tokens]]\nscope = []", "management.tokens.0.scope", "scopes"),
    ],
)
def test_a_mistyped_key(operator: Operator, text: str, name: str, meant: str) -> None:
    """Its line is told, and the nearest right name."""
    operator.write(GOOD + text)
    line = (GOOD + text).count("\n") + (0 if name == "sever" else 1)
    problem = next(item for item in operator.told().split("\nFOLDER") if "there is no such setting" in item)
    head, _, fix = problem.removeprefix("FOLDER").split("\n")
    assert head.startswith(f"/endsession.toml, line {line}: {name} (ENDSESSION_")
    assert fix == f"    Fix: did you mean {meant}?"


@pytest.mark.parametrize("key", ["_build_sources", "_env_prefix", "_places", "self", "__pydantic_self__", "SERVER"])
def test_a_key_of_the_machinery(operator: Operator, key: str) -> None:
    """The library that merges them takes options by such names from code, and only from code."""
    operator.write(f"{key} = {{ port = 9000 }}\n{GOOD}")
    assert operator.told_once()[1] == "there is no such setting."


def test_a_key_that_is_like_nothing(operator: Operator) -> None:
    """Then it goes."""
    operator.write(GOOD + "[xyzzy]\na = 1\n")
    assert operator.told_once() == (
        "FOLDER/endsession.toml, line 13: xyzzy (ENDSESSION_XYZZY)",
        "there is no such setting.",
        "remove it",
    )
