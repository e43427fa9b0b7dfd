"""Trials: one tool against one server, which has a fault or none; what a tool reports, and what counts as found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from statistics import median
from typing import Any, Final

from conformance.faults.model import Depth, Fault

CLASSES: Final = (Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION)
"""The depths that the benchmark draws a third of its faults from each."""
CONTROL: Final = ""
"""The id that stands for the server without a fault."""


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """What a tool reports as one failure: two reports of the same failure are equal.

    Attributes:
        operation: The operation, in the tool's own words.
        check: The check, or the kind of the failure.
    """

    operation: str
    check: str


@dataclass(frozen=True, slots=True)
class Report:
    """What one run of a tool brought to light.

    Attributes:
        failures: Each failure that was reported, and how many requests its reproduction has.
        named: For the suite: whether a clause that the fault breaks is red; ``None`` for tools without clauses.
        steps: Requests of the reproduction that belongs to the fault; 0 where it was not found.
        note: Why the run was no whole run; empty otherwise.
    """

    failures: Mapping[Failure, int]
    named: bool | None = None
    steps: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of one tool, as it goes into the JSON document.

    Attributes:
        tool: The tool's name.
        fault: The id of the fault; empty on the server without a fault.
        depth: The depth of the fault.
        seed: The seed that the tool was given.
        found: Whether it reported a failure that no control run reported; for the suite: the fault's own clause.
        failures: How many failures it reported in all.
        new: The failures that no control run reported.
        requests: Requests that arrived at the server.
        seconds: From the start of the tool to its end.
        cpu: Processor seconds of the tool, without the server.
        steps: Requests of the shortest reproduction of what was found; 0 where nothing was.
        stopped: Whether the run was ended early, because it had found the fault.
        note: What went wrong, if anything did.
    """

    tool: str
    fault: str
    depth: str
    seed: int
    found: bool
    failures: int
    new: tuple[Failure, ...]
    requests: int
    seconds: float
    cpu: float
    steps: int
    stopped: bool
    note: str = ""


@dataclass(slots=True)
class Known:
    """What a tool reports of the correct server: false alarms, which no fault is found by."""

    failures: set[Failure] = field(default_factory=set)

    def new(self, report: Iterable[Failure]) -> tuple[Failure, ...]:
        """The failures of a report that are not known."""
        return tuple(sorted(set(report) - self.failures))


def choose(catalogue: Iterable[Fault], generic: Iterable[Fault], number: int, seed: int) -> list[Fault]:
    """Choose faults: a third of each of three depths, drawn by chance and spread over the areas.

    The faults of one depth are shuffled within their areas, and so are the areas; then the areas are gone through
    again and again, and each gives one fault, until there are enough. Nobody picks a fault by hand. Every second
    shallow one is generic: those are drawn from the schemas of the contract, which is what tools that read schemas are
    made for, and they are spread over the operations. The three depths take turns in the result, so that its beginning
    is balanced as well.

    Args:
        catalogue: The faults that somebody thought of. Those that need options of their own are left out: all tools
            know one control server.
        generic: The faults that are drawn from the contract.
        number: How many, rounded down to a multiple of three.
        seed: The same seed chooses the same faults from the same catalogue.

    Raises:
        ValueError: There are not so many.
    """
    plain = [one for one in catalogue if not one.options]
    third = number // 3
    drawn = {
        depth: _spread([one for one in plain if one.depth is depth], third, f"{seed}:{depth}") for depth in CLASSES
    }
    shapes = [one for one in generic if one.depth is Depth.SHALLOW and not one.options]
    half = _spread(shapes, third // 2, f"{seed}:generic", lambda one: one.operations[0] if one.operations else "")
    shallow = drawn[Depth.SHALLOW]
    drawn[Depth.SHALLOW] = [half[n // 2] if n % 2 and n // 2 < len(half) else shallow[n - n // 2] for n in range(third)]
    return list(chain.from_iterable(zip(*drawn.values(), strict=True)))


def area_of(fault: Fault) -> str:
    """The area of a fault: what its id begins with."""
    return fault.id.partition(".")[0]


def _spread(faults: Sequence[Fault], number: int, seed: str, group: Callable[[Fault], str] = area_of) -> list[Fault]:
    if len(faults) < number:
        raise ValueError(f"there are only {len(faults)} such faults, not {number}")
    chance = random.Random(seed)
    areas: dict[str, list[Fault]] = {}
    for one in sorted(faults, key=lambda each: each.id):
        areas.setdefault(group(one), []).append(one)
    rows = [chance.sample(each, len(each)) for each in areas.values()]
    chance.shuffle(rows)
    dealt = [one for turn in zip_longest(*rows) for one in turn if one is not None]
    return dealt[:number]


@dataclass(frozen=True, slots=True)
class Row:
    """One tool's line of the table.

    Attributes:
        tool: Its name.
        found: Depth to how many faults were found, and how many there were.
        total: The same over all depths.
        strictly: How many were found by a failure on an operation where the fault shows.
        false_alarms: Failures on the correct server, the median over the control runs.
        requests: Of a whole run, on the correct server; the median over the control runs.
        seconds: The same.
        cpu: The same: processor seconds of the tool alone.
        found_requests: Requests until a fault was found, the median over those found; ``None`` where none was.
        found_seconds: The same.
        steps: Requests of a reproduction, the median over the faults found; ``None`` where none was.
        worst_steps: The longest reproduction.
    """

    tool: str
    found: Mapping[str, tuple[int, int]]
    total: tuple[int, int]
    strictly: int
    false_alarms: float
    requests: float
    seconds: float
    cpu: float
    found_requests: float | None
    found_seconds: float | None
    steps: float | None
    worst_steps: int | None


def row(tool: str, trials: Iterable[Trial], shown_at: Mapping[str, frozenset[str]]) -> Row:
    """Sum up one tool's trials.

    Args:
        tool: Its name.
        trials: Trials of any tools.
        shown_at: Fault to what its operations are called in failures: ids and labels.

    Raises:
        ValueError: The tool has no control run.
    """
    own = [one for one in trials if one.tool == tool]
    control = [one for one in own if one.fault == CONTROL]
    faulty = [one for one in own if one.fault != CONTROL]
    if not control:
        raise ValueError(f"{tool} was never run against the correct server")
    found = [one for one in faulty if one.found]
    return Row(
        tool,
        {depth.value: _share([one for one in faulty if one.depth == depth.value]) for depth in CLASSES},
        _share(faulty),
        sum(any(failure.operation in shown_at.get(one.fault, ()) for failure in one.new) for one in found),
        median(one.failures for one in control),
        median(one.requests for one in control),
        median(one.seconds for one in control),
        median(one.cpu for one in control),
        _median([one.requests for one in found]),
        _median([one.seconds for one in found]),
        _median([one.steps for one in found]),
        max((one.steps for one in found), default=None),
    )


def _share(trials: Sequence[Trial]) -> tuple[int, int]:
    return sum(one.found for one in trials), len(trials)


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def plain(value: Any) -> Any:
    """A number without the decimals that nobody reads; ``None`` as a dash."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
