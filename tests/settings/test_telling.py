"""How problems are told: all at once, each with its place, its names and a fix, and never with a secret."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from endsession.settings import BadSettings, load
from endsession.settings.problems import Location, Places, Problem
from tests.kit.serving import CHECKOUT, ROOT

from .operator import DOCUMENT, GOOD, Operator

HUSH = "hush-this-must-never-be-shown"


def test_a_whole_message(operator: Operator) -> None:
    """Where, the setting, its environment name, what is wrong, and how to fix it."""
    operator.write(GOOD.replace('cookie = { name = "op_session" }', 'preset = "odic"'))
    assert operator.told() == (
        "FOLDER/endsession.toml, line 9: issuers.acme.preset (ENDSESSION_ISSUERS__ACME__PRESET)\n"
        "    it has to be one of: oidc, authpi, pingfederate, strict.\n"
        "    Fix: did you mean oidc?"
    )


def test_all_problems_at_once(operator: Operator) -> None:
    """Of every source and of every kind, so that one start is enough to see them all."""
    operator.write(
        GOOD.replace("[server]", "[server]\nprot = 1\nport = 'x'").replace(
            '["https://app.example/signed-out"]', '["javascript:alert(1)"]'
        )
        + "[issuers.globex]\npreset = 'odic'\n"
    )
    operator.keep_secret({"ENDSESSION_ISSUERS__ACME__CLIENTS__WEB__CLIENTSECRET": HUSH})
    operator.export(SERVR__PORT="1", ISSUERS__ACME__POLICY__PROMPT="sometimes", LIMITS__QUERY_BYTES="1")
    with pytest.raises(BadSettings) as refusal:
        operator.start()
    places = [(problem.location, problem.place.partition(" ")[0]) for problem in refusal.value.problems]
    assert sorted(places, key=str) == sorted(
        [
            ((), "secret"),
            ((), "environment"),
            (("server", "prot"), ""),
            (("server", "port"), ""),
            (("issuers", "acme", "policy", "prompt"), ""),
            (("limits", "query_bytes"), ""),
            (("issuers", "globex", "preset"), ""),
            (("issuers", "globex", "issuer"), ""),
            (("issuers", "acme", "clients", "web", "post_logout_redirect_uris"), ""),
        ],
        key=str,
    )


def test_what_follows_from_a_wrong_setting_is_not_told(operator: Operator) -> None:
    """A key source that is malformed is not also "missing", an issuer that is malformed not also "none"."""
    operator.write("[issuers]\nacme = 1\n")
    assert "there is no issuer" not in operator.told()
    operator.write(GOOD.replace('"https://op.example/acme/jwks.json"', "5"))
    assert "exactly one of" not in operator.told()
    operator.write(GOOD.replace('{ name = "op_session" }', "5") + "[issuers.acme.policy]\nhint_authority = 'cookie'\n")
    assert len(operator.told().splitlines()) == 3


def test_the_items_of_a_list_are_told_by_their_own_numbers(operator: Operator) -> None:
    """Two wrong ones do not make a third look wrong; what can only be checked without them waits for the next start."""
    token = "[[management.tokens]]\nname = 'x'\nissuers = ['acme']\n"
    operator.write(
        GOOD
        + f"{token}sha256 = 'x'\nscopes = ['x']\n{token}sha256 = 'x'\nscopes = []\n"
        + f"{token}sha256 = '{'0' * 64}'\nscopes = []\n".replace("acme", "nobody")
    )
    with pytest.raises(BadSettings) as refusal:
        operator.start()
    assert [problem.location[2:] for problem in refusal.value.problems] == [
        (0, "sha256"),
        (0, "scopes", 0),
        (1, "sha256"),
    ]


def test_something_else_in_the_place_of_a_table(operator: Operator) -> None:
    """A variable cannot fix a part of it; it can replace the whole."""
    operator.write(
        "server = 5\n"
        + GOOD.replace('[server]\npublic_url = "https://login.example"\ntrusted_proxies = ["127.0.0.1"]\n', "")
    )
    operator.export(SERVER__PORT="9000")
    assert operator.told_once()[:2] == (
        "FOLDER/endsession.toml, line 1: server (ENDSESSION_SERVER)",
        "it is not a table.",
    )
    operator.export(SERVER='{"port": 9001, "host": "::1"}')
    server = operator.start().server
    assert (server.host, server.port) == ("::1", 9000)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SERVER__PORT__NUMBER", "ENDSESSION_SERVER__PORT"),
        ("SERVER__TRUSTED_PROXIES__0", "ENDSESSION_SERVER__TRUSTED_PROXIES"),
        ("ISSUERS__ACME__JWKS__KEYS__0", "ENDSESSION_ISSUERS__ACME__JWKS"),
    ],
)
def test_a_part_of_what_has_no_parts(operator: Operator, name: str, meant: str) -> None:
    """Whether it is set or not: the variable would have no effect."""
    keys = 'jwks = { keys = [{ kty = "oct" }] }'
    for text in (GOOD, GOOD.replace("[server]", "[server]\nport = 1")):
        operator.write(text.replace('jwks_uri = "https://op.example/acme/jwks.json"', keys))
        operator.export(**{name: "1"})
        assert operator.told_once()[1:] == ("there is no setting of this name.", f"did you mean {meant}?")


def test_null_in_the_place_of_a_table_is_none(operator: Operator) -> None:
    """As JSON from elsewhere may have it."""
    operator.export(ISSUERS__ACME__COOKIE="null", ISSUERS__ACME__COOKIE__NAME="sid")
    cookie = operator.start().issuers["acme"].cookie
    assert cookie is not None
    assert cookie.name == "sid"


def test_a_setting_that_is_wrong_is_not_also_missing(operator: Operator) -> None:
    """It was left out only to go on looking."""
    operator.write(GOOD.replace('"https://login.example"', '5\nhost = "0.0.0.0"'))
    assert operator.told_once()[1] == "it is not a string."


@pytest.mark.parametrize(
    ("setting", "variable"),
    [
        (("server", "port"), "ENDSESSION_SERVER__PORT"),
        (("issuers", "my-op", "preset"), "ENDSESSION_ISSUERS__MY_OP__PRESET"),
        (("issuers", "a.b~c", "preset"), "ENDSESSION_ISSUERS__A_B_C__PRESET"),
        (("management", "tokens", 0, "sha256"), "ENDSESSION_MANAGEMENT__TOKENS"),
    ],
)
def test_the_environment_name_is_one_that_can_be_set(setting: tuple[str | int, ...], variable: str) -> None:
    """Letters, digits and underscores; what stands in a list is set with the list."""
    assert f"({variable})" in Places("ENDSESSION_", None, "", {}).tell(Problem(setting, "x"))


def test_what_is_missing_has_the_place_of_its_neighbours() -> None:
    """Where the table itself stands nowhere, that of what was set in it; and not that of anything else."""
    outside: dict[Location, str] = {
        ("limits", "query_bytes"): "environment variable ONE",
        ("storage", "url"): "environment variable TWO",
    }
    places = Places("ENDSESSION_", None, "", outside)
    assert places.tell(Problem(("storage", "other"), "x")).startswith("environment variable TWO: storage.other")
    assert places.tell(Problem(("delivery", "proxy"), "x")).startswith("no settings file was found: delivery.proxy")


def test_what_was_overridden_is_told_where_it_was(operator: Operator) -> None:
    """The value that counts is the one to fix."""
    operator.write(GOOD.replace("[server]", "[server]\nport = 1"))
    operator.keep_secret({"ENDSESSION_SERVER__PORT": "many"})
    assert operator.told_once()[0] == "secret file FOLDER/secrets/ENDSESSION_SERVER__PORT: server.port"
    operator.export(SERVER__PORT="more")
    assert operator.told_once()[0] == "environment variable ENDSESSION_SERVER__PORT: server.port"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[issuers\n", "it is not TOML: Expected ']' at the end of a table declaration (at line 1, column 9)."),
        (b"a = 1\na = 2\n", "it is not TOML: Cannot overwrite a value (at line 2, column 6)."),
        (b"a = \xff\n", "it is not in UTF-8."),
    ],
)
def test_a_file_that_is_no_toml(operator: Operator, text: bytes, message: str) -> None:
    """Where, and what to do."""
    operator.write(text)
    head, told, fix = operator.told_once()
    assert head == "FOLDER/endsession.toml"
    assert told.partition(":")[0] == message.partition(":")[0]
    assert fix


def test_a_file_that_is_not_there(operator: Operator, tmp_path: Path) -> None:
    """Or is a folder."""
    operator.file = tmp_path / "nowhere.toml"
    with pytest.raises(BadSettings, match="it cannot be read: No such file or directory"):
        _load(operator.file)
    with pytest.raises(BadSettings, match="it cannot be read: Is a directory"):
        _load(tmp_path)


def test_no_settings_at_all(operator: Operator) -> None:
    """Neither file nor environment."""
    os.unlink(operator.file)
    assert operator.told_once() == (
        "no settings file was found: issuers (ENDSESSION_ISSUERS)",
        "there is no issuer.",
        "add a table [issuers.NAME]",
    )


def test_a_secrets_folder_that_is_not_there(operator: Operator) -> None:
    """Or is a file."""
    for place in ("nowhere", "endsession.toml"):
        operator.export(SECRETS_DIR=str(operator.folder / place))
        head, message, fix = operator.told_once()
        assert head == "environment variable ENDSESSION_SECRETS_DIR"
        assert message.startswith(f"the secrets folder FOLDER/{place} cannot be read: ")
        assert fix == "name another folder, or unset it"


def test_secret_files_that_cannot_be_read(operator: Operator) -> None:
    """Each is told, and what the others say counts."""
    folder = operator.keep_secret({"ENDSESSION_SERVER__PORT": "many"})
    (folder / "ENDSESSION_DELIVERY__PROXY").symlink_to("/proc/self/mem")  # nobody can read its beginning
    (folder / "ENDSESSION_STORAGE__URL").write_bytes(b"\xff")
    assert operator.told().replace("\n    ", " ").splitlines() == [
        "secret file FOLDER/secrets/ENDSESSION_DELIVERY__PROXY it cannot be read: Input/output error. "
        "Fix: correct the name, or let the user that endsession runs as read it",
        "secret file FOLDER/secrets/ENDSESSION_STORAGE__URL it is not in UTF-8. Fix: save it as UTF-8",
        "secret file FOLDER/secrets/ENDSESSION_SERVER__PORT: server.port it is not a whole number. "
        "Fix: write digits without quotes, such as 8080",
    ]


@pytest.mark.parametrize(
    "variable",
    [
        "ISSUERS__ACME__CLIENTS__WEB__CLIENT_SECRET",
        "ISSUERS__ACME__CLIENTS__WEB__CLIENT_SECRETT",
        "ISSUERS__ACME__CLIENTS__WEB",
        "ISSUERS__ACME__CLIENTS__WEB__ID_TOKEN_SIGNED_RESPONSE_ALG",
        "ISSUERS__ACME__CLIENTS__WEB__DISABLED",
        "ISSUERS__ACME__JWKS",
        "ISSUERS__ACME__PRESET",
        "ISSUERS__ACME__POLICY__MAX_HINT_AGE",
        "ISSUERS__ACME__COOKIE__NAME",
        "MANAGEMENT__TOKENS",
        "STORAGE__URL",
        "LIMITS__STORAGE",
        "LIMITS__LOGOUT_PER_CLIENT",
        "DELIVERY__PROXY",
        "SERVER__PORT",
        "XYZZY",
    ],
)
@pytest.mark.parametrize("source", ["environment", "folder"])
def test_a_value_is_never_shown(operator: Operator, variable: str, source: str) -> None:
    """Wherever a secret was put by mistake: what is wrong is told without it."""
    text = GOOD + 'id_token_signed_response_alg = "HS512"\n'
    operator.write(text)
    for value in (f"{HUSH} ", f'["{HUSH}"]', f'{{"x": "{HUSH}"}}', f'[{{"sha256": "{HUSH}", "name": "x"}}]'):
        if source == "environment":
            operator.export(**{variable: value})
        else:
            operator.keep_secret({f"ENDSESSION_{variable}": value})
        assert HUSH not in operator.told()


def test_a_secret_in_the_file_is_never_shown(operator: Operator) -> None:
    """Too short, of the wrong kind, in the wrong place."""
    for line in (
        'client_secret = "hush"\nid_token_signed_response_alg = "HS256"',
        'client_secret = ["hush"]',
        'client_secret = { hush = "hush" }',
        'client_secrt = "hush"',
        'id_token_signed_response_alg = "hush"',
    ):
        operator.write(GOOD + line + "\n")
        assert "hush" not in operator.told()
    operator.write(GOOD + 'client_secret = "hush"\n')
    assert "hush" not in repr(operator.start())


def test_the_library_that_merges_them_logs_no_values(tmp_path: Path) -> None:
    """With its own switch for that and the most detailed log."""
    (tmp_path / "endsession.toml").write_text(
        GOOD.replace("[server]", "[server]\nport = 'x'") + f"client_secret = '{HUSH}'\n"
    )
    environment = {**os.environ, "PYDANTIC_SETTINGS_DEBUG": "1", "ENDSESSION_DELIVERY__PROXY": HUSH}
    command = [*CHECKOUT, "check", "--log-level", "debug", "--config", str(tmp_path / "endsession.toml")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "server.port" in done.stderr) == (2, True)
    assert HUSH not in done.stdout + done.stderr


def _load(file: Path) -> None:
    load(file, lambda *_: DOCUMENT)
