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

_MOST: Final = 8
"""Findings of one test that get a trail: only the first one of each clause is shown with it."""
_TOO_MUCH: Final = 256 * 1024 * 1024
"""Bytes of exchanges beyond which no trails are looked for: they are held in memory for that."""
_SHOWN: Final = frozenset({Finding.BROKEN, Finding.FLAKY})


def with_trails(outcomes: Sequence[ItemOutcome], contract: ContractLike, spools: Iterable[Path]) -> list[ItemOutcome]:
    """Give the first findings of each test their trails as ``steps``.

    What a test gets depends on that test alone, so that joined shards equal a run without shards.

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
    return [_with_trails(outcome, flow) for outcome in outcomes]


def _with_trails(outcome: ItemOutcome, flow: Flow) -> ItemOutcome:
    clauses: list[str] = []
    made: list[Judgement] = []
    for judgement in outcome.judgements:
        one = judgement
        steps = one.steps or one.exchanges
        if one.finding in _SHOWN and steps and one.requirement not in clauses and len(clauses) < _MOST:
            clauses.append(one.requirement)
            one = replace(one, steps=flow.trail(steps, own=outcome.exchanges))
        made.append(one)
    return replace(outcome, judgements=tuple(made)) if clauses else outcome
