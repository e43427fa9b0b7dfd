"""The choice: which faults a proof takes, from what the command line asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from conformance.faults.catalogue import catalogue
from conformance.faults.every import every_fault
from conformance.faults.generic import AREA, sample, to_prove
from conformance.faults.model import Fault
from conformance.faults.prove_plan import chosen, quick_subset

SAMPLES: Final = {"quick": 6, "standard": 40}
"""How many generic faults of every sort a sample has."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for.

    Attributes:
        faults: Ids; empty for all.
        areas: Areas; empty for all.
        quick: Whether a subset is enough.
        generic: ``all``, ``sample``, ``none``, or ``None`` for what goes with the rest.
        level: The level of the runs.
    """

    faults: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    quick: bool = False
    generic: str | None = None
    level: str = "standard"

    @property
    def named(self) -> bool:
        """Whether faults or areas were named, so that the run without faults need not be whole."""
        return bool(self.faults or self.areas)


def choose(choice: Choice) -> list[Fault]:
    """The faults of a proof, those of the catalogue first.

    Raises:
        UnknownFault: A fault or an area does not exist.
    """
    if choice.faults:
        return chosen(every_fault(), choice.faults, choice.areas)
    areas = [one for one in choice.areas if one != AREA]
    picked = chosen(catalogue(), (), areas) if areas or not choice.areas else []
    if choice.quick:
        picked = quick_subset(picked)
    return [*picked, *_generic(choice)]


def _generic(choice: Choice) -> list[Fault]:
    asked = choice.generic or ("none" if choice.named and AREA not in choice.areas else "sample")
    if asked == "none":
        return []
    if asked == "all" or (choice.level == "deep" and choice.generic is None):
        return list(to_prove().values())
    return sample(SAMPLES["quick" if choice.quick else "standard"])
