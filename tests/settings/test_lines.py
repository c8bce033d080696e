"""The lines of settings in the file: TOML has many ways to write one, and strings that look like settings."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from endsession.settings.problems import Places, Problem

LINES = """\
# a comment
[server]   # another
port = 1
"host" = "x"
'public_url' = "x"

[issuers."https://op.example/"]
issuer = "x"
policy.prompt = "auto"
policy.on_no_params = "done"
cookie = { name = "a", path = "/" }
hosts = [
    "a.example",
    "b.example",
]

[[management.tokens]]
name = "one"
[[management.tokens]]
name = "two"
"""


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("server",), 2),
        (("server", "port"), 3),
        (("server", "host"), 4),
        (("server", "public_url"), 5),
        (("server", "nothing"), 2),
        (("issuers", "https://op.example/", "issuer"), 8),
        (("issuers", "https://op.example/", "policy", "prompt"), 9),
        (("issuers", "https://op.example/", "policy", "on_no_params"), 10),
        (("issuers", "https://op.example/", "policy"), 9),
        (("issuers", "https://op.example/", "cookie", "path"), 11),
        (("issuers", "https://op.example/", "hosts", 1), 12),
        (("issuers", "https://op.example/", "nothing"), 7),
        (("management", "tokens", 0, "name"), 18),
        (("management", "tokens", 1, "name"), 20),
        (("management", "tokens", 1), 19),
        (("storage", "url"), None),
    ],
)
def test_the_line_of_a_setting(location: tuple[str | int, ...], line: int | None) -> None:
    """In all of TOML's ways to write one; what is not there has the line of the table around it."""
    told = Places("ENDSESSION_", Path("endsession.toml"), LINES, {}).tell(Problem(location, "x"))
    assert told.startswith(f"endsession.toml, line {line}: " if line else "endsession.toml: ")


STRINGS = """\
[server]
host = '''
port = 1
[storage]
url = 5
it's "more" # than'''
port = 2  # it's \"\"\"no string
trusted_proxies = [
    "docs = 1",  # [delivery]
    \"\"\"
vendors = 1
\\\"\"\"
[management]\"\"\"\"\",
    ["a"],
    [
"b"
    ]
]
public_url = "\\"# x"
docs = "\u2028\x85"
["delivery" . 'proxy # "x']
x = 1
"""


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("server", "host"), 2),
        (("server", "port"), 7),
        (("server", "trusted_proxies"), 8),
        (("server", "vendors"), 1),
        (("server", "public_url"), 19),
        (("server", "docs"), 20),
        (("delivery", 'proxy # "x', "x"), 22),
        (("storage", "url"), None),
        (("management", "port"), None),
        (("a",), None),
    ],
)
def test_a_string_or_a_list_of_several_lines_is_no_setting(location: tuple[str, ...], line: int | None) -> None:
    """Even with `key =` or `[table]` in it, or with quotes in a comment."""
    tomllib.loads(STRINGS)
    told = Places("ENDSESSION_", Path("endsession.toml"), STRINGS, {}).tell(Problem(location, "x"))
    assert told.startswith(f"endsession.toml, line {line}: " if line else "endsession.toml: ")
