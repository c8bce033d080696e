"""Descriptions of providers' admin APIs: those that are shipped, what each has to keep to, and what it means."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from endsession.protocol.provider_api import NOT_RUN, ProviderApi, Unfit, meaning_of, prepare
from endsession.settings.ending import read_description, shipped

WHOLE: dict[str, Any] = {
    "name": "A provider",
    "run": True,
    "documentation": ["https://op.example/docs"],
    "rights": "One.",
    "values": {"realm": "The realm."},
    "credentials": ["client_credentials"],
    "token": {"path": "/{realm}/token"},
    "session": {
        "identified_by": "sid",
        "tells_unknown": True,
        "ends": "It.",
        "calls": [
            {
                "method": "POST",
                "path": "/{realm}/sessions/{sid}/end",
                "query": {"user": "{sub}"},
                "json": {"ids": ["{sid}"], "force": True},
                "answers": [
                    {"status": [200], "body": "none", "means": "gone"},
                    {"status": [200, 204], "means": "ended"},
                    {"status": [503], "means": "refused"},
                ],
            }
        ],
    },
}
GIVEN = {"realm": "acme", "sid": "s|1", "sub": "a&b"}


def described(**changes: Any) -> ProviderApi:
    """The description above, with what stands at dotted places changed."""
    whole = copy.deepcopy(WHOLE)
    for place, value in changes.items():
        *path, last = place.split("__")
        table: Any = whole
        for part in path:
            table = table[int(part) if part.isdigit() else part]
        table[last] = value
    return ProviderApi.model_validate(whole)


@pytest.mark.parametrize("provider", shipped())
def test_what_is_shipped_can_be_read(provider: str) -> None:
    """Each says that it was not run, which rights it needs, and where it was read; what it can end has a call."""
    api = read_description(shipped()[provider])
    assert not api.run, "say in docs/provider-endings.md with which version it was run"
    assert api.remark == NOT_RUN
    assert all(url.startswith("https://") for url in api.documentation)
    values = dict.fromkeys(api.values, "x")
    for way in filter(None, (api.session, api.user)):
        for prepared in prepare(way, {**values, "sid": "17", "sub": "17"}):
            assert "17" in prepared.target + str(prepared.body)
            assert "{" not in prepared.target


def test_the_providers_are_those_that_were_meant() -> None:
    """One that is lost in packaging would be refused by name."""
    assert list(shipped()) == ["authentik", "dex", "hydra", "keycloak", "zitadel"]


def test_values_are_put_where_they_are_named() -> None:
    """Percent-encoded in the path and the query, as they are in JSON."""
    way = described().session
    assert way is not None
    (prepared,) = prepare(way, GIVEN)
    assert prepared.target == "/acme/sessions/s%7C1/end?user=a%26b"
    assert prepared.body == b'{"ids": ["s|1"], "force": true}'


@pytest.mark.parametrize("sid", ["", ".", "..", "a/b", "a\\b", "a%2Fb", "a?b", "a#b", "a;b", "a\nb", "a\0b", "a b"])
def test_what_would_be_another_path_is_not_asked(sid: str) -> None:
    """A provider that resolves dots, or decodes twice, would end or delete something else."""
    way = described().session
    assert way is not None
    with pytest.raises(Unfit) as refusal:
        prepare(way, {**GIVEN, "sid": sid})
    assert not sid.strip("./\\ ") or sid not in str(refusal.value)


@given(st.text(max_size=20))
def test_no_sid_leads_out_of_its_segment(sid: str) -> None:
    """Whatever the sid is: one segment of the path, or no call."""
    way = described().session
    assert way is not None
    try:
        (prepared,) = prepare(way, {**GIVEN, "sid": sid})
    except Unfit:
        return
    path = prepared.target.partition("?")[0]
    assert path.isascii()
    assert path.split("/")[1:3] == ["acme", "sessions"]
    assert len(path.split("/")) == 5


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, b"none", "gone"),
        (200, b"done", "ended"),
        (204, b"", "ended"),
        (503, b"", "refused"),
        *((status, b"", "retry") for status in (401, 408, 425, 429, 500, 502, 599)),
        *((status, b"", "refused") for status in (202, 301, 302, 400, 403, 404, 405, 409, 410)),
        (200, b"\xff", "ended"),
    ],
)
def test_what_an_answer_means(status: int, body: bytes, meaning: str) -> None:
    """The first that fits; nothing is taken for an ending that the description does not name."""
    way = described().session
    assert way is not None
    assert meaning_of(way.calls[0], status, body) == meaning


CALL = "session__calls__0__"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"run": False}, f"its remark has to be: {NOT_RUN}"),
        ({"session": None}, "it needs session, user or both"),
        ({"unavailable": "it has no API"}, "it needs session, user or both"),
        ({"credentials": []}, "it has no credentials"),
        ({"credentials": ["bearer"]}, "client_credentials and token go together"),
        ({"token": None}, "client_credentials and token go together"),
        ({"token__path": "/{nothing}"}, "nothing is not among values"),
        ({"values": {"realm": "x", "sid": "x"}}, "sid cannot be among values"),
        ({f"{CALL}path": "/{realm}/{other}/{sid}"}, "other is not among values"),
        ({f"{CALL}path": "/{realm}/sessions", f"{CALL}json": {}}, "each call has to name {sid}"),
        ({f"{CALL}path": "sessions/{sid}"}, "String should match pattern"),
        ({f"{CALL}path": "/sessions?sid={sid}"}, "String should match pattern"),
        ({f"{CALL}method": "GET"}, "Input should be"),
        ({f"{CALL}answers": [{"status": [404], "means": "gone"}]}, "none of its answers means ended"),
        ({f"{CALL}answers__0__body": "("}, "it is not a regular expression"),
        ({f"{CALL}answers__0__status": []}, "at least 1 item"),
        ({f"{CALL}answer": []}, "Extra inputs are not permitted"),
        ({"session__calls": []}, "at least 1 item"),
        ({"user": WHOLE["session"]}, "what ends all sessions of a user is identified by sub"),
        ({"user": {**WHOLE["session"], "identified_by": "sub"}}, "cannot name {sid}"),
    ],
)
def test_a_description_that_could_not_work_is_refused(changes: dict[str, Any], message: str) -> None:
    """When it is read, and not at the first logout."""
    with pytest.raises(ValidationError) as refusal:
        described(**changes)
    assert message in str(refusal.value)
