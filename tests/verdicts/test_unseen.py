"""Documented statuses that were never seen, and the reasons why."""

from __future__ import annotations

from dataclasses import replace

from conformance.contract import load_contract
from conformance.contract.exchange import Exchange, Request, Response
from conformance.verdicts.merge import _unseen
from conformance.verdicts.result import OperationResult
from conformance.verdicts.tally import PARTIAL, Tally, with_reasons
from conformance.verdicts.words import Verdict

_CONTRACT = load_contract("3.2.0")


def _counted(*statuses: int) -> OperationResult:
    tally = Tally(_CONTRACT)
    for number, status in enumerate(statuses):
        tally.add(Exchange(str(number), "closeRoom", "nobody", Request("POST", "/x"), Response(status)))
    return next(each for each in tally.operations() if each.id == "closeRoom")


def test_what_the_contract_calls_rare_has_its_reason() -> None:
    """The rate limiter answers 429 only where it is on; the other gaps have no reason."""
    unseen = _counted(200, 400).unseen
    assert set(unseen) == {"415", "429"}
    assert "rate limiter" in unseen["429"]
    assert unseen["415"] == ""
    assert set(_counted(200, 400, 415, 429).unseen) == set()


def test_reasons_of_the_run_fill_the_gaps_alone() -> None:
    """A feature that the target lacks, or a selection, explains what nothing else explains."""
    (absent,) = with_reasons([_counted(200)], {"closeRoom": "It has no chats."}, partial=True)
    assert absent.unseen["415"] == "It has no chats."
    assert "rate limiter" in absent.unseen["429"]
    (part,) = with_reasons([_counted(200)], {}, partial=True)
    assert part.unseen["415"] == PARTIAL
    (whole,) = with_reasons([_counted(200)], {}, partial=False)
    assert whole.unseen["415"] == ""


def test_joined_shards_keep_only_what_none_has_seen() -> None:
    """That each shard judges a part explains nothing about all of them together."""
    first = OperationResult(
        "closeRoom", "POST", "/x", Verdict.PASS, unseen={"400": PARTIAL, "415": PARTIAL, "429": "x"}
    )
    second = replace(first, unseen={"415": PARTIAL, "429": "x"}, statuses={"400": 3})
    assert _unseen([first, second], {"400": 3}) == {"415": "", "429": "x"}
