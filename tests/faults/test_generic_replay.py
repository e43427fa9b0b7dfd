"""Generic faults on recorded answers: what they make of one, and which tests were shown one that they break."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract import Contract, load_contract
from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.faults.generic import generic_faults
from conformance.faults.generic_replay import alteration, shown
from conformance.reference.site import VERSION

_VISITOR: dict[str, Any] = {
    "_id": "kzLtBtM9TTKtxkwfr",
    "username": "guest-1",
    "token": "a-token",
    "_updatedAt": "2020-05-04T12:00:00.000Z",
}


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The contract for the version that the reference server has."""
    return load_contract(VERSION)


def _answered(body: Any, status: int = 200) -> Response:
    return Response(status, {"content-type": "application/json"}, Body(body, is_json=True))


def _exchange(number: int, body: Any, status: int = 200) -> Exchange:
    request = Request("GET", "/api/v1/livechat/visitor/a-token")
    return Exchange(f"x-{number}", "getVisitor", "nobody", request, _answered(body, status))


def test_members_are_spoilt_in_successes_only() -> None:
    """What the fault does not touch is None, and the recorded answer stays as it was."""
    drop = alteration("drop:/visitor/token")
    assert drop is not None
    given = _answered({"visitor": dict(_VISITOR), "success": True})
    altered = drop(given)
    assert altered is not None
    assert "token" not in altered.body.json["visitor"]
    assert given.body.json["visitor"]["token"] == "a-token"
    assert drop(_answered({"visitor": None, "success": True})) is None
    assert drop(_answered({"success": False}, 400)) is None


def test_another_status_keeps_the_body_but_204_has_none() -> None:
    """As the fault does it on the wire."""
    restate, empty = alteration("status:200-201"), alteration("status:200-204")
    assert restate is not None
    assert empty is not None
    given = _answered({"success": True})
    assert restate(given) == Response(201, given.headers, given.body)
    assert empty(given) == Response(204, given.headers, Body())
    assert alteration("required:query/token") is None


def test_the_quickest_tests_that_saw_a_broken_answer_are_named(contract: Contract) -> None:
    """A test that saw nothing of what a fault alters is not, and faults of other kinds are left to the other ways."""
    names = ("getVisitor.drop:/visitor/token", "getVisitor.status:200-500", "getVisitor.refuses-all")
    faults = [generic_faults()[f"generic.{name}"] for name in names]
    full, empty = {"visitor": _VISITOR, "success": True}, {"success": True}
    exchanges = [(_exchange(1, full), "slow"), (_exchange(2, empty), "blind"), (_exchange(3, full), "quick")]
    found = shown(contract, exchanges, {"slow": 2.0, "quick": 0.1, "blind": 0.01}, faults)
    assert found[faults[0].id] == ("quick",)
    assert found[faults[1].id] == ("blind", "quick")
    assert faults[2].id not in found
