"""Which answer gave the ids that a request names, and what has to be sent again so that a finding shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.verdicts.flow import Flow, ids_in, in_order, names_in, pointers_of, settings_changed, told_apart

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz"
_ROOM = "RoomRoomRoomRoo23"
_OTHER = "AnotherRoomAno234"
_RUN = "lcx-3-main-0a1b"
_EFFECTS = {
    "getConfig": "read",
    "getRoomInfo": "read",
    "registerVisitor": "creates",
    "openRoom": "creates",
    "sendMessage": "creates",
    "closeRoom": "closes",
    "login": "creates",
    "createUser": "creates",
    "registerUser": "changes",
    "setUserStatus": "changes",
    "setSetting": "changes",
    "getAgent": "read",
}


def _said(
    name: str,
    operation: str,
    sent: Any = None,
    answer: Any = None,
    *,
    status: int = 200,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    path: str = "/api/v1/livechat/x",
    started: float = 0.0,
    took_ms: float = 1.0,
) -> Exchange:
    """An exchange; its number is its name."""
    method = "GET" if sent is None else "POST"
    body = None if sent is None else Body(sent, is_json=True)
    request = Request(method, path, tuple((query or {}).items()), dict(headers or {}), body)
    response = Response(status, {}, Body({"success": True} if answer is None else answer, is_json=True), took_ms)
    return Exchange(name, operation, "visitor A", request, response, started=started or float(name))


def _flow(*exchanges: Exchange) -> Flow:
    return Flow(exchanges, _EFFECTS)


@given(st.text(_LETTERS, min_size=17, max_size=17))
def test_an_id_is_found_wherever_it_stands_alone(one: str) -> None:
    """In a text, in a path and in a query; not inside of a longer word."""
    assert ids_in(f"the room {one}, of course") == [one]
    assert ids_in(f"/api/v1/livechat/room/{one}?rid={one}") == [one]
    assert ids_in(f"{one}x") == ids_in(f"9{one}") == []


@given(st.text(_LETTERS, min_size=17, max_size=17), st.sampled_from("-_"))
def test_a_part_of_a_token_is_no_id(part: str, joint: str) -> None:
    """A login's token has hyphens and underscores: seventeen letters between two of them are no id by chance."""
    assert ids_in(f"Jq{joint}{part}{joint}x") == []
    assert ids_in(f"{part}{joint}x") == []


def test_secrets_times_and_ids_of_uploads_are_found_as_well() -> None:
    """Whatever an answer may give that a later request may name."""
    text = "{{auth:agent}} 2026-11-22T10:00:00.000Z 0123456789abcdef01234567"
    assert ids_in(text) == text.split()


def test_names_carry_the_prefix_of_a_run() -> None:
    """A visitor's token is a name; the prefix alone is none."""
    assert names_in(f"{_RUN}-v1 {_RUN}-agent12@example.com {_RUN} lcx-v1") == [f"{_RUN}-v1", f"{_RUN}-agent12"]


def test_a_pointer_leads_into_json_inside_of_a_text() -> None:
    """As the answers of method.call have it."""
    inner = json.dumps({"result": [{"a/b": _ROOM}]})
    assert list(pointers_of({"message": inner, "id": "1"}, [_ROOM])) == [("/message/@/result/0/a~1b", _ROOM)]
    assert list(pointers_of({"message": "{" + _ROOM}, [_ROOM])) == []


@pytest.mark.parametrize(
    ("query", "answered", "writes"),
    [({"rid": _ROOM}, _ROOM, False), ({"rid": _ROOM}, _OTHER, True), ({}, _ROOM, True)],
    ids=["its own room", "another room", "any room"],
)
def test_asking_for_an_open_room_changes_nothing(query: dict[str, str], answered: str, writes: bool) -> None:
    """A ``GET`` opens rooms; only where the room that was asked for comes back it did not."""
    one = _said("1", "openRoom", query=query, answer={"room": {"_id": answered}})
    assert _flow(one).writes(one) is writes


def test_a_call_outside_of_the_contract_writes_unless_its_method_only_reads() -> None:
    """The contract does not say what it does."""
    one = Exchange("1", None, "nobody", Request("DELETE", "/api/v1/x"), None)
    other = Exchange("2", None, "nobody", Request("GET", "/api/v1/x"), None)
    assert _flow(one).writes(one)
    assert not _flow(other).writes(other)


def _conversation() -> list[Exchange]:
    """A visitor registers, opens a room, talks, and somebody looks at the room; another visitor does the same."""
    mine, theirs = f"{_RUN}-v1", f"{_RUN}-v2"
    return [
        _said("1", "registerVisitor", {"visitor": {"token": mine}}),
        _said("2", "registerVisitor", {"visitor": {"token": theirs}}),
        _said("3", "openRoom", query={"token": mine}, answer={"room": {"_id": _ROOM}}),
        _said("4", "openRoom", query={"token": theirs}, answer={"room": {"_id": _OTHER}}),
        _said("5", "getConfig", query={"token": mine}),
        _said("6", "sendMessage", {"token": mine, "rid": _ROOM, "msg": "hello"}),
        _said("7", "sendMessage", {"token": theirs, "rid": _OTHER, "msg": "hello"}),
        _said("8", "getRoomInfo", query={"roomId": _ROOM}),
    ]


