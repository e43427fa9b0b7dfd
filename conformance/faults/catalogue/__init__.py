"""The catalogue: every fault by its id, gathered from one module an area."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from conformance.faults.model import Fault


class CatalogueError(ValueError):
    """The catalogue contradicts itself: an id stands twice."""


@cache
def catalogue() -> dict[str, Fault]:
    """All faults by id, in the order of their modules; every module of this package has a tuple ``FAULTS``.

    Raises:
        CatalogueError: An id stands twice.
    """
    found: dict[str, Fault] = {}
    for module in sorted(each.name for each in pkgutil.iter_modules(__path__)):
        for fault in importlib.import_module(f"{__name__}.{module}").FAULTS:
            if fault.id in found:
                raise CatalogueError(f"two faults are called {fault.id}")
            found[fault.id] = fault
    return found
