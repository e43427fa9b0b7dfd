"""Trails: each finding gets all the exchanges that show it again on a server that knows nothing of the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from conformance.verdicts.flow import Flow, in_order
from conformance.verdicts.outcome import Finding, ItemOutcome, Judgement
from conformance.verdicts.spool import read_spool
from conformance.verdicts.subject import ContractLike

MOST: Final = 60
"""Findings that get a trail: a report of a server on which nothing works shows the same trails over and over."""
_PER_CLAUSE: Final = 2
_TOO_MUCH: Final = 256 * 1024 * 1024
"""Bytes of exchanges beyond which no trails are looked for: they are held in memory for that."""
_SHOWN: Final = frozenset({Finding.BROKEN, Finding.FLAKY})


def with_trails(outcomes: Sequence[ItemOutcome], contract: ContractLike, spools: Iterable[Path]) -> list[ItemOutcome]:
    """Give the first findings of each clause their trails as ``steps``.

    Args:
        outcomes: In the order in which findings are shown.
        contract: Says which operations change something.
        spools: The exchange files of all workers.

    Raises:
        SpoolError: A spool file holds something else than exchanges.
    """
    files = tuple(spools)
    found = any(one.finding in _SHOWN for outcome in outcomes for one in outcome.judgements)
    if not found or sum(path.stat().st_size for path in files) > _TOO_MUCH:
        return list(outcomes)
    effects = {name: str(getattr(each, "effects", "changes")) for name, each in contract.operations.items()}
    flow = Flow(in_order(read_spool(files)), effects)
    counts: dict[str, int] = {}
    made: list[ItemOutcome] = []
    for outcome in outcomes:
        judgements = tuple(_with_trail(one, outcome, flow, counts) for one in outcome.judgements)
        made.append(outcome if judgements == outcome.judgements else replace(outcome, judgements=judgements))
    return made


def _with_trail(judgement: Judgement, outcome: ItemOutcome, flow: Flow, counts: dict[str, int]) -> Judgement:
    clause = judgement.requirement
    steps = judgement.steps or judgement.exchanges
    if judgement.finding not in _SHOWN or not steps:
        return judgement
    if counts.get(clause, 0) >= _PER_CLAUSE or sum(counts.values()) >= MOST:
        return judgement
    counts[clause] = counts.get(clause, 0) + 1
    return replace(judgement, steps=flow.trail(steps, own=outcome.exchanges))
