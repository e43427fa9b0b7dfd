"""The seam: every piece of behaviour of the reference server has a name and may be replaced or wrapped, per server.

A behaviour is a function whose first argument is the site (the one server it belongs to). It is declared with
``@behaviour("rooms.open")`` and called like any function, ``open_room(site, ...)``; the call looks into the table of
its site for an override first. Two servers in one process therefore never share a fault.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

F = TypeVar("F", bound="Callable[..., Any]")


class SeamError(LookupError):
    """A fault names a behaviour that does not exist, or a behaviour is declared twice."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A named behaviour: its name, the function that does it rightly, and the module where it is declared."""

    name: str
    function: Callable[..., Any]
    module: str

    @property
    def sentence(self) -> str:
        """What the behaviour does: the first line of the function's docstring."""
        return (self.function.__doc__ or "").strip().split("\n", 1)[0]


class Owner(Protocol):
    """What behaviours belong to, in this package the site: it says what stands in for which of them."""

    overrides: dict[str, Callable[..., Any]]


class Plantable(Protocol):
    """What can be planted into a server: a fault of the catalogue, for example.

    ``replace`` maps names of behaviours to functions with the same arguments. ``wrap`` maps names to functions that
    get the behaviour as it was (already bound to nothing: call it with the site first) before those arguments.
    """

    @property
    def replace(self) -> Mapping[str, Callable[..., Any]]:
        """Behaviours to replace."""

    @property
    def wrap(self) -> Mapping[str, Callable[..., Any]]:
        """Behaviours to wrap."""


#: Every behaviour of the reference server by its name, complete once ``conformance.reference.operations`` is imported.
BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(name: str) -> Callable[[F], F]:
    """Declare a function as the behaviour ``name``; calls of the result pass through the seam of their site.

    Raises:
        SeamError: The name is taken.
    """

    def declare(function: F) -> F:
        if name in BEHAVIOURS:
            raise SeamError(f"The behaviour {name} is declared twice.")
        BEHAVIOURS[name] = Behaviour(name, function, function.__module__)

        @functools.wraps(function)
        def through(site: Owner, *args: Any, **kwargs: Any) -> Any:
            return site.overrides.get(name, function)(site, *args, **kwargs)

        return cast("F", through)

    return declare


def replace(overrides: dict[str, Callable[..., Any]], name: str, function: Callable[..., Any]) -> None:
    """Let ``function`` take the place of the behaviour ``name``; it gets the same arguments, the site first.

    Raises:
        SeamError: No behaviour has this name.
    """
    if name not in BEHAVIOURS:
        raise SeamError(f"No behaviour is named {name}.")
    overrides[name] = function


def wrap(overrides: dict[str, Callable[..., Any]], name: str, function: Callable[..., Any]) -> None:
    """Let ``function`` stand around the behaviour ``name``: it gets what stood there before, then the arguments.

    Wraps may be stacked: the last one planted is the outermost.

    Raises:
        SeamError: No behaviour has this name.
    """
    known = BEHAVIOURS.get(name)
    if known is None:
        raise SeamError(f"No behaviour is named {name}.")
    inner = overrides.get(name, known.function)
    overrides[name] = functools.partial(function, inner)


def plant(overrides: dict[str, Callable[..., Any]], faults: Iterable[Plantable]) -> None:
    """Plant faults: first what each replaces, then what it wraps, in the order given.

    Raises:
        SeamError: A fault names a behaviour that does not exist.
    """
    for fault in faults:
        for name, function in fault.replace.items():
            replace(overrides, name, function)
        for name, function in fault.wrap.items():
            wrap(overrides, name, function)
