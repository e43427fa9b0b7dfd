"""The proof: finds what is wrong under its name, counts what is found under another one as missed, and says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.prove import Proof, Proved, is_green
from conformance.faults.prove_choice import Choice, choose
from conformance.faults.prove_plan import Sight, UnknownFault, is_by_chance
from conformance.faults.prove_trial import Seen
from conformance.target import Settings
from conformance.verdicts import ProofInfo, read_result
from tests.report.sample import sample

_FAULT = Fault("x.y", ("LC-ROOM-005",), ("openRoom",), Kind.STATE, Depth.SHALLOW, "It is wrong.")


def _prove(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(
        [sys.executable, "-m", "conformance", "prove", "--report", "out", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=240,
        check=False,
    )


def test_faults_are_killed_and_the_report_shows_them(tmp_path: Path) -> None:
    """Two faults of one operation: exit code 0, the kill table in proof.json, in result.json and on the page."""
    faults = ("generic.getVisitor.drop:/visitor/username", "generic.getVisitor.status:200-500")
    done = _prove(tmp_path, "--fault", ",".join(faults), "--level", "quick", "--workers", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Killed: 2 of 2 (100.0%)" in done.stdout
    assert "Traceback" not in done.stderr
    proof = json.loads((tmp_path / "out" / "proof.json").read_text(encoding="utf-8"))
    assert proof["control"]["green"] is True
    assert proof["counts"] == {"faults": 2, "killed": 2}
    for row, name in zip(proof["faults"], faults, strict=True):
        assert row["fault"] == name
        assert row["requirement"] in row["breaks"]
        assert row["requests"] > 0
        assert row["seconds"] > 0
        assert row["reproduction"].startswith("curl ")
        assert "/api/v1/livechat/visitor/" in row["reproduction"]
    kills = read_result(tmp_path / "out" / "result.json").proof
    assert [one.fault for one in kills] == list(faults)
    assert all(one.found for one in kills)
    assert "What the self-test proved" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_an_unknown_fault_is_a_usage_error_with_a_suggestion(tmp_path: Path) -> None:
    """Exit code 2, and what was meant."""
    done = _prove(tmp_path, "--fault", "generic.getVisitor.status:200-50")
    assert done.returncode == 2
    assert "did you mean generic.getVisitor.status:200-500?" in done.stderr.replace("\n", " ")


def test_a_fault_found_under_another_clause_only_is_missed() -> None:
    """And it is named where it was found."""
    proved = Proved(_FAULT, [Seen("x.y", 1, others=("LC-ROOM-002",))])
    assert not proved.killed
    assert proved.why_missed == "found only under LC-ROOM-002, which is not what it breaks"
    assert not proved.kill().found
    assert proved.kill().missed == proved.why_missed


def test_a_fault_found_with_too_few_seeds_is_missed() -> None:
    """Below 99 % the suite finds it by luck."""
    found = Seen("x.y", 1, requirement="LC-ROOM-005", check="rooms_open::test_x")
    lucky = Proved(_FAULT, [found] * 19 + [Seen("x.y", 20)])
    assert not lucky.killed
    assert lucky.kill().rate == pytest.approx(0.95)
    assert lucky.why_missed == "found with only 19 of 20 seeds"
    assert Proved(_FAULT, [found] * 20).killed


def test_a_proof_with_a_survivor_does_not_hold() -> None:
    """Nor does one whose run without faults, or whose server with options of its own, was not green: exit code 1."""
    green = sample("passing")
    assert is_green(green)
    found = Proved(_FAULT, [Seen("x.y", 1, requirement="LC-ROOM-005", check="rooms_open::test_x")])
    survivor = Proved(_FAULT, [Seen("x.y", 1)])
    info = ProofInfo("2026-01-01T00:00:00+00:00", "1", "abc")
    settings = Settings(url="http://127.0.0.1:1")
    assert Proof(green, (), (found,), settings, info).holds
    assert not Proof(green, (), (found, survivor), settings, info).holds
    assert not Proof(green, ("a server without a fault is not green",), (found,), settings, info).holds
    assert not Proof(sample("failing"), (), (found,), settings, info).holds


def test_a_trial_that_could_not_be_made_is_no_kill() -> None:
    """A server that does not even begin proves nothing."""
    proved = Proved(_FAULT, [Seen("x.y", 1, failure="the run could not begin: Not JSON")])
    assert not proved.killed
    assert proved.why_missed.startswith("the run could not begin")


def test_the_tests_that_can_see_a_fault_come_first() -> None:
    """Those that judge what it breaks, the quickest first, then those that call its operation."""
    sight = Sight(
        judged={"LC-ROOM-005": frozenset({"slow", "quick"}), "LC-ROOM-006": frozenset({"other"})},
        called={"openRoom": frozenset({"quick", "caller"}), "closeRoom": frozenset({"other"})},
        seconds={"slow": 2.0, "quick": 0.1, "caller": 0.05},
    )
    assert sight.tests_for(_FAULT) == ("quick", "slow", "caller")


def test_tests_that_were_shown_what_a_fault_alters_come_before_all_others() -> None:
    """And those that draw their requests at random come last."""
    sight = Sight(
        judged={"LC-ROOM-005": frozenset({"fuzz::test_x", "slow", "shown"})},
        seconds={"slow": 2.0, "fuzz::test_x": 0.1, "shown": 9.0},
        shown={"x.y": ("shown",)},
    )
    assert sight.tests_for(_FAULT) == ("shown", "slow", "fuzz::test_x")


def test_what_rests_on_chance_is_proved_with_many_seeds() -> None:
    """Rare inputs and races, and whatever a random test found."""
    race = Fault("x.z", ("LC-ROOM-005",), (), Kind.CONCURRENCY, Depth.RACE, "It is wrong.")
    assert is_by_chance(race, "rooms_open::test_x")
    assert is_by_chance(_FAULT, "fuzz::test_random_requests[openRoom]")
    assert not is_by_chance(_FAULT, "rooms_open::test_x")


def test_a_quick_proof_is_a_subset_of_every_area() -> None:
    """It takes something of each area, and a sample of the generic faults."""
    whole, quick = choose(Choice()), choose(Choice(quick=True, level="quick"))
    assert {one.id for one in quick} < {one.id for one in choose(Choice(generic="all"))}
    assert {one.id.partition(".")[0] for one in quick} == {one.id.partition(".")[0] for one in whole}
    assert len(quick) < len(whole) / 3


def test_areas_and_generic_faults_are_chosen_by_name() -> None:
    """An area alone takes no generic faults; ``generic`` is an area, too."""
    assert {one.id.partition(".")[0] for one in choose(Choice(areas=("rooms",)))} == {"rooms"}
    assert all(one.id.startswith("generic.") for one in choose(Choice(areas=("generic",))))
    assert not any(one.id.startswith("generic.") for one in choose(Choice(generic="none")))
    with pytest.raises(UnknownFault, match="did you mean rooms"):
        choose(Choice(areas=("room",)))


def test_faults_are_chosen_by_depth_and_dealt_out() -> None:
    """The parts of a split proof have every fault once; what is no depth or no part is said."""
    whole = choose(Choice(depths=("rare", "race")))
    assert {one.depth for one in whole} == {Depth.RARE_INPUT, Depth.RACE}
    parts = [choose(Choice(depths=("rare", "race"), shard=f"{number}/3")) for number in (1, 2, 3)]
    assert sorted(one.id for part in parts for one in part) == sorted(one.id for one in whole)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    with pytest.raises(UnknownFault, match="the depths are shallow, room, relation, rare, race"):
        choose(Choice(depths=("deep",)))
    for wrong in ("0/3", "4/3", "1", "a/b"):
        with pytest.raises(UnknownFault, match="is no shard"):
            choose(Choice(shard=wrong))
