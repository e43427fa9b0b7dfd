"""Features: which profiles are in force for a run, and which optional features its target does not have."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.contract import Contract
from conformance.target import Settings, TargetInfo

_LADDER = ("visitor", "agent", "manager")


def profiles_in_force(settings: Settings, info: TargetInfo) -> tuple[str, ...]:
    """The profiles that a run judges, the widest last.

    ``auto`` is all that the credentials allow: everything with an administrator, the visitor's profile without.
    """
    chosen = settings.profile
    if chosen == "auto":
        chosen = "manager" if info.is_admin else "visitor"
    return _LADDER[: _LADDER.index(chosen) + 1]


def features_in_force(contract: Contract, profiles: Sequence[str]) -> tuple[str, ...]:
    """The optional features that a run with these profiles judges: those whose credentials it has."""
    widest = {"none": "visitor", "agent": "agent", "admin": "manager"}
    return tuple(name for name in contract.features if widest[contract.profiles[name].needs] in profiles)


def absent_features(settings: Settings, info: TargetInfo) -> dict[str, str]:
    """Feature to the sentence that says why the target does not have it: declared so, or detected."""
    declared = {name: f"declared absent by --without {name}" for name in settings.without}
    return {**dict(info.absent), **declared}


def beyond_reading(contract: Contract) -> dict[str, str]:
    """Requirement to the sentence that says why a read-only run cannot judge it: all its operations write."""
    reason = "Each of its calls writes, and the run is read-only."
    return {
        one.id: reason
        for one in contract.requirements.values()
        if one.operations and all(contract.operations[name].effects != "read" for name in one.operations)
    }
