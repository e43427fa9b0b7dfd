"""From what the workers wrote down to the result document.

The order in which items ran and the worker that ran them leave no trace: items are taken by name, judgements in the
order in which their item made them, and exchanges get their ids from that order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from conformance.contract.exchange import Exchange
from conformance.verdicts.document import digest_of
from conformance.verdicts.evidence import folded
from conformance.verdicts.numbering import renumbered
from conformance.verdicts.outcome import Finding, ItemOutcome, Judgement
from conformance.verdicts.overall import settle
from conformance.verdicts.result import (
    Constraint,
    ContractInfo,
    Coverage,
    Evidence,
    ItemResult,
    Kill,
    LeftBehind,
    RequirementResult,
    Result,
    Scenario,
    Step,
    Suite,
    Target,
)
from conformance.verdicts.scenarios import UNKNOWN_STEP, scenario_of, step_of, with_steps, worth_drawing
from conformance.verdicts.spool import read_spool, shortened, within_budget
from conformance.verdicts.subject import ContractLike, RequirementLike
from conformance.verdicts.tally import Tally, with_reasons
from conformance.verdicts.trails import with_trails
from conformance.verdicts.waivers import Waiver
from conformance.verdicts.words import Overall, Verdict

_CONSTRAINT: Final = "constraint|"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What the run knows of itself, before any verdict.

    Attributes:
        target: What the probe found.
        suite: Versions of what judges.
        profile: The name of the profile, for sentences.
        profiles: Profiles and features in force; requirements of others do not apply. Empty: all are in force.
        absent: Feature to the sentence that says why the target does not have it.
        left_out: Requirement to the sentence that says why the run leaves it out (``--only``, ``--read-only``, level).
        level, settings, seed, started, duration_s, strict: As in the result; settings are redacted, ``started`` is
            ISO 8601 in UTC.
        mode: ``auto`` or ``documented``, how the contract was chosen.
        partial: Sentences that say why the run judges less than its profile.
        endings: Sentences that say what cut the run short.
        unhealthy: Why the target could not be judged at all.
        left_behind: What could not be removed.
        proof: What the self-test proved.
    """

    target: Target
    suite: Suite
    profile: str
    level: str
    seed: int
    started: str
    duration_s: float = 0.0
    profiles: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    strict: bool = False
    mode: str = "auto"
    partial: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    unhealthy: str | None = None
    left_behind: tuple[LeftBehind, ...] = ()
    proof: tuple[Kill, ...] = ()


@dataclass(frozen=True, slots=True)
class DeclaredItem:
    """An item of the plan. ``left_out`` says why this run does not run it (another shard's), or is ``None``."""

    item: str
    requirements: tuple[str, ...]
    kind: str = "area"
    title: str = ""
    left_out: str | None = None


def build_result(
    run: RunInfo,
    contract: ContractLike,
    outcomes: Iterable[ItemOutcome],
    spools: Iterable[Path] = (),
    *,
    declared: Iterable[DeclaredItem] = (),
    waivers: Iterable[Waiver] = (),
) -> Result:
    """Fold a run into its result document.

    Args:
        run: What the run knows of itself.
        contract: The contract that was applied.
        outcomes: What became of each item, in any order; of two outcomes of one item the first by content counts.
        spools: The exchange files of all workers.
        declared: All items of the plan; those without an outcome were not run.
        waivers: Known failures.

    Raises:
        SpoolError: A spool file holds something else than exchanges.
    """
    done = {
        outcome.item: outcome for outcome in sorted(outcomes, key=lambda each: (each.item, repr(each)), reverse=True)
    }
    excluded = {each.id: why for each in contract.requirements.values() if (why := _excluded(each, contract, run))}
    spools = tuple(spools)
    ran = with_trails([_set_aside(done[name], excluded) for name in sorted(done)], contract, spools)
    items = _items(ran, declared)
    scenarios = tuple(scenario_of(outcome) for outcome in ran if worth_drawing(outcome))
    personas: dict[str, str] = {}
    tally = Tally(contract)
    wanted = _referred(ran, scenarios)
    kept: dict[str, Exchange] = {}
    steps: dict[str, Step] = dict.fromkeys((name for each in scenarios for name in each.exchanges), UNKNOWN_STEP)
    for exchange in read_spool(spools):
        tally.add(exchange)
        if exchange.id in wanted:
            # No body is shown at greater length, and very many long ones would not fit into memory.
            kept[exchange.id] = shortened(exchange)
            personas[exchange.id] = exchange.persona
        if exchange.id in steps:
            steps[exchange.id] = step_of(exchange)
    scenarios = tuple(with_steps(each, steps) for each in scenarios)
    evidence = folded(ran, personas)
    bound: dict[str, list[str]] = {}
    for item in items:
        for identifier in item.requirements:
            bound.setdefault(identifier, []).append(item.item)
    result = Result(
        verdict=Overall.INCOMPLETE,
        exit_code=4,
        sentence="",
        target=run.target,
        contract=ContractInfo(contract.version, contract.hash, tuple(contract.overlays), run.mode),
        suite=run.suite,
        profile=run.profile,
        level=run.level,
        seed=run.seed,
        started=run.started,
        strict=run.strict,
        duration_s=round(run.duration_s, 3),
        requests=tally.requests,
        settings=dict(run.settings),
        partial=run.partial,
        endings=run.endings,
        unhealthy=run.unhealthy,
        requirements=tuple(
            _requirement(each, contract, run, tuple(bound.get(each.id, ())), evidence.get(each.id, ()))
            for each in contract.requirements.values()
        ),
        operations=with_reasons(tally.operations(), _absent_operations(contract, run), partial=bool(run.partial)),
        scenarios=scenarios,
        items=items,
        coverage=_coverage(ran),
        left_behind=run.left_behind,
        exchanges=within_budget(*_shown(kept, evidence, scenarios)),
        proof=run.proof,
    )
    return digest_of(renumbered(settle(result, waivers)))


