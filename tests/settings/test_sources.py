"""Where settings come from, which source goes before which, and how names in the environment are found."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from endsession.settings import Settings

from .operator import GOOD, Operator

SECRET = "ISSUERS__ACME__CLIENTS__WEB__CLIENT_SECRET"


def secret_of(operator: Operator, client: str = "web") -> str | None:
    """The client's secret, after reading the settings."""
    found = operator.start().issuers["acme"].clients[client].client_secret
    return None if found is None else found.get_secret_value()


def test_a_file(operator: Operator) -> None:
    """The good one starts, with defaults for what it does not say."""
    settings = operator.start()
    assert settings.server.public_url == "https://login.example"
    assert settings.server.port == 8080
    assert settings.issuers["acme"].clients["web"].client_id == "web"


def test_the_environment_goes_before_the_secrets_and_these_before_the_file(operator: Operator) -> None:
    """Whatever is said twice."""
    operator.write(GOOD + 'client_secret = "from the file"\n')
    assert secret_of(operator) == "from the file"
    operator.keep_secret({f"ENDSESSION_{SECRET}": "from the folder\n"})
    assert secret_of(operator) == "from the folder"
    operator.export(**{SECRET: "from the environment"})
    assert secret_of(operator) == "from the environment"


def test_settings_made_in_code_are_what_the_code_says(operator: Operator) -> None:
    """Neither the environment nor the secrets folder has a part in them."""
    operator.keep_secret({"ENDSESSION_LIMITS__BODY_BYTES": "2048"})
    operator.export(SERVER__PORT="9000", XYZZY="1")
    settings = Settings.model_validate({"server": {"host": "::1"}})
    assert (settings.server.host, settings.server.port, settings.limits.body_bytes) == ("::1", 8080, 65_536)


def test_a_file_that_is_a_pipe(operator: Operator) -> None:
    """As a shell makes it for `--config <(decrypt settings)`; it is read once, and its lines are known."""
    operator.file.unlink()
    os.mkfifo(operator.file)
    for text in (GOOD, GOOD.replace("[server]", "[server]\nport = 'x'")):
        writer = threading.Thread(target=operator.file.write_text, args=(text,))
        writer.start()
        if text == GOOD:
            assert operator.start().server.public_url == "https://login.example"
        else:
            assert operator.told_once()[0].startswith("FOLDER/endsession.toml, line 3: server.port")
        writer.join()


def test_everything_else_stays(operator: Operator) -> None:
    """A variable sets what it names, and nothing else."""
    operator.export(SERVER__PORT="9000", ISSUERS__ACME__COOKIE__SECURE="false")
    settings = operator.start()
    assert (settings.server.port, settings.server.public_url) == (9000, "https://login.example")
    cookie = settings.issuers["acme"].cookie
    assert cookie is not None
    assert (cookie.name, cookie.secure) == ("op_session", False)


def test_without_a_file(operator: Operator) -> None:
    """Everything can be set in the environment; new names are taken in lower case."""
    operator.file.unlink()
    operator.export(
        ISSUERS__ACME__ISSUER="https://op.example/acme",
        ISSUERS__ACME__JWKS_URI="https://op.example/jwks.json",
        ISSUERS__ACME__CLIENTS__WEB__CLIENT_SECRET="hush",
        ISSUERS__ACME__CLIENTS__WEB__REDIRECT_URIS='["https://app.example/"]',
    )
    settings = operator.start()
    assert list(settings.issuers) == ["acme"]
    assert settings.issuers["acme"].clients["web"].redirect_uris == ("https://app.example/",)


def test_names_in_the_environment_have_no_case_and_no_dashes(operator: Operator) -> None:
    """An entry of the file is found whatever characters its name has, and keeps its name."""
    operator.write(
        GOOD.replace("acme]", "Acme-EU]").replace("acme.", "Acme-EU.")
        + '[issuers.Acme-EU.clients."https://app.example/"]\n[issuers.Acme-EU.clients."a.b_c"]\n'
    )
    operator.export(
        ISSUERS__ACME_EU__PRESET="strict",
        ISSUERS__ACME_EU__CLIENTS__HTTPS___APP_EXAMPLE___CLIENT_NAME="by URL",
        ISSUERS__ACME_EU__CLIENTS__A_B_C__CLIENT_NAME="by dots",
    )
    issuer = operator.start().issuers["Acme-EU"]
    assert issuer.preset == "strict"
    assert issuer.clients["https://app.example/"].client_name == "by URL"
    assert issuer.clients["a.b_c"].client_name == "by dots"


