"""The choice: which faults a proof takes, from what the command line asks for."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.faults.catalogue import catalogue
from conformance.faults.every import every_fault
from conformance.faults.model import Fault
from conformance.faults.prove_plan import chosen, quick_subset


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
    known = every_fault() if choice.faults else catalogue()
    picked = chosen(known, choice.faults, choice.areas)
    if choice.quick and not choice.faults:
        picked = quick_subset(picked)
    return picked
