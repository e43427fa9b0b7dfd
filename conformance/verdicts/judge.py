"""From evidence to the verdict of a requirement.

One function decides, and it needs nothing but what the result document holds. So ``merge`` decides again over joined
evidence, and ``verify`` decides again to see whether a verdict was altered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from conformance.verdicts.outcome import Finding
from conformance.verdicts.result import Evidence, ItemResult, OperationResult, RequirementResult
from conformance.verdicts.words import Verdict, plural

SOFT_CONFIDENCES: Final = frozenset({"disputed", "documented"})
_SERIOUS: Final = (
    Finding.BROKEN,
    Finding.FLAKY,
    Finding.BLOCKED,
    Finding.NOT_REACHED,
    Finding.UNSUPPORTED,
    Finding.NOT_APPLICABLE,
    Finding.HELD,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, why in one sentence, and which requirements blocked it."""

    verdict: Verdict
    reason: str = ""
    blocked_by: tuple[str, ...] = ()


def seriousness(finding: Finding) -> int:
    """Give the rank of a finding, 0 for the most serious; evidence is listed in this order."""
    return _SERIOUS.index(finding)


def binding(requirement: RequirementResult, strict: bool) -> bool:
    """Say whether breaking the requirement makes a run red.

    A MUST does, a SHOULD does under ``--strict``, and never a clause that only the documentation knows or that
    documentation and servers dispute (design, *How truth is decided*).
    """
    if requirement.confidence in SOFT_CONFIDENCES:
        return False
    return requirement.level == "MUST" or (strict and requirement.level == "SHOULD")


def decide(
    requirement: RequirementResult,
    items: Mapping[str, ItemResult],
    accepted: Mapping[str, int],
    strict: bool = False,
) -> Decision:
    """Decide what became of one requirement, waivers aside.

    Args:
        requirement: The requirement with its evidence; its own verdict is not looked at.
        items: All items of the run by name.
        accepted: For each operation, how many requests were accepted.
        strict: Whether a missed SHOULD counts as broken.
    """
    if requirement.excluded:
        return Decision(Verdict.NOT_APPLICABLE, requirement.excluded)
    found = _by_finding(requirement.evidence)
    if broken := found.get(Finding.BROKEN):
        return _broken(requirement, broken, strict)
    if requirement.absent:
        return Decision(Verdict.UNSUPPORTED, requirement.absent)
    mine = [items[name] for name in requirement.items if name in items]
    if errors := [item for item in mine if item.state == "error"]:
        return Decision(Verdict.ERROR, _named("A fault of the suite", errors) + ": " + _first_line(errors[0].reason))
    if flaky := found.get(Finding.FLAKY):
        return Decision(Verdict.FLAKY, flaky[0].sentence or "The same request was answered differently.")
    if missing := [item for item in mine if item.state == "not run"]:
        return Decision(Verdict.NOT_RUN, _named("Never ran", missing))
    if Finding.HELD in found:
        if never := _never_accepted(requirement, accepted):
            return Decision(Verdict.NOT_REACHED, f"No request to {never} was accepted even once.")
        return Decision(Verdict.PASS, _ways(found[Finding.HELD]))
    return _without_evidence(requirement, found, mine)


def operation_verdict(operation: OperationResult, requirements: Iterable[RequirementResult]) -> Verdict:
    """Decide what became of an operation: it must have been accepted at least once.

    Without that a server which refuses everything in a documented way would pass.
    """
    if operation.accepted:
        return Verdict.PASS
    mine = [each for each in requirements if operation.id in each.operations]
    applicable = [each for each in mine if not each.excluded]
    owners = [each for each in mine if each.kind == "accepts"]
    if not operation.judged or (mine and not applicable) or (owners and all(each.excluded for each in owners)):
        return Verdict.NOT_APPLICABLE
    if applicable and all(each.absent or each.verdict is Verdict.UNSUPPORTED for each in applicable):
        return Verdict.UNSUPPORTED
    accepts = [each for each in applicable if each.kind == "accepts"]
    if accepts and all(each.verdict is Verdict.UNSUPPORTED for each in accepts):
        return Verdict.UNSUPPORTED
    # What a call of it needs cannot be there in this run: no agent without credentials, no field that none can define.
    if accepts and all(each.verdict is Verdict.NOT_APPLICABLE for each in accepts):
        return Verdict.NOT_APPLICABLE
    return Verdict.NOT_REACHED


