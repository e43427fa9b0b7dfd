"""Builds the view of a report from a result: nothing is judged here, only counted, ordered and put into words."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from conformance.report.diagrams import latency_plot, scale_of, sequence_diagram, ticks
from conformance.report.exchanges import Gallery
from conformance.report.matrix import KINDS, coverage_of, general_of, matrix_of, rules_of, statuses_of, unseen_of
from conformance.report.proof import proof_sentences
from conformance.report.requirements import areas_of, findings_of, mark_of
from conformance.report.view import Figure, LatencyRow, ScenarioView, StepView, View
from conformance.verdicts.overall import numbers_of, weaknesses
from conformance.verdicts.result import Result, Step
from conformance.verdicts.words import WORDS, Overall, Verdict, plural

_TONES: Final = {
    Overall.CONFORMANT: "good",
    Overall.NOT_CONFORMANT: "bad",
    Overall.INCOMPLETE: "warn",
    Overall.NOTHING_TESTED: "warn",
    Overall.NOT_HEALTHY: "bad",
}


def build_view(result: Result) -> View:
    """Give all that a report shows of a result."""
    gallery = Gallery(result.exchanges)
    areas = areas_of(result, gallery)
    rules = rules_of(result)
    statuses = statuses_of(result)
    scale = scale_of([each.latency for each in result.operations])
    return View(
        title=" ".join(
            filter(None, (f"{result.verdict.value.capitalize()}:", result.target.product, result.target.version))
        ),
        verdict=result.verdict.value,
        tone=_TONES[result.verdict],
        sentence=result.sentence,
        started=_day(result.started),
        figures=_figures(result),
        strip=_strip(result),
        weaknesses=weaknesses(result),
        counts=tuple(
            (mark_of(verdict), result.counts.get(verdict.value, 0))
            for verdict in sorted(WORDS, key=lambda verdict: -WORDS[verdict].weight)
        ),
        findings=findings_of(areas),
        kinds=KINDS,
        matrix=matrix_of(result),
        general=general_of(result),
        areas=areas,
        statuses=statuses,
        unseen=unseen_of(result),
        coverage=coverage_of(result, statuses),
        rules=rules,
        rules_both=sum(group.both for group in rules),
        rules_all=sum(len(group.rules) for group in rules),
        counters=tuple(result.coverage.counters.items()),
        scenarios=_scenarios(result, gallery),
        latencies=tuple(
            LatencyRow(
                each.id,
                each.latency.count,
                _ms(each.latency.p50),
                _ms(each.latency.p90),
                _ms(each.latency.p99),
                _ms(each.latency.max),
                latency_plot(each.latency, scale, each.id),
            )
            for each in result.operations
            if each.latency.count
        ),
        ticks=tuple((scale.x(each), _tick(each)) for each in ticks(scale)),
        # The thousands that are drawn from the contract would hide the others: those that were found are counted only.
        kills=tuple(
            sorted(
                (each for each in result.proof if not (each.found and each.fault.startswith("generic."))),
                key=lambda each: (each.found, each.requirement or each.breaks[0]),
            )
        ),
        kills_all=len(result.proof),
        proof=proof_sentences(result),
        waivers=tuple(
            (
                each.requirement,
                ", ".join(filter(None, (each.operation, each.persona, each.versions))) or "everywhere",
                each.reason,
                each.link,
                each.expires or "never",
                each.state,
                each.sentence,
            )
            for each in result.waivers
        ),
        left_behind=tuple((each.kind, each.id, each.reason) for each in result.left_behind),
        not_run=result.not_run,
        glossary=tuple(mark_of(verdict) for verdict in Verdict),
        settings=tuple((name, _setting(value)) for name, value in sorted(result.settings.items())),
        versions=_versions(result),
        command=_command(result),
        digest=result.digest,
        operations=tuple(each.id for each in result.operations if each.judged),
    )


def _figures(result: Result) -> tuple[Figure, ...]:
    numbers = numbers_of(result)
    musts = [each for each in result.requirements if each.level == "MUST" and each.verdict is Verdict.FAIL]
    short = [
        each
        for each in result.requirements
        if each.verdict in (Verdict.BLOCKED, Verdict.NOT_REACHED, Verdict.NOT_RUN, Verdict.ERROR)
    ]
    return (
        Figure(
            "requirements.met",
            numbers.met,
            "requirements met",
            numbers.applicable,
            f"of {numbers.requirements:,} in the contract",
            "good" if numbers.met == numbers.applicable else "quiet",
        ),
        Figure(
            "must.broken",
            len(musts),
            "MUST requirements broken",
            None,
            "each one makes a run red",
            "bad" if musts else "good",
        ),
        Figure(
            "requirements.unjudged",
            len(short),
            "not judged",
            numbers.applicable,
            "blocked, not reached, not run or error",
            "warn" if short else "good",
        ),
        Figure(
            "operations.reached",
            numbers.reached,
            "operations reached with a success",
            numbers.operations,
            f"in {plural(result.requests, 'request')}",
            "good" if numbers.reached == numbers.operations else "warn",
        ),
    )


def _strip(result: Result) -> tuple[tuple[str, str], ...]:
    target, contract = result.target, result.contract
    product = " ".join(filter(None, (target.product, target.version))) or "unknown"
    waived = sum(each.state == "active" for each in result.waivers)
    stale = sum(each.state == "stale" for each in result.waivers)
    entries = (
        ("Target", target.url),
        ("Server", product + (" (newer than the contract)" if target.newer_than_contract else "")),
        ("Contract", f"{contract.version} · {contract.hash[:12]}"),
        ("Overlays", ", ".join(contract.overlays) or "none"),
        ("Profile", result.profile + (", strict" if result.strict else "")),
        ("Level", result.level),
        ("Seed", str(result.seed)),
        ("Duration", f"{result.duration_s:,.1f} s"),
        ("Requests", f"{result.requests:,}"),
        ("Waivers", f"{waived} in force" + (f", {stale} stale" if stale else "")),
        ("Complete", "no" if _is_incomplete(result) else "yes"),
        ("Suite", result.suite.version),
    )
    more = (("Routing", target.routing), ("Rate limit", target.limiter))
    return entries + tuple((name, value) for name, value in more if value)


def _is_incomplete(result: Result) -> bool:
    partial = result.endings or result.partial or result.not_run
    return bool(partial) or result.verdict is Overall.INCOMPLETE


def _scenarios(result: Result, gallery: Gallery) -> tuple[ScenarioView, ...]:
    views = []
    for number, each in enumerate(result.scenarios, start=1):
        failed = bool(each.failed_at)
        views.append(
            ScenarioView(
                id=f"conversation-{number}",
                item=each.item,
                title=each.title,
                mark=mark_of(each.outcome),
                requirements=each.requirements,
                drawing=sequence_diagram(
                    each.steps, f"{each.title} {plural(len(each.steps), 'step')}, {each.outcome.value}."
                ),
                steps=tuple(_step(number, step, gallery) for number, step in enumerate(each.steps, start=1)),
                kept=bool(each.exchanges),
                omitted=each.omitted,
                is_open=failed,
            )
        )
    return tuple(sorted(views, key=lambda each: not each.is_open))


def _step(number: int, step: Step, gallery: Gallery) -> StepView:
    reference = next(iter(gallery.mention([step.exchange], brief=not step.failed)), None)
    return StepView(number, step.persona, step.label, step.answer, step.failed, reference)


def _versions(result: Result) -> tuple[tuple[str, str], ...]:
    return (
        ("livechat-conformance", result.suite.version),
        *((("Python", result.suite.python),) if result.suite.python else ()),
        *sorted(result.suite.dependencies.items()),
    )


def _command(result: Result) -> str:
    parts = [
        f"livechat-conformance run {result.target.url}",
        f"--profile {result.profile}",
        f"--level {result.level}",
        f"--seed {result.seed}",
    ]
    return " ".join([*parts, *(["--strict"] if result.strict else [])])


def _setting(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _ms(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _tick(value: float) -> str:
    return f"{value / 1000:g} s" if value >= 1000 else f"{value:g} ms"


def _day(started: str) -> str:
    return datetime.fromisoformat(started).strftime("%-d %B %Y, %H:%M UTC")
