"""Constraints: each rule of a request is broken alone, and the contract agrees that it is broken."""

from __future__ import annotations

from collections.abc import Callable

from conformance.contract import load_contract
from conformance.suite.property.constraints import breaches, chosen, kept, rules
from conformance.suite.property.provision import provide
from conformance.suite.property.shapes import build
from tests.suite.property.conftest import Stage

_CONTRACT = load_contract("3.2.0")


def test_every_operation_with_a_clause_about_ill_formed_requests_has_breaches() -> None:
    """No such clause can be held without anything sent for it."""
    for operation in _CONTRACT.judged:
        if _CONTRACT.requirement_for(operation.id, "refuses"):
            assert list(breaches(_CONTRACT, operation, build(_CONTRACT, operation, full=True))), operation.id


def test_the_same_contract_gives_the_same_breaches() -> None:
    """They are drawn from nothing."""
    operation = _CONTRACT.operations["createDepartment"]
    base = build(_CONTRACT, operation, full=True)
    first, second = ([repr(each) for each in breaches(_CONTRACT, operation, base)] for _ in range(2))
    assert first == second
    assert len(first) > 50


def test_a_small_budget_still_meets_every_rule_before_it_meets_one_twice() -> None:
    """Where not all can be sent, those of different rules come first, in their order."""
    operation = _CONTRACT.operations["sendMessage"]
    base = build(_CONTRACT, operation, full=True)
    all_of_them = list(breaches(_CONTRACT, operation, base))
    some = chosen(all_of_them, len(rules(_CONTRACT, operation, base)))
    assert len({(each.place, each.rule) for each in some}) == len(some)


def test_a_breach_leaves_its_base_alone() -> None:
    """Calls share nothing: a change in one is no change in another."""
    operation = _CONTRACT.operations["registerVisitor"]
    base = build(_CONTRACT, operation, full=True)
    before = repr(base)
    list(breaches(_CONTRACT, operation, base))
    assert repr(base) == before


def test_a_call_keeps_the_rules_of_the_places_that_it_has() -> None:
    """A rule about an optional key is not kept by a call without it."""
    operation = _CONTRACT.operations["sendMessage"]
    known = rules(_CONTRACT, operation, build(_CONTRACT, operation, full=True))
    least = set(kept(build(_CONTRACT, operation, full=False), known))
    assert "constraint|sendMessage|body/msg|type|kept" in least
    assert "constraint|sendMessage|body/_id|type|kept" not in least


def test_the_contract_calls_each_breach_ill_formed_on_the_wire(stage: Callable[..., Stage]) -> None:
    """What is sent as ill-formed is so, when it arrives."""
    built = stage()
    well_formed = []
    for name in ("closeRoom", "getConfig", "registerVisitor", "setCustomFields", "getVisitorInfo", "visitPage"):
        operation = built.contract.operations[name]
        live = provide(built.supply, name, expendable=False)
        base = live.fit(build(built.contract, operation, full=True))
        for breach in breaches(built.contract, operation, base):
            exchange = breach.call.send(built.client)
            if breach.by_schema and not built.contract.check_request(exchange.request, operation):
                well_formed.append(f"{name} {breach.what}")
    assert well_formed == []
