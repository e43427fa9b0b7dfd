"""From judgements to evidence: judgements of one check that say the same are one piece, with a count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from conformance.verdicts.judge import ordered
from conformance.verdicts.outcome import Finding, ItemOutcome, Judgement
from conformance.verdicts.result import Evidence

SHOWN_PER_GROUP: Final = 3
_SILENT: Final = (Finding.NOT_REACHED, Finding.NOT_APPLICABLE, Finding.UNSUPPORTED)


def folded(outcomes: Iterable[ItemOutcome], personas: Mapping[str, str]) -> dict[str, tuple[Evidence, ...]]:
    """Fold all judgements into evidence by requirement.

    Args:
        outcomes: Sorted by name: the first judgement of a group is the one that is shown.
        personas: Exchange id to who sent it.
    """
    groups: dict[str, dict[tuple[object, ...], Evidence]] = {}
    for outcome in outcomes:
        for judgement in outcome.judgements:
            piece = _piece(outcome, judgement, personas)
            mine = groups.setdefault(judgement.requirement, {})
            known = mine.get(_key(piece))
            mine[_key(piece)] = piece if known is None else replace(known, count=known.count + 1)
    return {identifier: limited(mine.values()) for identifier, mine in groups.items()}


def joined(parts: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Join the evidence of shards, as if one run had made it."""
    groups: dict[tuple[object, ...], Evidence] = {}
    for piece in sorted(parts, key=lambda each: each.item or each.check):
        known = groups.get(_key(piece))
        groups[_key(piece)] = piece if known is None else replace(known, count=known.count + piece.count)
    return limited(groups.values())


def limited(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Keep a few pieces of each kind, so that a broken server cannot make a report without end; counts stay whole.

    Pieces of one check, finding, operation and persona are of a kind. Those above the limit are counted as ``others``
    on the first. As pieces are kept by their order, joining shards keeps the same ones as a run without shards.
    """
    kinds: dict[tuple[object, ...], list[Evidence]] = {}
    for piece in ordered(evidence):
        kind = (piece.check, piece.finding, piece.operation, piece.persona, piece.blocked_by, piece.way)
        kinds.setdefault(kind, []).append(piece)
    kept: list[Evidence] = []
    for pieces in kinds.values():
        others = sum(each.others for each in pieces) + sum(each.count for each in pieces[SHOWN_PER_GROUP:])
        first, *rest = (replace(each, others=0) for each in pieces[:SHOWN_PER_GROUP])
        kept.extend((replace(first, others=others), *rest))
    return _one_trail(_one_sample(ordered(kept)))


def _one_sample(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Let a pass show one sample of what it rests on: the first piece of evidence that held keeps its exchanges.

    Where something held, checks that did not come to judge keep none: they say nothing against it.
    """
    held = [piece for piece in evidence if piece.finding is Finding.HELD]
    keeper = next((piece for piece in held if piece.exchanges), None)
    silent = (Finding.HELD, *_SILENT) if held else (Finding.HELD,)
    return tuple(
        replace(piece, exchanges=()) if piece.finding in silent and piece is not keeper else piece for piece in evidence
    )


def _one_trail(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Let the first finding of a clause keep the steps that show it again; the others are shown by what decided."""
    shown = (Finding.BROKEN, Finding.FLAKY)
    first = next((piece for piece in evidence if piece.finding in shown), None)
    return tuple(
        replace(piece, steps=()) if piece.finding in shown and piece is not first else piece for piece in evidence
    )


def _key(piece: Evidence) -> tuple[object, ...]:
    """Say what makes two judgements the same; a clause that held is one piece for each check and way."""
    if piece.finding is Finding.HELD:
        return (piece.check, piece.finding, piece.operation, piece.way)
    return (
        piece.check,
        piece.finding,
        piece.operation,
        piece.persona,
        piece.sentence,
        piece.pointer,
        piece.blocked_by,
    )


def _piece(outcome: ItemOutcome, judgement: Judgement, personas: Mapping[str, str]) -> Evidence:
    return Evidence(
        check=judgement.check,
        finding=judgement.finding,
        sentence=judgement.sentence,
        item=outcome.item if outcome.item != judgement.check else "",
        operation=judgement.operation,
        persona=personas.get(judgement.exchanges[-1]) if judgement.exchanges else None,
        expected=judgement.expected,
        observed=judgement.observed,
        pointer=judgement.pointer,
        blocked_by=judgement.blocked_by,
        way=judgement.way,
        exchanges=judgement.exchanges,
        steps=judgement.steps,
    )
