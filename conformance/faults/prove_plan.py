"""The plan of a proof: which faults, and for each the tests that can see it, learnt from the run without faults."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from conformance.faults.generic_replay import shown
from conformance.faults.model import Depth, Fault
from conformance.suite.workdir import Workdir
from conformance.verdicts import Finding, ItemOutcome, read_spool

_JUDGED = {Finding.HELD, Finding.BROKEN, Finding.FLAKY, Finding.UNSUPPORTED, Finding.NOT_REACHED}
BY_CHANCE = (Depth.RARE_INPUT, Depth.RACE)
"""Depths of faults that a run finds only with some luck: these are proved over many seeds."""
_NO_SCENARIO = ("fuzz::", "model::")


class UnknownFault(ValueError):
    """A fault or an area that does not exist; the message says what was meant, perhaps."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What each test saw in the run without faults.

    Attributes:
        judged: Requirement to the tests that judged it or are bound to it.
        called: Operation to the tests that called it.
        seconds: Test to how long it took.
        broken: Requirements that were found broken: no fault of them can be proved.
        shown: Fault to tests that were shown what it alters, the quickest first; of generic faults only.
    """

    judged: Mapping[str, frozenset[str]] = field(default_factory=dict)
    called: Mapping[str, frozenset[str]] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def tests_for(self, fault: Fault) -> tuple[str, ...]:
        """Names of the tests that can see a fault, the likeliest and quickest first.

        First those that were shown what it alters, then those that judge what it breaks, then those that call an
        operation where it shows; those that draw their requests at random come last in each group.
        """
        shown = self.shown.get(fault.id, ())
        judging = _union(self.judged, fault.breaks).difference(shown)
        calling = _union(self.called, fault.operations).difference(shown)
        return (*shown, *self._quick_first(judging), *self._quick_first(calling - judging))

    def _quick_first(self, names: Iterable[str]) -> list[str]:
        return sorted(names, key=lambda name: (name.startswith(_NO_SCENARIO), self.seconds.get(name, 0.0), name))


def look(workdir: Workdir, faults: Collection[Fault] = ()) -> Sight:
    """Learn from the work directory of a finished run which test sees what; of generic faults, also by replaying it."""
    outcomes: list[ItemOutcome] = list(workdir.outcomes())
    contract, version = workdir.contract(), workdir.target().version
    sender = {exchange: one.item for one in outcomes for exchange in one.exchanges}
    judged: dict[str, set[str]] = defaultdict(set)
    called: dict[str, set[str]] = defaultdict(set)
    broken: set[str] = set()
    for outcome in outcomes:
        for requirement in outcome.requirements:
            judged[requirement].add(outcome.item)
        for judgement in outcome.judgements:
            if judgement.finding in _JUDGED:
                judged[judgement.requirement].add(outcome.item)
            clause = contract.requirements[judgement.requirement]
            if judgement.finding in {Finding.BROKEN, Finding.FLAKY} and contract.applies(clause, version):
                broken.add(judgement.requirement)
    sent = [(one, sender[one.id]) for one in read_spool(workdir.spools()) if one.operation and one.id in sender]
    for exchange, test in sent:
        called[str(exchange.operation)].add(test)
    seconds = {one.item: one.duration_s for one in outcomes}
    return Sight(
        {name: frozenset(tests) for name, tests in judged.items()},
        {name: frozenset(tests) for name, tests in called.items()},
        seconds,
        frozenset(broken),
        shown(contract, sent, seconds, faults),
    )


def _union(by_name: Mapping[str, frozenset[str]], names: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(by_name.get(name, frozenset()) for name in names))


def area_of(fault: Fault) -> str:
    """The area of a fault: what its id begins with."""
    return fault.id.partition(".")[0]


def chosen(faults: Mapping[str, Fault], ids: Collection[str], areas: Collection[str]) -> list[Fault]:
    """The faults with one of these ids or of one of these areas, in their own order; all where neither is given.

    Raises:
        UnknownFault: There is no such fault or area.
    """
    known_areas = {area_of(one) for one in faults.values()}
    for what, names, known in (("fault", ids, set(faults)), ("area", areas, known_areas)):
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, sorted(known), n=1)
                hint = f"; did you mean {near[0]}?" if near else "."
                raise UnknownFault(f"no {what} is called {name!r}{hint}")
    if not ids and not areas:
        return list(faults.values())
    return [one for one in faults.values() if one.id in ids or area_of(one) in areas]


def quick_subset(faults: Iterable[Fault]) -> list[Fault]:
    """A subset that says something of every area: of each the first fault of each kind."""
    kept: dict[tuple[str, str], Fault] = {}
    for one in faults:
        kept.setdefault((area_of(one), one.kind), one)
    return list(kept.values())


def is_by_chance(fault: Fault, item: str) -> bool:
    """Whether finding a fault rests on chance: its depth says so, or a random test was what found it."""
    return fault.depth in BY_CHANCE or item.startswith(_NO_SCENARIO)
