"""Selection: which requirements a run judges, from ``--only`` and ``--skip``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from conformance.contract import Contract, Requirement


class SelectionError(Exception):
    """A selector that names nothing in the contract; the message says what was meant, perhaps."""


class Selection:
    """The requirements that a run judges.

    A selector is a requirement id (``LC-ROOM-007``), an operation (``closeRoom``) or an area (``rooms``).

    Args:
        contract: The contract in force.
        only: Where given, nothing else is judged.
        skip: Never judged; wins over ``only``.

    Raises:
        SelectionError: A selector names nothing.
    """

    def __init__(self, contract: Contract, only: Iterable[str] = (), skip: Iterable[str] = ()) -> None:
        self._contract = contract
        self._areas = {operation.id: operation.area for operation in contract.operations.values()}
        known = {*contract.requirements, *(one.id for one in contract.judged), *(one.area for one in contract.judged)}
        self._only, self._skip = (frozenset(_checked(one, known) for one in group) for group in (only, skip))
        self._drawn = frozenset(
            operation
            for one in contract.requirements.values()
            if one.id in self._only and one.kind in {"shape", "status"} and self.selects(one.id)
            for operation in one.operations
        )

    def selects(self, requirement: str) -> bool:
        """Whether a requirement is judged in this run."""
        clause = self._contract.requirements[requirement]
        names = self._names(clause)
        return not names & self._skip and (not self._only or bool(names & self._only))

    def runs(self, clauses: Iterable[str]) -> bool:
        """Whether a test that is bound to these requirements is run: it judges one that is selected.

        Shape and status are judged on every answer, by no test of their own: where one of them is asked for by its
        id, the tests of its operation are run.
        """
        bound = [self._contract.requirements[one] for one in clauses]
        if any(self.selects(one.id) for one in bound):
            return True
        return any(self._drawn.intersection(one.operations) and not self._names(one) & self._skip for one in bound)

    def selected(self) -> tuple[str, ...]:
        """The ids of all requirements that are judged, in the order of the contract."""
        return tuple(one for one in self._contract.requirements if self.selects(one))

    def _names(self, clause: Requirement) -> set[str]:
        return {clause.id, *clause.operations, *(self._areas[one] for one in clause.operations if one in self._areas)}


def _checked(selector: str, known: set[str]) -> str:
    if selector in known:
        return selector
    near = difflib.get_close_matches(selector, sorted(known), n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    raise SelectionError(
        f"nothing in the contract is called {selector!r}{hint} Use a requirement id, an operation or an area."
    )
