"""Findings get the exchanges that show them again on a server that knows nothing of the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.verdicts import trails
from conformance.verdicts.trails import with_trails
from tests.verdicts.kit import Req, broken, contract, exchange, held, outcome, spool

_CONTRACT = contract(Req("LC-ROOM-001"), Req("LC-ROOM-002"))
_ROOM = {"room": {"_id": "RoomRoomRoomRoo23"}}


def _spool(folder: Path) -> Path:
    """A room is opened, and looked at twice."""
    return spool(
        folder,
        exchange("gw0-1", body=_ROOM, started=1.0),
        exchange("gw0-2", body=_ROOM, started=2.0),
        exchange("gw0-3", body=_ROOM, started=3.0),
    )


def test_a_finding_gets_what_its_test_wrote_before_it(tmp_path: Path) -> None:
    """The deciding exchange stays the last one."""
    one = outcome("a", broken("LC-ROOM-001", exchanges=("gw0-2",)), exchanges=("gw0-1", "gw0-2", "gw0-3"))
    (made,) = with_trails([one], _CONTRACT, [_spool(tmp_path)])
    assert made.judgements[0].steps == ("gw0-1", "gw0-2")


def test_only_the_first_finding_of_a_clause_gets_a_trail(tmp_path: Path) -> None:
    """The others are not shown with their requests; what held needs none."""
    findings = [broken(clause, exchanges=("gw0-1",)) for clause in ("LC-ROOM-001", "LC-ROOM-001", "LC-ROOM-002")]
    one = outcome("a", held("LC-ROOM-001", exchanges=("gw0-1",)), *findings)
    (made,) = with_trails([one], _CONTRACT, [_spool(tmp_path)])
    assert [bool(each.steps) for each in made.judgements] == [False, True, False, True]


def test_without_findings_no_file_is_read(tmp_path: Path) -> None:
    """A run without findings does not pay for trails: a file that is not there is not missed."""
    one = outcome("a", held("LC-ROOM-001"))
    assert with_trails([one], _CONTRACT, [tmp_path / "missing.jsonl"]) == [one]


def test_a_run_too_long_to_be_held_in_memory_keeps_its_findings_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The findings stand; only their trails are missing."""
    monkeypatch.setattr(trails, "_TOO_MUCH", 10)
    one = outcome("a", broken("LC-ROOM-001", exchanges=("gw0-2",)), exchanges=("gw0-1", "gw0-2"))
    assert with_trails([one], _CONTRACT, [_spool(tmp_path)]) == [one]
