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


def beyond_rights(contract: Contract, settings: Settings, info: TargetInfo) -> dict[str, str]:
    """Requirement to why it is not judged: credentials were given for it, but their user may not do what it needs.

    Empty where the profile was chosen by name, or where there are no credentials: then nobody expects it to be judged.
    """
    if settings.profile != "auto" or not settings.has_admin or info.is_admin:
        return {}
    absent = absent_features(settings, info)
    return {
        one.id: "The user of the given credentials may not make agents and departments."
        for one in contract.requirements.values()
        if contract.profiles[one.profile].needs != "none" and one.profile not in absent
    }


def beyond_reading(contract: Contract) -> dict[str, str]:
    """Requirement to the sentence that says why a read-only run cannot judge it: all its operations write."""
    reason = "Each of its calls writes, and the run is read-only."
    return {
        one.id: reason
        for one in contract.requirements.values()
        if one.operations and all(contract.operations[name].effects != "read" for name in one.operations)
    }
