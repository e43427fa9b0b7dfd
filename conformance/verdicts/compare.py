"""Compares any number of runs or servers, requirement by requirement and check by check, never by position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from conformance.contract.exchange import Exchange
from conformance.verdicts.outcome import Finding
from conformance.verdicts.overall import numbers_of
from conformance.verdicts.result import Evidence, RequirementResult, Result
from conformance.verdicts.words import Verdict


class Change(StrEnum):
    """What became of a requirement between the first run and another."""

    REGRESSED = "regressed"
    FIXED = "fixed"
    STILL_FAILING = "still failing"
    OTHER_EVIDENCE = "same verdict with different evidence"
    NEWLY_TESTED = "newly tested"
    NO_LONGER_TESTED = "no longer tested"
    DIFFERS = "differs though both pass"
    SAME = "same"


_BROKEN: Final = frozenset({Verdict.FAIL, Verdict.DEVIATION, Verdict.WAIVED, Verdict.FLAKY})
_HELD: Final = frozenset({Verdict.PASS, Verdict.STALE_WAIVER})


@dataclass(frozen=True, slots=True)
class Run:
    """One column: a run with a name that nobody else has, and the numbers that head it."""

    name: str
    target: str
    product: str
    version: str
    verdict: str
    sentence: str
    started: str
    contract: str
    contract_hash: str
    met: int
    applicable: int


@dataclass(frozen=True, slots=True)
class Cell:
    """What one run says of one requirement; ``verdict`` is ``None`` where its contract has no such requirement."""

    verdict: Verdict | None
    reason: str = ""
    change: Change = Change.SAME
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement over all runs; ``change`` is what became of it from the first run to the last."""

    id: str
    level: str
    clause: str
    area: str
    cells: tuple[Cell, ...]
    change: Change


@dataclass(frozen=True, slots=True)
class Comparison:
    """All runs and all requirements; ``counts`` is from the first run to the last."""

    runs: tuple[Run, ...]
    rows: tuple[Row, ...]
    counts: dict[str, int]
    warnings: tuple[str, ...] = ()


def compare(results: Sequence[tuple[str, Result]]) -> Comparison:
    """Compare runs, each given with its name, with the first one.

    Raises:
        ValueError: Fewer than two runs were given.
    """
    if len(results) < 2:
        raise ValueError("A comparison needs two results at least.")
    runs = tuple(_run(name, result) for name, result in results)
    tables = [{each.id: each for each in result.requirements} for _, result in results]
    identifiers = sorted({identifier for table in tables for identifier in table})
    rows = tuple(
        _row([table.get(identifier) for table in tables], [result for _, result in results])
        for identifier in identifiers
    )
    counts = {change.value: 0 for change in Change}
    for row in rows:
        counts[row.change.value] += 1
    return Comparison(runs, rows, counts, tuple(_warnings(runs)))


def change_between(
    before: RequirementResult | None, after: RequirementResult | None, old: Result, new: Result
) -> tuple[Change, tuple[str, ...]]:
    """Say what became of a requirement between two runs, and by which checks it shows."""
    was, now = _state(before), _state(after)
    if was == now == "untested":
        return Change.SAME, ()
    if was == "untested":
        return Change.NEWLY_TESTED, ()
    if now == "untested":
        return Change.NO_LONGER_TESTED, ()
    assert before is not None
    assert after is not None
    notes = tuple(_check_changes(before, after))
    if was != now:
        return (Change.FIXED if now == "held" else Change.REGRESSED), notes
    if now == "held":
        differences = tuple(_differences(before, after, old.exchanges, new.exchanges))
        return (Change.DIFFERS, differences) if differences else (Change.SAME, ())
    if _signature(before) != _signature(after):
        return Change.OTHER_EVIDENCE, notes or (after.reason,)
    return Change.STILL_FAILING, ()


def shape_of(value: Any) -> Any:
    """Give the shape of a JSON value: member names and types, without values; lists by the shapes they hold."""
    if isinstance(value, dict):
        return {key: shape_of(each) for key, each in sorted(value.items())}
    if isinstance(value, list):
        shapes = [shape_of(each) for each in value]
        return [shape for number, shape in enumerate(shapes) if shape not in shapes[:number]]
    return {bool: "boolean", int: "number", float: "number", str: "string"}.get(type(value), "null")


