"""The result document: all that a run found out, as plain data; every report is drawn from it and from nothing else.

The JSON form is published as ``result.schema.json``. Fields that say when or how long (``started``, ``duration_s``,
latencies) differ from run to run; all the others are the same for the same target, settings and seed, whatever the
number of workers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from msgspec import Meta

from conformance.contract.exchange import Exchange
from conformance.verdicts.latency import Latency
from conformance.verdicts.outcome import Finding
from conformance.verdicts.words import Overall, Verdict

FORMAT: Final = 1

Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]


@dataclass(frozen=True, slots=True)
class Target:
    """The server under judgement: its URL without credentials, and what the probe learned of it."""

    url: str
    product: str | None = None
    version: str | None = None
    newer_than_contract: bool = False
    routing: str | None = None
    limiter: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContractInfo:
    """The contract that was applied: its version, a hash of its files, and the overlays for the target's version."""

    version: str
    hash: str
    overlays: tuple[str, ...] = ()
    mode: str = "auto"


@dataclass(frozen=True, slots=True)
class Suite:
    """What judged: versions of the suite, of Python and of the libraries that decide which requests a seed makes."""

    version: str
    python: str = ""
    dependencies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Judgements of one check that say the same.

    Attributes:
        check: The stable name of the check; with the requirement's id it is what two runs are compared by.
        finding: What was found.
        sentence: One plain sentence; empty where the clause held.
        count: How many judgements are folded into this one; the first of them is shown.
        others: On the first piece of its kind: judgements of more pieces of that kind, which are not shown.
        item: The test item that judged, with the seed what replays it; empty where it has the name of the check.
        operation: The operation that was judged, if it was one.
        persona: Who asked in the deciding exchange.
        expected: The value that the clause asks for, where it is a value.
        observed: The value that came.
        pointer: Where in the response it stood, a JSON pointer.
        blocked_by: The requirement that owns the failed precondition.
        way: For a disputed clause, which way was seen: ``server`` or ``documentation``.
        exchanges: Ids into ``Result.exchanges``; the last one decided.
        steps: The smallest sequence of exchanges known to show it again.
    """

    check: str
    finding: Finding
    sentence: str = ""
    count: Count = 1
    others: Count = 0
    item: str = ""
    operation: str | None = None
    persona: str | None = None
    expected: Any = None
    observed: Any = None
    pointer: str | None = None
    blocked_by: str | None = None
    way: str | None = None
    exchanges: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """One clause of the contract and what became of it.

    Attributes:
        id, level, clause, confidence, source, kind, profile, operations, since, until, ways, note: As in the contract.
        area: The area of the API, for grouping.
        line: The line in ``spec/requirements.yaml``.
        excluded: Why it does not apply to this run, or ``None`` where it applies.
        optional: Whether a target may lack it: a feature profile, an optional operation, or a MAY.
        absent: Why the feature it belongs to is absent from the target, or ``None``.
        verdict, reason: What became of it, and why in one sentence.
        blocked_by: The requirements that own the failed preconditions.
        items: The test items bound to it.
        evidence: What was found, the most serious first.
    """

    id: str
    level: str
    clause: str
    confidence: str
    source: str
    kind: str
    verdict: Verdict
    reason: str = ""
    operations: tuple[str, ...] = ()
    area: str = ""
    profile: str = ""
    since: str | None = None
    until: str | None = None
    ways: dict[str, str] = field(default_factory=dict)
    note: str | None = None
    line: Count = 0
    excluded: str | None = None
    optional: bool = False
    absent: str | None = None
    blocked_by: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class OperationResult:
    """One operation and what was seen of it.

    Attributes:
        id, method, path, area, summary: As in the contract.
        judged: Whether the contract judges it; supporting operations are only counted.
        line: The line in ``spec/openapi.yaml``.
        documented: The statuses that the contract documents.
        requests: Requests sent to it, answered or not.
        accepted: Answers with a success status that broke nothing of the contract.
        statuses: Status to count; ``none`` for requests that were never answered.
        unseen: Documented status that was never seen to the reason why; empty where nobody knows one.
        verdict: ``pass`` where it was accepted at least once, else ``not reached`` (or ``not applicable``).
        latency: How long it took.
    """

    id: str
    method: str
    path: str
    verdict: Verdict
    area: str = ""
    summary: str = ""
    judged: bool = True
    line: Count = 0
    documented: tuple[str, ...] = ()
    requests: Count = 0
    accepted: Count = 0
    statuses: dict[str, Count] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)
    latency: Latency = field(default_factory=Latency)


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One test item: whether it ran, and what it is bound to. ``state`` is ran, error, not run or left out."""

    item: str
    kind: str
    title: str
    state: str
    requirements: tuple[str, ...] = ()
    duration_s: Seconds = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a conversation: who asked for what, the status of the answer, and the exchange where it is kept."""

    persona: str
    label: str
    answer: str
    failed: bool = False
    exchange: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A conversation worth drawing.

    Attributes:
        item, title, kind, requirements: As in the item.
        outcome: What became of the item.
        steps: What happened, in order.
        exchanges: The exchanges of the steps that are kept: all of them unless it passed, else those that evidence
            refers to.
        failed_at: The exchanges that were found broken.
        omitted: How many steps are left out of a long conversation.
    """

    item: str
    title: str
    kind: str
    outcome: Verdict
    requirements: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    exchanges: tuple[str, ...] = ()
    failed_at: tuple[str, ...] = ()
    omitted: Count = 0


