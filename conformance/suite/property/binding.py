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
    speaks: Callable[[Operation, str], bool] = lambda operation, kind: True,
) -> None:
    """Parametrize a test by ``operation``: one item for each judged operation that has a clause of a kind.

    Args:
        metafunc: The test function.
        kinds: The kinds of clauses that the test judges: ``accepts``, ``refuses``, ``credentials``, ``permission``.
        needs: The kind without which an operation gets no item.
        routed: Whether the item needs the routing method under which the operation succeeds.
        speaks: Whether the test has anything to say of an operation's clause of a kind.
    """
    if "operation" not in metafunc.fixturenames:
        return
    contract = contract_of(metafunc.config)
    metafunc.parametrize("operation", [*_parameters(contract, kinds, needs, routed, speaks)])


def _parameters(
    contract: Contract,
    kinds: Iterable[str],
    needs: str,
    routed: bool,
    speaks: Callable[[Operation, str], bool],
) -> Iterable[object]:
    for operation in contract.judged:
        found = {kind: contract.requirement_for(operation.id, kind) for kind in kinds if speaks(operation, kind)}
        clauses = [clause.id for clause in found.values() if clause is not None]
        if found.get(needs) is None:
            continue
        marks = [pytest.mark.clause(*clauses)]
        if routed and operation.id in ROUTING:
            marks.append(pytest.mark.routing(ROUTING[operation.id]))
        yield pytest.param(operation.id, id=operation.id, marks=marks)
