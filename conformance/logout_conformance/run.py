"""A run: read the document, make every check, fuzz, and see which documented statuses were never seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2

from .check import Check, CheckFailed, CheckSkipped
from .checks import CHECKS
from .context import Context
from .document import BadDocument, Document, parse_document
from .endpoint import Endpoint, endpoints
from .fixtures import CannotPrepare, Fixtures
from .options import NEEDS, BadOptions, Options
from .pace import Clock, OutOfTime, Pace
from .redaction import Redaction
from .reporting.coverage import coverage
from .reporting.report import CheckResult, Report
from .reporting.result import RunResult
from .reporting.table import Table
from .target import Target, connect_url, is_loopback
from .transport import Transport, Unreachable

Progress = Callable[[str], None]
"""Gets a line for each step of the run."""
TIME_LIMIT = "the time limit came first (--time-limit)"
CLEAN_UP_SECONDS = 30.0
"""How long the run may go on after its deadline, to remove what it has created."""


def run(options: Options, progress: Progress, clock: Clock) -> RunResult:
    """Test a deployment. Raises BadOptions and Unreachable."""
    began = clock.monotonic()
    redaction = Redaction()
    redaction.keep_secret(options.token or "", "the token")
    redaction.keep_secret(options.other_token or "", "the other token")
    target = Target(
        document=_document(options),
        url=options.url,
        management_url=options.management_url,
        public_url=options.public_url,
        ca_file=options.ca_file,
        shared_host=options.shared_host,
    )
    report = Report(Table(target.document), redaction.curl, keep_exchanges=options.har is not None)
    http = Transport(target, Pace(options.rate, options.time_limit, clock), report)
    fixtures = Fixtures(options, http, redaction)
    found: list[Endpoint] = []
    cut_short = False
    try:
        _check_host(http)
        fixtures.prepare()
        found = _endpoints(options, http)
        _check_token(options, fixtures)
        context = Context(options, target, http, fixtures, redaction, found)
        for check in (check for check in CHECKS if options.only in check.title):
            _make_everywhere(check, context, report, progress)
        cut_short = any(result.reason == TIME_LIMIT for result in report.results)
        if options.fuzz:
            from .fuzzing.run import fuzz  # noqa: PLC0415  # loading schemathesis takes a second

            fuzz(context, report, progress)
    except OutOfTime:
        cut_short = True
    finally:
        _clean_up(http, fixtures, progress)
    statuses = list(coverage(target, report.table, fixtures, found, cut_short=cut_short))
    return RunResult(target, report, statuses, redaction, cut_short, clock.monotonic() - began)


def _clean_up(http: Transport, fixtures: Fixtures, progress: Progress) -> None:
    http.pace.extend(CLEAN_UP_SECONDS)
    try:
        fixtures.clean_up()
    except (OutOfTime, Unreachable):
        progress(
            f"Some sessions or clients of this run could not be removed. Their names begin with {fixtures.run_id}."
        )
    http.close()


# Before the checks


def _document(options: Options) -> Document:
    source = options.document or f"{options.url}/openapi.json"
    text = _fetched(source, options) if source.startswith(("http://", "https://")) else _file(source)
    try:
        return parse_document(text)
    except BadDocument as error:
        raise BadOptions(
            f"{source} is not a usable OpenAPI document ({error}). Give one with --document FILE."
        ) from None


def _file(source: str) -> str:
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadOptions(f"--document {source} cannot be read: {type(error).__name__}.") from None


def _fetched(source: str, options: Options) -> str:
    host = options.public_url.split("/")[2]
    headers = {"Host": host} if source.startswith(options.url) else {}
    try:
        with httpx2.Client(timeout=30, trust_env=not is_loopback(source), verify=options.ca_file or True) as client:
            response = client.get(connect_url(source), headers=headers)
    except (httpx2.HTTPError, OSError) as error:
        raise Unreachable(f"{source} does not respond: {type(error).__name__}") from None
    if response.status_code != 200:
        other_name = "Give --public-url if browsers reach it by another name"
        fix = other_name if response.status_code == 421 else "Give --document FILE"
        raise BadOptions(f"{source} responds with {response.status_code}. {fix}.")
    return response.text


def _check_host(http: Transport) -> None:
    """Raises BadOptions for a wrong public name, with which nearly every check would fail."""
    for extension in http.target.document.endpoints.values():
        response = http.send("GET", extension.url_path("contract-nobody"), repeat_limited=False)
        if response.status == 421:
            raise BadOptions(
                f"the deployment does not serve the host {http.target.host}. "
                "Give the URL that browsers use (server.public_url in its settings) with --public-url."
            )


def _check_token(options: Options, fixtures: Fixtures) -> None:
    """Raises BadOptions for a token that is not accepted."""
    if options.issuer and options.token:
        response = fixtures.manage("GET", "sessions", query={"limit": "1"})
        if response.status in (401, 404):
            raise BadOptions(
                "the token of --token-file is not accepted for --issuer: see management.tokens in its settings."
            )


def _endpoints(options: Options, http: Transport) -> list[Endpoint]:
    """The logout endpoints, with the policy of each where a token lets the deployment explain it."""
    policies: dict[str, Mapping[str, Any]] = {}
    explain = http.target.operation_named("explainLogout")
    if options.issuer and options.token and explain:
        url_path = explain.path.replace("{issuer_id}", options.issuer)
        for path in http.target.document.endpoints:
            response = http.send("POST", url_path, json={"endpoint": path}, token=options.token)
            body = response.json()
            if response.status == 200 and isinstance(body, dict):
                policies[path] = body.get("policy", {})
    found = endpoints(http.target, options.issuer or "contract-nobody", policies)
    return [endpoint for endpoint in found if endpoint.operation.path not in options.skip]


# The checks


def _make_everywhere(check: Check, context: Context, report: Report, progress: Progress) -> None:
    if missing := context.fixtures.missing(check.needs):
        reason = "give " + " and ".join(NEEDS[need] for need in missing)
        report.results.append(CheckResult(check.title, "", "skipped", reason))
        return
    outcomes = []
    for where, arguments in _places(check, context):
        result = _make(check, where, arguments, report)
        report.results.append(result)
        outcomes.append(result.outcome)
    if outcomes:
        failed = outcomes.count("failed")
        state = "FAILED" if failed else "passed" if "passed" in outcomes else "skipped"
        progress(f"{state:9} {check.title}" + (f" ({failed} of {len(outcomes)} places)" if failed else ""))


def _places(check: Check, context: Context) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if check.scope == "deployment":
        yield "", (context,)
    elif check.scope == "endpoint":
        for endpoint in context.endpoints:
            if check.applies is None or check.applies(endpoint):
                yield endpoint.label, (context, endpoint)
    else:
        for operation in context.target.operations():
            skipped = operation.path in context.options.skip
            if not skipped and (check.applies is None or check.applies(operation)):
                yield operation.label, (context, operation)


def _make(check: Check, where: str, arguments: tuple[Any, ...], report: Report) -> CheckResult:
    try:
        check.run(*arguments)
    except CheckFailed as failed:
        return _failure(check, where, failed.seen, failed, report)
    except CannotPrepare as refused:
        return _failure(check, where, str(refused), refused, report)
    except OutOfTime:
        return CheckResult(check.title, where, "skipped", TIME_LIMIT)
    except CheckSkipped as reason:
        return CheckResult(check.title, where, "skipped", str(reason))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        # The response has another structure than documented. The rule on schemas has reported it, with the request.
        return _failure(check, where, f"an undocumented structure of a response ({type(error).__name__})", None, report)
    return CheckResult(check.title, where, "passed")


def _failure(
    check: Check, where: str, seen: str, cause: CheckFailed | CannotPrepare | None, report: Report
) -> CheckResult:
    report.add_failure(check.title, where, seen, cause.exchange if cause else None)
    return CheckResult(check.title, where, "failed", seen)
