"""Joins the results of shards into the result that one run would have given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from conformance.verdicts import waivers as waiver_rules
from conformance.verdicts.document import digest_of
from conformance.verdicts.evidence import joined
from conformance.verdicts.latency import merged as merged_latency
from conformance.verdicts.numbering import renumbered
from conformance.verdicts.overall import settle
from conformance.verdicts.result import (
    Constraint,
    Coverage,
    ItemResult,
    OperationResult,
    RequirementResult,
    Result,
    Scenario,
)
from conformance.verdicts.tally import PARTIAL

_SHARD: Final = re.compile(r"^Shard (\d+) of (\d+)\b")
_RANK: Final = {"left out": 0, "not run": 1, "ran": 2, "error": 3}
_SAME: Final = ("contract", "profile", "level", "seed", "strict", "suite")


class MergeError(ValueError):
    """Results that do not belong together; the message is a sentence that says why."""


def shard_sentence(number: int, total: int) -> str:
    """Write why a shard is partial; ``merge`` recognises it and drops it when all shards are there."""
    return f"Shard {number} of {total}: the other tests run elsewhere, and merge joins the results."


def merge(results: Sequence[Result]) -> Result:
    """Join the results of shards.

    Verdicts are decided again over all evidence; sums are exact, percentiles come from the joined histograms.

    Raises:
        MergeError: There are no results, or they come from different contracts, targets, seeds or settings.
    """
    if not results:
        raise MergeError("There is nothing to merge: give the result.json of each shard.")
    shards = sorted(results, key=_shard_order)
    first = shards[0]
    for other in shards[1:]:
        _belongs(first, other)
    absent = _absent(shards)
    shards = [_prefixed(each, number) for number, each in enumerate(shards, start=1)]
    items = _items(shards)
    result = replace(
        first,
        settings=_settings(first),
        started=min(each.started for each in shards),
        duration_s=max(each.duration_s for each in shards),
        requests=sum(each.requests for each in shards),
        partial=tuple(each for each in _union(shard.partial for shard in shards) if not _SHARD.match(each)),
        endings=(*absent, *_union(each.endings for each in shards)),
        unhealthy=next((each.unhealthy for each in shards if each.unhealthy), None),
        requirements=_requirements(shards, items),
        operations=_operations(shards),
        scenarios=_scenarios(shards),
        items=items,
        coverage=_coverage(shards),
        left_behind=_union(each.left_behind for each in shards),
        exchanges={name: exchange for each in shards for name, exchange in each.exchanges.items()},
        proof=tuple({kill.fault: kill for each in shards for kill in each.proof}.values()),
    )
    waivers = _union(waiver_rules.again(each.waivers) for each in shards)
    return digest_of(renumbered(settle(result, waivers)))


def _belongs(first: Result, other: Result) -> None:
    for name in _SAME:
        mine, its = getattr(first, name), getattr(other, name)
        if mine != its:
            raise MergeError(f"The results have different values of {name}: {_short(mine)} and {_short(its)}.")
    if (first.target.product, first.target.version) != (other.target.product, other.target.version):
        raise MergeError(
            f"The results judge different servers: {first.target.product} {first.target.version} "
            f"and {other.target.product} {other.target.version}."
        )
    if [each.id for each in first.requirements] != [each.id for each in other.requirements]:
        raise MergeError("The results list different requirements, so they were not made by the same contract.")


def _settings(first: Result) -> dict[str, Any]:
    """The settings that all shards had in common: which part each of them judged is none of the joined run's."""
    return {**first.settings, "shard": None} if "shard" in first.settings else dict(first.settings)


def _absent(shards: Sequence[Result]) -> tuple[str, ...]:
    """Why the joined run is incomplete, where shards are missing: what they would have found, nobody knows.

    Raises:
        MergeError: A shard was given twice, or the shards are those of different splits.
    """
    parts = [(int(found[1]), int(found[2])) for shard in shards for found in map(_SHARD.match, shard.partial) if found]
    totals = sorted({total for _, total in parts})
    if len(totals) > 1 or (parts and len(parts) != len(shards)):
        raise MergeError(f"The results are parts of different splits: {', '.join(map(str, totals))} shards.")
    numbers = [number for number, _ in parts]
    if twice := sorted({number for number in numbers if numbers.count(number) > 1}):
        raise MergeError(f"Shard {twice[0]} was given twice; give each result once.")
    missing = [str(number) for number in range(1, max(totals, default=0) + 1) if number not in numbers]
    if not missing:
        return ()
    which = f"shard {missing[0]} is" if len(missing) == 1 else f"shards {', '.join(missing)} are"
    return (f"Only {len(shards)} of {totals[0]} shards were merged: {which} missing.",)


