"""Settings that pages for operators show can be copied: the gateway starts with them."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from tests.kit.serving import ROOT

from .operator import Operator

BLOCKS = [
    pytest.param(dedent(block), id=f"{page.stem}-{number}")
    for page in sorted((ROOT / "docs" / "migrating").glob("*.md"))
    for number, block in enumerate(re.findall(r"(?ms)^ *```toml\n(.*?)^ *```", page.read_text()))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_what_a_page_shows_is_valid(operator: Operator, block: str) -> None:
    """Whole tables, with an issuer that is found."""
    operator.write(block)
    assert operator.start().issuers


def test_there_is_something_to_copy() -> None:
    """Else nothing above could fail."""
    assert len(BLOCKS) >= 2
