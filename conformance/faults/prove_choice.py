"""The choice: which faults a proof takes, from what the command line asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from conformance.faults.catalogue import catalogue
from conformance.faults.every import every_fault
from conformance.faults.generic import sample, to_prove
from conformance.faults.generic_replay import AREA
from conformance.faults.model import Depth, Fault
from conformance.faults.prove_plan import UnknownFault, chosen, quick_subset

SAMPLES: Final = {"quick": 6, "standard": 40}
"""How many generic faults of every sort a sample has."""
DEPTHS: Final = {
    "shallow": Depth.SHALLOW,
    "room": Depth.LIVE_ROOM,
    "relation": Depth.RELATION,
    "rare": Depth.RARE_INPUT,
    "race": Depth.RACE,
}
"""The depths of faults by a short name."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for.

    Attributes:
        faults: Ids; empty for all.
        areas: Areas; empty for all.
        depths: Short names of depths; empty for all.
        shard: ``part/parts`` where the faults are dealt out to several proofs, else ``None``.
        quick: Whether a subset is enough.
        generic: ``all``, ``sample``, ``none``, or ``None`` for what goes with the rest.
        level: The level of the runs.
    """

    faults: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    depths: tuple[str, ...] = ()
    shard: str | None = None
    quick: bool = False
    generic: str | None = None
    level: str = "standard"

    @property
    def named(self) -> bool:
        """Whether faults, areas or depths were named."""
        return bool(self.faults or self.areas or self.depths)


def choose(choice: Choice) -> list[Fault]:
    """The faults of a proof, those of the catalogue first.

    Raises:
        UnknownFault: A fault, an area or a depth does not exist, or the shard is none.
    """
    if choice.faults:
        return _dealt(chosen(every_fault(), choice.faults, choice.areas), choice.shard)
    areas = [one for one in choice.areas if one != AREA]
    picked = chosen(catalogue(), (), areas) if areas or not choice.areas else []
    if choice.depths:
        depths = {_depth(one) for one in choice.depths}
        picked = [one for one in picked if one.depth in depths]
    if choice.quick:
        picked = quick_subset(picked)
    return _dealt([*picked, *_generic(choice)], choice.shard)


def _depth(name: str) -> Depth:
    if name not in DEPTHS:
        raise UnknownFault(f"no depth is called {name!r}; the depths are {', '.join(DEPTHS)}.")
    return DEPTHS[name]


def _dealt(faults: list[Fault], shard: str | None) -> list[Fault]:
    """The faults of one part of a split proof, dealt out in their order, so that every machine deals alike."""
    if shard is None:
        return faults
    part, _, parts = shard.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise UnknownFault(f"{shard!r} is no shard: say part/parts, for example 1/4.")
    return faults[int(part) - 1 :: int(parts)]


def _generic(choice: Choice) -> list[Fault]:
    asked = choice.generic or ("none" if choice.named and AREA not in choice.areas else "sample")
    if asked == "none":
        return []
    if asked == "all" or (choice.level == "deep" and choice.generic is None):
        return list(to_prove().values())
    return sample(SAMPLES["quick" if choice.quick else "standard"])