def _requirement(
    each: RequirementLike, contract: ContractLike, run: RunInfo, items: tuple[str, ...], evidence: tuple[Evidence, ...]
) -> RequirementResult:
    operations = [contract.operations[name] for name in each.operations if name in contract.operations]
    feature = next((name for name in (each.profile, *(one.optional for one in operations)) if name in run.absent), None)
    optional = each.level == "MAY" or each.profile in run.absent or any(one.optional for one in operations)
    return RequirementResult(
        id=each.id,
        level=each.level,
        clause=each.clause,
        confidence=each.confidence,
        source=each.source,
        kind=each.kind,
        verdict=Verdict.NOT_REACHED,
        operations=tuple(each.operations),
        area=operations[0].area if operations else _area_of(each.id),
        profile=each.profile,
        since=each.since,
        until=each.until,
        ways=dict(each.ways or {}),
        note=getattr(each, "note", None),
        line=each.line,
        excluded=_excluded(each, contract, run),
        optional=optional,
        absent=run.absent[feature] if feature else None,
        items=items,
        evidence=evidence,
    )


def _excluded(each: RequirementLike, contract: ContractLike, run: RunInfo) -> str | None:
    if each.id in run.left_out:
        return run.left_out[each.id]
    if not contract.applies(each, run.target.version):
        since = f"from {each.since}" if each.since else ""
        until = f"before {each.until}" if each.until else ""
        return f"It holds for servers {' and '.join(filter(None, (since, until)))}; this is {run.target.version}."
    if run.profiles and each.profile not in run.profiles and each.profile not in run.absent:
        return f"It belongs to the profile {each.profile}, which was not asked for."
    return None


def _set_aside(outcome: ItemOutcome, excluded: Mapping[str, str]) -> ItemOutcome:
    """Keep what an item saw of a clause that does not apply here from being told as a failure of the item."""
    judgements = tuple(
        Judgement(each.requirement, each.check, Finding.NOT_APPLICABLE, excluded[each.requirement], each.operation)
        if each.requirement in excluded
        else each
        for each in outcome.judgements
    )
    return replace(outcome, judgements=judgements)


def _absent_operations(contract: ContractLike, run: RunInfo) -> dict[str, str]:
    """Operations that the target does not have, each with why."""
    return {each.id: run.absent[each.optional] for each in contract.operations.values() if each.optional in run.absent}


def _area_of(identifier: str) -> str:
    """Give the area of a clause that concerns all operations: the middle of its id, in lower case."""
    parts = identifier.split("-")
    return parts[1].lower() if len(parts) > 2 else "general"


def _items(ran: list[ItemOutcome], declared: Iterable[DeclaredItem]) -> tuple[ItemResult, ...]:
    items = {
        each.item: ItemResult(
            each.item,
            each.kind,
            each.title,
            "left out" if each.left_out else "not run",
            each.requirements,
            reason=each.left_out or "",
        )
        for each in declared
    }
    for outcome in ran:
        items[outcome.item] = ItemResult(
            outcome.item,
            outcome.kind,
            outcome.title,
            "ran" if outcome.error is None else "error",
            outcome.requirements,
            round(outcome.duration_s, 3),
            outcome.error or "",
        )
    return tuple(items[name] for name in sorted(items))


def _referred(ran: list[ItemOutcome], scenarios: tuple[Scenario, ...]) -> set[str]:
    wanted = {name for each in scenarios if each.outcome is not Verdict.PASS for name in each.exchanges}
    for outcome in ran:
        for judgement in outcome.judgements:
            wanted.update(judgement.exchanges)
            wanted.update(judgement.steps)
    return wanted


def _shown(
    kept: Mapping[str, Exchange], evidence: Mapping[str, Iterable[Evidence]], scenarios: Iterable[Scenario]
) -> tuple[dict[str, Exchange], frozenset[str], frozenset[str]]:
    """Give the exchanges that a report will show, those that show something broken, and the steps around them."""
    broken: set[str] = set()
    samples: set[str] = set()
    for piece in (each for pieces in evidence.values() for each in pieces):
        wrong = piece.finding in (Finding.BROKEN, Finding.FLAKY)
        (broken if wrong else samples).update(piece.exchanges, piece.steps)
    steps = frozenset(name for each in scenarios if each.outcome is not Verdict.PASS for name in each.exchanges)
    shown = {name: each for name, each in kept.items() if name in broken or name in samples or name in steps}
    return shown, frozenset(broken), steps


def _coverage(ran: list[ItemOutcome]) -> Coverage:
    """Sum the counters.

    ``constraint|<operation>|<place>|<rule>|kept`` (or ``broken``) counts one side of a rule of a request.
    """
    counters: dict[str, int] = {}
    for outcome in ran:
        for name, count in outcome.counters.items():
            counters[name] = counters.get(name, 0) + count
    rules: dict[tuple[str, str, str], dict[str, int]] = {}
    for name in [name for name in counters if name.startswith(_CONSTRAINT) and name.count("|") >= 4]:
        _, operation, place, rest = name.split("|", 3)
        rule, side = rest.rsplit("|", 1)
        sides = rules.setdefault((operation, place, rule), {})
        sides[side] = sides.get(side, 0) + counters.pop(name)
    constraints = tuple(
        Constraint(*key, kept=sides.get("kept", 0), broken=sides.get("broken", 0))
        for key, sides in sorted(rules.items())
    )
    return Coverage(constraints, dict(sorted(counters.items())))
