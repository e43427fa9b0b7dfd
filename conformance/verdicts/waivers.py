"""Waivers: known failures that their owner accepts, and which must not rot.

A waived requirement is still tested. The waiver turns the run red when it has no ground any more: the requirement
passes, the day of expiry is over, no reason is given, or it matches nothing in the contract.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from conformance.verdicts.outcome import Finding
from conformance.verdicts.result import RequirementResult, WaiverResult
from conformance.verdicts.words import Verdict

_KEYS: Final = ("requirement", "operation", "persona", "versions", "reason", "link", "expires")
_CLAUSE = re.compile(r"^(>=|<=|>|<|==)\s*(\d+(?:\.\d+)*)$")


class WaiverError(ValueError):
    """A waiver file that cannot be read; the message is a sentence with the file and the entry."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A known failure that its owner accepts.

    Attributes:
        requirement: The id of the requirement.
        reason: Why it is accepted; without one the waiver is stale.
        link: Where it is tracked.
        expires: The last day on which it holds, or ``None`` for no end.
        operation: Only failures of this operation.
        persona: Only failures seen by this persona.
        versions: Only for these versions of the target, for example ``>=3.1, <3.5``.
    """

    requirement: str
    reason: str = ""
    link: str = ""
    expires: date | None = None
    operation: str | None = None
    persona: str | None = None
    versions: str | None = None


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Read a waiver file: TOML with one ``[[waiver]]`` table for each.

    Raises:
        WaiverError: The file is missing, is not TOML, or holds an unknown key or a value of the wrong type.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WaiverError(f"The waiver file {path} cannot be read: {error.strerror}. `waive` writes one.") from error
    except (ValueError, RecursionError) as error:
        raise WaiverError(f"The waiver file {path} is not valid TOML: {error}.") from error
    if unknown := sorted(set(document) - {"waiver"}):
        raise WaiverError(f"The waiver file {path} has an unknown key {unknown[0]!r}; write [[waiver]] tables.")
    tables = document.get("waiver", [])
    if not isinstance(tables, list):
        raise WaiverError(f"In {path}, write [[waiver]] with two brackets, once for each waiver.")
    return tuple(_waiver(path, number, table) for number, table in enumerate(tables, start=1))


def in_range(version: str | None, versions: str) -> bool:
    """Say whether a version lies in a range such as ``>=3.1, <3.5``; an unknown version lies in none.

    Raises:
        ValueError: The range is not written so.
    """
    clauses = [_CLAUSE.match(part.strip()) for part in versions.split(",")]
    if not all(clauses):
        raise ValueError(f"{versions!r} is not a range of versions such as '>=3.1, <3.5'")
    if version is None:
        return False
    own = _numbers(version)
    return all(_holds(own, clause[1], _numbers(clause[2])) for clause in clauses if clause)


def apply(
    waivers: Iterable[Waiver], requirements: Iterable[RequirementResult], version: str | None, today: date
) -> tuple[tuple[RequirementResult, ...], tuple[WaiverResult, ...]]:
    """Let the waivers act on decided requirements.

    Returns:
        The requirements, where a waived failure has become ``waived`` and a pass with a waiver ``stale waiver``,
        and each waiver with what became of it.
    """
    by_id = {each.id: each for each in requirements}
    results: list[WaiverResult] = []
    ranked: dict[str, list[Waiver]] = {}
    for waiver in waivers:
        state, sentence = _state(waiver, by_id, version, today)
        results.append(_written(waiver, state, sentence))
        if state == "active":
            ranked.setdefault(waiver.requirement, []).append(waiver)
    for number, entry in enumerate(results):
        requirement = by_id.get(entry.requirement)
        if entry.state == "stale" and requirement is not None and requirement.verdict is Verdict.PASS:
            by_id[entry.requirement] = replace(requirement, verdict=Verdict.STALE_WAIVER, reason=entry.sentence)
        if entry.state == "active" and requirement is not None:
            by_id[entry.requirement], sentence = _waived(requirement, ranked[entry.requirement])
            results[number] = replace(entry, sentence=sentence or entry.sentence)
    return tuple(by_id.values()), tuple(results)


def again(results: Iterable[WaiverResult]) -> tuple[Waiver, ...]:
    """Give the waivers as they were written, from a result."""
    return tuple(
        Waiver(
            requirement=each.requirement,
            reason=each.reason,
            link=each.link,
            expires=date.fromisoformat(each.expires) if each.expires else None,
            operation=each.operation,
            persona=each.persona,
            versions=each.versions,
        )
        for each in results
    )


def _state(
    waiver: Waiver, requirements: Mapping[str, RequirementResult], version: str | None, today: date
) -> tuple[str, str]:
    requirement = requirements.get(waiver.requirement)
    if requirement is None:
        return "stale", f"The contract has no requirement {waiver.requirement}."
    if not waiver.reason.strip():
        return "stale", "It gives no reason."
    if waiver.operation and requirement.operations and waiver.operation not in requirement.operations:
        return "stale", f"It matches nothing: {waiver.requirement} does not speak of {waiver.operation}."
    if waiver.versions and not in_range(version, waiver.versions):
        return "out of range", f"The target's version {version or '(unknown)'} is not in {waiver.versions}."
    if waiver.expires and waiver.expires < today:
        return "stale", f"It expired on {waiver.expires.isoformat()}."
    if requirement.verdict in (Verdict.FAIL, Verdict.DEVIATION):
        if any(_covers(waiver, requirement, number) for number in range(len(requirement.evidence))):
            return "active", f"It covers a known failure of {waiver.requirement}."
        return "stale", "It matches nothing: the requirement fails elsewhere than the scope of the waiver says."
    if requirement.verdict is Verdict.PASS:
        return "stale", f"{waiver.requirement} passes now: remove the waiver."
    return "unused", f"{waiver.requirement} was not judged here ({requirement.verdict})."


def _waived(requirement: RequirementResult, waivers: list[Waiver]) -> tuple[RequirementResult, str]:
    """Waive a requirement when every broken piece of evidence is covered; else say what is not."""
    if requirement.verdict is Verdict.WAIVED:
        return requirement, ""
    open_ones = [
        each
        for number, each in enumerate(requirement.evidence)
        if each.finding is Finding.BROKEN and not any(_covers(waiver, requirement, number) for waiver in waivers)
    ]
    if not open_ones:
        return replace(requirement, verdict=Verdict.WAIVED, reason=f"Waived: {waivers[0].reason}"), ""
    uncovered = open_ones[0].sentence or "another finding"
    return requirement, f"It covers only a part; {requirement.id} stays {requirement.verdict}: {uncovered}"


def _covers(waiver: Waiver, requirement: RequirementResult, number: int) -> bool:
    evidence = requirement.evidence[number]
    return (
        evidence.finding is Finding.BROKEN
        and (waiver.operation is None or waiver.operation == evidence.operation)
        and (waiver.persona is None or waiver.persona == evidence.persona)
    )


def _written(waiver: Waiver, state: str, sentence: str) -> WaiverResult:
    return WaiverResult(
        requirement=waiver.requirement,
        reason=waiver.reason,
        link=waiver.link,
        expires=waiver.expires.isoformat() if waiver.expires else "",
        operation=waiver.operation,
        persona=waiver.persona,
        versions=waiver.versions,
        state=state,
        sentence=sentence,
    )


def _waiver(path: Path, number: int, table: Mapping[str, Any]) -> Waiver:
    where = f"{path}, waiver {number}"
    if not isinstance(table, dict):
        raise WaiverError(f"{where}: write [[waiver]] with two brackets.")
    if unknown := sorted(set(table) - set(_KEYS)):
        raise WaiverError(f"{where}: unknown key {unknown[0]!r}; the keys are {', '.join(_KEYS)}.")
    values = dict(table)
    expires = values.pop("expires", None)
    if isinstance(expires, str):
        try:
            expires = date.fromisoformat(expires)
        except ValueError as error:
            raise WaiverError(f"{where}: expires must be a day such as 2026-12-31, not {expires!r}.") from error
    if expires is not None and type(expires) is not date:
        raise WaiverError(f"{where}: expires must be a day such as 2026-12-31.")
    for key, value in values.items():
        if not isinstance(value, str):
            raise WaiverError(f"{where}: {key} must be a text.")
    if not values.get("requirement"):
        raise WaiverError(f"{where}: requirement is missing; give the id of the requirement.")
    if versions := values.get("versions"):
        try:
            in_range(None, versions)
        except ValueError as error:
            raise WaiverError(f"{where}: {error}.") from error
    return Waiver(expires=expires, **values)


def _numbers(version: str) -> tuple[int, ...]:
    """Give the numbers of a version without trailing zeros, so that 3.1 and 3.1.0 are the same."""
    numbers = [int(part) for part in re.findall(r"\d+", version.split("-")[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _holds(own: tuple[int, ...], sign: str, other: tuple[int, ...]) -> bool:
    return {
        ">=": own >= other,
        "<=": own <= other,
        ">": own > other,
        "<": own < other,
        "==": own == other,
    }[sign]
