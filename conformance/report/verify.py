"""Verifies a report: computes every number again from the data inside, and says whether it was altered.

Three questions: does the digest fit the content; do verdicts, counts, sentence and exit code follow from the evidence;
does the page show what the data says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Final

from conformance.report.build import build_view
from conformance.report.html import render_html, unpack, without_payload
from conformance.report.text import visible
from conformance.verdicts import waivers as waiver_rules
from conformance.verdicts.document import digest_holds, read_result
from conformance.verdicts.latency import from_buckets
from conformance.verdicts.overall import settle
from conformance.verdicts.result import Result

_NUMBER: Final = re.compile(r'data-number="([^"]+)">([^<]*)<')


@dataclass(frozen=True, slots=True)
class Finding:
    """One point on which a report disagrees with its own data: where, what it says, and what follows from the data."""

    where: str
    shown: str
    computed: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a verification.

    Attributes:
        name: The file.
        intact: Whether nothing was altered.
        checked: How many values were computed again.
        findings: What disagrees.
        sentence: The verdict that the data gives.
    """

    name: str
    intact: bool
    checked: int
    findings: tuple[Finding, ...]
    sentence: str


def verify_path(path: Path) -> Report:
    """Verify ``result.json``, an ``index.html``, or a folder with both.

    Raises:
        InvalidResult: What is there is no report.
    """
    if path.is_dir():
        page, document = path / "index.html", path / "result.json"
        if document.exists() or not page.exists():
            report = verify_result(read_result(document, trusting=True), str(document))
            return _joined(path, report, document, page) if page.exists() else report
        path = page
    if path.suffix in (".html", ".htm"):
        return verify_page(path)
    return verify_result(read_result(path, trusting=True), str(path))


def verify_page(path: Path) -> Report:
    """Verify a page: its data, and whether it shows what the data says."""
    try:
        page = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        page = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        read_result(path)
        raise
    result = unpack(page, str(path))
    report = verify_result(result, str(path))
    findings = [*report.findings, *_page_findings(page, result)]
    return Report(
        str(path), not findings, report.checked + len(_NUMBER.findall(page)) + 1, tuple(findings), report.sentence
    )


def verify_result(result: Result, name: str = "the result") -> Report:
    """Verify a result: decide everything again from the evidence and compare."""
    again = settle(result, waiver_rules.again(result.waivers))
    findings = tuple(_data_findings(result, again))
    checked = 5 + len(result.counts) + 2 * len(result.requirements) + 3 * len(result.operations) + len(result.waivers)
    return Report(name, not findings, checked, findings, again.sentence)


def _joined(folder: Path, report: Report, document: Path, page: Path) -> Report:
    drawn = verify_page(page)
    findings = [*report.findings, *drawn.findings]
    inside = unpack(page.read_text(encoding="utf-8", errors="replace"), str(page))
    if inside.digest != read_result(document, trusting=True).digest:
        findings.append(Finding("index.html and result.json", inside.digest[:12], "they come from different runs"))
    return Report(str(folder), not findings, report.checked + drawn.checked, tuple(findings), report.sentence)


def _data_findings(result: Result, again: Result) -> Iterator[Finding]:
    if not digest_holds(result):
        yield Finding("digest", result.digest[:12], "does not fit the content")
    for name in ("verdict", "exit_code", "sentence"):
        if getattr(result, name) != getattr(again, name):
            yield Finding(name, str(getattr(result, name)), str(getattr(again, name)))
    for word, count in again.counts.items():
        if result.counts.get(word) != count:
            yield Finding(f"counts of {word}", str(result.counts.get(word)), str(count))
    for mine, its in zip(result.requirements, again.requirements, strict=True):
        if mine.verdict != its.verdict:
            yield Finding(mine.id, mine.verdict, its.verdict)
        elif mine.reason != its.reason:
            yield Finding(f"reason of {mine.id}", mine.reason, its.reason)
    for own, other in zip(result.operations, again.operations, strict=True):
        if own.verdict != other.verdict:
            yield Finding(own.id, own.verdict, other.verdict)
        if own.requests != sum(own.statuses.values()):
            yield Finding(f"requests of {own.id}", str(own.requests), str(sum(own.statuses.values())))
        if own.latency != from_buckets({int(n): c for n, c in own.latency.buckets.items()}, own.latency.max):
            yield Finding(f"latency of {own.id}", "percentiles", "do not fit the histogram")
    if result.requests < sum(each.requests for each in result.operations):
        yield Finding("requests", str(result.requests), str(sum(each.requests for each in result.operations)))
    if result.not_run != again.not_run:
        yield Finding("not_run", ", ".join(result.not_run), ", ".join(again.not_run))
    for entry, settled in zip(result.waivers, again.waivers, strict=True):
        if entry.state != settled.state:
            yield Finding(f"waiver of {entry.requirement}", entry.state, settled.state)


def _page_findings(page: str, result: Result) -> Iterator[Finding]:
    expected = _numbers(result)
    shown = {name: unescape(text) for name, text in _NUMBER.findall(page)}
    for name in sorted(expected.keys() | shown.keys()):
        if shown.get(name) != expected.get(name):
            yield Finding(f"{name} on the page", shown.get(name, "missing"), expected.get(name, "nothing"))
    if without_payload(page) != without_payload(render_html(result)):
        yield Finding("the page", "its text or markup", "is not what this version of the suite draws from the data")


def _numbers(result: Result) -> dict[str, str]:
    view = build_view(result)
    numbers = {"sentence": visible(view.sentence)}
    numbers |= {figure.key: f"{figure.value:,}" for figure in view.figures}
    numbers |= {f"counts.{mark.word}": f"{count:,}" for mark, count in view.counts if count}
    for row in view.coverage:
        numbers[f"operations.{row.operation}.requests"] = f"{row.requests:,}"
        if row.accepted:
            numbers[f"operations.{row.operation}.accepted"] = f"{row.accepted:,}"
    return numbers
