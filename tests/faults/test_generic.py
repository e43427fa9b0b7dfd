"""Generic faults: drawn from the contract, counted, and none that would change the server's own documents."""

from __future__ import annotations

import copy
from collections import Counter, defaultdict
from typing import Any

import pytest
import yaml

from conformance.contract import load_contract
from conformance.faults.generic import UNSEEN, generic_faults, sample, to_prove, unseen, what_of
from conformance.faults.generic_evidence import REASONS
from conformance.faults.generic_members import WAYS, members, spoilt
from conformance.faults.model import Fault
from conformance.faults.servers import faulty_server
from conformance.reference.site import VERSION
from conformance.target import NOBODY, RecordingClient, Settings

_SORTS = {*WAYS, "status", "required", "refuses-all", "opened", "any-token", "permission"}


def test_every_judged_operation_has_generic_faults() -> None:
    """Members spoilt in four ways, other statuses, and a refusal of what is well-formed; more where there is more."""
    sorts: dict[str, set[str]] = defaultdict(set)
    for fault in generic_faults().values():
        sorts[fault.operations[0]].add(what_of(fault))
    for operation in load_contract(VERSION).judged:
        assert {*WAYS, "status", "refuses-all"} <= sorts[operation.id], operation.id
        if operation.authenticated:
            assert {"opened", "any-token"} <= sorts[operation.id], operation.id
    assert set().union(*sorts.values()) == _SORTS


def test_the_list_of_what_nobody_can_notice_names_faults_and_reasons() -> None:
    """Only faults that exist, each with one of the known reasons, and less than half of all."""
    listed = unseen()
    assert set(listed) <= set(generic_faults())
    assert set(listed.values()) <= set(REASONS.values())
    assert len(listed) < len(generic_faults()) / 2
    assert len(to_prove()) == len(generic_faults()) - len(listed)
    groups = yaml.safe_load(UNSEEN.read_text(encoding="utf-8"))
    assert list(groups) == list(REASONS)


def test_no_rule_of_access_is_on_that_list() -> None:
    """Credentials, permissions, required values and refusals can always be noticed."""
    kinds = {what_of(generic_faults()[name]) for name in unseen()}
    assert kinds <= {*WAYS, "status"}


def test_a_sample_is_the_same_each_time_and_has_every_sort() -> None:
    """At most as many of each sort as asked for, spread over the operations."""
    first, second = sample(6), sample(6)
    assert [one.id for one in first] == [one.id for one in second]
    counts = Counter(what_of(one) for one in first)
    assert counts == dict.fromkeys(_SORTS, 6)
    assert len({one.operations[0] for one in first}) >= 20


@pytest.mark.parametrize("way", WAYS)
def test_spoiling_changes_a_copy_only(way: str) -> None:
    """Lists and objects of the original stay as they were."""
    body: dict[str, Any] = {"rooms": [{"v": {"token": "a"}}, {"v": {"token": 5}}, {}], "success": True}
    before = copy.deepcopy(body)
    after = spoilt(body, ("rooms", "*", "v", "token"), WAYS[way])
    assert body == before
    assert after["rooms"][0]["v"] != before["rooms"][0]["v"]
    assert after["rooms"][1]["v"] != before["rooms"][1]["v"]
    assert after["rooms"][2] is body["rooms"][2]


def test_what_is_not_there_cannot_be_spoilt() -> None:
    """The very same body comes back."""
    body = {"visitor": None, "success": True}
    for way in WAYS.values():
        assert spoilt(body, ("visitor", "token"), way) is body
        assert spoilt(body, ("rooms", "*", "v"), way) is body


def test_members_lead_through_references_alternatives_and_arrays() -> None:
    """Outer ones first, each once."""
    contract = load_contract(VERSION)
    found = members(contract, contract.operations["listRooms"])
    assert ("rooms", "*", "v", "token") in found
    assert found == sorted(set(found), key=lambda steps: (len(steps), steps))


def _answers(fault: Fault, path: str) -> tuple[int | None, Any]:
    with faulty_server(fault) as url, RecordingClient(Settings(url=str(url)), None) as client:
        exchange = client.request(NOBODY, "GET", path)
        return exchange.status, exchange.json


def test_a_generic_fault_shows_on_the_wire() -> None:
    """Dropped members, other statuses and opened doors, on a real server."""
    faults = generic_faults()
    status, body = _answers(faults["generic.getConfig.drop:/config/theme"], "/api/v1/livechat/config")
    assert status == 200
    assert "theme" not in body["config"]
    assert _answers(faults["generic.getConfig.status:200-201"], "/api/v1/livechat/config")[0] == 201
    rooms = "/api/v1/livechat/rooms"
    assert _answers(faults["generic.listRooms.opened"], rooms)[0] == 200
    assert _answers(faults["generic.listRooms.permission"], rooms)[0] == 401
