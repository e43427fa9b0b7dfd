"""The kill table: for people at a terminal, and as ``proof.json`` for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from conformance.faults.generic_replay import AREA
from conformance.faults.prove import Proof, Proved
from conformance.faults.prove_plan import area_of

FORMAT = 1


def share(proved: Sequence[Proved]) -> str:
    """``n of m (p %)``: how many of these faults were killed."""
    killed = sum(one.killed for one in proved)
    return f"{killed} of {len(proved)} ({killed / len(proved):.1%})" if proved else "none"


def line_of(one: Proved) -> str:
    """One fault in a few words: whether it was killed, by what, and after how much work."""
    seen = one.first
    if one.killed:
        rate = f", {one.rate:.0%} of {len(one.seen)} seeds" if len(one.seen) > 1 else ""
        return (
            f"killed  {one.fault.id}: {seen.requirement} by {seen.check} ({seen.requests} requests, "
            f"{seen.seconds:.1f} s{rate})"
        )
    return f"MISSED  {one.fault.id}: breaks {', '.join(one.fault.breaks)}; {one.why_missed}"


def lines(proof: Proof) -> Iterator[str]:
    """What the proof came to, a line each: what was missed first."""
    for one in proof.missed:
        yield line_of(one)
        yield f"        {one.fault.sentence}"
    stumbled = {error for one in proof.proved for seen in one.seen for error in seen.errors}
    for error in sorted(stumbled)[:10]:
        yield f"error   {error}"
    yield from proof.controls
    if not proof.green:
        yield f"The run without faults is not green: {proof.control.sentence}"
    indirect = [one for one in proof.proved if one.killed and not one.first.directly]
    if indirect:
        yield f"{len(indirect)} were found only by tests that were not chosen for them."
    yield from _chances(proof)
    if proof.info.mutants:
        yield (
            f"The contract itself: {proof.info.mutants_killed} of {proof.info.mutants} places where it was loosened "
            f"were noticed ({proof.info.mutants_killed / proof.info.mutants:.1%})."
        )
    catalogued = [one for one in proof.proved if area_of(one.fault) != AREA]
    generic = [one for one in proof.proved if area_of(one.fault) == AREA]
    if catalogued and generic:
        yield f"The catalogue: {share(catalogued)} killed."
    if generic:
        yield (
            f"Drawn from the contract: {share(generic)} killed; {proof.info.drawn} can be drawn, of which no client "
            f"could notice {proof.info.unnoticeable} (generic_unseen.yaml has the reasons)."
        )
    yield f"Killed: {share(proof.proved)}, in {proof.seconds:.0f} s."


def _chances(proof: Proof) -> Iterator[str]:
    """How surely the faults are found that were tried with several seeds."""
    tried = [one for one in proof.proved if len(one.seen) > 1]
    if tried:
        least = min(tried, key=lambda one: one.rate)
        sure = sum(one.rate == 1 for one in tried)
        yield (
            f"Found by chance: {len(tried)} faults with {len(least.seen)} seeds each, {sure} of them with every seed; "
            f"the least sure is {least.fault.id} with {least.rate:.0%}."
        )


def document(proof: Proof) -> dict[str, Any]:
    """The proof as plain data."""
    control = proof.control
    return {
        "format": FORMAT,
        "contract": {"version": control.contract.version, "hash": control.contract.hash},
        "suite": control.suite.version,
        "level": proof.settings.level,
        "seed": proof.settings.seed,
        "started": control.started,
        "duration_s": round(proof.seconds, 1),
        "control": {"green": proof.green, "sentence": control.sentence, "options": list(proof.controls)},
        "counts": {"faults": len(proof.proved), "killed": len(proof.proved) - len(proof.missed)},
        "generic": {"drawn": proof.info.drawn, "unnoticeable": proof.info.unnoticeable},
        "contract_mutants": {"mutants": proof.info.mutants, "killed": proof.info.mutants_killed},
        "missed": [one.fault.id for one in proof.missed],
        "faults": [_row(one) for one in proof.proved],
    }


def _row(one: Proved) -> dict[str, Any]:
    fault, seen = one.fault, one.first
    return {
        "fault": fault.id,
        "area": area_of(fault),
        "sentence": fault.sentence,
        "breaks": list(fault.breaks),
        "operations": list(fault.operations),
        "kind": fault.kind.value,
        "depth": fault.depth.value,
        "seen_in": fault.seen_in,
        "killed": one.killed,
        "missed": one.why_missed,
        "requirement": seen.requirement,
        "check": seen.check,
        "item": seen.item,
        "said": seen.sentence,
        "directly": seen.directly,
        "requests": seen.requests,
        "seconds": seen.seconds,
        "reproduction": seen.reproduction,
        "others": list(seen.others),
        "errors": list(seen.errors),
        "trials": len(one.seen),
        "rate": round(one.rate, 4),
    }


def write(proof: Proof, folder: Path) -> Path:
    """Write ``proof.json`` into a folder; gives its path."""
    path = folder / "proof.json"
    text = json.dumps(msgspec.to_builtins(document(proof)), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path
