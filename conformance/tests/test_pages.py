"""The pages about the suite say what is so."""

from __future__ import annotations

import re

import pytest

from logout_conformance.checks import MODULES
from logout_conformance.options import NEEDS, build_parser

from .deployment import ROOT

PAGE = (ROOT / "docs" / "contract-testing.md").read_text()
OPTIONS = [option for action in build_parser("x")._actions for option in action.option_strings if option != "-h"]


@pytest.mark.parametrize("option", [option for option in OPTIONS if option != "--help"])
def test_every_option_is_described(option: str) -> None:
    """In docs/contract-testing.md."""
    assert re.search(rf"{option}(?![a-z-])", PAGE)


def test_no_other_option_is_described() -> None:
    """Neither on the page nor in the reasons why a check is skipped."""
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE + " ".join(NEEDS.values())))
    assert named <= set(OPTIONS)


def test_every_module_of_checks_is_described() -> None:
    """In the table of what is checked."""
    described = set(re.findall(r"`([a-z]+)\.py`", PAGE))
    assert {module.__name__.rpartition(".")[2] for module in MODULES} <= described


def test_the_links_of_the_readme_lead_somewhere() -> None:
    """From the folder of the distribution."""
    readme = ROOT / "conformance" / "README.md"
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", readme.read_text())
    assert links
    assert [link for link in links if not (readme.parent / link).exists()] == []
