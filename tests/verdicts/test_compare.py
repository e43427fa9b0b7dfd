"""Comparing runs by requirement and check."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.verdicts import Judgement, Result
from conformance.verdicts.compare import Change, compare, shape_of
from tests.verdicts.kit import Req, broken, contract, exchange, held, judge, outcome

CLAUSE = Req("LC-ROOM-001")


def run(tmp_path: Path, *judgements: Judgement, body: object = None, status: int = 200) -> Result:
    """Judge one clause."""
    sent = [exchange("gw0-0", body=body, status=status)]
    return judge(tmp_path, contract(CLAUSE), outcome("a", *judgements, requirements=[CLAUSE.id]), exchanges=sent)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ([held(CLAUSE.id)], [held(CLAUSE.id)], Change.SAME),
        ([held(CLAUSE.id)], [broken(CLAUSE.id)], Change.REGRESSED),
        ([broken(CLAUSE.id)], [held(CLAUSE.id)], Change.FIXED),
        ([broken(CLAUSE.id)], [broken(CLAUSE.id, sentence="In other words.")], Change.STILL_FAILING),
        ([broken(CLAUSE.id)], [broken(CLAUSE.id, check="other")], Change.OTHER_EVIDENCE),
        ([broken(CLAUSE.id, pointer="/a")], [broken(CLAUSE.id, pointer="/b")], Change.OTHER_EVIDENCE),
        ([], [broken(CLAUSE.id)], Change.NEWLY_TESTED),
        ([held(CLAUSE.id)], [], Change.NO_LONGER_TESTED),
        ([], [], Change.SAME),
    ],
)
def test_each_kind_of_change_is_told(
    tmp_path: Path, before: list[Judgement], after: list[Judgement], change: Change
) -> None:
    """From the first run to the last."""
    comparison = compare([("old", run(tmp_path, *before)), ("new", run(tmp_path, *after))])
    assert comparison.rows[0].change is change
    assert comparison.counts[change.value] == 1


@pytest.mark.parametrize(
    ("body", "status", "note"),
    [
        ({"success": True, "extra": 1}, 200, "also has 'extra'"),
        ({"success": 1}, 200, "'success' is a boolean → a number"),
        ({"success": True}, 201, "status 200 → 201"),
    ],
)
def test_servers_that_both_pass_may_still_differ(tmp_path: Path, body: object, status: int, note: str) -> None:
    """Status and shape of the answer are compared, values are not."""
    seen = held(CLAUSE.id, exchanges=("gw0-0",))
    pair = [("a", run(tmp_path, seen, body={"success": True})), ("b", run(tmp_path, seen, body=body, status=status))]
    cell = compare(pair).rows[0].cells[1]
    assert cell.change is Change.DIFFERS
    assert note in cell.notes[0]


def test_another_way_of_a_disputed_clause_is_a_difference(tmp_path: Path) -> None:
    """Both pass."""
    pair = [(name, run(tmp_path, held(CLAUSE.id, way=name))) for name in ("server", "documentation")]
    assert compare(pair).rows[0].change is Change.DIFFERS
    assert "the way of the server → the way of the documentation" in compare(pair).rows[0].cells[1].notes[0]


def test_any_number_of_runs_can_be_compared_with_the_first(tmp_path: Path) -> None:
    """Each cell has its own change."""
    good, bad = run(tmp_path, held(CLAUSE.id)), run(tmp_path, broken(CLAUSE.id))
    row = compare([("1", good), ("2", bad), ("3", good)]).rows[0]
    assert [cell.change for cell in row.cells] == [Change.SAME, Change.REGRESSED, Change.SAME]
    assert row.change is Change.SAME


def test_requirements_are_matched_by_id_and_never_by_position(tmp_path: Path) -> None:
    """One contract has more clauses than the other."""
    one = judge(tmp_path, contract(Req("B"), Req("A")), outcome("a", held("A"), held("B")))
    two = judge(tmp_path, contract(Req("C"), Req("A")), outcome("a", held("A"), held("C")))
    comparison = compare([("1", one), ("2", two)])
    assert {row.id: row.change for row in comparison.rows} == {
        "A": Change.SAME,
        "B": Change.NO_LONGER_TESTED,
        "C": Change.NEWLY_TESTED,
    }


def test_a_comparison_needs_two_runs(tmp_path: Path) -> None:
    """One has nothing to be compared with."""
    with pytest.raises(ValueError, match="two results"):
        compare([("1", run(tmp_path, held(CLAUSE.id)))])


def test_a_shape_has_types_and_no_values() -> None:
    """Lists are told by what they hold."""
    assert shape_of({"b": [1, 2.5, "x"], "a": None, "c": {"d": True}}) == {
        "a": "null",
        "b": ["number", "string"],
        "c": {"d": "boolean"},
    }
