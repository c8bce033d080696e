"""The report as JUnit XML, which CI servers show: a case for each claim at each place, and for each answer."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from .answers import EVERY_ANSWER
from .reach import MISSING, REACHED
from .run import Result


def write(result: Result, file: Path) -> None:
    """Write `file`. Raises OSError."""
    root = Element("testsuites", name="endsession contract")
    _claims(root, result)
    _every_answer(root, result)
    _pairs(root, result)
    for suite in root:
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    indent(root)
    ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _claims(root: Element, result: Result) -> None:
    suite = SubElement(root, "testsuite", name="claims")
    for verdict in result.book.verdicts:
        case = SubElement(suite, "testcase", classname=verdict.where or "deployment", name=verdict.claim)
        if verdict.outcome == "not tried":
            SubElement(case, "skipped", message=_plain(result, verdict.why))
        elif verdict.outcome == "broken":
            _failure(case, result, verdict.why, result.book.failures.get((verdict.claim, verdict.where, verdict.why)))


def _every_answer(root: Element, result: Result) -> None:
    suite = SubElement(root, "testsuite", name="every answer")
    tried = {verdict.claim for verdict in result.book.verdicts}
    broken = {failure.claim for failure in result.book.failures.values()} - tried
    for claim in [*EVERY_ANSWER, *sorted(broken - set(EVERY_ANSWER))]:
        found = [one for one in result.book.failures.values() if one.claim == claim]
        for one in found:
            _failure(SubElement(suite, "testcase", classname=one.where, name=claim), result, one.seen, one)
        if not found:
            SubElement(suite, "testcase", classname="deployment", name=claim)


def _pairs(root: Element, result: Result) -> None:
    suite = SubElement(root, "testsuite", name="documented answers")
    for pair in result.pairs:
        case = SubElement(suite, "testcase", classname=pair.operation.label, name=str(pair.status))
        if pair.meaning == MISSING:
            SubElement(case, "failure", message=pair.why)
        elif pair.meaning != REACHED:
            SubElement(case, "skipped", message=f"{pair.meaning}: {pair.why}")


def _failure(case: Element, result: Result, seen: str, failure: object) -> None:
    element = SubElement(case, "failure", message=_plain(result, seen))
    element.text = _plain(result, getattr(failure, "curl", ""))


def _plain(result: Result, text: str) -> str:
    """Without secrets, and without characters that XML does not have."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in result.redaction.text(text))
