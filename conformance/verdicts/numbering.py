"""Exchange ids that depend on what a run did, not on which worker did it; exchanges without a reference go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from conformance.contract.exchange import Exchange
from conformance.verdicts.result import RequirementResult, Result, Scenario
from conformance.verdicts.words import Verdict


def renumbered(result: Result) -> Result:
    """Give each exchange that is referred to an id in the order of its first mention, and leave out the rest.

    Ids that were never recorded (a worker died in between) are dropped from the evidence.
    """
    names: dict[str, str] = {}
    for old in _mentions(result):
        if old in result.exchanges and old not in names:
            names[old] = f"e{len(names) + 1:05d}"

    def new(ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(names[each] for each in ids if each in names)

    def requirement(each: RequirementResult) -> RequirementResult:
        return replace(
            each,
            evidence=tuple(
                replace(piece, exchanges=new(piece.exchanges), steps=new(piece.steps)) for piece in each.evidence
            ),
        )

    def scenario(each: Scenario) -> Scenario:
        steps = tuple(replace(step, exchange=names.get(step.exchange, "")) for step in each.steps)
        return replace(each, steps=steps, exchanges=new(each.exchanges), failed_at=new(each.failed_at))

    exchanges: dict[str, Exchange] = {name: replace(result.exchanges[old], id=name) for old, name in names.items()}
    return replace(
        result,
        requirements=tuple(requirement(each) for each in result.requirements),
        scenarios=tuple(scenario(each) for each in result.scenarios),
        exchanges=exchanges,
    )


def _mentions(result: Result) -> Iterator[str]:
    """Give ids in the order in which a reader meets them: requirements first, then conversations that did not pass."""
    for requirement in result.requirements:
        for piece in requirement.evidence:
            yield from piece.exchanges
            yield from piece.steps
    for scenario in result.scenarios:
        if scenario.outcome is not Verdict.PASS:
            yield from scenario.exchanges
