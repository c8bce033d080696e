"""Runs against a gateway that keeps its contract, over HTTP."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import httpx2
import pytest

from endsession.tokens.signing import new_key
from logout_conformance.responses.rules import EVERY_RESPONSE
from tests.kit.deployment import READER, TOKEN

from .breakages import answering, is_logout, without
from .deployment import SkippingClock, all_options, run, run_command, serving


def rows_of(report: str) -> dict[str, list[str]]:
    """The table of a report: the cells of each operation."""
    lines = report[report.index("operation  ") :].partition("\n\n")[0].splitlines()
    return {" ".join(line.split()[:2]): line.split()[2:] for line in lines[1:]}


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("backend")
def test_a_good_deployment_passes(tmp_path: Path) -> None:
    """As a process of its own, fuzzer included: nothing fails, all that can be seen is seen, and nothing is left."""
    junit, har = tmp_path / "junit.xml", tmp_path / "run.har"
    manager = {"Authorization": f"Bearer {TOKEN}"}
    with serving(tmp_path) as url:
        options = ["--max-examples", "2", "--time-limit", "3600", "--junit", str(junit), "--har", str(har)]
        status, report, progress = run_command("logout_conformance", url, *all_options(tmp_path), *options)
        clients = httpx2.get(f"{url}/acme/clients", headers=manager, trust_env=False).text
        live = httpx2.get(f"{url}/acme/sessions?state=live", headers=manager, trust_env=False).json()
    assert status == 0, report + progress
    assert "No check failed." in report
    assert "MISS" not in {cell for row in rows_of(report).values() for cell in row}
    assert "contract-" not in clients
    assert live["sessions"] == []
    _has_no_secret(report + progress + junit.read_text() + har.read_text())
    _is_junit(junit)
    entries = json.loads(har.read_text())["log"]["entries"]
    assert len(entries) > 1000
    assert {entry["response"]["status"] for entry in entries} >= {200, 201, 204, 303, 400, 401, 403, 404, 405, 409, 422}


def _has_no_secret(text: str) -> None:
    """No token, hint, handle, cookie or digest."""
    assert TOKEN not in text
    assert READER not in text
    assert not re.search(r"eyJ[A-Za-z0-9_-]{10}", text)
    assert not re.search(r"gAAAAA[A-Za-z0-9_-]{10}", text)
    assert not re.search(r"op_session=(?!<redacted>|contract-unknown|;)[A-Za-z0-9]", text)
    assert not re.search(r"\b[0-9a-f]{64}\b", text)


def _is_junit(file: Path) -> None:
    suites = ElementTree.parse(file).getroot()
    assert [suite.get("name") for suite in suites] == ["checks", "every response", "documented statuses"]
    assert {suite.get("failures") for suite in suites} == {"0"}
    skipped = {element.get("message") for element in suites[2].findall("testcase/skipped")}
    assert "out of reach: needs a fault of the service" in skipped
    assert {case.get("name") for case in suites[1]} >= set(EVERY_RESPONSE)


@pytest.mark.usefixtures("backend")
def test_without_options_a_run_says_what_is_missing(tmp_path: Path) -> None:
    """Only the URL is needed. A status that needs more is not called passed, but named with its option."""
    clock = SkippingClock()
    with serving(tmp_path, clock=clock) as url:
        status, report, _ = run(url, "--public-url", "https://login.example", "--no-fuzz", clock=clock)
    assert status == 0, report
    assert "not tested: give --issuer ID and --key FILE" in report
    rows = rows_of(report)
    assert "opt" in rows["GET /{issuer_id}/logout"]
    assert rows["GET /{issuer_id}/logout"][-1] == "out"


@pytest.mark.slow
@pytest.mark.sqlite_alone("names differ, not what is stored; test_a_good_deployment_passes is on both")
def test_endpoints_of_other_vendors_are_tested_under_their_names(tmp_path: Path) -> None:
    """A path with `x-logout` is a logout endpoint, whatever its parameters are called."""
    clock = SkippingClock()
    with serving(tmp_path, None, {"server": {"vendors": ["auth0", "entra"]}}, clock) as url:
        status, report, _ = run(url, *all_options(tmp_path), "--no-fuzz", clock=clock)
    assert status == 0, report
    rows = rows_of(report)
    assert int(rows["GET /v2/logout"][0]) > 0
    assert int(rows["GET /{tenant}/oauth2/v2.0/logout"][1]) > 0


@pytest.mark.slow
@pytest.mark.sqlite_alone("URLs differ, not what is stored; test_a_good_deployment_passes is on both")
def test_a_public_path_and_an_issuer_below_it(tmp_path: Path) -> None:
    """A deployment below a path is tested there, and its metadata has URLs below it."""
    changes = {
        "server": {"public_url": "https://login.example/sso"},
        "issuers": {"acme": {"issuer": "https://login.example/sso/acme"}},
    }
    clock = SkippingClock()
    with serving(tmp_path, None, changes, clock) as url:
        options = all_options(tmp_path)
        options[options.index("--public-url") + 1] += "/sso"
        options[options.index("--iss") + 1] = "https://login.example/sso/acme"
        status, report, _ = run(f"{url}/sso", *options, "--no-fuzz", clock=clock)
    assert status == 0, report


@pytest.mark.usefixtures("backend")
def test_encrypted_hints_are_tested_with_a_key(tmp_path: Path) -> None:
    """With the gateway's public key, which is its private one without the private members."""
    key = new_key("RSA-OAEP-256")
    (tmp_path / "private.jwk").write_text(json.dumps(key))
    public = {name: key[name] for name in ("kty", "n", "e", "kid")}
    (tmp_path / "public.jwk").write_text(json.dumps(public))
    clock = SkippingClock()
    with serving(tmp_path, None, {"issuers": {"acme": {"decryption_keys": ["private.jwk"]}}}, clock) as url:
        options = ["--only", "encrypted", "--encryption-key", str(tmp_path / "public.jwk")]
        status, report, progress = run(url, *all_options(tmp_path), *options, clock=clock)
    assert status == 0, report
    assert "passed    an encrypted hint is read" in progress


