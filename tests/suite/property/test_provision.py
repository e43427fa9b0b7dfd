"""Provision: every operation has live values that make a well-formed call succeed, and touches only what is ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.contract import load_contract
from conformance.suite.judge import describe, is_accepted
from conformance.suite.property.generate import Generator
from conformance.suite.property.provision import ROUTING, provide, providers
from conformance.suite.property.shapes import build
from tests.suite.property.conftest import Stage

_NOT_HERE = {"getVideoCall"}
"""No server of the documented time accepts it."""


def test_every_judged_operation_has_a_provider() -> None:
    """The table covers the contract, and nothing that it does not know."""
    assert set(providers()) == {each.id for each in load_contract().judged}


@pytest.mark.parametrize("routing", ["Auto_Selection", "Manual_Selection"])
def test_the_least_and_the_fullest_call_succeed_with_live_values(stage: Callable[..., Stage], routing: str) -> None:
    """On a server that keeps the contract nothing that is asked with live values is refused."""
    built = stage(routing=routing)
    refused = []
    for operation in built.contract.judged:
        if operation.id in _NOT_HERE or ROUTING.get(operation.id, routing) != routing:
            continue
        for full in (False, True):
            call = provide(built.supply, operation.id).fit(build(built.contract, operation, full=full))
            exchange = call.send(built.client)
            if not is_accepted(exchange):
                refused.append(f"{operation.id} {'full' if full else 'least'}: {describe(exchange)}")
    assert refused == []


def test_generated_calls_speak_of_nothing_but_our_own_things(stage: Callable[..., Stage]) -> None:
    """Whatever was drawn, the places that name a visitor, a room, a number or an address hold what this run made."""
    built = stage()
    generator = Generator(built.contract, 3)
    for operation in built.contract.judged:
        for drawn in generator.positive(operation, 6):
            live = provide(built.supply, operation.id, expendable=False) if operation.id != "takeInquiry" else None
            if live is None:
                continue
            call = live.fit(drawn)
            for place, value in live.values.items():
                if isinstance(value, str) and call.has(place):
                    assert call.get(place) == value, (operation.id, place)


def test_a_department_of_ours_never_catches_other_peoples_visitors(stage: Callable[..., Stage]) -> None:
    """A generated department is not shown at registration, whatever was drawn."""
    built = stage()
    operation = built.contract.operations["createDepartment"]
    shown = [
        provide(built.supply, operation.id).fit(drawn).get("body/department/showOnRegistration")
        for drawn in Generator(built.contract, 1).positive(operation, 20)
    ]
    assert set(shown) == {False}
