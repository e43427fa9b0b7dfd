"""What the self-test proved, in sentences: how much, how surely, when and how; nothing where nothing was proved."""

from __future__ import annotations

from dataclasses import replace

from conformance.report.proof import proof_sentences
from conformance.verdicts import Kill, ProofInfo
from tests.report.sample import sample

_KILL = Kill("rooms.x", "It is wrong.", ("LC-ROOM-005",), found=True, trials=20, rate=0.95)


def test_a_result_without_a_proof_says_nothing() -> None:
    """No sentence, so no section either."""
    assert proof_sentences(replace(sample("passing"), proof=())) == ()


def test_a_proof_says_how_much_how_surely_and_when() -> None:
    """The catalogue, what is drawn from the contract, the seeds, the score of the contract, the run without faults."""
    result = sample("passing")
    drawn = replace(_KILL, fault="generic.openRoom.refuses-all", found=False, trials=1, rate=0.0)
    info = ProofInfo(
        "2026-01-02T03:04:05+00:00", "1.2", result.contract.hash, 345.6, "standard", 7, True, 4669, 1371, 2000, 1980
    )
    said = " ".join(proof_sentences(replace(result, proof=(_KILL, drawn), proof_info=info)))
    assert "break the contract in 1 way that somebody thought of; 1 of them were found" in said
    assert "1 of these were tried and 0 were found" in said
    assert "4,669 can be drawn; 1,371 of them no client could notice" in said
    assert "with 20 seeds each; the least sure was found with 95% of them" in said
    assert "loosened in 2,000 places, one at a time; 1,980 (99.0%) of these were noticed" in said
    assert "Proved on 2026-01-02 by version 1.2 at level standard with seed 7, in 346 s" in said
    assert "another contract" not in said


def test_a_proof_of_another_contract_is_said_to_be_one() -> None:
    """A run may show an older proof, but not as if it were of today."""
    result = sample("passing")
    info = ProofInfo("2026-01-02T03:04:05+00:00", "1.2", "0123456789abcdef", green=False)
    said = " ".join(proof_sentences(replace(result, proof=(_KILL,), proof_info=info)))
    assert "That was another contract (0123456789ab) than the one of this run." in said
    assert "the run without faults was not green" in said
