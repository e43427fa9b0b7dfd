"""Refuses: each rule that the contract makes for a request is broken, one at a time, and the request is refused."""

from __future__ import annotations

import json

import pytest

from conformance.contract import Contract
from conformance.suite.judge import Judge, describe
from conformance.suite.levels import Budget
from conformance.suite.property.answers import is_accepted, refusal_fault
from conformance.suite.property.binding import each_operation
from conformance.suite.property.call import Call
from conformance.suite.property.constraints import breaches, chosen
from conformance.suite.property.provision import provide
from conformance.suite.property.shapes import build
from conformance.suite.property.supply import Supply
from conformance.suite.recorder import ItemRecord
from conformance.target import RecordingClient


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each operation that has a clause about ill-formed requests."""
    each_operation(metafunc, "refuses", needs="refuses", routed=False)


def test_ill_formed_requests_are_refused(
    operation: str,
    supply: Supply,
    client: RecordingClient,
    contract: Contract,
    judge: Judge,
    record: ItemRecord,
    budget: Budget,
) -> None:
    """A request that breaks one rule of the contract is refused as documented."""
    subject = contract.operations[operation]
    clause = contract.requirement_for(operation, "refuses")
    assert clause is not None
    base = provide(supply, operation, expendable=False).fit(build(contract, subject, full=True))
    for breach in chosen(list(breaches(contract, subject, base)), budget.coverage):
        exchange = breach.call.send(client)
        supply.noticed(breach.call, exchange)
        if breach.by_schema and not contract.check_request(exchange.request, subject):
            continue
        wanted = refusal_fault(breach, exchange)
        if wanted is None:
            record.count(f"{breach.counter}|broken")
        judge.that(
            clause.id,
            wanted is None,
            f"{subject.label} {breach.what} should be refused, but answered {describe(exchange)}",
            exchange=exchange,
            expected=wanted,
            observed=describe(exchange),
            pointer=f"request/{breach.place}",
        )
        if is_accepted(exchange):
            supply.forget()
    if "415" in subject.responses:
        _meet_unknown_charset(base, client, supply)


def _meet_unknown_charset(base: Call, client: RecordingClient, supply: Supply) -> None:
    """Send a body in a charset that nobody knows; the clause about documented statuses judges the answer."""
    call = base.copy()
    call.content = json.dumps(base.body)
    call.headers["content-type"] = "application/json; charset=klingon"
    exchange = call.send(client)
    supply.noticed(call, exchange)
    if is_accepted(exchange):
        supply.forget()
