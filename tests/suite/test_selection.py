"""Selection: which requirements a run judges."""

from __future__ import annotations

import pytest

from conformance.contract import Contract, load_contract
from conformance.suite.selection import Selection, SelectionError


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The real contract."""
    return load_contract("3.2.0")


def test_without_selectors_everything_is_judged(contract: Contract) -> None:
    """No selector, no limit."""
    assert Selection(contract).selected() == tuple(contract.requirements)


def test_an_area_selects_the_clauses_of_its_operations(contract: Contract) -> None:
    """An area is all operations with that tag."""
    chosen = Selection(contract, ["video"]).selected()
    assert chosen
    assert all("getVideoCall" in contract.requirements[one].operations for one in chosen)


def test_skip_wins_over_only(contract: Contract) -> None:
    """What is skipped is not judged, even where it was named."""
    assert Selection(contract, ["getVideoCall"], ["video"]).selected() == ()


def test_a_requirement_is_selected_by_its_id(contract: Contract) -> None:
    """One id, one clause."""
    assert Selection(contract, ["LC-ROOM-005"]).selected() == ("LC-ROOM-005",)


def test_a_clause_that_every_answer_is_judged_by_runs_the_tests_of_its_operation(contract: Contract) -> None:
    """Shape and status have no tests of their own: asked for by id, they run those of the operation, unless skipped."""
    shape, accepts = (contract.requirement_for("openRoom", kind) for kind in ("shape", "accepts"))
    assert shape is not None
    assert accepts is not None
    assert Selection(contract, [shape.id]).runs([accepts.id])
    assert not Selection(contract, [shape.id], [accepts.id]).runs([accepts.id])
    assert not Selection(contract, [accepts.id]).runs([shape.id, "LC-CONFIG-001"])


@pytest.mark.parametrize(
    ("wrong", "meant"), [("LC-ROOM-0055", "LC-ROOM-0"), ("closeroom", "closeRoom"), ("room", "rooms")]
)
def test_a_typo_is_met_with_what_was_meant(contract: Contract, wrong: str, meant: str) -> None:
    """A selector that names nothing is refused, with the nearest name."""
    with pytest.raises(SelectionError, match=f"did you mean {meant}"):
        Selection(contract, [wrong])