def _short(value: Any) -> str:
    if hasattr(value, "hash"):
        return f"{value.version} ({value.hash[:12]})"
    return str(getattr(value, "version", value))


def _shard_order(result: Result) -> tuple[int, str]:
    numbers = [int(found[1]) for found in map(_SHARD.match, result.partial) if found]
    return (numbers[0] if numbers else 0, result.digest)


def _prefixed(result: Result, number: int) -> Result:
    """Make exchange ids unique over all shards."""

    def new(ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(f"s{number:03d}-{each}" for each in ids)

    return replace(
        result,
        requirements=tuple(
            replace(
                each,
                evidence=tuple(
                    replace(one, exchanges=new(one.exchanges), steps=new(one.steps)) for one in each.evidence
                ),
            )
            for each in result.requirements
        ),
        scenarios=tuple(
            replace(
                each,
                steps=tuple(
                    replace(step, exchange="".join(new([step.exchange][: bool(step.exchange)]))) for step in each.steps
                ),
                exchanges=new(each.exchanges),
                failed_at=new(each.failed_at),
            )
            for each in result.scenarios
        ),
        exchanges={f"s{number:03d}-{name}": exchange for name, exchange in result.exchanges.items()},
    )


def _items(shards: Sequence[Result]) -> tuple[ItemResult, ...]:
    items: dict[str, ItemResult] = {}
    for shard in shards:
        for item in shard.items:
            known = items.get(item.item)
            if known is None or _RANK[item.state] > _RANK[known.state]:
                items[item.item] = item
    return tuple(items[name] for name in sorted(items))


def _requirements(shards: Sequence[Result], items: tuple[ItemResult, ...]) -> tuple[RequirementResult, ...]:
    bound: dict[str, list[str]] = {}
    for item in items:
        for identifier in item.requirements:
            bound.setdefault(identifier, []).append(item.item)
    merged: list[RequirementResult] = []
    for parts in zip(*(shard.requirements for shard in shards), strict=True):
        open_part = next((each for each in parts if not each.excluded), parts[0])
        merged.append(
            replace(
                open_part,
                items=tuple(bound.get(open_part.id, ())),
                evidence=joined(piece for each in parts for piece in each.evidence),
            )
        )
    return tuple(merged)


def _operations(shards: Sequence[Result]) -> tuple[OperationResult, ...]:
    merged: list[OperationResult] = []
    for parts in zip(*(shard.operations for shard in shards), strict=True):
        statuses: dict[str, int] = {}
        for part in parts:
            for status, count in part.statuses.items():
                statuses[status] = statuses.get(status, 0) + count
        merged.append(
            replace(
                parts[0],
                requests=sum(each.requests for each in parts),
                accepted=sum(each.accepted for each in parts),
                statuses=dict(sorted(statuses.items())),
                unseen=_unseen(parts, statuses),
                latency=merged_latency(each.latency for each in parts),
            )
        )
    return tuple(merged)


def _unseen(parts: Sequence[OperationResult], statuses: Mapping[str, int]) -> dict[str, str]:
    """What no shard has seen; that a shard judges only a part is no reason for the joined run."""
    everywhere = {status: why for status, why in parts[0].unseen.items() if status not in statuses}
    return {status: "" if why == PARTIAL else why for status, why in everywhere.items()}


def _scenarios(shards: Sequence[Result]) -> tuple[Scenario, ...]:
    found = {each.item: each for shard in shards for each in shard.scenarios}
    return tuple(found[name] for name in sorted(found))


def _coverage(shards: Sequence[Result]) -> Coverage:
    counters: dict[str, int] = {}
    rules: dict[tuple[str, str, str], Constraint] = {}
    for shard in shards:
        for name, count in shard.coverage.counters.items():
            counters[name] = counters.get(name, 0) + count
        for rule in shard.coverage.constraints:
            key = (rule.operation, rule.place, rule.rule)
            known = rules.get(key, Constraint(*key))
            rules[key] = replace(known, kept=known.kept + rule.kept, broken=known.broken + rule.broken)
    return Coverage(tuple(rules[key] for key in sorted(rules)), dict(sorted(counters.items())))


def _union(parts: Iterable[Iterable[Any]]) -> tuple[Any, ...]:
    """Give each value once, in the order of its first appearance."""
    seen: list[Any] = []
    for part in parts:
        seen.extend(each for each in part if each not in seen)
    return tuple(seen)
