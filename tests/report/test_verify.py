"""Verifying finds what was altered, in the data and on the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.report import verify_path, verify_result, write_reports
from conformance.report.html import pack, render_html
from conformance.verdicts import InvalidResult, Result, Verdict, digest_of
from conformance.verdicts.overall import counts_of
from tests.report.sample import sample


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A report."""
    write_reports(sample("failing"), tmp_path, ("json", "html"))
    return tmp_path


@pytest.mark.parametrize("name", ["", "index.html", "result.json"])
def test_an_untouched_report_is_intact(folder: Path, name: str) -> None:
    """As a folder, as a page, as a document."""
    report = verify_path(folder / name)
    assert report.findings == ()
    assert report.intact
    assert report.checked > 1000


@pytest.mark.parametrize(
    "alter",
    [
        lambda page: page.replace('data-number="must.broken">7<', 'data-number="must.broken">0<'),
        lambda page: page.replace('data-number="counts.fail">7<', 'data-number="counts.fail">1<'),
        lambda page: page.replace(">Not conformant to", ">Conformant to", 1),
        lambda page: page.replace("The stored room is not the one", "The stored room is the one", 1),
        lambda page: page.replace('class="m m-bad"', 'class="m m-good"', 1),
        lambda page: page.replace("</body>", "<p>All fine.</p></body>"),
    ],
)
def test_a_page_that_was_altered_anywhere_is_noticed(folder: Path, alter: Callable[[str], str]) -> None:
    """Numbers, sentences, colours, additions."""
    path = folder / "index.html"
    before = path.read_text(encoding="utf-8")
    assert alter(before) != before
    path.write_text(alter(before), encoding="utf-8")
    assert not verify_path(path).intact
    assert not verify_path(folder).intact


def test_a_document_whose_number_was_altered_does_not_fit_its_digest(folder: Path) -> None:
    """The plain case."""
    path = folder / "result.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"requests": 5_000}))
    assert [each.where for each in verify_path(path).findings] == ["digest"]


def _hide(result: Result) -> Result:
    """Turn failures into passes, with new counts."""
    requirements = tuple(
        replace(each, verdict=Verdict.PASS) if each.verdict is Verdict.FAIL else each for each in result.requirements
    )
    return replace(result, requirements=requirements, counts=counts_of(requirements))


@pytest.mark.parametrize(
    ("forge", "where"),
    [
        (_hide, "LC-"),
        (lambda result: replace(result, exit_code=0), "exit_code"),
        (lambda result: replace(result, sentence="All is well."), "sentence"),
        (lambda result: replace(result, counts=result.counts | {"fail": 0}), "counts of fail"),
        (lambda result: replace(result, endings=()), ""),
        (
            lambda result: replace(
                result, operations=(replace(result.operations[0], requests=1), *result.operations[1:])
            ),
            "requests of",
        ),
    ],
)
def test_a_forger_who_makes_a_new_digest_is_found_out_by_the_evidence(
    forge: Callable[[Result], Result], where: str
) -> None:
    """Verdicts must follow from the evidence. What does not follow from anything cannot be noticed this way."""
    forged = digest_of(forge(sample("failing")))
    report = verify_result(forged)
    if where:
        assert any(each.where.startswith(where) for each in report.findings)


def test_a_page_drawn_from_forged_data_is_found_out(folder: Path) -> None:
    """Page and data agree with each other and not with the evidence."""
    forged = digest_of(_hide(sample("failing")))
    (folder / "index.html").write_text(render_html(forged), encoding="utf-8")
    assert not verify_path(folder / "index.html").intact


def test_a_page_and_a_document_of_different_runs_do_not_belong_together(folder: Path) -> None:
    """Each is intact alone."""
    (folder / "index.html").write_text(render_html(sample("passing")), encoding="utf-8")
    assert verify_path(folder / "index.html").intact
    report = verify_path(folder)
    assert [each.computed for each in report.findings] == ["they come from different runs"]


@pytest.mark.parametrize("content", ["", "<html>", pack(sample("passing"))])
def test_what_is_no_report_is_refused(tmp_path: Path, content: str) -> None:
    """With an exception that the command turns into a sentence."""
    (tmp_path / "index.html").write_text(content)
    with pytest.raises(InvalidResult):
        verify_path(tmp_path / "index.html")
    with pytest.raises(InvalidResult):
        verify_path(tmp_path / "none")
