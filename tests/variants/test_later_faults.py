"""Clauses of later servers: the reference server speaks as 3.2 does, so their faults are planted into a variant.

No clause that binds from 3.4 on is without a fault: each is a variant of 3.4.0 that does one thing as 3.2 did it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from conformance.contract import load_contract
from conformance.reference.site import VERSION, Site
from tests.variants.test_variants import judge
from tests.variants.v3 import V3_4_0, office_hours
from tests.variants.variant import Variant, serve


@dataclass(frozen=True, slots=True)
class LaterFault:
    """One clause of 3.4, what the server does wrongly, and how."""

    breaks: str
    sentence: str
    replace: dict[str, Callable[..., Any]]
    wrap: dict[str, Callable[..., Any]]


def _sunday_first(site: Site) -> list[dict[str, Any]]:
    return [{**day, "code": day["code"] % 7} for day in office_hours(site)]


def _without(*names: str) -> dict[str, Callable[..., Any]]:
    return {name: way for name, way in V3_4_0.wrap.items() if name not in names}


FAULTS = {
    "sunday-is-0": LaterFault(
        "LC-SETTING-026", "The code of Sunday is 0.", {"office_hours.list": _sunday_first}, dict(V3_4_0.wrap)
    ),
    "transcript-untold": LaterFault(
        "LC-TRANSCRIPT-011",
        "Asking for a transcript leaves no entry.",
        dict(V3_4_0.replace),
        _without("operation.requestTranscript"),
    ),
    "links-stay": LaterFault(
        "LC-DEPARTMENT-062",
        "The links of a deleted department stay.",
        dict(V3_4_0.replace),
        _without("departments.remove"),
    ),
}


def _verdicts(variant: Variant, folder: Path, *clauses: str) -> dict[str, str]:
    with serve(variant) as url:
        _, result = judge(str(url), folder / variant.name, "--only", ",".join(clauses))
    return {each["id"]: each["verdict"] for each in result["requirements"] if each["id"] in clauses}


def test_the_server_without_a_fault_keeps_them(tmp_path: Path) -> None:
    """Else it would prove nothing that a fault is found."""
    clauses = [fault.breaks for fault in FAULTS.values()]
    assert _verdicts(V3_4_0, tmp_path, *clauses) == dict.fromkeys(clauses, "pass")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_later_server_is_found(name: str, tmp_path: Path) -> None:
    """It is named under its clause."""
    fault = FAULTS[name]
    faulty = replace(V3_4_0, name=name, sentence=fault.sentence, replace=fault.replace, wrap=fault.wrap)
    assert _verdicts(faulty, tmp_path, fault.breaks) == {fault.breaks: "deviation"}


def test_every_clause_of_a_later_server_has_a_fault() -> None:
    """What binds 3.4.0 and not the reference server is broken by one of them."""
    contract = load_contract(V3_4_0.version)
    later = {
        one.id
        for one in contract.requirements.values()
        if contract.applies(one, V3_4_0.version) and not contract.applies(one, VERSION)
    }
    assert later == {fault.breaks for fault in FAULTS.values()}
