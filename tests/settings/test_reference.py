"""docs/settings.md: made from the models, up to date, and complete."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from endsession.settings.model import Settings
from endsession.settings.problems import generic
from endsession.settings.reference import reference
from endsession.settings.shape import walk
from endsession.settings.values import duration

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "settings.md").read_text()
HEADINGS = dict(re.findall(r"^###? (\S+)\n\n(.+)$", TEXT, re.MULTILINE))


def test_it_is_up_to_date() -> None:
    """Make it anew with: python -m endsession.settings.reference > docs/settings.md."""
    assert reference() == TEXT


def test_the_command_makes_it() -> None:
    """As the text above says."""
    command = [sys.executable, "-m", "endsession.settings.reference"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == TEXT


def test_every_setting_has_a_heading_a_variable_a_type_and_a_text() -> None:
    """Also those in tables under names of the operator's choice."""
    example: dict[str, Any] = {"issuers": {"x": {"clients": {"y": {}}, "dialects": {"z": {}}}}}
    names = {generic(location) for location, _ in walk(Settings, example)}
    names = {name for name in names if not re.search(r"\.NAME\.policy\.|^issuers$|\.clients$|\.dialects$", name)}
    assert names - set(HEADINGS) == set()
    assert len(names) > 80
    for section in re.split(r"(?m)^### ", TEXT)[1:]:
        name, facts, text, *_ = section.split("\n\n")
        assert re.match(r"(in the list )?`ENDSESSION_[A-Z0-9_]+` · \S", facts), name
        assert text.strip().endswith("."), name


@pytest.mark.parametrize(
    ("heading", "facts"),
    [
        ("server.port", "`ENDSESSION_SERVER__PORT` · whole number from 0 to 65535 · default `8080`"),
        ("management.tokens", "`ENDSESSION_MANAGEMENT__TOKENS` · list of tables"),
        ("limits.logout_per_address", "`ENDSESSION_LIMITS__LOGOUT_PER_ADDRESS` · rate · default `60/minute`"),
        ("retention.ended_sessions", "`ENDSESSION_RETENTION__ENDED_SESSIONS` · duration · default `30d`"),
        ("issuers.ID.issuer", "`ENDSESSION_ISSUERS__ID__ISSUER` · string · required"),
        ("issuers.ID.cookie.secure", "`ENDSESSION_ISSUERS__ID__COOKIE__SECURE` · true or false · default `true`"),
        ("issuers.ID.policy.on_stale_sid", "`ENDSESSION_ISSUERS__ID__POLICY__ON_STALE_SID` · one of `prompt`, `error`"),
    ],
)
def test_facts(heading: str, facts: str) -> None:
    """The variable, the kind of value, and the default."""
    found = re.findall(rf"(?m)^### {re.escape(heading)}\n\n(.+)$", TEXT)
    assert found[0].removesuffix(" · default as the preset has it") == facts


def test_links_lead_somewhere() -> None:
    """Within the file, and to the policy."""
    policy = (ROOT / "docs" / "policy.md").read_text()
    for target in re.findall(r"\]\(policy\.md#(\S+?)\)", TEXT):
        assert f"\n### {target}\n" in policy
    anchors = {heading.lower().replace(".", "") for heading in HEADINGS}
    assert set(re.findall(r"\]\(#(\S+?)\)", TEXT)) <= anchors


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "0.5s"), (1.5, "1.5s"), (5, "5s"), (600, "10m"), (86_400, "1d"), (90, "90s"), (0, "0s")]
)
def test_durations_read_as_they_are_written(seconds: float, text: str) -> None:
    """In the largest unit that is whole."""
    assert duration(seconds) == text
