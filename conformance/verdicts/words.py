"""The words of a verdict: each verdict with its meaning, its letter and its weight, and the exit codes of a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class Verdict(StrEnum):
    """What became of a requirement."""

    PASS = "pass"
    FAIL = "fail"
    DEVIATION = "deviation"
    UNSUPPORTED = "unsupported"
    NOT_APPLICABLE = "not applicable"
    BLOCKED = "blocked"
    NOT_REACHED = "not reached"
    WAIVED = "waived"
    STALE_WAIVER = "stale waiver"
    FLAKY = "flaky"
    CLEAN_UP_FAILED = "clean-up failed"
    ERROR = "error"
    NOT_RUN = "not run"


class Overall(StrEnum):
    """What a whole run says of its target."""

    CONFORMANT = "conformant"
    NOT_CONFORMANT = "not conformant"
    INCOMPLETE = "incomplete"
    NOTHING_TESTED = "nothing tested"
    NOT_HEALTHY = "target not healthy"


class ExitCode(IntEnum):
    """What the process returns; 2 is for mistakes of the user and never stands in a result."""

    CONFORMANT = 0
    NOT_CONFORMANT = 1
    USAGE = 2
    NOT_HEALTHY = 3
    INCOMPLETE = 4
    NOTHING_TESTED = 5


@dataclass(frozen=True, slots=True)
class Word:
    """How one verdict is written and read.

    Attributes:
        verdict: The verdict.
        letter: One letter for cells and plain terminals; unique.
        tone: ``good``, ``bad``, ``warn`` or ``quiet``: which of the four colours, never the only sign.
        meaning: One sentence for the glossary.
        weight: How much it weakens a run, 0 for nothing: the heaviest verdict stands for a group.
    """

    verdict: Verdict
    letter: str
    tone: str
    meaning: str
    weight: int


_WORDS: Final = (
    Word(Verdict.PASS, "P", "good", "Every check of the requirement held, and at least one looked.", 1),
    Word(Verdict.FAIL, "F", "bad", "A MUST was broken, and the evidence shows where.", 12),
    Word(
        Verdict.DEVIATION,
        "D",
        "warn",
        "A SHOULD or a MAY was not met, or a clause that is only documented or disputed. "
        "With --strict a missed SHOULD counts as broken.",
        6,
    ),
    Word(
        Verdict.UNSUPPORTED,
        "U",
        "quiet",
        "An optional feature that the target does not have, by declaration or by an answer that the contract allows.",
        2,
    ),
    Word(
        Verdict.NOT_APPLICABLE,
        "–",
        "quiet",
        "The requirement belongs to another profile or server version, or the selection left it out.",
        0,
    ),
    Word(
        Verdict.BLOCKED,
        "B",
        "warn",
        "It could not be judged, because a precondition that another requirement owns was not met; that one is named.",
        8,
    ),
    Word(
        Verdict.NOT_REACHED,
        "N",
        "warn",
        "The answer that the clause speaks of was never seen, so nothing can be said about it.",
        7,
    ),
    Word(Verdict.WAIVED, "W", "quiet", "It is broken, and a valid waiver accepts that until its day of expiry.", 5),
    Word(
        Verdict.STALE_WAIVER,
        "S",
        "bad",
        "A waiver that no longer has a ground: the requirement passes, the waiver expired, has no reason or matches "
        "nothing. It makes the run red, so that waivers cannot rot.",
        10,
    ),
    Word(Verdict.FLAKY, "K", "bad", "The same request was answered differently in the same circumstances.", 9),
    Word(
        Verdict.CLEAN_UP_FAILED,
        "C",
        "warn",
        "Something that the run made is still on the target; what it was is listed.",
        4,
    ),
    Word(Verdict.ERROR, "E", "bad", "A fault of the suite itself, not of the target; the run is incomplete.", 11),
    Word(Verdict.NOT_RUN, "R", "warn", "Its test never ran: interrupted, out of time, or a worker was lost.", 8),
)

WORDS: Final[dict[Verdict, Word]] = {word.verdict: word for word in _WORDS}


def heaviest(verdicts: list[Verdict]) -> Verdict | None:
    """Give the verdict that weakens most, or ``None`` for an empty list; a pass outweighs *not applicable*."""
    return max(verdicts, key=lambda verdict: WORDS[verdict].weight, default=None)


def plural(count: int, noun: str, several: str | None = None) -> str:
    """Write a count with its noun: ``1 request``, ``2 requests``, ``3 entries``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {several or noun + 's'}"
