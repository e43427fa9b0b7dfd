"""Every fault that can be proved: the catalogue, written by hand, and the generic ones, drawn from the contract."""

from __future__ import annotations

from functools import cache

from conformance.faults.catalogue import catalogue
from conformance.faults.generic import to_prove
from conformance.faults.model import Fault


@cache
def every_fault() -> dict[str, Fault]:
    """All faults by id, those of the catalogue first."""
    return {**catalogue(), **to_prove()}