def ordered(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Put the most serious evidence first, and within that keep an order that no worker can change."""
    return tuple(
        sorted(
            evidence,
            key=lambda each: (
                seriousness(each.finding),
                each.check,
                each.operation or "",
                each.persona or "",
                each.sentence,
                each.pointer or "",
                each.blocked_by or "",
                each.way or "",
                each.item,
            ),
        )
    )


def decided(requirement: RequirementResult, decision: Decision) -> RequirementResult:
    """Give the requirement with the decision written into it."""
    return replace(requirement, verdict=decision.verdict, reason=decision.reason, blocked_by=decision.blocked_by)


def _broken(requirement: RequirementResult, broken: list[Evidence], strict: bool) -> Decision:
    reason = broken[0].sentence or "The clause was broken."
    if len(broken) > 1:
        end = "" if reason.endswith((".", "!", "?")) else "."
        reason += f"{end} And {plural(len(broken) - 1, 'other finding')}."
    if binding(requirement, strict):
        return Decision(Verdict.FAIL, reason)
    return Decision(Verdict.DEVIATION, reason)


def _without_evidence(
    requirement: RequirementResult, found: dict[Finding, list[Evidence]], mine: list[ItemResult]
) -> Decision:
    """Decide where nothing was held and nothing broken; what cannot be shown is never a pass."""
    if blocked := found.get(Finding.BLOCKED):
        causes = tuple(sorted({each.blocked_by for each in blocked if each.blocked_by}))
        names = f" ({', '.join(causes)})" if causes else ""
        return Decision(Verdict.BLOCKED, (blocked[0].sentence or "A precondition was not met.") + names, causes)
    if unsupported := found.get(Finding.UNSUPPORTED):
        sentence = unsupported[0].sentence or "The target does not have it."
        if requirement.optional:
            return Decision(Verdict.UNSUPPORTED, sentence)
        return Decision(Verdict.NOT_REACHED, f"{sentence} But it is not optional.")
    if missed := found.get(Finding.NOT_REACHED):
        return Decision(Verdict.NOT_REACHED, missed[0].sentence or "The answer it speaks of was never seen.")
    if aside := found.get(Finding.NOT_APPLICABLE):
        return Decision(Verdict.NOT_APPLICABLE, aside[0].sentence or "It does not apply to this target.")
    if mine and all(item.state == "left out" for item in mine):
        return Decision(Verdict.NOT_APPLICABLE, mine[0].reason or "Left out of this run.")
    if not mine:
        return Decision(Verdict.NOT_REACHED, "No check of this run judges it.")
    return Decision(Verdict.NOT_REACHED, "Its checks ran and never came to judge it.")


def _never_accepted(requirement: RequirementResult, accepted: Mapping[str, int]) -> str | None:
    if requirement.kind != "accepts":
        return None
    return next((name for name in requirement.operations if not accepted.get(name)), None)


def _ways(held: list[Evidence]) -> str:
    ways = sorted({each.way for each in held if each.way})
    return f"Seen: the way of the {' and of the '.join(ways)}." if ways else ""


def _by_finding(evidence: Iterable[Evidence]) -> dict[Finding, list[Evidence]]:
    found: dict[Finding, list[Evidence]] = {}
    for each in ordered(evidence):
        found.setdefault(each.finding, []).append(each)
    return found


def _named(what: str, items: list[ItemResult]) -> str:
    names = ", ".join(sorted(item.item for item in items)[:3])
    more = f" and {len(items) - 3} more" if len(items) > 3 else ""
    return f"{what}: {names}{more}"


def _first_line(text: str) -> str:
    """Give the last line of a traceback, which is the one that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
