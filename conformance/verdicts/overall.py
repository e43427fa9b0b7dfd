"""From the verdicts of all requirements to the verdict of the run: a sentence and an exit code.

There is no way to a 0 without evidence (design, *Verdicts*): whatever could not be judged makes the run incomplete.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from conformance.verdicts import waivers as waiver_rules
from conformance.verdicts.judge import SOFT_CONFIDENCES, Decision, binding, decide, decided, operation_verdict, ordered
from conformance.verdicts.outcome import Finding
from conformance.verdicts.result import OperationResult, RequirementResult, Result
from conformance.verdicts.waivers import Waiver
from conformance.verdicts.words import ExitCode, Overall, Verdict, plural

_MUST_BE_JUDGED = (Verdict.BLOCKED, Verdict.NOT_RUN, Verdict.ERROR)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a report's head: how many requirements apply and how many are met, and the same of operations."""

    requirements: int
    applicable: int
    met: int
    operations: int
    reached: int


def settle(result: Result, waivers: Iterable[Waiver]) -> Result:
    """Decide everything that follows from the evidence: verdicts, counts, the sentence and the exit code.

    Used when a run ends, when shards are merged, and by ``verify``; settling a settled result changes nothing.
    """
    items = {item.item: item for item in result.items}
    accepted = {operation.id: operation.accepted for operation in result.operations}
    requirements: tuple[RequirementResult, ...] = tuple(
        decided(each, decide(each, items, accepted, result.strict))
        for each in (replace(each, evidence=ordered(each.evidence)) for each in result.requirements)
    )
    operations = tuple(replace(each, verdict=operation_verdict(each, requirements)) for each in result.operations)
    aside = {each.id for each in operations if each.verdict is Verdict.NOT_APPLICABLE}
    requirements = tuple(_without_answers(each, aside) for each in requirements)
    requirements, entries = waiver_rules.apply(waivers, requirements, result.target.version, day_of(result.started))
    result = replace(
        result,
        requirements=requirements,
        operations=operations,
        waivers=entries,
        counts=counts_of(requirements),
        not_run=tuple(sorted(item.item for item in result.items if item.state == "not run")),
    )
    verdict, code = _overall(result)
    result = replace(result, verdict=verdict, exit_code=int(code))
    return replace(result, sentence=sentence_of(result))


def _without_answers(requirement: RequirementResult, aside: set[str]) -> RequirementResult:
    """Set a clause about every answer aside where no call of its operations was possible, so that there is none."""
    unseen = requirement.verdict is Verdict.NOT_REACHED and not requirement.evidence
    about_answers = requirement.kind in ("shape", "status") and bool(requirement.operations)
    if unseen and about_answers and aside.issuperset(requirement.operations):
        return decided(requirement, Decision(Verdict.NOT_APPLICABLE, "No call of it was possible on this target."))
    return requirement


def counts_of(requirements: Iterable[RequirementResult]) -> dict[str, int]:
    """Count the requirements by verdict; every verdict is named, also with a zero."""
    counts = {verdict.value: 0 for verdict in Verdict}
    for each in requirements:
        counts[each.verdict.value] += 1
    return counts


def numbers_of(result: Result) -> Numbers:
    """Count what the head of a report shows; unsupported options do not count as applicable."""
    aside = (Verdict.NOT_APPLICABLE, Verdict.UNSUPPORTED)
    applicable = [each for each in result.requirements if each.verdict not in aside]
    met = [each for each in applicable if each.verdict in (Verdict.PASS, Verdict.STALE_WAIVER)]
    judged = [each for each in result.operations if each.judged and each.verdict not in aside]
    reached = [each for each in judged if each.accepted]
    return Numbers(len(result.requirements), len(applicable), len(met), len(judged), len(reached))


def weaknesses(result: Result) -> tuple[str, ...]:
    """Say in sentences what makes the verdict weaker than it reads; empty for a full and clean run."""
    counts = result.counts
    said: list[str] = [*result.endings, *result.partial]
    if result.target.newer_than_contract:
        said.append(
            f"The target says it is version {result.target.version}, which is newer than the contract knows; "
            "it was judged by the newest known rules."
        )
    for verdict, text in (
        (Verdict.ERROR, "{} could not be judged because of a fault in the suite."),
        (Verdict.BLOCKED, "{} could not be judged, because a precondition was not met."),
        (Verdict.NOT_RUN, "{} was left without its test."),
        (Verdict.NOT_REACHED, "{} was never reached: the answer that the clause speaks of did not come."),
        (Verdict.FLAKY, "{} was answered differently in the same circumstances."),
        (Verdict.WAIVED, "{} is broken and waived."),
    ):
        if count := counts.get(verdict.value, 0):
            said.append(_in_number(text, count))
    unreached = [each.id for each in result.operations if each.judged and each.verdict is Verdict.NOT_REACHED]
    if unreached:
        more = f" and {len(unreached) - 4} more" if len(unreached) > 4 else ""
        said.append(f"Never accepted: {', '.join(unreached[:4])}{more}.")
    said.extend(
        f"Stale waiver for {each.requirement}: {each.sentence}" for each in result.waivers if each.state == "stale"
    )
    if result.left_behind:
        said.append(f"{plural(len(result.left_behind), 'object')} could not be removed from the target.")
    return tuple(said)


