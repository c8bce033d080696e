"""`docs/errors.md`: every error that can reach a caller, and none that cannot."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

from endsession.protocol import errors, front_errors
from endsession.protocol.errors import EndsessionError
from endsession.protocol.policy import Policy

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "errors.md").read_text()
KINDS = [
    kind
    for module in (errors, front_errors)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, EndsessionError) and kind.__module__ == module.__name__
]
ENTRIES = {
    (code, int(status)): text
    for code, section in re.findall(r"(?ms)^## `(\w+)`\n(.*?)(?=^## |\Z)", PAGE)
    for status, text in re.findall(r"(?ms)^### (\d+)\n(.*?)(?=^### |\Z)", section)
}


def test_every_error_is_described_and_no_other() -> None:
    """By code and status, both ways; in the order of the alphabet."""
    assert set(ENTRIES) == {(kind.code, kind.status) for kind in KINDS}
    assert list(ENTRIES) == sorted(ENTRIES)


@pytest.mark.parametrize(("code", "status"), ENTRIES)
def test_an_entry_says_what_to_do(code: str, status: int) -> None:
    """What it means, what a client does, and what an operator does."""
    text = ENTRIES[code, status]
    assert re.match(r"\n[A-Z`]", text)
    assert re.findall(r"(?m)^\* \*\*(\w+):\*\* ", text) == ["Client", "Operator"]


@pytest.mark.parametrize("header", ["WWW-Authenticate", "Retry-After"])
def test_the_headers_are_said(header: str) -> None:
    """Where each error of an entry has the header, the entry says so; where none has it, it does not."""
    for (code, status), text in ENTRIES.items():
        kinds = [kind for kind in KINDS if (kind.code, kind.status) == (code, status)]
        made = [kind(5) if kind is errors.RateLimited else kind() for kind in kinds]
        assert (f"`{header}` is sent as well" in " ".join(text.split())) == all(header in item.headers for item in made)


def test_what_an_operator_is_pointed_at_exists() -> None:
    """Settings and knobs by their names, so that renaming one is noticed here."""
    settings = set(re.findall(r"(?m)^#{2,3} ([\w.]+)$", (DOCS / "settings.md").read_text()))
    tables = {name.rpartition(".")[0] for name in settings if "." in name}
    operators = [line for text in ENTRIES.values() for line in text.split("**Operator:**")[1:]]
    pointed = {re.split("[ =/]", word)[0] for line in operators for word in re.findall(r"`([^`]+)`", line)} - {""}
    knobs = {field.name for field in fields(Policy)}
    members = {"disabled", "cookie", "post_logout_redirect_uris"}
    known = settings | tables | {name.replace(".CLIENT_ID", "") for name in tables} | knobs | members
    commands = {"endsession", "Host", "PUT", "POST", "GET"}
    assert pointed - known - commands == set()
    assert len(pointed & known) > 20
