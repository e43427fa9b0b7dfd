"""The catalogue of faults: whole, without contradictions, and about behaviours that exist."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator

import pytest

import conformance.reference
from conformance.contract import Contract, load_contract
from conformance.faults.catalogue import catalogue
from conformance.faults.every import every_fault
from conformance.faults.generic import generic_faults, to_prove
from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.servers import options_of
from conformance.reference.seam import BEHAVIOURS, plant
from conformance.reference.site import VERSION

assert conformance.reference is not None  # importing it declares the behaviours


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The contract for the version that the reference server has."""
    return load_contract(VERSION)


def _musts(contract: Contract) -> Iterator[str]:
    yield from (
        one.id for one in contract.requirements.values() if one.level == "MUST" and contract.applies(one, VERSION)
    )


def test_no_must_is_without_a_fault(contract: Contract) -> None:
    """Every MUST that applies to the reference server is broken by at least one fault that can be proved."""
    broken = {name for fault in every_fault().values() for name in fault.breaks}
    assert [name for name in _musts(contract) if name not in broken] == []


def test_every_must_of_a_scenario_has_a_fault_of_the_catalogue(contract: Contract) -> None:
    """What the schemas do not judge is broken by faults that somebody thought of, not by generic ones."""
    broken = {name for fault in catalogue().values() for name in fault.breaks}
    scenarios = [name for name in _musts(contract) if contract.requirements[name].kind == "scenario"]
    assert [name for name in scenarios if name not in broken] == []


def test_no_should_of_a_scenario_is_without_a_fault(contract: Contract) -> None:
    """A SHOULD that applies to the reference server is broken by somebody's fault, too."""
    broken = {name for fault in catalogue().values() for name in fault.breaks}
    shoulds = [
        one.id
        for one in contract.requirements.values()
        if one.level == "SHOULD" and one.kind == "scenario" and contract.applies(one, VERSION)
    ]
    assert [name for name in shoulds if name not in broken] == []


def test_no_fault_is_without_a_requirement(contract: Contract) -> None:
    """Each breaks requirements that exist and apply, the first of which is no mere MAY."""
    for fault in every_fault().values():
        assert fault.breaks, fault.id
        for name in fault.breaks:
            assert name in contract.requirements, (fault.id, name)
            assert contract.applies(contract.requirements[name], VERSION), (fault.id, name)
        assert len(set(fault.breaks)) == len(fault.breaks), fault.id


def test_ids_are_unique_and_speaking() -> None:
    """``<area>.<what is wrong>``; the catalogue itself refuses two faults with one id."""
    assert not set(catalogue()) & set(generic_faults())
    for name in catalogue():
        assert re.fullmatch(r"[a-z][a-z_-]*\.[a-z0-9][a-z0-9-]*", name), name


def test_every_fault_says_what_is_wrong_in_one_sentence() -> None:
    """One sentence that ends with a full stop, and no two faults with the same one."""
    for fault in every_fault().values():
        assert fault.sentence.endswith("."), fault.id
        assert "\n" not in fault.sentence, fault.id
    said = Counter(fault.sentence for fault in catalogue().values())
    assert [sentence for sentence, count in said.items() if count > 1] == []


def test_operations_exist(contract: Contract) -> None:
    """Faults show at operations of the contract."""
    for fault in every_fault().values():
        assert set(fault.operations) <= set(contract.operations), fault.id


def _plantable(fault: Fault) -> None:
    assert fault.replace or fault.wrap, f"{fault.id} does nothing"
    for name in (*fault.replace, *fault.wrap):
        assert name in BEHAVIOURS, f"{fault.id} names the behaviour {name}, which does not exist"
    plant({}, [fault])
    assert dataclasses.is_dataclass(options_of(fault))


def test_behaviours_and_options_exist() -> None:
    """Every fault can be planted, and needs only options that the reference server has."""
    for fault in every_fault().values():
        _plantable(fault)


def test_the_catalogue_is_large_and_varied() -> None:
    """At least 120 faults by hand, of every kind and every depth, some of them seen in reality."""
    faults = list(catalogue().values())
    assert len(faults) >= 120
    assert {fault.kind for fault in faults} == set(Kind)
    assert {fault.depth for fault in faults} == set(Depth)
    assert sum(fault.seen_in is not None for fault in faults) >= 10


def test_generic_faults_name_one_operation_each() -> None:
    """They are drawn from one operation, and name its schema-driven requirements."""
    for fault in to_prove().values():
        assert len(fault.operations) == 1
        assert fault.id.split(".")[1] == fault.operations[0]