def sentence_of(result: Result) -> str:
    """Write the verdict of the run as one sentence, the cause first."""
    contract = f"the Livechat contract {result.contract.version}, profile {result.profile}"
    if result.verdict is Overall.NOT_HEALTHY:
        return f"The target could not be judged: {result.unhealthy}"
    if result.verdict is Overall.NOTHING_TESTED:
        return f"Nothing was tested against {contract}: no check came to judge anything."
    causes = "; ".join(_causes(result))
    uniform = _uniform(result)
    if result.verdict is Overall.NOT_CONFORMANT:
        return f"Not conformant to {contract}: {uniform}{causes}."
    if result.verdict is Overall.INCOMPLETE:
        return f"Incomplete, so not shown to be conformant to {contract}: {uniform}{causes}."
    numbers = numbers_of(result)
    tail = f": {numbers.met:,} of {plural(numbers.applicable, 'requirement')} met"
    aside = [
        plural(result.counts.get(verdict.value, 0), word)
        for verdict, word in ((Verdict.DEVIATION, "deviation"), (Verdict.WAIVED, "waived failure"))
        if result.counts.get(verdict.value, 0)
    ]
    part = " in the part that was judged" if result.partial else ""
    return f"Conformant to {contract}{part}{tail}{''.join(f', {each}' for each in aside)}."


def day_of(started: str) -> date:
    """Give the day on which a run started: expiry is judged by it, so that judging again gives the same."""
    return datetime.fromisoformat(started).date()


def _overall(result: Result) -> tuple[Overall, ExitCode]:
    if result.unhealthy:
        return Overall.NOT_HEALTHY, ExitCode.NOT_HEALTHY
    telling = (Finding.HELD, Finding.BROKEN, Finding.FLAKY)
    judged = any(
        evidence.finding in telling for each in result.requirements if not each.excluded for evidence in each.evidence
    )
    if not judged:
        cut = any(item.state in ("not run", "error") for item in result.items)
        if result.endings or cut:
            return Overall.INCOMPLETE, ExitCode.INCOMPLETE
        return Overall.NOTHING_TESTED, ExitCode.NOTHING_TESTED
    red = (Verdict.FAIL, Verdict.STALE_WAIVER)
    flaky = any(
        each.verdict is Verdict.FLAKY and each.confidence not in SOFT_CONFIDENCES for each in result.requirements
    )
    stale = any(each.state == "stale" for each in result.waivers)
    if stale or flaky or any(each.verdict in red for each in result.requirements):
        return Overall.NOT_CONFORMANT, ExitCode.NOT_CONFORMANT
    if _gaps(result):
        return Overall.INCOMPLETE, ExitCode.INCOMPLETE
    return Overall.CONFORMANT, ExitCode.CONFORMANT


def _gaps(result: Result) -> bool:
    """Say whether something that had to be judged was not."""
    if result.endings or any(item.state in ("not run", "error") for item in result.items):
        return True
    for each in result.requirements:
        if each.verdict in _MUST_BE_JUDGED and each.confidence not in SOFT_CONFIDENCES:
            return True
        if each.verdict is Verdict.NOT_REACHED and binding(each, result.strict):
            return True
    return any(
        each.judged and each.verdict is Verdict.NOT_REACHED and _required(each, result) for each in result.operations
    )


def _required(operation: OperationResult, result: Result) -> bool:
    """Say whether an operation has a clause that binds, or no clause at all, so that never reaching it is a gap."""
    mine = [each for each in result.requirements if operation.id in each.operations]
    return not mine or any(binding(each, result.strict) and not each.excluded for each in mine)


def _causes(result: Result) -> list[str]:
    failed = [each for each in result.requirements if each.verdict is Verdict.FAIL]
    musts = sum(each.level == "MUST" for each in failed)
    causes = []
    if musts:
        causes.append(f"{plural(musts, 'MUST requirement')} broken")
    if len(failed) > musts:
        causes.append(f"{plural(len(failed) - musts, 'SHOULD requirement')} broken")
    stale = sum(each.state == "stale" for each in result.waivers)
    if stale:
        causes.append(plural(stale, "stale waiver"))
    if flaky := result.counts.get(Verdict.FLAKY.value, 0):
        causes.append(f"{flaky:,} flaky")
    open_ones = (Verdict.ERROR, Verdict.BLOCKED, Verdict.NOT_RUN, Verdict.NOT_REACHED)
    unjudged = {verdict: result.counts.get(verdict.value, 0) for verdict in open_ones}
    if causes and any(unjudged.values()):
        return [*causes, f"{plural(sum(unjudged.values()), 'requirement')} not judged"]
    if causes:
        return causes
    causes.extend(f"{count:,} {verdict.value}" for verdict, count in unjudged.items() if count)
    never = sum(each.judged and each.verdict is Verdict.NOT_REACHED for each in result.operations)
    if never:
        causes.append(f"{plural(never, 'operation')} never accepted")
    broken_items = sum(item.state == "error" for item in result.items)
    if broken_items and not unjudged[Verdict.ERROR]:
        causes.append(f"{plural(broken_items, 'test')} ended in a fault of the suite")
    if result.endings:
        causes.append(result.endings[0].rstrip("."))
    return causes or ["something that had to run did not"]


def _uniform(result: Result) -> str:
    """Name the cause where a target answers the same status to everything."""
    seen: dict[str, int] = {}
    for operation in result.operations:
        for status, count in operation.statuses.items():
            seen[status] = seen.get(status, 0) + count
    if len(seen) != 1:
        return ""
    [(status, count)] = seen.items()
    if count < 10:
        return ""
    if status == "none":
        return f"not one of {count:,} requests was answered; "
    return f"every one of {count:,} answers had the status {status}; "


def _in_number(text: str, count: int) -> str:
    sentence = text.format(plural(count, "requirement"))
    if count == 1:
        return sentence
    return sentence.replace(" was ", " were ", 1).replace(" is ", " are ", 1).replace("its test", "their tests")
