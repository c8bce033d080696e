"""The sealing secrets: needed where several processes need the same, long enough, and never repeated."""

from __future__ import annotations

import json

from .operator import GOOD, Operator

ON_A_SERVER = GOOD + "[storage]\nurl = 'postgresql://localhost/x'\n"
FIRST, SECOND = "the-first-secret-of-32-characters", "the-second-secret-of-32-characters"


def test_postgresql_needs_one(operator: Operator) -> None:
    """Each process would make its own otherwise; the fix is a variable that can be copied."""
    operator.write(ON_A_SERVER)
    place, message, fix = operator.told_once()
    assert "storage.sealing_secrets (ENDSESSION_STORAGE__SEALING_SECRETS)" in place
    assert message == "it is missing, and every process that uses this database needs the same."
    assert "openssl rand -hex 32" in fix
    assert "ENDSESSION_STORAGE__SEALING_SECRETS='[\"...\"]'" in fix


def test_it_comes_from_the_environment_or_the_secrets_folder(operator: Operator) -> None:
    """In their order: the first seals, all open."""
    operator.write(ON_A_SERVER)
    operator.keep_secret({"ENDSESSION_STORAGE__SEALING_SECRETS": json.dumps([FIRST, SECOND])})
    found = operator.start().storage.sealing_secrets
    assert [secret.get_secret_value() for secret in found] == [FIRST, SECOND]
    assert FIRST not in repr(found)
    operator.export(STORAGE__SEALING_SECRETS=json.dumps([SECOND]))
    assert [secret.get_secret_value() for secret in operator.start().storage.sealing_secrets] == [SECOND]


def test_one_that_can_be_guessed_is_refused(operator: Operator) -> None:
    """By its length; it is not repeated."""
    operator.write(GOOD + "[storage]\nsealing_secrets = ['hunter2']\n")
    place, message, fix = operator.told_once()
    assert "storage.sealing_secrets.0" in place
    assert (message, fix) == ("it is shorter than 32 characters.", "make one: openssl rand -hex 32")
    assert "hunter2" not in place
