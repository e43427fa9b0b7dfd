"""Neighbours: other runs on one server, and other people's chats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from conformance.target import Settings
from conformance.world import World, neighbours, sweep_ledgers
from conformance.world.cleanup import Remover


def test_a_run_with_the_same_names_is_refused(make_world: Callable[..., World]) -> None:
    """Things of a run with the same seed would be taken for this run's own."""
    earlier, world = make_world("gw0"), make_world("stage")
    assert neighbours.look(world.client, world.admin, world.prefix) == []
    earlier.department()
    with pytest.raises(neighbours.SameNames, match=earlier.prefix):
        neighbours.look(world.client, world.admin, world.prefix)


@pytest.mark.parametrize("made", ["department", "agent", "room"])
def test_another_run_is_told(made: str, make_world: Callable[..., World], settings: Settings) -> None:
    """The report says that there was one: it may go on just now."""
    other, world = make_world("gw0", replace(settings, seed=8)), make_world("stage")
    getattr(other, made)()
    (note,) = neighbours.look(world.client, world.admin, world.prefix)
    assert "lcx-8-…" in note


def test_what_only_resembles_our_names_is_nobodys_run(world: World) -> None:
    """The four digits at the end of a prefix tell."""
    body = {"enabled": True, "name": "lcx-7-main-0000-d1", "showOnRegistration": False, "email": "a@b.example"}
    sent = world.client.send(world.admin, "createDepartment", json={"department": {**body, "showOnOfflineForm": False}})
    assert sent.status == 200
    assert neighbours.look(world.client, world.admin, world.prefix) == []


def test_parts_of_a_split_run_have_names_of_their_own(make_world: Callable[..., World], settings: Settings) -> None:
    """They share a seed, and may judge one server at the same time."""
    one = make_world("gw0", replace(settings, shard="1/12"))
    ten = make_world("gw1", replace(settings, shard="10/12"))
    assert one.prefix.split("-")[2] == "s1gw0"
    assert ten.prefix.split("-")[2] == "s10gw1"
    ten.department()
    assert neighbours.look(one.client, one.admin, one.prefix)
    with pytest.raises(neighbours.SameNames, match="a server of its own"):
        neighbours.look(one.client, one.admin, one.prefix, part=True)


def test_a_chat_of_somebody_else_with_our_agent_is_named(world: World, settings: Settings) -> None:
    """A customer who came meanwhile was given to our agent; his room is not ours to change, and not forgotten."""
    agent = world.home.agent
    world.keep_online(agent)
    send = world.client.send
    assert send(world.admin, "registerVisitor", json={"visitor": {"token": "customer-1"}}).status == 200
    with world.routing("Auto_Selection"):
        opened = send(world.admin, "openRoom", query={"token": "customer-1", "agentId": agent.user_id})
    room = opened.json["room"]["_id"]
    (left,) = world.clean_up()
    assert (left.kind, left.name) == ("chat", room)
    # The report is drawn from what the ledgers still name.
    assert [(one.kind, one.name) for one in sweep_ledgers(settings, [world.ledger.path]).left_behind] == [
        ("chat", room)
    ]
    assert "forward it" in left.reason


def test_a_chat_by_text_message_is_ours(world: World) -> None:
    """Its visitor has a token of the server's choice, but a telephone number of ours."""
    world.keep_online(world.home.agent)
    with world.routing("Auto_Selection"):
        phone = world.new_phone()
        body = {"From": phone, "To": "+99900000000", "Body": "Hello"}
        world.client.send(world.admin, "receiveSms", path={"service": "twilio"}, data=body)
    agents = [entry.id for entry in world.ledger.entries.values() if entry.kind == "user" and entry.id]
    (room,) = world.client.send(world.admin, "listRooms", query={"roomName": phone.lstrip("+")}).json["rooms"]
    assert room["servedBy"]["_id"] in agents
    assert Remover(world.client, world.admin).chats_of_others(agents) == []
    assert world.clean_up() == []