@dataclass(frozen=True, slots=True)
class Constraint:
    """One rule of a request's schema: how often a request kept it, and how often one broke it on purpose."""

    operation: str
    place: str
    rule: str
    kept: Count = 0
    broken: Count = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of the contract the run touched; ``counters`` holds all other counts that the items summed up."""

    constraints: tuple[Constraint, ...] = ()
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaiverResult:
    """A waiver as written, and what became of it: ``active``, ``stale``, ``unused`` or ``out of range``."""

    requirement: str
    reason: str
    link: str = ""
    expires: str = ""
    operation: str | None = None
    persona: str | None = None
    versions: str | None = None
    state: str = "unused"
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """An object that the run made on the target and could not remove."""

    kind: str
    id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Kill:
    """One seeded fault and whether the suite found it: the proof that a check is able to fail.

    Attributes:
        fault, sentence, depth, kind: The fault as the catalogue has it.
        breaks: The requirements that it breaks; it counts as found only where one of these was named.
        found: Whether it was.
        found_by: The checks that found it.
        seconds, requests: How long that took from the start of the server, and how many requests.
        requirement: The requirement that was named.
        reproduction: The first line of the reproduction.
        trials: With how many seeds it was tried.
        rate: The share of them that found it.
        missed: Why it counts as missed.
    """

    fault: str
    sentence: str
    breaks: tuple[str, ...]
    found: bool
    found_by: tuple[str, ...] = ()
    depth: str = ""
    kind: str = ""
    seconds: Seconds = 0.0
    requirement: str = ""
    requests: Count = 0
    reproduction: str = ""
    trials: Count = 1
    rate: Annotated[float, Meta(ge=0, le=1)] = 1.0
    missed: str = ""


@dataclass(frozen=True, slots=True)
class ProofInfo:
    """When and how the proof was made that a result shows; it may be older than the run.

    Attributes:
        started: When, ISO 8601 in UTC.
        duration_s: How long it took, the run without faults included.
        suite, contract: The version of the suite, and the hash of the contract.
        level, seed: Of its runs.
        green: Whether the suite found nothing wrong with a server that has no fault.
        drawn: Faults that were drawn from the contract, those of all the operations.
        unnoticeable: How many of these no client could notice; they were not tried.
        mutants, mutants_killed: Places where the contract itself was loosened, and how many of these were noticed; 0
            where that was not measured.
    """

    started: str
    suite: str
    contract: str
    duration_s: Seconds = 0.0
    level: str = ""
    seed: int = 0
    green: bool = True
    drawn: Count = 0
    unnoticeable: Count = 0
    mutants: Count = 0
    mutants_killed: Count = 0


@dataclass(frozen=True, slots=True)
class Result:
    """All that a run found out.

    Attributes:
        verdict, exit_code, sentence: What the run says, for programs and for people.
        strict: Whether a missed SHOULD counts as broken.
        partial: Why the run judges less than the whole profile, one sentence each: a selection, a shard.
        endings: What cut the run short, one sentence each: an interrupt, the time budget, a lost worker.
        unhealthy: Why the target could not be judged at all, or ``None``.
        started: When, ISO 8601 in UTC.
        counts: Verdict to number of requirements, all verdicts named.
        not_run: Items that were planned and never ran.
        exchanges: The exchanges that anything above refers to, by id; bodies cut at 4 KiB.
        proof: What the self-test proved, where it was asked to.
        proof_info: When and how that proof was made.
        digest: SHA-256 of the canonical JSON of all the rest.
    """

    verdict: Overall
    exit_code: Annotated[int, Meta(ge=0, le=5)]
    sentence: str
    target: Target
    contract: ContractInfo
    suite: Suite
    profile: str
    level: str
    seed: int
    started: str
    format: int = FORMAT
    strict: bool = False
    duration_s: Seconds = 0.0
    requests: Count = 0
    settings: dict[str, Any] = field(default_factory=dict)
    partial: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    unhealthy: str | None = None
    counts: dict[str, Count] = field(default_factory=dict)
    requirements: tuple[RequirementResult, ...] = ()
    operations: tuple[OperationResult, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    items: tuple[ItemResult, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    waivers: tuple[WaiverResult, ...] = ()
    left_behind: tuple[LeftBehind, ...] = ()
    not_run: tuple[str, ...] = ()
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    proof: tuple[Kill, ...] = ()
    proof_info: ProofInfo | None = None
    digest: str = ""

    def requirement(self, identifier: str) -> RequirementResult | None:
        """Give the requirement of that id, or ``None``."""
        return next((each for each in self.requirements if each.id == identifier), None)

    def operation(self, identifier: str) -> OperationResult | None:
        """Give the operation of that id, or ``None``."""
        return next((each for each in self.operations if each.id == identifier), None)
