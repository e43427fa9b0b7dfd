"""Writes ``junit.xml``: a test case for each requirement, with its ids, level and source as properties."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from conformance.report.requirements import title_of
from conformance.report.text import short_json, visible
from conformance.verdicts.judge import SOFT_CONFIDENCES
from conformance.verdicts.outcome import Finding
from conformance.verdicts.result import RequirementResult, Result
from conformance.verdicts.words import Verdict

_FAILURES: Final = frozenset({Verdict.FAIL, Verdict.STALE_WAIVER, Verdict.FLAKY})
_ERRORS: Final = frozenset({Verdict.ERROR, Verdict.BLOCKED, Verdict.NOT_RUN})
_PASSES: Final = frozenset({Verdict.PASS, Verdict.DEVIATION})
_NOT_XML: Final = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def render_junit(result: Result) -> str:
    """Give the result as JUnit XML.

    A broken requirement is a failure; what could not be judged is an error where that makes the run incomplete; what is
    waived, unsupported or not applicable is skipped. A deviation passes with a note, as it does not make the run red.
    """
    root = ET.Element("testsuites", name="livechat-conformance", time=f"{result.duration_s:.3f}")
    totals = [0, 0, 0, 0]
    for area in dict.fromkeys(each.area for each in result.requirements):
        cases = [each for each in result.requirements if each.area == area]
        suite = ET.SubElement(root, "testsuite", name=title_of(area), timestamp=result.started)
        kinds = [_add(suite, each, result) for each in cases]
        counts = [len(cases), kinds.count("failure"), kinds.count("error"), kinds.count("skipped")]
        for name, count in zip(("tests", "failures", "errors", "skipped"), counts, strict=True):
            suite.set(name, str(count))
        totals = [one + other for one, other in zip(totals, counts, strict=True)]
    for name, count in zip(("tests", "failures", "errors", "skipped"), totals, strict=True):
        root.set(name, str(count))
    properties = ET.Element("properties")
    for name, value in (
        ("verdict", result.verdict.value),
        ("sentence", result.sentence),
        ("target", result.target.url),
        ("contract", f"{result.contract.version} {result.contract.hash}"),
        ("seed", str(result.seed)),
    ):
        ET.SubElement(properties, "property", name=name, value=_clean(value))
    if len(root):
        root[0].insert(0, properties)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add(suite: ET.Element, each: RequirementResult, result: Result) -> str:
    seconds = sum(item.duration_s for item in result.items if item.item in each.items)
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"livechat.{each.area}",
        name=_clean(f"{each.id} {each.clause}"),
        time=f"{seconds:.3f}",
    )
    properties = ET.SubElement(case, "properties")
    for name, value in (
        ("requirement", each.id),
        ("level", each.level),
        ("confidence", each.confidence),
        ("source", each.source),
        ("kind", each.kind),
        ("operations", " ".join(each.operations)),
        ("verdict", each.verdict.value),
    ):
        ET.SubElement(properties, "property", name=name, value=_clean(value))
    kind = _kind(each)
    message = _clean(f"{each.verdict.value}: {each.reason}".rstrip(": "))
    if kind == "skipped":
        ET.SubElement(case, "skipped", message=message)
    elif kind:
        ET.SubElement(case, kind, message=message, type=each.verdict.value).text = _clean(_details(each))
    elif each.verdict is Verdict.DEVIATION:
        ET.SubElement(case, "system-out").text = message
    return kind


def _kind(each: RequirementResult) -> str:
    soft = each.confidence in SOFT_CONFIDENCES
    if each.verdict in _FAILURES and not (soft and each.verdict is Verdict.FLAKY):
        return "failure"
    if each.verdict in _ERRORS or (each.verdict is Verdict.NOT_REACHED and each.level == "MUST"):
        return "skipped" if soft else "error"
    return "" if each.verdict in _PASSES else "skipped"


def _details(each: RequirementResult) -> str:
    lines = [each.clause, f"Source: {each.source} ({each.confidence})"]
    for piece in each.evidence:
        if piece.finding is Finding.HELD:
            continue
        lines += ["", f"{piece.sentence or piece.finding.value} [{piece.check}]"]
        if piece.expected is not None or piece.observed is not None:
            lines += [f"  expected: {short_json(piece.expected)}", f"  observed: {short_json(piece.observed)}"]
        if piece.pointer:
            lines.append(f"  at: {piece.pointer}")
    return "\n".join(lines)


def _clean(text: str) -> str:
    """Make a text visible and free of what XML 1.0 cannot hold."""
    return _NOT_XML.sub("�", visible(text))
