"""Outcomes: what a test item tells the verdicts, in a form that survives the way from a worker to the controller."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Finding(StrEnum):
    """What one judgement found."""

    HELD = "held"
    BROKEN = "broken"
    BLOCKED = "blocked"
    NOT_REACHED = "not reached"
    UNSUPPORTED = "unsupported"
    NOT_APPLICABLE = "not applicable"
    FLAKY = "flaky"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One check on one exchange or on a sequence of them.

    Attributes:
        requirement: The id of the clause that was judged, for example ``LC-ROOM-007``.
        check: A stable name of the check: module and function of the test, or ``contract:<kind>`` for checks drawn from
            the schemas. Together with the requirement it is the identity that two runs are compared by.
        finding: What was found.
        sentence: One plain sentence; empty where the clause held.
        operation: The ``operationId`` that was judged, where it is one.
        expected: The value that the clause asks for, where it is a value.
        observed: The value that came.
        pointer: Where in the response it stood, a JSON pointer.
        exchanges: Ids of the exchanges that show it; the last one decided.
        blocked_by: The requirement that owns the failed precondition, for ``BLOCKED``.
        way: For a disputed clause, which of the accepted ways was seen.
        steps: The smallest sequence of exchange ids known to show it again, for findings of random tests.
    """

    requirement: str
    check: str
    finding: Finding
    sentence: str = ""
    operation: str | None = None
    expected: Any = None
    observed: Any = None
    pointer: str | None = None
    exchanges: tuple[str, ...] = ()
    blocked_by: str | None = None
    way: str | None = None
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What became of one test item.

    Attributes:
        item: The item's stable name: ``module::function[parameter]``, without folders of this machine.
        kind: ``area``, ``scenario``, ``property`` or ``model``.
        title: The first line of the test's docstring: the clause in plain words.
        requirements: Ids that the item is bound to, whether it came to judge them or not.
        judgements: What it judged.
        duration_s: Seconds.
        exchanges: Ids of all that it sent, in order: a scenario's sequence diagram is drawn from them.
        error: A fault of our own (a traceback as text), or ``None``.
        counters: Counts that are summed over items, for example coverage: ``{"accepted:sendMessage": 12}``.
    """

    item: str
    kind: str
    title: str
    requirements: tuple[str, ...]
    judgements: tuple[Judgement, ...] = ()
    duration_s: float = 0.0
    exchanges: tuple[str, ...] = ()
    error: str | None = None
    counters: dict[str, int] = field(default_factory=dict)
