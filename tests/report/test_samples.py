"""The sample reports are those of the current contract and the current templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.contract import load_contract
from conformance.report import render_html, verify_path
from conformance.suite.property.transitions import TRANSITIONS, absent
from conformance.verdicts import read_result

SAMPLES = Path(__file__).resolve().parents[2] / "reports" / "samples"


@pytest.mark.parametrize("name", ["conformant", "faulty"])
def test_a_sample_is_not_stale(name: str) -> None:
    """A sample belongs to the contract as it stands, and the page is what its result is drawn as today."""
    result = read_result(SAMPLES / name / "result.json")
    assert result.contract.hash == load_contract("3.2.0").hash, "python scripts/samples.py remakes the samples"
    drawn = (SAMPLES / name / "index.html").read_text(encoding="utf-8")
    assert drawn == render_html(result), "python scripts/samples.py remakes the samples"


@pytest.mark.parametrize("name", ["conformant", "faulty"])
def test_a_sample_was_not_altered(name: str) -> None:
    """Every number of a sample follows from the data inside it."""
    assert not verify_path(SAMPLES / name / "index.html").findings


def test_every_documented_status_was_seen_or_has_a_reason() -> None:
    """A run at level standard on the embedded server leaves no gap that nobody can explain."""
    clean = read_result(SAMPLES / "conformant" / "result.json")
    assert (clean.level, clean.partial) == ("standard", ())
    gaps = {
        (each.id, status): why
        for each in clean.operations
        if each.judged
        for status in each.documented
        if not each.statuses.get(status)
        for why in [each.unseen.get(status, "")]
    }
    assert [place for place, why in gaps.items() if not why] == []
    assert {status for _, status in gaps} == {"429"}, "what is rare must stay rare"


def test_every_transition_of_the_model_was_reached() -> None:
    """A run at level standard meets each transition under each routing method that has it."""
    clean = read_result(SAMPLES / "conformant" / "result.json")
    contract = load_contract("3.2.0")
    expected = {each.name for each in TRANSITIONS} - absent(contract)
    reached = {name.partition("|")[2] for name, count in clean.coverage.counters.items() if count}
    assert expected <= reached
    assert len(expected) >= 70


def test_the_samples_show_both_ends() -> None:
    """One sample is conformant, the other is not and says why."""
    clean, faulty = (read_result(SAMPLES / name / "result.json") for name in ("conformant", "faulty"))
    assert clean.exit_code == 0
    assert faulty.exit_code == 1
    assert faulty.counts["fail"] >= 3