def test_a_trail_has_what_makes_the_things_that_are_named() -> None:
    """The visitor and his room, and nothing of the other visitor; the deciding exchange is the last one."""
    flow = _flow(*_conversation())
    assert flow.trail(["6"]) == ("1", "3", "6")
    assert flow.trail(["7"]) == ("2", "4", "7")


def test_a_trail_has_what_the_test_wrote_before() -> None:
    """The message may matter to who looks at the room; what was only read does not, unless the whole is asked for."""
    flow = _flow(*_conversation())
    own = ["1", "3", "5", "6", "8"]
    assert flow.trail(["8"], own=own) == ("1", "3", "6", "8")
    assert flow.trail(["8"], own=own, whole=True) == ("1", "3", "5", "6", "8")


def test_a_trail_whose_steps_are_named_takes_no_others_of_its_test() -> None:
    """A minimised conversation says itself what it needs."""
    flow = _flow(*_conversation())
    assert flow.trail(["3", "8"], own=["1", "3", "6", "8"]) == ("1", "3", "8")


def test_a_trail_has_the_settings_of_the_server_as_they_were() -> None:
    """Of each setting the latest change before the end, whoever made it; a refused one is none."""
    path = "/api/v1/settings/Livechat_enabled"
    flow = _flow(
        _said("1", "setSetting", {"value": False}, path=path),
        _said("2", "setSetting", {"value": True}, path=path),
        _said("3", "setSetting", {"value": False}, path=path, status=400),
        _said("4", "getConfig"),
        _said("5", "setSetting", {"value": False}, path=path),
    )
    assert flow.trail(["4"]) == ("2", "4")


def test_a_trail_has_the_life_of_the_agent_whom_the_server_chose() -> None:
    """Nobody names him: account, login, role and status come with the answer that gives him the chat."""
    agent, name = "AgentAgentAgent23", f"{_RUN}-u1"
    his = {"x-user-id": agent, "x-auth-token": "{{auth:agent}}"}
    visitor = f"{_RUN}-v1"
    flow = _flow(
        _said("1", "createUser", {"username": name}, {"user": {"_id": agent}}),
        _said("2", "login", {"user": name}, {"data": {"userId": agent, "authToken": "{{auth:agent}}"}}),
        _said("3", "registerUser", {"username": name}),
        _said("4", "setUserStatus", {"status": "online"}, headers=his),
        _said("5", "registerVisitor", {"visitor": {"token": visitor}}),
        _said("6", "openRoom", query={"token": visitor}, answer={"room": {"_id": _ROOM, "servedBy": {"_id": agent}}}),
    )
    assert flow.trail(["6"]) == ("1", "2", "3", "4", "5", "6")


def test_a_trail_has_what_was_under_way_beside_the_deciding_exchange() -> None:
    """Requests that met show something together."""
    flow = _flow(
        _said("1", "closeRoom", {"rid": _ROOM}, started=1.0, took_ms=50),
        _said("2", "closeRoom", {"rid": _ROOM}, started=1.01, took_ms=50),
        _said("3", "closeRoom", {"rid": _ROOM}, started=1.2, took_ms=50),
    )
    assert flow.trail(["1"], own=["1", "2", "3"]) == ("2", "1")


def test_steps_that_nobody_recorded_stay_as_they_are() -> None:
    """A spool may have been cut."""
    assert _flow().trail(["7", "8"]) == ("7", "8")


def test_accounts_with_the_same_placeholder_are_told_apart() -> None:
    """The first keeps it; the second gets a number, in its login's answer and wherever it is sent with his id."""
    first, second = "AgentAgentAgent23", "AgentAgentAgent34"
    logins = [
        _said(name, "login", {"user": name}, {"data": {"userId": user, "authToken": "{{auth:agent}}"}})
        for name, user in (("1", first), ("2", second))
    ]
    calls = [
        _said(name, "getAgent", headers={"x-user-id": user, "x-auth-token": "{{auth:agent}}"})
        for name, user in (("3", first), ("4", second))
    ]
    made = told_apart([*logins, *calls])
    assert [each.json["data"]["authToken"] for each in made[:2]] == ["{{auth:agent}}", "{{auth:agent 2}}"]
    assert [each.request.headers["x-auth-token"] for each in made[2:]] == ["{{auth:agent}}", "{{auth:agent 2}}"]


def test_exchanges_of_several_workers_are_put_in_order() -> None:
    """By the time at which they were sent."""
    early, late = _said("b", "getConfig", started=1.0), _said("a", "getConfig", started=2.0)
    assert in_order([late, early]) == [early, late]


def test_changes_of_the_whole_server_are_noticed() -> None:
    """Settings and permissions concern everybody."""
    assert settings_changed([_said("1", "setSetting", {"value": 1})])
    assert not settings_changed([_said("1", "closeRoom", {})])
