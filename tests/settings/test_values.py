"""Wrong values: what is wrong is said in an operator's words, with what to write instead."""

from __future__ import annotations

import pytest

from endsession.settings.values import wrong

from .operator import GOOD, Operator

DURATION = ("it is not a duration.", "write a number and a unit, such as 500ms, 5s, 10m, 24h or 30d")
RATE = ("it is not a rate.", 'write a count and a unit, such as 60/minute, or "" for no limit')
NUMBER = ("it is not a whole number.", "write digits without quotes, such as 8080")
STRING = ("it is not a string.", 'write it in quotes, as in "text"')
LIST = ("it is not a list.", 'write a list such as ["one", "two"]')
TABLE = ("it is not a table.", "write a table of its own, or { member = value }")
NETWORK = ("it is not a network.", "write a network address, such as 10.20.0.0/16")
AROUND = (
    "its address is not the first one of the network, so it is not clear what is meant.",
    "write 10.0.0.0/8, or a smaller network",
)
BOOLEAN = ("it is neither true nor false.", "write true or false")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[retention]\nended_sessions = 'soon'", DURATION),
        ("[retention]\nended_sessions = '5 weeks'", DURATION),
        ("[retention]\nended_sessions = '-5s'", ("it is negative.", DURATION[1])),
        ("[retention]\nended_sessions = ''", DURATION),
        ("[retention]\nended_sessions = true", DURATION),
        ("[retention]\nended_sessions = nan", DURATION),
        ("[retention]\nended_sessions = inf", DURATION),
        ("[retention]\nended_sessions = []", DURATION),
        ("[retention]\nended_sessions = -1", ("it is negative.", DURATION[1])),
        ("[delivery]\ntimeout = 0", ("it has to be more than 0s.", DURATION[1])),
        ("[delivery]\ntimeout = '2m'", ("it is more than 30s.", "write 30s or less")),
        ("[issuers.acme]\nnotify_wait = 31", ("it is more than 30s.", "write 30s or less")),
        ("[issuers.acme.policy]\nmax_hint_age = -1", ("it is negative.", DURATION[1])),
        ("[issuers.acme.policy]\nmax_hint_age = 'soon'", DURATION),
        ("[issuers.acme.policy]\nmax_hint_age = []", DURATION),
        ("[issuers.acme.policy]\nmax_hint_age = inf", DURATION),
        ("[issuers.acme]\nmax_hint_age = '1d'", ("there is no such setting.", "write it below issuers.acme.policy")),
        ("[delivery]\nallow_networks = ['10.0.0.0/33']", NETWORK),
        ("[delivery]\nallow_networks = ['10.0.0.1/8']", AROUND),
        ("[limits]\nlogout_per_client = '60'", RATE),
        ("[limits]\nlogout_per_client = '60/fortnight'", RATE),
        ("[limits]\nlogout_per_client = '0/minute'", RATE),
        ("[limits]\nlogout_per_client = 60", STRING),
        ("[limits]\nquery_bytes = 'many'", NUMBER),
        ("[limits]\nquery_bytes = 1024.5", NUMBER),
        ("[limits]\nquery_bytes = 1", ("it is less than 1024 bytes.", "write 1024 bytes or more")),
        ("[management]\nport = 65536", ("it is more than 65535.", "write 65535 or less")),
        ("[management]\nhost = 1", STRING),
        ("[management]\ntokens = 'x'", LIST),
        ("[storage]\nurl = {}", STRING),
        ("[issuers.acme.policy]\nsid_beats_sub = 'perhaps'", BOOLEAN),
        ("[issuers.acme]\nhosts = 'a.example'", LIST),
        ("[issuers.acme]\njwks = 'x'", TABLE),
        ("[issuers.acme]\nclients = 'x'", TABLE),
        ("[issuers.acme.clients]\nweb = 'x'", TABLE),
        ("[issuers]\nacme = 'x'", TABLE),
        (
            "[issuers.acme]\npreset = 'odic'",
            ("it has to be one of: oidc, authpi, pingfederate, strict.", "did you mean oidc?"),
        ),
        (
            "[issuers.acme]\npreset = 'xyzzy'",
            ("it has to be one of: oidc, authpi, pingfederate, strict.", "use one of these"),
        ),
        ("[issuers.acme.policy]\nprompt = 1", ("it has to be one of: auto, always, never.", "use one of these")),
        (
            "[issuers.acme.cookie]\nname = 'a b'",
            (
                "it is empty, or holds a character that it cannot have.",
                "correct it; docs/settings.md describes issuers.ID.cookie.name",
            ),
        ),
        ("[issuers.acme.cookie]\npath = '/'", ("it is missing.", "add name")),
        (
            "[[management.tokens]]\nname = 'a'\nsha256 = 'ABC'\nissuers = []\nscopes = []",
            ("it is not a SHA-256 in lower-case hex.", "make it from the token: printf %s TOKEN | sha256sum"),
        ),
    ],
)
def test_a_wrong_value(operator: Operator, text: str, expected: tuple[str, str]) -> None:
    """One problem, and none that only follows from it."""
    table = text.splitlines()[0]
    good = GOOD.replace('cookie = { name = "op_session" }\n', "")
    operator.write(text + "\n" if table == "[issuers]" else _into(good, text))
    _, message, fix = operator.told_once()
    assert (message, fix) == expected


