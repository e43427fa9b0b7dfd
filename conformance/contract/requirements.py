"""Reads ``requirements.yaml`` and ``profiles.yaml`` into typed entries; what is malformed is refused with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.contract.loading import Source, read_yaml
from conformance.contract.model import Profile, Requirement
from conformance.contract.problems import ContractError

if TYPE_CHECKING:
    from pathlib import Path

LEVELS = ("MUST", "SHOULD", "MAY")
CONFIDENCES = ("confirmed", "observed", "documented", "disputed")
KINDS = ("accepts", "shape", "status", "refuses", "credentials", "permission", "scenario")
_NEEDED = ("id", "level", "clause", "operations", "profile", "source", "confidence", "kind")
_ALLOWED = {*_NEEDED, "since", "until", "ways", "note"}


def _entries(source: Source, key: str, default: list[Any] | None = None) -> list[Any]:
    value = source.value.get(key, default) if isinstance(source.value, dict) else None
    if not isinstance(value, list):
        raise ContractError("list", f"a list called {key} must stand here", source.path, source.line(key))
    return value


def read_requirements(path: Path) -> tuple[tuple[Requirement, ...], dict[str, Any], Source]:
    """Return the requirements in their order, the retired ids with their entries, and the source.

    Raises:
        ContractError: An entry lacks a key, has an unknown one, or a value that the contract does not know; an id is
            given twice or was retired.
    """
    source = read_yaml(path)
    retired = {
        str(entry["id"] if isinstance(entry, dict) else entry): entry for entry in _entries(source, "retired", [])
    }
    found: dict[str, Requirement] = {}
    for index, entry in enumerate(_entries(source, "requirements")):
        line = source.line("requirements", index)
        requirement = _requirement(entry, path, line)
        if requirement.id in found:
            raise ContractError("requirement-id", f"{requirement.id} is given twice", path, line)
        if requirement.id in retired:
            raise ContractError("requirement-retired", f"{requirement.id} is retired for good", path, line)
        found[requirement.id] = requirement
    return tuple(found.values()), retired, source


def _requirement(entry: Any, path: Path, line: int) -> Requirement:
    if not isinstance(entry, dict):
        raise ContractError("requirement", "a requirement is a mapping", path, line)
    name = entry.get("id", "a requirement")
    for key in _NEEDED:
        if key not in entry:
            raise ContractError("requirement", f"{name} has no {key}", path, line)
    for key in entry:
        if key not in _ALLOWED:
            raise ContractError("requirement", f"{name} has an unknown key {key}", path, line)
    for key, allowed in (("level", LEVELS), ("confidence", CONFIDENCES), ("kind", KINDS)):
        if entry[key] not in allowed:
            raise ContractError(
                f"requirement-{key}", f"{name}: {key} is {entry[key]!r}, not one of {', '.join(allowed)}", path, line
            )
    if not isinstance(entry["operations"], list):
        raise ContractError("requirement", f"{name}: operations is not a list", path, line)
    return Requirement(
        id=str(name),
        level=entry["level"],
        clause=str(entry["clause"]),
        operations=tuple(str(operation) for operation in entry["operations"]),
        profile=str(entry["profile"]),
        source=str(entry["source"]),
        confidence=entry["confidence"],
        kind=entry["kind"],
        since=_text(entry.get("since")),
        until=_text(entry.get("until")),
        ways=entry.get("ways") or {},
        note=str(entry.get("note", "")),
        line=line,
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def read_profiles(path: Path) -> tuple[dict[str, Profile], Source]:
    """Return profiles and features by id, and the source.

    Raises:
        ContractError: An entry has no id or title, or an id is given twice.
    """
    source = read_yaml(path)
    found: dict[str, Profile] = {}
    for key in ("profiles", "features"):
        for index, entry in enumerate(_entries(source, key, [])):
            line = source.line(key, index)
            if not isinstance(entry, dict) or not entry.get("id") or not entry.get("title"):
                raise ContractError("profile", "a profile has an id and a title", path, line)
            if entry["id"] in found:
                raise ContractError("profile-id", f"the profile {entry['id']} is given twice", path, line)
            found[entry["id"]] = Profile(
                id=entry["id"],
                title=entry["title"],
                is_feature=key == "features",
                needs=str(entry.get("needs", "none")),
                detected_by=str(entry.get("detected_by", "")),
                declared=str(entry.get("declared_by", entry.get("declared", ""))),
                raw=entry,
            )
    return found, source
