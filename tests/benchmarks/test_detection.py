"""The comparison: which faults are chosen, what counts as found, and what the table says. Nothing is timed here."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from benchmarks import detection
from benchmarks.detection import Document
from benchmarks.servers import furnish, ground
from benchmarks.tools import SpecmaticOutput, Suite, failures_of, suite_report, write_specs
from benchmarks.trials import CLASSES, Failure, Known, Trial, choose, row
from conformance.faults.catalogue import catalogue
from conformance.faults.generic import to_prove
from conformance.faults.model import Depth

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = ("all", "detection", "reference_load", "throughput")


def _trial(tool: str, fault: str, found: bool, **more: Any) -> Trial:
    given: dict[str, Any] = {
        "depth": Depth.SHALLOW.value if fault else "",
        "failures": 2,
        "new": (),
        "requests": 100,
        "seconds": 2.0,
        "cpu": 1.0,
        "steps": 2 if found else 0,
    }
    return Trial(tool=tool, fault=fault, seed=1, found=found, stopped=found, **{**given, **more})


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_benchmark_says_how_it_is_used(name: str, tmp_path: Path) -> None:
    """``--help`` of each works from any folder."""
    asked = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / f"{name}.py"), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    assert "usage:" in asked.stdout


def test_a_third_of_the_faults_is_of_each_depth() -> None:
    """The depths take turns, so that every beginning of the choice is balanced."""
    faults = choose(catalogue().values(), to_prove().values(), 42, 1)
    assert Counter(one.depth for one in faults) == dict.fromkeys(CLASSES, 14)
    assert [one.depth for one in faults[:3]] == list(CLASSES)
    assert len({one.id for one in faults}) == 42
    assert not any(one.options for one in faults)


def test_the_seed_chooses_and_nothing_else() -> None:
    """The same seed gives the same faults whatever the order of the catalogue, another seed gives others."""
    faults = [one.id for one in choose(catalogue().values(), to_prove().values(), 42, 1)]
    turned = reversed(list(catalogue().values()))
    assert [one.id for one in choose(turned, to_prove().values(), 42, 1)] == faults
    assert [one.id for one in choose(catalogue().values(), to_prove().values(), 42, 2)] != faults


def test_the_faults_are_spread_over_areas_and_operations() -> None:
    """No area gives a second fault of a depth before every other area has given one."""
    faults = choose(catalogue().values(), to_prove().values(), 42, 1)
    deep = [one.id.partition(".")[0] for one in faults if one.depth is Depth.LIVE_ROOM]
    assert len(set(deep)) >= 12
    shapes = [one for one in faults if one.id.startswith("generic.")]
    assert len(shapes) == 7
    assert len({one.operations for one in shapes}) == 7


def test_more_faults_than_there_are_cannot_be_chosen() -> None:
    """The error says how many there are."""
    with pytest.raises(ValueError, match="there are only"):
        choose(catalogue().values(), to_prove().values(), 3000, 1)


def test_what_a_tool_says_of_the_correct_server_finds_no_fault() -> None:
    """Only a failure that no control run reported is new."""
    alarm, fresh = Failure("GET /a", "status"), Failure("GET /a", "shape")
    assert Known({alarm}).new([alarm, fresh, fresh]) == (fresh,)
    trials = [_trial("st", "", False, new=(alarm,)), _trial("st", "", False, new=(fresh,)), _trial("st", "x", True)]
    assert detection.known_by(trials)["st"].failures == {alarm, fresh}


def test_control_runs_teach_what_is_known() -> None:
    """A control run reports as new whatever it reports: it knows of nothing yet."""
    with ground() as place:
        tool = _Echo()
        trial = detection.attempt(detection.Task(tool, "", 1, None, 5.0))
    assert place.counter.count == 0
    assert trial.new == (Failure("GET /x", "y"),)
    assert not trial.found
    assert trial.requests == 1


class _Echo(Suite):
    """A tool that sends one request and reports one failure."""

    def judge(self, order: Any) -> Any:
        """Do so."""
        from benchmarks.processes import Ended
        from benchmarks.trials import Report

        httpx.get(order.place.url + "/api/info")
        return Report({Failure("GET /x", "y"): 1}), Ended(0.1, 0.1, 0, stopped=False, late=False)


def test_a_row_sums_up_one_tool() -> None:
    """Found, false alarms and the medians over the faults found; other tools' trials are not counted."""
    there, elsewhere = Failure("GET /a", "shape"), Failure("GET /b", "shape")
    trials = [
        _trial("st", "", False, requests=1000, seconds=20.0, failures=7),
        _trial("st", "one", True, new=(there,), requests=10, steps=1),
        _trial("st", "two", True, new=(elsewhere,), requests=30, steps=3),
        _trial("st", "three", False, depth=Depth.RELATION.value),
        _trial("specmatic", "three", True),
    ]
    shown = row("st", trials, {"one": frozenset({"GET /a"}), "two": frozenset({"GET /a"})})
    assert shown.total == (2, 3)
    assert shown.found[Depth.SHALLOW.value] == (2, 2)
    assert shown.found[Depth.RELATION.value] == (0, 1)
    assert shown.strictly == 1
    assert (shown.false_alarms, shown.requests, shown.seconds) == (7, 1000, 20.0)
    assert (shown.found_requests, shown.steps, shown.worst_steps) == (20, 2, 3)
    with pytest.raises(ValueError, match="never run against the correct server"):
        row("specmatic", trials, {})


