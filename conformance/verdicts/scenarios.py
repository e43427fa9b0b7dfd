"""Conversations: which items are drawn, and what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from conformance.contract.exchange import Exchange
from conformance.verdicts.outcome import Finding, ItemOutcome
from conformance.verdicts.result import Scenario, Step
from conformance.verdicts.words import Verdict

SCENARIO_KINDS: Final = frozenset({"scenario", "model"})
DRAWN_EXCHANGES: Final = 60
DRAWN_WHEN_PASSED: Final = 30
UNKNOWN_STEP: Final = Step("nobody", "not recorded", "")


def worth_drawing(outcome: ItemOutcome) -> bool:
    """Say whether an item is drawn: every scenario, and any conversation that found something broken."""
    if outcome.kind in SCENARIO_KINDS:
        return bool(outcome.exchanges)
    return len(outcome.exchanges) > 1 and outcome.kind == "area" and outcome_of(outcome) is Verdict.FAIL


def scenario_of(outcome: ItemOutcome) -> Scenario:
    """Give the conversation of an item, its steps still to be filled in; a step that failed is never left out."""
    failed = {each.exchanges[-1] for each in outcome.judgements if each.finding is Finding.BROKEN and each.exchanges}
    limit = DRAWN_WHEN_PASSED if outcome_of(outcome) is Verdict.PASS else DRAWN_EXCHANGES
    drawn = outcome.exchanges[:limit]
    late = [each for each in outcome.exchanges[limit:] if each in failed]
    return Scenario(
        item=outcome.item,
        title=outcome.title,
        kind=outcome.kind,
        outcome=outcome_of(outcome),
        requirements=outcome.requirements,
        exchanges=(*drawn, *late),
        failed_at=tuple(each for each in outcome.exchanges if each in failed),
        omitted=len(outcome.exchanges) - len(drawn) - len(late),
    )


def outcome_of(outcome: ItemOutcome) -> Verdict:
    """Give one verdict for a whole item, the most serious of what it found."""
    found = {each.finding for each in outcome.judgements}
    if Finding.BROKEN in found:
        return Verdict.FAIL
    if outcome.error is not None:
        return Verdict.ERROR
    for finding, verdict in (
        (Finding.FLAKY, Verdict.FLAKY),
        (Finding.BLOCKED, Verdict.BLOCKED),
        (Finding.HELD, Verdict.PASS),
        (Finding.UNSUPPORTED, Verdict.UNSUPPORTED),
        (Finding.NOT_APPLICABLE, Verdict.NOT_APPLICABLE),
    ):
        if finding in found:
            return verdict
    return Verdict.NOT_REACHED


def step_of(exchange: Exchange) -> Step:
    """Give an exchange as a step."""
    return Step(
        persona=exchange.persona or "nobody",
        label=exchange.operation or f"{exchange.request.method} {exchange.request.path}"[:80],
        answer=str(exchange.status) if exchange.status is not None else "no answer",
    )


def with_steps(scenario: Scenario, steps: Mapping[str, Step]) -> Scenario:
    """Fill in the steps of a conversation."""
    return replace(
        scenario,
        steps=tuple(
            replace(steps[name], failed=name in scenario.failed_at, exchange=name) for name in scenario.exchanges
        ),
    )
