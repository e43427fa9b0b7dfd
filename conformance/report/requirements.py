"""The requirements of a report: each clause with its verdict, what it rests on, and how to show it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from conformance.report.exchanges import Gallery
from conformance.report.jsonview import differing, json_markup
from conformance.report.reproduce import reproduce
from conformance.report.view import Area, EvidenceView, Mark, RequirementView
from conformance.verdicts.outcome import Finding
from conformance.verdicts.result import Evidence, RequirementResult, Result
from conformance.verdicts.words import WORDS, Verdict, plural

OPEN_AT_MOST: Final = 25
WHOLE_AT_MOST: Final = 80
"""Requirements whose reproductions have all that they need; on a server that breaks more, one setup is like another."""
LOUD: Final = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.STALE_WAIVER,
    Verdict.FLAKY,
    Verdict.BLOCKED,
    Verdict.NOT_RUN,
    Verdict.NOT_REACHED,
    Verdict.DEVIATION,
    Verdict.WAIVED,
)
"""Verdicts that the list of findings shows, the heaviest first."""

OPENED: Final = (Verdict.FAIL, Verdict.FLAKY, Verdict.ERROR, Verdict.DEVIATION)
"""Verdicts whose evidence is unfolded from the start."""

_TITLES: Final = {"sms": "SMS", "rest": "REST", "custom_fields": "Custom fields", "chat_history": "Chat history"}
_TONES: Final = {
    Finding.HELD: "good",
    Finding.BROKEN: "bad",
    Finding.FLAKY: "bad",
    Finding.BLOCKED: "warn",
    Finding.NOT_REACHED: "warn",
}


def mark_of(verdict: Verdict) -> Mark:
    """Give a verdict as it is drawn."""
    word = WORDS[verdict]
    return Mark(verdict.value, word.letter, word.tone, word.meaning)


def title_of(area: str) -> str:
    """Give the name of an area for people: ``custom_fields`` is *Custom fields*."""
    return _TITLES.get(area, area.replace("_", " ").capitalize())


def areas_of(result: Result, gallery: Gallery) -> tuple[Area, ...]:
    """Give all requirements by area, in the order of the contract; loud ones are open, but not hundreds of them."""
    loud = [each.id for verdict in OPENED for each in result.requirements if each.verdict is verdict]
    opened = frozenset(loud[:OPEN_AT_MOST])
    whole = frozenset(loud[:WHOLE_AT_MOST])
    kills = _kills(result)
    groups: dict[str, list[RequirementResult]] = {}
    for each in result.requirements:
        groups.setdefault(each.area, []).append(each)
    return tuple(
        Area(
            name=name,
            title=title_of(name),
            marks=_marks(group),
            requirements=tuple(
                _requirement(each, result, gallery, each.id in opened, each.id in whole, kills) for each in group
            ),
        )
        for name, group in groups.items()
    )


def findings_of(areas: tuple[Area, ...]) -> tuple[RequirementView, ...]:
    """Give the requirements that fell short, the heaviest verdict first."""
    rank = {verdict.value: number for number, verdict in enumerate(LOUD)}
    loud = [each for area in areas for each in area.requirements if each.mark.word in rank]
    return tuple(sorted(loud, key=lambda each: rank[each.mark.word]))


def _requirement(
    each: RequirementResult,
    result: Result,
    gallery: Gallery,
    is_open: bool,
    whole: bool,
    kills: Mapping[str, tuple[int, int]],
) -> RequirementView:
    telling = [piece for piece in each.evidence if piece.finding is not Finding.HELD]
    held = [piece for piece in each.evidence if piece.finding is Finding.HELD]
    return RequirementView(
        id=each.id,
        level=each.level,
        clause=each.clause,
        confidence=each.confidence,
        source=each.source,
        kind=each.kind,
        area=each.area,
        profile=each.profile,
        versions=_versions(each),
        operations=each.operations,
        mark=mark_of(each.verdict),
        reason=each.reason,
        blocked_by=each.blocked_by,
        ways=tuple(sorted(each.ways.items())),
        note=each.note or "",
        line=each.line,
        is_open=is_open,
        evidence=tuple(_evidence(piece, each, result, gallery, whole) for piece in telling),
        held=tuple(_evidence(piece, each, result, gallery, False) for piece in held),
        kills=kills.get(each.id),
    )


def _evidence(
    piece: Evidence, requirement: RequirementResult, result: Result, gallery: Gallery, whole: bool
) -> EvidenceView:
    broken = piece.finding in (Finding.BROKEN, Finding.FLAKY)
    expected, observed = _sides(piece) if broken else (None, None)
    shown = piece.steps if whole else ()
    sent = [gallery.get(name) for name in (shown or piece.exchanges) if name in gallery]
    return EvidenceView(
        finding=piece.finding.value,
        tone=_TONES.get(piece.finding, "quiet"),
        sentence=piece.sentence,
        check=piece.check,
        item=piece.item,
        facts=tuple(_facts(piece)),
        expected=expected,
        observed=observed,
        pointer=piece.pointer or "",
        references=gallery.mention(piece.exchanges, brief=not broken, pointer=piece.pointer if broken else None),
        reproduction=reproduce(
            sent, result.target.url, seed=result.seed, item=piece.item or piece.check, requirement=requirement.id
        )
        if broken and sent
        else None,
    )


def _sides(piece: Evidence) -> tuple[Markup | None, Markup | None]:
    """Give expected and observed with the differing members marked; texts that say what was expected stay texts."""
    if piece.expected is None and piece.observed is None:
        return None, None
    both = isinstance(piece.expected, dict | list) and isinstance(piece.observed, dict | list)
    marked = differing(piece.expected, piece.observed) if both else ("",)
    return _side(piece.expected, marked), _side(piece.observed, marked)


def _side(value: Any, marked: tuple[str, ...]) -> Markup:
    if isinstance(value, str) and len(value) > 600:
        value = value[:600] + "…"
    if isinstance(value, dict | list) and len(json.dumps(value, default=str)) > 6000:
        value = json.dumps(value, default=str, ensure_ascii=False)[:4096] + "…"
    return json_markup(value, marked)


def _facts(piece: Evidence) -> list[str]:
    facts = []
    if piece.count + piece.others > 1:
        facts.append(plural(piece.count + piece.others, "time"))
    if piece.others:
        facts.append(f"{piece.others:,} of them in other forms")
    if piece.operation:
        facts.append(piece.operation)
    if piece.persona:
        facts.append(f"as {piece.persona}")
    if piece.way:
        facts.append(f"the way of the {piece.way}")
    if piece.blocked_by:
        facts.append(f"owned by {piece.blocked_by}")
    return facts


def _versions(each: RequirementResult) -> str:
    if each.since and each.until:
        return f"{each.since} up to {each.until}"
    if each.since:
        return f"from {each.since}"
    return f"before {each.until}" if each.until else ""


def _marks(group: list[RequirementResult]) -> tuple[tuple[Mark, int], ...]:
    counts = {verdict: sum(each.verdict is verdict for each in group) for verdict in Verdict}
    ordered = sorted(counts, key=lambda verdict: -WORDS[verdict].weight)
    return tuple((mark_of(verdict), counts[verdict]) for verdict in ordered if counts[verdict])


def _kills(result: Result) -> dict[str, tuple[int, int]]:
    """Give for each requirement how many of its seeded faults were found, and how many there are."""
    kills: dict[str, tuple[int, int]] = {}
    for kill in result.proof:
        for identifier in kill.breaks:
            found, total = kills.get(identifier, (0, 0))
            kills[identifier] = (found + kill.found, total + 1)
    return kills
