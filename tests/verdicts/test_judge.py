"""From judgements to the verdict of a requirement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.verdicts import DeclaredItem, Finding, Judgement, Result, Verdict
from conformance.verdicts.result import RequirementResult
from tests.verdicts.kit import Op, Req, broken, contract, exchange, held, judge, outcome


def only(result: Result, identifier: str = "LC-ROOM-001") -> RequirementResult:
    """Give one requirement of a result."""
    found = result.requirement(identifier)
    assert found is not None
    return found


def test_a_requirement_passes_when_a_check_held(tmp_path: Path) -> None:
    """One judgement that held, and none that was broken, is a pass."""
    result = judge(tmp_path, contract(Req("LC-ROOM-001")), outcome("a", held("LC-ROOM-001")))
    assert only(result).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("level", "confidence", "strict", "verdict"),
    [
        ("MUST", "confirmed", False, Verdict.FAIL),
        ("MUST", "observed", False, Verdict.FAIL),
        ("SHOULD", "observed", False, Verdict.DEVIATION),
        ("SHOULD", "observed", True, Verdict.FAIL),
        ("MAY", "observed", True, Verdict.DEVIATION),
        ("MUST", "disputed", True, Verdict.DEVIATION),
        ("SHOULD", "documented", True, Verdict.DEVIATION),
    ],
)
def test_a_broken_clause_weighs_as_its_level_and_confidence_say(
    tmp_path: Path, level: str, confidence: str, strict: bool, verdict: Verdict
) -> None:
    """A MUST is red, a SHOULD under --strict; what is disputed or only documented never is."""
    clause = Req("LC-ROOM-001", level=level, confidence=confidence)
    result = judge(tmp_path, contract(clause), outcome("a", held(clause.id), broken(clause.id)), strict=strict)
    assert only(result).verdict is verdict
    assert only(result).reason == "It was closed."


def test_one_broken_judgement_outweighs_any_number_that_held(tmp_path: Path) -> None:
    """A server that is right a hundred times and wrong once is wrong."""
    items = [outcome(f"i{number}", held("LC-ROOM-001")) for number in range(100)]
    result = judge(tmp_path, contract(Req("LC-ROOM-001")), *items, outcome("j", broken("LC-ROOM-001")))
    assert only(result).verdict is Verdict.FAIL


@pytest.mark.parametrize("sentence", ["It was closed", "It was closed."])
def test_further_findings_are_counted_in_a_sentence_of_their_own(tmp_path: Path, sentence: str) -> None:
    """The first finding is told; a full stop stands between the two sentences."""
    items = [outcome(name, broken("LC-ROOM-001", f"rooms::test_{name}", sentence)) for name in ("a", "b", "c")]
    assert only(judge(tmp_path, contract(Req("LC-ROOM-001")), *items)).reason == "It was closed. And 2 other findings."


def test_a_blocked_requirement_names_its_cause(tmp_path: Path) -> None:
    """The requirement that owns the failed precondition is named."""
    blocked = Judgement("LC-ROOM-002", "c", Finding.BLOCKED, "No room could be opened.", blocked_by="LC-ROOM-001")
    result = judge(
        tmp_path,
        contract(Req("LC-ROOM-001"), Req("LC-ROOM-002")),
        outcome("a", broken("LC-ROOM-001")),
        outcome("b", blocked),
    )
    found = only(result, "LC-ROOM-002")
    assert (found.verdict, found.blocked_by) == (Verdict.BLOCKED, ("LC-ROOM-001",))
    assert "LC-ROOM-001" in found.reason


@pytest.mark.parametrize("items", [(), (outcome("a", requirements=["LC-ROOM-001"]),)])
def test_a_requirement_that_nothing_judged_is_not_reached(tmp_path: Path, items: tuple[Any, ...]) -> None:
    """Silence is not a pass, whether a test ran or not."""
    result = judge(tmp_path, contract(Req("LC-ROOM-001")), *items)
    assert only(result).verdict is Verdict.NOT_REACHED


def test_a_planned_item_without_an_outcome_was_not_run(tmp_path: Path) -> None:
    """Also when another item held: the evidence is not whole."""
    declared = [DeclaredItem("a", ("LC-ROOM-001",)), DeclaredItem("lost", ("LC-ROOM-001",))]
    result = judge(tmp_path, contract(Req("LC-ROOM-001")), outcome("a", held("LC-ROOM-001")), declared=declared)
    assert only(result).verdict is Verdict.NOT_RUN
    assert result.not_run == ("lost",)
    assert result.exit_code == 4


def test_a_fault_of_the_suite_is_an_error_and_never_a_pass(tmp_path: Path) -> None:
    """The last line of the traceback says what went wrong."""
    item = outcome("a", held("LC-ROOM-001"), error="Traceback\n  File x\nKeyError: 'rid'\n")
    result = judge(tmp_path, contract(Req("LC-ROOM-001")), item)
    assert only(result).verdict is Verdict.ERROR
    assert "KeyError: 'rid'" in only(result).reason


def test_a_flaky_answer_is_flaky_although_a_check_held(tmp_path: Path) -> None:
    """The same request was answered differently."""
    flaky = Judgement("LC-ROOM-001", "c", Finding.FLAKY, "Once 200, once 400.")
    result = judge(tmp_path, contract(Req("LC-ROOM-001")), outcome("a", held("LC-ROOM-001"), flaky))
    assert only(result).verdict is Verdict.FLAKY
    assert result.exit_code == 1


def test_unsupported_is_for_optional_requirements_only(tmp_path: Path) -> None:
    """A server cannot declare the core of the contract away."""
    absent = Judgement("LC-ROOM-001", "c", Finding.UNSUPPORTED, "404.")
    core = judge(tmp_path, contract(Req("LC-ROOM-001")), outcome("a", absent))
    assert only(core).verdict is Verdict.NOT_REACHED
    option = judge(
        tmp_path, contract(Req("LC-ROOM-001"), operations=[Op("openRoom", optional="sms")]), outcome("a", absent)
    )
    assert only(option).verdict is Verdict.UNSUPPORTED


def test_a_feature_declared_absent_is_unsupported_without_a_test(tmp_path: Path) -> None:
    """The reason is the sentence of the declaration."""
    clause = Req("LC-SMS-001", profile="sms")
    result = judge(
        tmp_path,
        contract(clause, Req("LC-ROOM-001")),
        outcome("a", held("LC-ROOM-001")),
        absent={"sms": "No SMS here."},
    )
    assert (only(result, "LC-SMS-001").verdict, only(result, "LC-SMS-001").reason) == (
        Verdict.UNSUPPORTED,
        "No SMS here.",
    )


@pytest.mark.parametrize(
    "more",
    [
        {"profiles": ("agent",)},
        {"left_out": {"LC-ROOM-001": "Left out by --only."}},
    ],
)
def test_what_does_not_apply_is_not_applicable_even_when_broken(tmp_path: Path, more: dict[str, Any]) -> None:
    """Another profile, or a selection."""
    result = judge(tmp_path, contract(Req("LC-ROOM-001")), outcome("a", broken("LC-ROOM-001")), **more)
    assert only(result).verdict is Verdict.NOT_APPLICABLE


def test_a_requirement_of_a_later_version_does_not_apply(tmp_path: Path) -> None:
    """The reason says from which version on it does."""
    result = judge(tmp_path, contract(Req("LC-ROOM-001", since="3.4.0")), outcome("a", broken("LC-ROOM-001")))
    assert only(result).verdict is Verdict.NOT_APPLICABLE
    assert "from 3.4.0" in only(result).reason


def test_a_disputed_clause_says_which_way_was_seen(tmp_path: Path) -> None:
    """Both ways pass."""
    clause = Req("LC-ROOM-001", confidence="disputed", ways={"server": "a", "documentation": "b"})
    result = judge(tmp_path, contract(clause), outcome("a", held(clause.id, way="server")))
    assert only(result).verdict is Verdict.PASS
    assert only(result).reason == "Seen: the way of the server."


def test_an_operation_never_accepted_is_not_reached_and_its_accepts_clause_too(tmp_path: Path) -> None:
    """A server that refuses everything in a documented way does not pass."""
    clauses = (Req("LC-ROOM-001", kind="accepts"), Req("LC-ROOM-002", kind="refuses"))
    refused = exchange("gw0-1", status=400, body={"success": False})
    items = [outcome("a", held("LC-ROOM-001"), held("LC-ROOM-002"))]
    result = judge(tmp_path, contract(*clauses), *items, exchanges=[refused])
    assert only(result).verdict is Verdict.NOT_REACHED
    assert only(result, "LC-ROOM-002").verdict is Verdict.PASS
    assert result.operations[0].verdict is Verdict.NOT_REACHED
    assert result.exit_code == 4


@pytest.mark.parametrize(
    ("status", "body", "accepted"),
    [
        (200, {"success": True}, 1),
        (200, {"success": False}, 0),
        (200, {"status": "error"}, 0),
        (200, {"success": True, "bad": 1}, 0),
        (204, {"success": True}, 1),
        (400, {"success": True}, 0),
        (None, None, 0),
    ],
)
def test_accepted_is_a_success_that_breaks_nothing_of_the_contract(
    tmp_path: Path, status: int | None, body: Any, accepted: int
) -> None:
    """Status, envelope and shape must all say so."""
    result = judge(
        tmp_path,
        contract(Req("LC-ROOM-001")),
        outcome("a", held("LC-ROOM-001")),
        exchanges=[exchange("gw0-1", status=status, body=body)],
    )
    assert result.operations[0].accepted == accepted
    assert result.operations[0].statuses == {str(status) if status else "none": 1}
