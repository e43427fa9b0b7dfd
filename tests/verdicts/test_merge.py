"""Merged shards are the unsharded run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.contract.exchange import Exchange
from conformance.verdicts import DeclaredItem, ItemOutcome, Result, Waiver, build_result
from conformance.verdicts.document import canonical
from conformance.verdicts.merge import MergeError, merge, shard_sentence
from tests.verdicts.kit import Req, broken, contract, exchange, held, outcome, run, spool

CLAUSES = tuple(Req(f"LC-ROOM-{number:03}", kind="accepts" if number == 1 else "scenario") for number in range(1, 8))
NUMBERS = range(40)
WAIVERS = (Waiver("LC-ROOM-006", "Known."),)


def item(number: int) -> ItemOutcome:
    """Give the outcome of one item, the same wherever it runs."""
    clause = CLAUSES[number % len(CLAUSES)].id
    name = f"gw0-{number:03}"
    bad = number % 7 in (2, 5)
    judgement = (
        broken(clause, sentence=f"Wrong in way {number % 11}.", exchanges=(name,))
        if bad
        else held(clause, exchanges=(name,))
    )
    return outcome(
        f"i{number:02}", judgement, kind="scenario" if number % 9 == 0 else "area", exchanges=(name,), counters={"n": 1}
    )


def shard(tmp_path: Path, number: int, total: int) -> Result:
    """Run one shard."""
    mine = [each for each in NUMBERS if each % total == number - 1]
    sent: list[Exchange] = [
        exchange(f"gw0-{each:03}", status=200 if each % 3 else 400, body={"n": each}, elapsed_ms=float(each + 1))
        for each in mine
    ]
    declared = [
        DeclaredItem(f"i{each:02}", item(each).requirements, left_out=None if each in mine else "Another shard's.")
        for each in NUMBERS
    ]
    info = run(partial=(shard_sentence(number, total),) if total > 1 else (), duration_s=1.0)
    return build_result(
        info, contract(*CLAUSES), map(item, mine), [spool(tmp_path, *sent)], declared=declared, waivers=WAIVERS
    )


@pytest.mark.parametrize("total", [2, 3, 4])
def test_merged_shards_equal_the_run_without_shards(tmp_path: Path, total: int) -> None:
    """Byte for byte, in whatever order the shards come."""
    whole = shard(tmp_path, 1, 1)
    shards = [shard(tmp_path, number, total) for number in range(total, 0, -1)]
    assert canonical(merge(shards)) == canonical(whole)


def test_a_shard_alone_says_that_it_is_partial(tmp_path: Path) -> None:
    """It judges what it ran."""
    one = shard(tmp_path, 1, 4)
    assert one.partial == (shard_sentence(1, 4),)
    assert one.exit_code == 1


def test_a_missing_shard_is_said(tmp_path: Path) -> None:
    """The merged result is no more than its parts."""
    merged = merge([shard(tmp_path, 1, 3), shard(tmp_path, 3, 3)])
    assert merged.endings == ("Only 2 of 3 shards were merged: shard 2 is missing.",)
    assert merged.partial == ()
    assert any(each.state == "left out" for each in merged.items)


def test_a_missing_shard_is_never_conformant(tmp_path: Path) -> None:
    """Where all that came is good, the joined run is incomplete: nobody knows what the others would have found."""
    one = shard(tmp_path, 1, 3)
    good = replace(
        one,
        requirements=tuple(
            replace(each, evidence=tuple(piece for piece in each.evidence if piece.finding == "held"))
            for each in one.requirements
        ),
        waivers=(),
    )
    merged = merge([good])
    assert merged.exit_code == 4
    assert "Only 1 of 3 shards were merged: shards 2, 3 are missing" in merged.sentence


def test_a_joined_run_without_a_test_says_so(tmp_path: Path) -> None:
    """Where no shard judged anything the exit code is 5, never 0."""
    empty = replace(
        shard(tmp_path, 1, 1),
        requirements=tuple(replace(each, evidence=()) for each in shard(tmp_path, 1, 1).requirements),
        waivers=(),
    )
    assert merge([empty]).exit_code == 5


def test_a_shard_counts_once(tmp_path: Path) -> None:
    """The same part twice, and parts of different splits, are refused with a sentence."""
    with pytest.raises(MergeError, match="Shard 1 was given twice"):
        merge([shard(tmp_path, 1, 2), shard(tmp_path, 1, 2)])
    with pytest.raises(MergeError, match="different splits: 2, 3 shards"):
        merge([shard(tmp_path, 1, 2), shard(tmp_path, 2, 3)])
    with pytest.raises(MergeError, match="different splits"):
        merge([shard(tmp_path, 1, 1), shard(tmp_path, 1, 2)])


def test_results_of_different_runs_are_not_merged(tmp_path: Path) -> None:
    """The sentence says in what they differ."""
    one, two = shard(tmp_path, 1, 2), shard(tmp_path, 2, 2)
    with pytest.raises(MergeError, match="seed: 1 and 2"):
        merge([one, replace(two, seed=2)])
    with pytest.raises(MergeError, match=r"contract: 3\.2"):
        merge([one, replace(two, contract=replace(two.contract, hash="other"))])
    with pytest.raises(MergeError, match="different servers"):
        merge([one, replace(two, target=replace(two.target, version="3.4.0"))])
    with pytest.raises(MergeError, match="different requirements"):
        merge([one, replace(two, requirements=two.requirements[1:])])
    with pytest.raises(MergeError, match="nothing to merge"):
        merge([])


def test_merging_one_result_changes_nothing(tmp_path: Path) -> None:
    """A matrix of one."""
    whole = shard(tmp_path, 1, 1)
    assert merge([whole]) == whole
