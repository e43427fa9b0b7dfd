"""The files for machines: JUnit, Markdown, SARIF, badges, HAR, and the folder that holds them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from conformance.report import ALL_FORMATS, FORMATS, write_reports
from conformance.report.badge import badge_message, render_badge_json, render_badge_svg
from conformance.report.har import render_har
from conformance.report.junit import render_junit
from conformance.report.sarif import render_sarif
from conformance.report.summary import markdown, render_summary
from conformance.verdicts import Result, Verdict
from tests.report.sample import HOSTILE, sample


@pytest.fixture(scope="module")
def failing() -> Result:
    """A run with failures and hostile content."""
    return sample("failing")


def test_junit_has_a_case_for_each_requirement_with_its_properties(failing: Result) -> None:
    """Numbers on top agree with the cases below."""
    root = ET.fromstring(render_junit(failing))
    cases = root.findall(".//testcase")
    assert len(cases) == len(failing.requirements) == int(root.attrib["tests"])
    assert len(root.findall(".//failure")) == int(root.attrib["failures"]) == 8
    assert len(root.findall(".//error")) == int(root.attrib["errors"])
    assert len(root.findall(".//skipped")) == int(root.attrib["skipped"])
    first = {each.attrib["name"]: each.attrib["value"] for each in cases[0].findall("properties/property")}
    assert first["requirement"] == failing.requirements[0].id
    assert {"level", "source", "confidence", "verdict"} <= set(first)


def test_junit_of_a_passing_run_has_no_failure_and_no_error() -> None:
    """Unsupported and not applicable ones are skipped."""
    root = ET.fromstring(render_junit(sample("passing")))
    assert (root.attrib["failures"], root.attrib["errors"]) == ("0", "0")
    assert int(root.attrib["skipped"]) > 0


def test_the_summary_says_verdict_counts_and_failed_clauses_with_links(failing: Result) -> None:
    """And what weakens the verdict."""
    text = render_summary(failing)
    assert text.startswith("## ❌ Not conformant")
    assert "| 🟥 fail | 7 |" in text
    for each in failing.requirements:
        if each.verdict is Verdict.FAIL:
            assert f"[{each.id}](index.html#{each.id})" in text
    assert "What weakens this verdict" in text


def test_nothing_of_a_target_is_markup_in_a_summary() -> None:
    """A row stays a row."""
    shown = markdown(HOSTILE + "\n| x | [a](javascript:1) `code` **b**")
    assert "\n" not in shown
    for sign in "<>|[]`*":
        assert f"{sign}" not in shown.replace(f"\\{sign}", "")


def test_sarif_results_name_rule_and_line(failing: Result) -> None:
    """What the schemas found stands in openapi.yaml, all else in requirements.yaml."""
    run = json.loads(render_sarif(failing))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    places = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]}
    assert places == {"spec/openapi.yaml", "spec/requirements.yaml"}
    levels = {each["properties"]["verdict"]: each["level"] for each in run["results"]}
    assert (levels["fail"], levels["deviation"]) == ("error", "warning")
    assert next(each for each in run["results"] if each["properties"]["verdict"] == "waived")["suppressions"]


@pytest.mark.skipif("SARIF_SCHEMA" not in os.environ, reason="SARIF_SCHEMA does not name the schema of SARIF 2.1.0")
@pytest.mark.parametrize("kind", ["passing", "failing"])
def test_sarif_is_valid_by_its_schema(kind: str) -> None:
    """The schema of OASIS, where it is at hand."""
    schema = json.loads(Path(os.environ["SARIF_SCHEMA"]).read_text(encoding="utf-8"))
    jsonschema.validators.validator_for(schema)(schema).validate(json.loads(render_sarif(sample(kind))))


def test_badges_say_how_many_requirements_are_met(failing: Result) -> None:
    """As an image and for shields.io."""
    assert badge_message(failing) in render_badge_svg(failing)
    ET.fromstring(render_badge_svg(failing))
    badge = json.loads(render_badge_json(failing))
    assert (badge["schemaVersion"], badge["color"]) == (1, "red")
    assert json.loads(render_badge_json(sample("passing")))["color"] == "brightgreen"


def test_har_holds_every_exchange_of_the_result(failing: Result) -> None:
    """In the order of time."""
    entries = json.loads(render_har(failing))["log"]["entries"]
    assert len(entries) == len(failing.exchanges)
    times = [each["startedDateTime"] for each in entries]
    assert times == sorted(times)


def test_a_report_folder_holds_all_formats_that_were_asked_for(tmp_path: Path, failing: Result) -> None:
    """All but HAR by default; no half files are left."""
    assert "exchanges.har" not in write_reports(failing, tmp_path / "a", FORMATS)
    written = write_reports(failing, tmp_path / "b", ALL_FORMATS)
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == sorted(written)
    with pytest.raises(ValueError, match="no format 'pdf'"):
        write_reports(failing, tmp_path / "c", ["pdf"])


def test_no_file_has_control_characters_or_turns_of_direction(tmp_path: Path, failing: Result) -> None:
    """Terminals and editors show these files, too; JSON may hold them escaped only."""
    for name, path in write_reports(failing, tmp_path, ("html", "junit", "summary", "sarif", "badge")).items():
        text = path.read_text(encoding="utf-8")
        assert not set(text) & set("\x00\x1b\u202e\u202c"), name
