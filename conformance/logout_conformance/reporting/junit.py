"""The report as JUnit XML, which CI servers show: a case for each check at each place, each rule, each status."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from ..responses.rules import EVERY_RESPONSE
from .coverage import MISSING, SEEN
from .report import Failure
from .result import RunResult


def write(result: RunResult, file: Path) -> None:
    """Write `file`. Raises OSError."""
    root = Element("testsuites", name="logout-conformance")
    _checks(root, result)
    _every_response(root, result)
    _documented_statuses(root, result)
    for suite in root:
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    indent(root)
    ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _checks(root: Element, result: RunResult) -> None:
    suite = SubElement(root, "testsuite", name="checks")
    failures = result.report.failures
    for check in result.report.results:
        case = SubElement(suite, "testcase", classname=check.where or "deployment", name=check.title)
        if check.outcome == "skipped":
            SubElement(case, "skipped", message=_printable(result, check.reason))
        elif check.outcome == "failed":
            _failure(case, result, check.reason, failures.get((check.title, check.where, check.reason)))


def _every_response(root: Element, result: RunResult) -> None:
    """The rules for every response, and what the fuzzer's own checks found."""
    suite = SubElement(root, "testsuite", name="every response")
    checks = {check.title for check in result.report.results}
    failed = {failure.title for failure in result.report.failures.values()} - checks
    for title in [*EVERY_RESPONSE, *sorted(failed - set(EVERY_RESPONSE))]:
        found = [failure for failure in result.report.failures.values() if failure.title == title]
        for failure in found:
            case = SubElement(suite, "testcase", classname=failure.where, name=title)
            _failure(case, result, failure.seen, failure)
        if not found:
            SubElement(suite, "testcase", classname="deployment", name=title)


def _documented_statuses(root: Element, result: RunResult) -> None:
    suite = SubElement(root, "testsuite", name="documented statuses")
    for status in result.coverage:
        case = SubElement(suite, "testcase", classname=status.operation.label, name=str(status.status))
        if status.state == MISSING:
            SubElement(case, "failure", message=status.reason)
        elif status.state != SEEN:
            SubElement(case, "skipped", message=f"{status.state}: {status.reason}")


def _failure(case: Element, result: RunResult, seen: str, failure: Failure | None) -> None:
    element = SubElement(case, "failure", message=_printable(result, seen))
    element.text = _printable(result, failure.curl if failure else "")


def _printable(result: RunResult, text: str) -> str:
    """Without secrets, and without characters that XML cannot hold."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in result.redaction.text(text))
