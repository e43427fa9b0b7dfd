"""Credentials: what asks for a user is refused with 401 without credentials, with half of them and with wrong ones."""

from __future__ import annotations

from zlib import crc32

import pytest

from conformance.contract import Contract
from conformance.suite.judge import Judge, describe
from conformance.suite.levels import Budget
from conformance.suite.property.answers import is_accepted
from conformance.suite.property.binding import each_operation
from conformance.suite.property.identities import Disguise, disguises
from conformance.suite.property.provision import provide
from conformance.suite.property.shapes import build
from conformance.suite.property.supply import Supply
from conformance.target import RecordingClient

_BODY = {"status": "error", "message": "You must be logged in to do this."}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each operation that asks for credentials."""
    each_operation(metafunc, "credentials", needs="credentials")


def chosen(offered: list[Disguise], number: int, operation: str) -> list[Disguise]:
    """The most telling disguises, and for the last place one that differs from operation to operation."""
    if number >= len(offered):
        return offered
    rest = offered[number - 1 :]
    return [*offered[: number - 1], rest[crc32(operation.encode()) % len(rest)]]


def test_wrong_credentials_are_refused(
    operation: str, supply: Supply, client: RecordingClient, contract: Contract, judge: Judge, budget: Budget
) -> None:
    """A call without credentials, with half of them or with wrong ones is refused with 401; with right ones not."""
    subject = contract.operations[operation]
    clause = contract.requirement_for(operation, "credentials")
    assert clause is not None
    live = provide(supply, operation)
    right = live.fit(build(contract, subject, full=False))
    own = right.who.persona
    other = supply.world.plain_user()
    for disguise in chosen(list(disguises(right, own, other)), max(3, min(10, budget.coverage // 10)), operation):
        exchange = disguise.call.send(client)
        judge.that(
            clause.id,
            exchange.status == 401 and exchange.json == _BODY,
            f"{subject.label} {disguise.what} should be refused with 401, but answered {describe(exchange)}",
            exchange=exchange,
            expected=f"401 {_BODY}",
            observed=describe(exchange),
        )
        if is_accepted(exchange):
            right = provide(supply, operation).fit(build(contract, subject, full=False))
    control = right.send(client)
    supply.noticed(right, control)
    judge.that(
        clause.id,
        control.status not in (401, 403),
        f"{subject.label} with the right credentials should not be refused for them, but answered {describe(control)}",
        exchange=control,
        expected="neither 401 nor 403",
        observed=describe(control),
    )