def _into(good: str, text: str) -> str:
    """The settings with a table's lines put into that table, or with a table of its own."""
    table, lines = text.split("\n", 1)
    if "clients" in lines or "clients]" in table:
        good = good[: good.index("[issuers.acme.clients.web]")]
    if table not in good:
        return f"{good}\n{text}\n"
    return good.replace(table, f"{table}\n{lines}")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("5s", 5),
        ("1.5s", 1.5),
        ("10m", 600),
        ("24h", 86_400),
        ("30d", 2_592_000),
        (" 5 s ", 5),
        ("0s", 0),
        ("90", 90),
    ],
)
def test_durations(operator: Operator, text: str, seconds: float) -> None:
    """A number and a unit; without one, seconds. The same in the file and in the environment."""
    operator.write(GOOD + f"[retention]\nended_sessions = '{text}'\n")
    assert operator.start().retention.ended_sessions == seconds
    operator.write(GOOD)
    operator.export(RETENTION__ENDED_SESSIONS=text)
    assert operator.start().retention.ended_sessions == seconds


def test_a_hints_age_is_in_whole_seconds(operator: Operator) -> None:
    """As the policy has it."""
    operator.export(ISSUERS__ACME__POLICY__MAX_HINT_AGE="1500ms")
    assert operator.start().issuers["acme"].policy.max_hint_age == 2  # type: ignore[attr-defined]
    operator.export(ISSUERS__ACME__POLICY__MAX_HINT_AGE="0s")
    assert operator.start().issuers["acme"].policy.max_hint_age == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("rate", ["", "1/second", "60/minute", "600/hour", "999999999/day"])
def test_rates(operator: Operator, rate: str) -> None:
    """A count and a unit, or no limit."""
    operator.write(GOOD + f"[limits]\nlogout_per_address = '{rate}'\n")
    assert operator.start().limits.logout_per_address == rate


@pytest.mark.parametrize("text", ["10.0.0.0/8", "[", "10.0.0.0/8, 10.1.0.0/16", '["10.0.0.0/8"'])
def test_a_list_in_a_variable_that_is_no_json(operator: Operator, text: str) -> None:
    """The most common slip has a fix of its own."""
    operator.export(SERVER__TRUSTED_PROXIES=text)
    assert operator.told_once() == (
        "environment variable ENDSESSION_SERVER__TRUSTED_PROXIES: server.trusted_proxies",
        "it is not JSON, as lists and tables are in variables.",
        'write it as in ["one", "two"]',
    )


def test_a_table_in_a_variable_that_is_no_json(operator: Operator) -> None:
    """One bad variable spoils no other."""
    operator.export(ISSUERS__ACME="acme", SERVER__PORT="many", LIMITS="none")
    told = operator.told()
    assert 'limits\n    it is not JSON, as lists and tables are in variables.\n    Fix: write it as in {"' in told
    assert (
        'issuers.acme\n    it is not JSON, as lists and tables are in variables.\n    Fix: write it as in {"name"'
        in told
    )
    assert "server.port\n    it is not a whole number." in told


def test_the_error_of_a_validator_has_a_fix() -> None:
    """And braces in it mean nothing."""
    error = wrong("it is not {that}", "write {this}")
    assert str(error.message()) == "it is not {that}"
    assert error.context == {"message": "it is not {that}", "fix": "write {this}"}
