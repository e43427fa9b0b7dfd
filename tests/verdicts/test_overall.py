"""The verdict of a run: sentence and exit code, and no way to a 0 without evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.verdicts import Finding, Judgement, Overall, Target, Verdict, numbers_of, weaknesses
from conformance.verdicts.words import WORDS
from tests.verdicts.kit import Req, broken, contract, exchange, held, judge, outcome

A, B = Req("LC-ROOM-001"), Req("LC-ROOM-002")


def test_a_run_in_which_all_holds_is_conformant(tmp_path: Path) -> None:
    """The sentence names contract, profile and how many requirements were met."""
    result = judge(tmp_path, contract(A, B), outcome("a", held(A.id), held(B.id)))
    assert (result.verdict, result.exit_code) == (Overall.CONFORMANT, 0)
    assert result.sentence == "Conformant to the Livechat contract 3.2, profile visitor: 2 of 2 requirements met."
    assert weaknesses(result) == ()


def test_a_broken_must_is_not_conformant(tmp_path: Path) -> None:
    """The cause stands in the sentence."""
    result = judge(tmp_path, contract(A, B), outcome("a", held(A.id), broken(B.id)))
    assert (result.verdict, result.exit_code) == (Overall.NOT_CONFORMANT, 1)
    assert "1 MUST requirement broken" in result.sentence


def test_a_deviation_leaves_a_run_conformant_and_is_said(tmp_path: Path) -> None:
    """Under --strict it does not."""
    soft = Req("LC-ROOM-002", level="SHOULD")
    items = outcome("a", held(A.id), broken(soft.id))
    result = judge(tmp_path, contract(A, soft), items)
    assert result.exit_code == 0
    assert "1 deviation" in result.sentence
    strict = judge(tmp_path, contract(A, soft), items, strict=True)
    assert strict.exit_code == 1
    assert "1 SHOULD requirement broken" in strict.sentence


@pytest.mark.parametrize(
    "judgement",
    [
        Judgement(B.id, "c", Finding.BLOCKED, "No room."),
        Judgement(B.id, "c", Finding.NOT_REACHED, "No 429 came."),
    ],
)
def test_what_could_not_be_judged_makes_a_run_incomplete(tmp_path: Path, judgement: Judgement) -> None:
    """Exit code 4, and the sentence says what."""
    result = judge(tmp_path, contract(A, B), outcome("a", held(A.id), judgement))
    assert (result.verdict, result.exit_code) == (Overall.INCOMPLETE, 4)
    assert f"1 {judgement.finding.value}" in result.sentence


@pytest.mark.parametrize(("level", "confidence"), [("SHOULD", "observed"), ("MAY", "observed"), ("MUST", "disputed")])
def test_a_soft_clause_that_was_not_reached_is_only_said(tmp_path: Path, level: str, confidence: str) -> None:
    """It weakens the verdict, and the head says so."""
    soft = Req("LC-ROOM-002", level=level, confidence=confidence)
    missed = Judgement(soft.id, "c", Finding.NOT_REACHED, "It never came.")
    result = judge(tmp_path, contract(A, soft), outcome("a", held(A.id), missed))
    assert result.exit_code == 0
    assert "never reached" in " ".join(weaknesses(result))


def test_a_run_that_was_cut_short_is_incomplete(tmp_path: Path) -> None:
    """Although all that ran held."""
    result = judge(tmp_path, contract(A), outcome("a", held(A.id)), endings=("Interrupted after 3 s.",))
    assert result.exit_code == 4
    assert "Interrupted after 3 s" in result.sentence


def test_a_fault_outside_of_any_requirement_makes_a_run_incomplete(tmp_path: Path) -> None:
    """A test that broke and is bound to something that was broken anyway is still a fault of the suite."""
    result = judge(tmp_path, contract(A), outcome("a", held(A.id)), outcome("b", error="boom", requirements=[]))
    assert result.exit_code == 4


def test_a_run_in_which_nothing_was_judged_tested_nothing(tmp_path: Path) -> None:
    """Also when everything was left out by the selection."""
    result = judge(tmp_path, contract(A), left_out={A.id: "Left out."})
    assert (result.verdict, result.exit_code) == (Overall.NOTHING_TESTED, 5)


def test_a_target_that_is_not_healthy_is_not_judged(tmp_path: Path) -> None:
    """Exit code 3, whatever was found."""
    result = judge(tmp_path, contract(A), outcome("a", broken(A.id)), unhealthy="Livechat is switched off.")
    assert (result.exit_code, result.sentence) == (3, "The target could not be judged: Livechat is switched off.")


def test_a_partial_run_says_that_it_is_partial(tmp_path: Path) -> None:
    """In the sentence and among the weaknesses."""
    result = judge(
        tmp_path,
        contract(A, B),
        outcome("a", held(A.id)),
        left_out={B.id: "Left out."},
        partial=("Only LC-ROOM-001 was asked for.",),
    )
    assert result.exit_code == 0
    assert "in the part that was judged" in result.sentence
    assert "Only LC-ROOM-001 was asked for." in weaknesses(result)


def test_a_server_that_answers_the_same_to_everything_is_named_as_such(tmp_path: Path) -> None:
    """The first line has the cause."""
    sent = [exchange(f"gw0-{number}", status=404) for number in range(20)]
    result = judge(tmp_path, contract(A), outcome("a", broken(A.id)), exchanges=sent)
    assert "every one of 20 answers had the status 404" in result.sentence


def test_every_verdict_is_counted_and_the_counts_add_up(tmp_path: Path) -> None:
    """Also those that are zero are named."""
    result = judge(tmp_path, contract(A, B), outcome("a", held(A.id), broken(B.id)))
    assert set(result.counts) == {verdict.value for verdict in Verdict}
    assert sum(result.counts.values()) == 2
    assert (numbers_of(result).met, numbers_of(result).applicable) == (1, 2)


def test_every_verdict_has_a_letter_of_its_own_and_a_meaning() -> None:
    """Cells are told apart without colour."""
    assert len({word.letter for word in WORDS.values()}) == len(Verdict)
    assert all(word.meaning.endswith(".") for word in WORDS.values())


def test_a_target_newer_than_the_contract_is_said_to_be_so(tmp_path: Path) -> None:
    """An unknown version is said, not guessed."""
    target = Target("http://127.0.0.1", "Rocket.Chat", "9.0.0", newer_than_contract=True)
    result = judge(tmp_path, contract(A), outcome("a", held(A.id)), target=target)
    assert "9.0.0, which is newer than the contract" in " ".join(weaknesses(result))