def _document(trials: list[Trial]) -> Document:
    faults = tuple(dict.fromkeys(one.fault for one in trials if one.fault))
    return Document(1, "quick", 60.0, faults, {"this suite (quick)": "livechat-conformance run"}, {}, tuple(trials))


def test_the_bar_is_every_fault_no_false_alarm_and_short_reproductions() -> None:
    """What falls short is said in a sentence."""
    fault = next(iter(catalogue()))
    good = [
        _trial("this suite (quick)", "", False, failures=0),
        _trial("this suite (quick)", fault, True, depth=catalogue()[fault].depth.value),
    ]
    assert detection.verdict(_document(good)) == []
    bad = [
        _trial("this suite (quick)", "", False, failures=1),
        _trial("this suite (quick)", fault, False),
    ]
    assert detection.verdict(_document(bad)) == [
        "this suite (quick) found 0 of 1 faults",
        "this suite (quick) reported 1 false alarms",
    ]


def test_the_table_names_absent_tools_and_missed_faults() -> None:
    """A tool that could not be run is said to be so, with the reason."""
    fault = next(iter(catalogue()))
    trials = [_trial("this suite (quick)", "", False, failures=0), _trial("this suite (quick)", fault, False)]
    document = _document(trials)
    document.absent["specmatic"] = "there is no java here"
    console = Console(record=True, width=200, file=io.StringIO())
    detection.show(document, console)
    text = console.export_text()
    assert "specmatic was not run: there is no java here." in text
    assert f"Missed by the suite: {fault}" in text
    assert json.loads(json.dumps(detection.figures(document)))["table"][0]["found"] == "0 of 1"


def test_the_report_of_the_suite_is_read_from_its_result_document() -> None:
    """Red clauses are failures; the reproduction of a fault is that of the clause that it breaks."""

    def clause(name: str, verdict: str, steps: list[str]) -> Mapping[str, Any]:
        evidence = [{"finding": "broken", "steps": steps, "exchanges": ["e1"]}]
        return {"id": name, "verdict": verdict, "operations": ["openRoom"], "evidence": evidence}

    result = {
        "requirements": [clause("LC-A-1", "fail", ["e1", "e2"]), clause("LC-A-2", "pass", []), clause("B", "fail", [])]
    }
    report = suite_report(result, {"LC-A-1", "LC-A-2"})
    assert report.named
    assert report.steps == 2
    assert set(report.failures) == {Failure("openRoom", "LC-A-1"), Failure("openRoom", "B")}
    assert not suite_report(result, {"LC-A-2"}).named


def test_failures_of_schemathesis_are_read_from_its_events() -> None:
    """A failure is its operation with check and code; a chain is as long as the cases that lead to it."""
    failure = {"failure_info": {"failure": {"operation": "GET /a", "code": "ST101"}}, "status": "failure", "name": "c"}
    recorder = {
        "cases": {"1": {"value": {}}, "2": {"value": {}, "parent_id": "1"}},
        "checks": {"1": [{"name": "c", "status": "success"}], "2": [failure]},
    }
    assert list(failures_of({"ScenarioFinished": {"recorder": recorder}})) == [(Failure("GET /a", "c ST101"), 2)]
    assert list(failures_of({"PhaseStarted": {}})) == []


def test_failures_of_specmatic_are_read_from_its_output() -> None:
    """A failure is its operation with the expected status, the place without indexes, and the rule."""
    output = SpecmaticOutput()
    lines = [
        "Testing scenario ...",
        "API: PUT /api/v1/livechat/message/(_id:string) -> 200",
        "",
        "  >> RESPONSE.BODY.visitor.phone[0].phoneNumber",
        "  ",
        "      R1001: Type mismatch",
        "      R1001: once more",
        "      >> RESPONSE.BODY.in-the-summary",
        "          R1001: Type mismatch",
        "-ve  Scenario: GET /other",
        "  >> RESPONSE.STATUS",
        "      R0002: HTTP status mismatch",
    ]
    found = [one for one in map(output.take, lines) if one]
    assert found == [
        Failure("PUT /api/v1/livechat/message/{_id}", "200 RESPONSE.BODY.visitor.phone[*].phoneNumber R1001")
    ]


def test_the_server_of_a_benchmark_counts_and_is_furnished() -> None:
    """Every request is counted, preparation is not, and the live pair belongs together."""
    with ground() as place:
        assert place.counter.count == 0
        pair = furnish(place)
        assert place.counter.count == 0
        answer = httpx.get(f"{place.url}/api/v1/livechat/messages.history/{pair.rid}", params={"token": pair.token})
        assert answer.status_code == 200
        assert place.counter.count == 1


def test_specmatic_gets_a_document_without_links(tmp_path: Path) -> None:
    """The others get the whole contract in OpenAPI 3.1."""
    newer, older = write_specs(tmp_path)
    assert "links:" in newer.read_text()
    assert "links:" not in older.read_text()
