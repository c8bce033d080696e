"""`endsession contract` at a gateway that keeps its contract, over HTTP, as a process of its own."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from xml.etree import ElementTree

import httpx2
import pytest

from endsession.conformance.answers import EVERY_ANSWER
from endsession.tokens.signing import new_key
from tests.kit.deployment import READER, TOKEN

from .deployment import contract, parties, serving


def rows_of(report: str) -> list[list[str]]:
    """The table of a report: for each operation its name and its cells."""
    lines = report[report.index("operation  ") :].partition("\n\n")[0].splitlines()
    return [line.split() for line in lines]


def test_a_good_deployment_keeps_its_contract(tmp_path: Path) -> None:
    """Nothing is broken, everything that can be seen from outside is seen, and the run leaves nothing behind."""
    junit, har = tmp_path / "junit.xml", tmp_path / "run.har"
    with serving(tmp_path) as url:
        options = ["--max-examples", "2", "--junit", str(junit), "--har", str(har)]
        status, report, progress = contract(url, *parties(tmp_path), *options)
        left = httpx2.get(f"{url}/acme/clients", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False).text
        live = httpx2.get(
            f"{url}/acme/sessions?state=live", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False
        ).json()
    assert status == 0, report + progress
    assert "Nothing is broken." in report
    assert "MISS" not in {cell for row in rows_of(report) for cell in row}
    assert "contract-" not in left
    assert live["sessions"] == []
    _holds_no_secret(report + progress + junit.read_text() + har.read_text())
    _is_junit(junit)
    entries = json.loads(har.read_text())["log"]["entries"]
    assert len(entries) > 1000
    assert {entry["response"]["status"] for entry in entries} >= {200, 201, 204, 303, 400, 401, 403, 404, 405, 409, 422}


def _holds_no_secret(text: str) -> None:
    """No token, hint, handle, cookie or digest (T23)."""
    assert TOKEN not in text
    assert READER not in text
    assert not re.search(r"eyJ[A-Za-z0-9_-]{10}", text)
    assert not re.search(r"gAAAAA[A-Za-z0-9_-]{10}", text)
    assert not re.search(r"op_session=(?!<redacted>|contract-unknown|;)[A-Za-z0-9]", text)
    assert not re.search(r"\b[0-9a-f]{64}\b", text)


def _is_junit(file: Path) -> None:
    suites = ElementTree.parse(file).getroot()
    assert [suite.get("name") for suite in suites] == ["claims", "every answer", "documented answers"]
    assert {suite.get("failures") for suite in suites} == {"0"}
    skipped = {case.find("skipped").get("message") for case in suites[2] if case.find("skipped") is not None}
    assert "outside: needs a fault of the service" in skipped
    assert {case.get("name") for case in suites[1]} >= set(EVERY_ANSWER)


def test_without_options_a_run_says_what_it_lacks(tmp_path: Path) -> None:
    """Only the address is needed; each answer that needs more is not called passed, but named with its option."""
    with serving(tmp_path) as url:
        status, report, _ = contract(url, "--public-url", "https://login.example", "--rate", "1000", "--no-fuzz")
    assert status == 0, report
    assert "not tried: give --issuer ID and --key FILE" in report
    rows = {" ".join(row[:2]): row[2:] for row in rows_of(report)}
    assert "opt" in rows["GET /{issuer_id}/logout"]
    assert rows["GET /{issuer_id}/logout"][-1] == "out"


def test_endpoints_of_other_vendors_are_tried_under_their_names(tmp_path: Path) -> None:
    """A path with `x-logout` is a logout endpoint, whatever its parameters are called."""
    changes = {"server": {"vendors": ["auth0", "entra"]}}
    with serving(tmp_path, None, changes) as url:
        status, report, _ = contract(url, *parties(tmp_path), "--no-fuzz")
    assert status == 0, report
    rows = {" ".join(row[:2]): row[2:] for row in rows_of(report)}
    assert int(rows["GET /v2/logout"][0]) > 0
    assert int(rows["GET /{tenant}/oauth2/v2.0/logout"][1]) > 0


def test_a_public_path_and_an_issuer_below_it(tmp_path: Path) -> None:
    """A deployment below a path is tested there, and its metadata leads there."""
    changes = {
        "server": {"public_url": "https://login.example/sso"},
        "issuers": {"acme": {"issuer": "https://login.example/sso/acme"}},
    }
    with serving(tmp_path, None, changes) as url:
        options = parties(tmp_path)
        options[options.index("--public-url") + 1] += "/sso"
        options[options.index("--iss") + 1] = "https://login.example/sso/acme"
        status, report, _ = contract(f"{url}/sso", *options, "--no-fuzz")
    assert status == 0, report


def test_encrypted_hints_are_tried_where_there_is_a_key(tmp_path: Path) -> None:
    """With the gateway's public key, which is the private one's but for the private members."""
    key = new_key("RSA-OAEP-256")
    (tmp_path / "private.jwk").write_text(json.dumps(key))
    public = {name: key[name] for name in ("kty", "n", "e", "kid")}
    (tmp_path / "public.jwk").write_text(json.dumps(public))
    with serving(tmp_path, None, {"issuers": {"acme": {"decryption_keys": ["private.jwk"]}}}) as url:
        options = ["--only", "encrypted", "--encryption-key", str(tmp_path / "public.jwk")]
        status, report, progress = contract(url, *parties(tmp_path), *options)
    assert status == 0, report
    assert "ok        an encrypted hint is read" in progress


def test_a_limit_is_kept_to(tmp_path: Path) -> None:
    """A low limit fails nothing and the run ends in time, saying so."""
    began = time.monotonic()
    with serving(tmp_path, None, {"limits": {"logout_per_address": "30/minute"}}) as url:
        status, report, _ = contract(url, *parties(tmp_path), "--time-limit", "5")
    assert status == 0, report
    assert time.monotonic() - began < 60
    assert "cut short by its time" in report
    refused = int(re.findall(r"(\d+) of them refused by a limit", report)[0])
    assert 0 < refused < 10


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["http://127.0.0.1:9"], "does not answer: ConnectError"),
        (["login.example"], "BASE_URL has to be an http or https address"),
        (["URL"], "does not answer for the host 127.0.0.1:"),
        (["URL", "--issuer", "acme", "--key", "KEY"], "--key: it is no JWK"),
        (["URL", "--key", "missing"], "--key missing cannot be read"),
        (["URL", "--cookie", "op_session"], "need --issuer beside them"),
        (["URL", "--issuer", "acme", "--redirect-uri", "https://app.example/"], "--redirect-uri needs --client"),
        (["URL", "--public-url", "https://login.example", "--issuer", "acme", "--token-file", "KEY"], "is not taken"),
        (["URL", "--document", "missing"], "--document missing cannot be read"),
        (["URL", "--document", "KEY"], "is no document of endsession"),
        (["URL", "--rate", "0"], "--rate has to be more than 0"),
        (["URL", "--junit", "/nowhere/junit.xml"], "/nowhere/junit.xml cannot be written"),
    ],
)
def test_a_run_that_cannot_begin_says_why(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    """Exit status 2, and a sentence with the option and the mend."""
    (tmp_path / "KEY").write_text("no key")
    with serving(tmp_path) as url:
        given = [url if one == "URL" else str(tmp_path / one) if one == "KEY" else one for one in arguments]
        status, report, errors = contract(*given)
    assert (status, report) == (2, "")
    assert sentence in errors
    assert "Traceback" not in errors
