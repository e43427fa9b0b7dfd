"""Accepts: every documented example, the least and the most of each operation is answered with success."""

from __future__ import annotations

import pytest

from conformance.contract import Contract
from conformance.suite.judge import Judge, describe
from conformance.suite.property.answers import is_absent, is_accepted
from conformance.suite.property.binding import each_operation
from conformance.suite.property.constraints import kept, rules
from conformance.suite.property.provision import provide
from conformance.suite.property.shapes import build, edges, variants
from conformance.suite.property.supply import Supply
from conformance.suite.recorder import ItemRecord
from conformance.target import RecordingClient


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each judged operation."""
    each_operation(metafunc, "accepts", needs="accepts")


def test_well_formed_requests_are_accepted(
    operation: str, supply: Supply, client: RecordingClient, contract: Contract, judge: Judge, record: ItemRecord
) -> None:
    """Well-formed requests about existing things are answered with the documented success."""
    subject = contract.operations[operation]
    clause = contract.requirement_for(operation, "accepts")
    assert clause is not None
    refuses = contract.requirement_for(operation, "refuses")
    constraints = rules(contract, subject, build(contract, subject, full=True)) if refuses else []
    sent: list[object] = []
    for variant in [*variants(contract, subject), *edges(contract, subject)]:
        call = provide(supply, operation).fit(variant.call)
        # Two variants may become the same call once the live values are in: ids differ then, the shape does not.
        shape = (sorted(call.query), _members(call.body), call.media, variant.name if " at " in variant.name else "")
        if shape in sent:
            continue
        sent.append(shape)
        exchange = call.send(client)
        supply.noticed(call, exchange)
        record.count(f"accepts|{operation}|sent")
        if is_absent(contract, subject, exchange):
            judge.unsupported(
                clause.id, f"{subject.label} answered {describe(exchange)}: this server does not have it", exchange
            )
            continue
        if is_accepted(exchange):
            record.count(f"accepts|{operation}|accepted")
            for counter in kept(call, constraints):
                record.count(counter)
        judge.accepted(
            clause.id, exchange, f"{subject.label} {variant.name} was not accepted: it answered {describe(exchange)}"
        )


def _members(value: object) -> object:
    """The members of a body without their values."""
    if isinstance(value, dict):
        return {key: _members(inner) for key, inner in value.items()}
    return [_members(inner) for inner in value] if isinstance(value, list) else type(value).__name__
