"""Binding: one test item for each operation, bound to the clauses that the contract has for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from conformance.contract import Contract, Operation, load_contract
from conformance.suite.property.provision import ROUTING
from conformance.suite.session import SESSION


def contract_of(config: pytest.Config) -> Contract:
    """The contract of the run that pytest was started for; outside of a run that of the documented release."""
    session = config.stash.get(SESSION, None)
    return session.contract if session is not None else load_contract()


def each_operation(
    metafunc: pytest.Metafunc,
    *kinds: str,
    needs: str,
    routed: bool = True,
    leave_out: Callable[[Operation], bool] | None = None,
) -> None:
    """Parametrize a test by ``operation``: one item for each judged operation that has a clause of a kind.

    Args:
        metafunc: The test function.
        kinds: The kinds of clauses that the test judges: ``accepts``, ``refuses``, ``credentials``, ``permission``.
        needs: The kind without which an operation gets no item.
        routed: Whether the item needs the routing method under which the operation succeeds.
        leave_out: Says which operations get no item.
    """
    if "operation" not in metafunc.fixturenames:
        return
    contract = contract_of(metafunc.config)
    metafunc.parametrize("operation", [*_parameters(contract, kinds, needs, routed, leave_out)])


def _parameters(
    contract: Contract,
    kinds: Iterable[str],
    needs: str,
    routed: bool,
    leave_out: Callable[[Operation], bool] | None,
) -> Iterable[object]:
    for operation in contract.judged:
        clauses = [found.id for kind in kinds if (found := contract.requirement_for(operation.id, kind))]
        if contract.requirement_for(operation.id, needs) is None or (leave_out and leave_out(operation)):
            continue
        marks = [pytest.mark.clause(*clauses)]
        if routed and operation.id in ROUTING:
            marks.append(pytest.mark.routing(ROUTING[operation.id]))
        yield pytest.param(operation.id, id=operation.id, marks=marks)
