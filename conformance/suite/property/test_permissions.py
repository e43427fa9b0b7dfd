"""Permissions: who lacks the permission is refused as documented, and who has it is not."""

from __future__ import annotations

import pytest

from conformance.contract import Contract, error_code
from conformance.suite.judge import Judge, describe
from conformance.suite.property.answers import is_accepted
from conformance.suite.property.binding import each_operation
from conformance.suite.property.identities import Rights, refusal_codes, sent_by
from conformance.suite.property.provision import provide
from conformance.suite.property.shapes import build
from conformance.suite.property.supply import Supply
from conformance.target import RecordingClient

_PLAIN = frozenset({"user"})
_AGENT = frozenset({"user", "livechat-agent"})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each operation that asks for a permission."""
    each_operation(metafunc, "permission", needs="permission")


@pytest.fixture(scope="session")
def rights(shared_supply: Supply) -> Rights:
    """The target's own table of permissions."""
    return Rights(shared_supply)


def test_callers_without_the_permission_are_refused(
    operation: str, supply: Supply, client: RecordingClient, contract: Contract, judge: Judge, rights: Rights
) -> None:
    """A caller without the permission is refused as documented; one who has it is not."""
    subject = contract.operations[operation]
    clause = contract.requirement_for(operation, "permission")
    assert clause is not None
    right = provide(supply, operation).fit(build(contract, subject, full=False))
    codes = refusal_codes(subject)
    callers = []
    if rights.lacks(subject, _PLAIN):
        callers.append(supply.world.plain_user())
    # For an agent the forwarding of a room depends on the room, not on the permissions alone.
    if rights.lacks(subject, _AGENT) and operation != "forwardRoom":
        callers.append(supply.agent)
    for caller in callers:
        exchange = sent_by(right, caller).send(client)
        found = error_code(exchange.response) if exchange.response else None
        judge.that(
            clause.id,
            exchange.status == subject.refusal and found in codes,
            f"{subject.label} by a {caller.name} should be refused, but answered {describe(exchange)}",
            exchange=exchange,
            expected=f"{subject.refusal} {' or '.join(codes)}",
            observed=describe(exchange),
        )
        if is_accepted(exchange):
            right = provide(supply, operation).fit(build(contract, subject, full=False))
    if not callers:
        judge.not_reached(clause.id, "On this server every user has the permission.")
        return
    control = right.send(client)
    supply.noticed(right, control)
    found = error_code(control.response) if control.response else None
    judge.that(
        clause.id,
        control.status not in (401, 403) and not (control.status == subject.refusal and found in codes),
        f"{subject.label} by a {right.who.persona.name}, who has the permission, answered {describe(control)}",
        exchange=control,
        expected="no refusal for want of a permission",
        observed=describe(control),
    )
