"""Waivers accept known failures, and turn a run red when they have no ground any more."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from conformance.verdicts import Finding, Judgement, Result, Verdict, Waiver, WaiverError, load_waivers
from conformance.verdicts.waivers import in_range
from tests.verdicts.kit import Req, broken, contract, exchange, held, judge, outcome

A, B = Req("LC-ROOM-001", operations=("openRoom", "closeRoom")), Req("LC-ROOM-002")
WHY = "Known since 3.2."


def run(tmp_path: Path, judgement: Judgement, *waivers: Waiver) -> Result:
    """Judge one clause with waivers; another one holds."""
    sent = [exchange("gw0-1"), exchange("gw0-2", "closeRoom", persona="agent")]
    return judge(tmp_path, contract(A, B), outcome("a", judgement, held(B.id)), waivers=waivers, exchanges=sent)


def test_a_waived_failure_does_not_turn_a_run_red(tmp_path: Path) -> None:
    """It is counted, and the requirement says why."""
    result = run(tmp_path, broken(A.id), Waiver(A.id, WHY))
    assert result.exit_code == 0
    assert result.requirements[0].verdict is Verdict.WAIVED
    assert WHY in result.requirements[0].reason
    assert result.waivers[0].state == "active"
    assert result.counts["waived"] == 1


@pytest.mark.parametrize(
    ("waiver", "sentence"),
    [
        (Waiver(A.id, ""), "It gives no reason."),
        (Waiver(A.id, WHY, expires=date(2026, 11, 21)), "It expired on 2026-11-21."),
        (Waiver("LC-ROOM-999", WHY), "The contract has no requirement LC-ROOM-999."),
        (Waiver(A.id, WHY, operation="sendMessage"), "It matches nothing: LC-ROOM-001 does not speak of sendMessage."),
    ],
)
def test_a_waiver_without_ground_turns_a_run_red(tmp_path: Path, waiver: Waiver, sentence: str) -> None:
    """No reason, expired, or matching nothing: the failure stays a failure."""
    result = run(tmp_path, broken(A.id), waiver)
    assert result.requirements[0].verdict is Verdict.FAIL
    assert (result.waivers[0].state, result.waivers[0].sentence) == ("stale", sentence)
    assert result.exit_code == 1


def test_a_waiver_for_what_passes_is_stale(tmp_path: Path) -> None:
    """Nothing else is wrong, and the run is red."""
    result = run(tmp_path, held(A.id), Waiver(A.id, WHY))
    assert result.requirements[0].verdict is Verdict.STALE_WAIVER
    assert result.exit_code == 1
    assert "stale waiver" in result.sentence


def test_a_waiver_holds_on_its_last_day(tmp_path: Path) -> None:
    """The day on which the run started counts."""
    assert run(tmp_path, broken(A.id), Waiver(A.id, WHY, expires=date(2026, 11, 22))).exit_code == 0


def test_a_waiver_of_another_version_is_out_of_range_and_not_stale(tmp_path: Path) -> None:
    """One file serves servers of several versions."""
    result = run(tmp_path, broken(A.id), Waiver(A.id, WHY, versions=">=3.4, <3.6"))
    assert result.waivers[0].state == "out of range"
    assert result.requirements[0].verdict is Verdict.FAIL


def test_a_waiver_covers_only_its_operation_and_persona(tmp_path: Path) -> None:
    """What else is broken keeps the requirement failed, and the waiver says so."""
    both = outcome(
        "a",
        broken(A.id, operation="openRoom", exchanges=("gw0-1",)),
        broken(A.id, sentence="Closing failed.", operation="closeRoom", exchanges=("gw0-2",)),
    )
    sent = [exchange("gw0-1"), exchange("gw0-2", "closeRoom", persona="agent")]
    part = judge(tmp_path, contract(A), both, waivers=[Waiver(A.id, WHY, operation="openRoom")], exchanges=sent)
    assert part.requirements[0].verdict is Verdict.FAIL
    assert "Closing failed." in part.waivers[0].sentence
    whole = [Waiver(A.id, WHY, operation="openRoom"), Waiver(A.id, WHY, persona="agent")]
    assert judge(tmp_path, contract(A), both, waivers=whole, exchanges=sent).exit_code == 0


def test_a_waiver_for_what_was_not_judged_is_unused(tmp_path: Path) -> None:
    """Neither good nor stale: nobody can say."""
    blocked = Judgement(A.id, "c", Finding.BLOCKED, "No room.")
    assert run(tmp_path, blocked, Waiver(A.id, WHY)).waivers[0].state == "unused"


def test_a_waiver_file_is_read_with_all_its_keys(tmp_path: Path) -> None:
    """Days may be TOML dates or texts."""
    path = tmp_path / "waivers.toml"
    path.write_text(
        '[[waiver]]\nrequirement = "LC-ROOM-001"\nreason = "x"\nlink = "https://example.test/1"\nexpires = 2026-12-31\n'
        'operation = "openRoom"\npersona = "agent"\nversions = ">=3.1"\n'
        '[[waiver]]\nrequirement = "LC-ROOM-002"\nexpires = "2027-01-01"\n'
    )
    first, second = load_waivers(path)
    assert first == Waiver(
        "LC-ROOM-001", "x", "https://example.test/1", date(2026, 12, 31), "openRoom", "agent", ">=3.1"
    )
    assert (second.expires, second.reason) == (date(2027, 1, 1), "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[[waiver]\n", "not valid TOML"),
        ("[[waivers]]\n", "unknown key 'waivers'"),
        ("[waiver]\n", "two brackets"),
        ('[[waiver]]\nreason = "x"\n', "requirement is missing"),
        ('[[waiver]]\nrequirement = "A"\nexpire = "2026-01-01"\n', "unknown key 'expire'"),
        ('[[waiver]]\nrequirement = "A"\nexpires = "soon"\n', "must be a day such as"),
        ('[[waiver]]\nrequirement = "A"\nexpires = 2026-01-01T00:00:00Z\n', "must be a day such as"),
        ('[[waiver]]\nrequirement = "A"\nreason = 3\n', "reason must be a text"),
        ('[[waiver]]\nrequirement = "A"\nversions = "new"\n', "not a range of versions"),
    ],
)
def test_a_waiver_file_that_is_wrong_is_refused_with_a_sentence(tmp_path: Path, content: str, said: str) -> None:
    """The sentence has the file and what is wrong with it."""
    path = tmp_path / "waivers.toml"
    path.write_text(content)
    with pytest.raises(WaiverError, match=said) as caught:
        load_waivers(path)
    assert str(path) in str(caught.value)


def test_a_waiver_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    """With the name of the file."""
    with pytest.raises(WaiverError, match="cannot be read"):
        load_waivers(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("version", "versions", "inside"),
    [
        ("3.2.0", ">=3.1, <3.5", True),
        ("3.5.0", ">=3.1, <3.5", False),
        ("3.10.0", ">3.9", True),
        ("3.1", "==3.1.0", True),
        ("3.2.0-rc.1", "<=3.2", True),
        (None, ">=1", False),
    ],
)
def test_versions_are_compared_by_number(version: str | None, versions: str, inside: bool) -> None:
    """3.10 comes after 3.9."""
    assert in_range(version, versions) is inside