@pytest.mark.usefixtures("backend")
def test_a_rate_limit_is_respected(tmp_path: Path) -> None:
    """A limit that lasts longer than the run is no failure. It is met once, and the report says what it cost."""
    clock = SkippingClock()
    with serving(tmp_path, None, {"limits": {"logout_per_address": "30/hour"}}, clock) as url:
        status, report, progress = run(url, *all_options(tmp_path), "--max-examples", "2", clock=clock)
    assert status == 0, report
    assert "The time limit came before the end of the run" in report
    assert ", 1 of them rate-limited (429)." in report
    assert "fuzzing   " in progress


@pytest.mark.sqlite_alone("the limit is made up")
def test_a_rate_limit_that_ends_in_time_is_waited_for(tmp_path: Path) -> None:
    """After `Retry-After` the request is repeated, and the check that met the limit passes."""
    clock = SkippingClock()
    ends = clock.monotonic() + 300

    @answering
    def limited(scope, status, headers, body, sent):  # type: ignore[no-untyped-def]
        left = ends - clock.monotonic()
        if not is_logout(scope) or left <= 0:
            return status, headers, body
        changed = [(b"content-type", b"application/json"), (b"retry-after", str(math.ceil(left)).encode())]
        return 429, [*without(headers, b"content-type"), *changed], b'{"error": "temporarily_unavailable"}'

    with serving(tmp_path, limited, clock=clock) as url:
        options = ["--only", "an unknown parameter is ignored"]
        status, report, progress = run(url, *all_options(tmp_path), *options, clock=clock)
    assert status == 0, report
    assert "passed    an unknown parameter is ignored" in progress
    assert ", 0 of them rate-limited (429)." not in report
    assert clock.monotonic() >= ends


@pytest.mark.sqlite_alone("nothing is stored before the run ends")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["http://127.0.0.1:9"], "does not respond: ConnectError"),
        (["login.example"], "BASE_URL must be an http or https URL"),
        (["URL"], "does not serve the host 127.0.0.1:"),
        (["URL", "--issuer", "acme", "--key", "FILE"], "--key: not a JWK"),
        (["URL", "--issuer", "acme", "--encryption-key", "FILE"], "--encryption-key: not a key to encrypt with"),
        (["URL", "--key", "missing"], "--key missing cannot be read"),
        (["URL", "--cookie", "op_session"], "require --issuer"),
        (["URL", "--issuer", "acme", "--redirect-uri", "https://app.example/"], "--redirect-uri requires --client"),
        (["URL", "--public-url", "https://login.example", "--issuer", "acme", "--token-file", "FILE"], "not accepted"),
        (["URL", "--document", "missing"], "--document missing cannot be read"),
        (["URL", "--document", "FILE"], "is not a usable OpenAPI document"),
        (["URL", "--document", "URL/nowhere"], "responds with 404. Give --document FILE"),
        (["URL", "--rate", "0"], "--rate must be greater than 0"),
        (["URL", "--ca-file", "FILE"], "holds no certificates"),
        (["URL", "--junit", "/nowhere/junit.xml"], "/nowhere/junit.xml cannot be written"),
    ],
)
def test_a_run_that_cannot_start_says_why(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    """Exit status 2, and a sentence with the option and the fix."""
    file = tmp_path / "file"
    file.write_text("no key")
    with serving(tmp_path) as url:
        given = [word.replace("URL", url).replace("FILE", str(file)) for word in arguments]
        status, report, errors = run(*given, clock=SkippingClock())
    assert (status, report) == (2, "")
    assert sentence in errors
    assert errors.startswith("logout-conformance: ")
