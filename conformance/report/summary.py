"""Writes ``summary.md``: what fits into the job summary of a CI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from conformance.report.requirements import LOUD
from conformance.report.text import one_line
from conformance.verdicts.overall import numbers_of, weaknesses
from conformance.verdicts.result import RequirementResult, Result
from conformance.verdicts.words import WORDS, Verdict, plural

SHOWN: Final = 50
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#|~$])")
_SIGNS: Final = {"good": "🟢", "bad": "🟥", "warn": "🔶", "quiet": "⚪"}


def render_summary(result: Result, report: str = "index.html") -> str:
    """Give the result as Markdown: the verdict, the counts, and the clauses that fell short with links.

    Args:
        result: What to summarise.
        report: Where the HTML report is, for links; empty for none.
    """
    return "\n".join(_lines(result, report)) + "\n"


def markdown(text: object, limit: int = 300) -> str:
    """Give a text for Markdown: one line, with nothing in it that could be markup."""
    return _SPECIAL.sub(r"\\\1", one_line(text, limit))


def _lines(result: Result, report: str) -> Iterator[str]:
    numbers = numbers_of(result)
    sign = {0: "✅", 1: "❌"}.get(result.exit_code, "⚠️")
    yield f"## {sign} {markdown(result.sentence)}"
    yield ""
    target = " ".join(filter(None, (result.target.product, result.target.version))) or "unknown server"
    yield " · ".join(
        (
            f"**{numbers.met:,} of {numbers.applicable:,}** requirements met",
            f"**{numbers.reached} of {numbers.operations}** operations reached",
            f"{plural(result.requests, 'request')} in {result.duration_s:,.1f} s",
        )
    )
    yield ""
    yield " · ".join(
        (
            f"{markdown(result.target.url)} ({markdown(target)})",
            f"contract {markdown(result.contract.version)} `{result.contract.hash[:12]}`",
            f"profile {markdown(result.profile)}",
            f"level {markdown(result.level)}",
            f"seed {result.seed}",
        )
    )
    yield ""
    yield "| verdict | requirements |"
    yield "| --- | ---: |"
    for verdict in sorted(WORDS, key=lambda verdict: -WORDS[verdict].weight):
        if count := result.counts.get(verdict.value, 0):
            yield f"| {_SIGNS[WORDS[verdict].tone]} {verdict.value} | {count:,} |"
    yield ""
    if weak := weaknesses(result):
        yield "**What weakens this verdict**"
        yield ""
        yield from (f"- {markdown(each)}" for each in weak)
        yield ""
    yield from _findings(result, report)


def _findings(result: Result, report: str) -> Iterator[str]:
    loud = [each for verdict in LOUD for each in result.requirements if each.verdict is verdict]
    if not loud:
        return
    yield "### Findings"
    yield ""
    yield "| | requirement | clause | what was seen |"
    yield "| --- | --- | --- | --- |"
    for each in loud[:SHOWN]:
        yield _row(each, report)
    if len(loud) > SHOWN:
        yield ""
        yield f"And {len(loud) - SHOWN} more."
    yield ""


def _row(each: RequirementResult, report: str) -> str:
    identifier = f"[{each.id}]({report}#{each.id})" if report else each.id
    word = WORDS[Verdict(each.verdict)]
    return (
        f"| {_SIGNS[word.tone]} {each.verdict.value} | {identifier} {each.level} | {markdown(each.clause)} "
        f"| {markdown(each.reason, 200)} |"
    )