def test_a_lower_case_variable_is_read_too(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """As some platforms write them."""
    monkeypatch.setenv("endsession_server__port", "9000")
    assert operator.start().server.port == 9000


@pytest.mark.parametrize("text", ["1234", "true", "null", '{"a": 1}', "[1]", '"quoted"', " spaces ", "1e5", "a=b"])
def test_text_stays_text(operator: Operator, text: str) -> None:
    """A secret that looks like something else is not read as it."""
    operator.export(**{SECRET: text})
    assert secret_of(operator) == text


def test_lists_and_tables_are_json(operator: Operator) -> None:
    """A list replaces the file's, a table is merged into it."""
    operator.export(
        ISSUERS__ACME__HOSTS='["a.example", "b.example"]',
        ISSUERS__ACME__CLIENTS__WEB='{"client_name": "The App"}',
        ISSUERS__ACME__POLICY='{"on_no_params": "done", "max_hint_age": "1h"}',
    )
    issuer = operator.start().issuers["acme"]
    assert issuer.hosts == ("a.example", "b.example")
    assert issuer.clients["web"].client_name == "The App"
    assert issuer.clients["web"].post_logout_redirect_uris == ("https://app.example/signed-out",)


def test_a_whole_entry_at_once(operator: Operator) -> None:
    """A new issuer as one table, and one that is begun in the file with a part of a table that has no fixed members."""
    operator.write(GOOD.replace('jwks_uri = "https://op.example/acme/jwks.json"\n', ""))
    operator.export(
        ISSUERS__GLOBEX='{"issuer": "https://op.example/globex", "jwks": {"keys": []}}', ISSUERS__ACME__JWKS__KEYS="[]"
    )
    settings = operator.start()
    assert settings.issuers["globex"].issuer == "https://op.example/globex"
    assert settings.issuers["acme"].jwks == {"keys": []}


def test_a_table_and_a_part_of_it(operator: Operator) -> None:
    """The part goes before what the table says of it, in whatever case they are written."""
    operator.export(server='{"port": 9000, "host": "::1"}', SERVER__PORT="9001")
    server = operator.start().server
    assert (server.host, server.port, server.public_url) == ("::1", 9001, "https://login.example")


def test_one_name_that_begins_with_another(operator: Operator) -> None:
    """The longer one is meant where it fits."""
    operator.write(GOOD + "[issuers.acme.clients.web--eu]\n")
    operator.export(ISSUERS__ACME__CLIENTS__WEB__EU__CLIENT_NAME="EU", ISSUERS__ACME__CLIENTS__WEB__CLIENT_NAME="All")
    clients = operator.start().issuers["acme"].clients
    assert (clients["web"].client_name, clients["web--eu"].client_name) == ("All", "EU")


def test_an_empty_variable_is_none(operator: Operator) -> None:
    """As compose files make them of what is not set."""
    operator.export(SERVER__PORT="", ISSUERS__ACME__PRESET="")
    settings = operator.start()
    assert (settings.server.port, settings.issuers["acme"].preset) == (8080, "oidc")


@pytest.mark.parametrize(
    ("text", "secret"), [("hush\n", "hush"), ("hush\r\n", "hush"), ("hush\n\n", "hush\n"), ("\n", None)]
)
def test_the_line_break_at_the_end_of_a_secret_does_not_count(
    operator: Operator, text: str, secret: str | None
) -> None:
    """Editors add one."""
    operator.keep_secret({f"endsession_{SECRET.lower()}": text})
    assert secret_of(operator) == secret


def test_a_secret_file_may_be_a_link(operator: Operator, tmp_path: Path) -> None:
    """Also to another folder, as some managers of secrets keep them."""
    (tmp_path / "elsewhere").write_text("hush")
    (operator.keep_secret({}) / f"ENDSESSION_{SECRET}").symlink_to(tmp_path / "elsewhere")
    assert secret_of(operator) == "hush"


def test_other_files_in_the_secrets_folder_are_left_alone(operator: Operator) -> None:
    """The folder may be shared, and orchestrators put folders and links of their own into it."""
    folder = operator.keep_secret({"database_password": "hush", ".hidden": "x", "README": "x"})
    (folder / "..data").mkdir()
    (folder / "keystore").write_bytes(b"\xff\xfe")
    (folder / "ENDSESSION_XYZZY").mkdir()
    operator.start()


def test_two_variables_of_ours_are_no_settings(operator: Operator) -> None:
    """They say where settings are."""
    operator.export(CONFIG=str(operator.file))
    operator.start()
