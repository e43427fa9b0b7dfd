"""What a report shows, as plain data: ``build`` makes it from a result, the templates draw it, and decide nothing."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from conformance.report.reproduce import Reproduction
from conformance.verdicts import Kill


@dataclass(frozen=True, slots=True)
class Mark:
    """A verdict as it is drawn: the word, its letter, its tone (which gives shape and colour), its meaning."""

    word: str
    letter: str
    tone: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the numbers of the head; ``key`` names it for ``verify``, ``of`` is its denominator."""

    key: str
    value: int
    label: str
    of: int | None = None
    note: str = ""
    tone: str = "quiet"


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response as it is shown: its first line, headers, and body."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: Markup | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """An exchange as it is shown; ``brief`` ones stand on less room."""

    id: str
    persona: str
    operation: str
    milliseconds: str
    request: Message
    response: Message | None
    failure: str
    brief: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A mention of an exchange: where it is mentioned first it is drawn, later it is a link."""

    id: str
    drawn: ExchangeView | None


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One piece of evidence; ``expected`` and ``observed`` are ``None`` where it is not about values."""

    finding: str
    tone: str
    sentence: str
    check: str
    item: str
    facts: tuple[str, ...]
    expected: Markup | None
    observed: Markup | None
    pointer: str
    references: tuple[Reference, ...]
    reproduction: Reproduction | None


@dataclass(frozen=True, slots=True)
class RequirementView:
    """One requirement with all that the report says of it; ``text`` is what the filter searches."""

    id: str
    level: str
    clause: str
    confidence: str
    source: str
    kind: str
    area: str
    profile: str
    versions: str
    operations: tuple[str, ...]
    mark: Mark
    reason: str
    blocked_by: tuple[str, ...]
    ways: tuple[tuple[str, str], ...]
    note: str
    line: int
    is_open: bool
    evidence: tuple[EvidenceView, ...]
    held: tuple[EvidenceView, ...]
    kills: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Area:
    """The requirements of one area of the API, with counts by verdict."""

    name: str
    title: str
    marks: tuple[tuple[Mark, int], ...]
    requirements: tuple[RequirementView, ...]


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One kind of check on one operation; ``mark`` is ``None`` where the contract has no such clause."""

    mark: Mark | None
    text: str = ""
    href: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One operation of the matrix."""

    operation: str
    label: str
    area: str
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class StatusCell:
    """One status of one operation: how often it was seen, whether it is documented, and why it was not seen."""

    count: int
    documented: bool
    word: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class UnseenView:
    """A reason why a documented status was never seen, and the operations where that was so; empty for no reason."""

    status: str
    why: str
    operations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """What was seen of one operation."""

    operation: str
    label: str
    requests: int
    accepted: int
    mark: Mark
    cells: tuple[StatusCell, ...]


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule of the requests of an operation, and how often it was kept and broken on purpose."""

    place: str
    rule: str
    kept: int
    broken: int


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """The rules of one operation; ``both`` counts those that were seen on both sides."""

    operation: str
    both: int
    rules: tuple[RuleView, ...]


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a conversation beside its drawing."""

    number: int
    persona: str
    label: str
    answer: str
    failed: bool
    reference: Reference | None


@dataclass(frozen=True, slots=True)
class ScenarioView:
    """A conversation: its drawing and its steps."""

    id: str
    item: str
    title: str
    mark: Mark
    requirements: tuple[str, ...]
    drawing: Markup
    steps: tuple[StepView, ...]
    kept: bool
    omitted: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """Latencies of one operation in milliseconds, with their plot."""

    operation: str
    count: int
    p50: str
    p90: str
    p99: str
    max: str
    plot: Markup


@dataclass(frozen=True, slots=True)
class View:
    """All that a report shows."""

    title: str
    verdict: str
    tone: str
    sentence: str
    started: str
    figures: tuple[Figure, ...]
    strip: tuple[tuple[str, str], ...]
    weaknesses: tuple[str, ...]
    counts: tuple[tuple[Mark, int], ...]
    findings: tuple[RequirementView, ...]
    kinds: tuple[str, ...]
    matrix: tuple[MatrixRow, ...]
    general: tuple[MatrixCell, ...]
    areas: tuple[Area, ...]
    statuses: tuple[str, ...]
    unseen: tuple[UnseenView, ...]
    coverage: tuple[CoverageRow, ...]
    rules: tuple[RuleGroup, ...]
    rules_both: int
    rules_all: int
    counters: tuple[tuple[str, int], ...]
    scenarios: tuple[ScenarioView, ...]
    latencies: tuple[LatencyRow, ...]
    ticks: tuple[tuple[float, str], ...]
    kills: tuple[Kill, ...]
    kills_all: int
    proof: tuple[str, ...]
    waivers: tuple[tuple[str, str, str, str, str, str, str], ...]
    left_behind: tuple[tuple[str, str, str], ...]
    not_run: tuple[str, ...]
    glossary: tuple[Mark, ...]
    settings: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    command: str
    digest: str
    operations: tuple[str, ...]
