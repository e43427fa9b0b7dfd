"""Fuzzing: random well-formed requests are not refused as ill-formed, and random ill-formed ones are not accepted."""

from __future__ import annotations

import pytest

from conformance.contract import Contract
from conformance.suite.judge import Judge
from conformance.suite.levels import Budget
from conformance.suite.property.binding import each_operation
from conformance.suite.property.generate import Generator, can_be_ill_formed
from conformance.suite.property.hunt import Hunt
from conformance.suite.property.supply import Supply
from conformance.suite.recorder import ItemRecord
from conformance.target import RecordingClient, Settings


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each judged operation."""
    each_operation(
        metafunc,
        "accepts",
        "refuses",
        needs="accepts",
        speaks=lambda operation, kind: kind != "refuses" or can_be_ill_formed(operation),
    )


@pytest.fixture(scope="session")
def generator(contract: Contract, settings: Settings) -> Generator:
    """Draws the requests of this run's seed."""
    return Generator(contract, settings.seed)


def test_random_requests(
    operation: str,
    supply: Supply,
    client: RecordingClient,
    contract: Contract,
    judge: Judge,
    record: ItemRecord,
    budget: Budget,
    generator: Generator,
) -> None:
    """Random well-formed requests are not refused as ill-formed, and random ill-formed ones are not accepted."""
    subject = contract.operations[operation]
    accepts = contract.requirement_for(operation, "accepts")
    refuses = contract.requirement_for(operation, "refuses")
    hunt = Hunt(subject, supply, client, contract, judge, record)
    if accepts is not None:
        for call in generator.positive(subject, budget.positive):
            hunt.well_formed(call, accepts)
    if refuses is not None and can_be_ill_formed(subject):
        for call in generator.negative(subject, budget.negative):
            hunt.ill_formed(call, refuses)