def _row(parts: list[RequirementResult | None], results: list[Result]) -> Row:
    known = next(each for each in parts if each is not None)
    cells: list[Cell] = []
    for part, result in zip(parts, results, strict=True):
        change, notes = change_between(parts[0], part, results[0], result) if cells else (Change.SAME, ())
        cells.append(Cell(part.verdict if part else None, part.reason if part else "", change, notes))
    return Row(known.id, known.level, known.clause, known.area, tuple(cells), cells[-1].change)


def _run(name: str, result: Result) -> Run:
    numbers = numbers_of(result)
    return Run(
        name=name,
        target=result.target.url,
        product=result.target.product or "unknown product",
        version=result.target.version or "unknown version",
        verdict=result.verdict.value,
        sentence=result.sentence,
        started=result.started,
        contract=result.contract.version,
        contract_hash=result.contract.hash,
        met=numbers.met,
        applicable=numbers.applicable,
    )


def _warnings(runs: Sequence[Run]) -> Iterator[str]:
    hashes = {run.contract_hash for run in runs}
    if len(hashes) > 1:
        yield "The runs were judged by different contracts: a change may come from the contract, not from the server."
    if len({(run.product, run.version) for run in runs}) > 1:
        yield "The runs judge different servers or versions."


def _state(requirement: RequirementResult | None) -> str:
    if requirement is None:
        return "untested"
    if requirement.verdict in _HELD:
        return "held"
    return "broken" if requirement.verdict in _BROKEN else "untested"


def _check_changes(before: RequirementResult, after: RequirementResult) -> Iterator[str]:
    old, new = _by_check(before), _by_check(after)
    for check in sorted(old.keys() | new.keys()):
        if old.get(check) != new.get(check):
            yield f"{check}: {old.get(check, 'absent')} → {new.get(check, 'absent')}"


def _by_check(requirement: RequirementResult) -> dict[str, str]:
    """Give the most serious finding of each check; evidence is ordered with the most serious first."""
    found: dict[str, str] = {}
    for piece in requirement.evidence:
        found.setdefault(piece.check, piece.finding.value)
    return found


def _signature(requirement: RequirementResult) -> set[tuple[str, ...]]:
    """Give what is broken, without what differs from run to run: ids, tokens and times stand in values, not here."""
    return {
        (each.check, each.operation or "", each.persona or "", each.pointer or "")
        for each in requirement.evidence
        if each.finding in (Finding.BROKEN, Finding.FLAKY)
    }


def _differences(
    before: RequirementResult,
    after: RequirementResult,
    old: Mapping[str, Exchange],
    new: Mapping[str, Exchange],
) -> Iterator[str]:
    """Say where two servers keep the same clause in different ways: another way, status, or shape of the answer."""
    mine = _held(before)
    for key, piece in _held(after).items():
        other = mine.get(key)
        if other is None:
            continue
        check = key[0]
        if other.way != piece.way:
            yield f"{check}: the way of the {other.way or 'contract'} → the way of the {piece.way or 'contract'}"
        first, second = _deciding(other, old), _deciding(piece, new)
        if first is None or second is None or first.request.method != second.request.method:
            continue
        if first.status != second.status:
            yield f"{check}: status {first.status} → {second.status}"
            continue
        yield from (f"{check}: {each}" for each in _members(first, second))


def _held(requirement: RequirementResult) -> dict[tuple[str, str], Evidence]:
    return {(each.check, each.operation or ""): each for each in requirement.evidence if each.finding is Finding.HELD}


def _deciding(piece: Evidence, exchanges: Mapping[str, Exchange]) -> Exchange | None:
    return exchanges.get(piece.exchanges[-1]) if piece.exchanges else None


def _members(first: Exchange, second: Exchange) -> Iterator[str]:
    """Name the members at the top of the answer that only one of the two has."""
    one, other = first.json, second.json
    if not isinstance(one, dict) or not isinstance(other, dict):
        return
    for name in sorted(one.keys() ^ other.keys()):
        yield f"the answer {'no longer has' if name in one else 'also has'} {name!r}"
    for name in sorted(one.keys() & other.keys()):
        kinds = (type(shape_of(one[name])).__name__, type(shape_of(other[name])).__name__)
        if kinds[0] != kinds[1] or (
            isinstance(shape_of(one[name]), str) and shape_of(one[name]) != shape_of(other[name])
        ):
            yield f"{name!r} is {_kind(one[name])} → {_kind(other[name])}"


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else f"a {shape_of(value)}"
