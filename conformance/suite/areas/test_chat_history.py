"""Chat history: all rooms of a visitor (docs: Livechat, visitors.chatHistory)."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import listed_room, served_by
from conformance.suite.judge import Judge
from conformance.target import Persona, RecordingClient
from conformance.world import Room, Visitor, World


def _ask(client: RecordingClient, who: Persona, room_id: str, visitor_id: str) -> Exchange:
    return client.send(who, "getChatHistory", path={"roomId": room_id, "visitorId": visitor_id})


def _history(
    world: World, client: RecordingClient, judge: Judge, room: Room, visitor: Visitor
) -> tuple[list[dict[str, Any]], Exchange]:
    """The rooms of a visitor as a manager reads them, asked for beside a room, and the answer.

    Raises:
        PreconditionFailed: The history could not be read.
    """
    exchange = _ask(client, world.manager(), room.id, visitor.id)
    listed = judge.pick(exchange, "history")
    if not isinstance(listed, list):
        raise judge.missing(exchange, "an array under /history")
    return [each for each in listed if isinstance(each, dict)], exchange


def _closed(world: World, judge: Judge, visitor: Visitor) -> Room:
    room = world.room(visitor)
    closing = world.close(room)
    if closing.status != 200:
        raise judge.missing(closing, "a closed room")
    return room


@pytest.mark.clause("LC-HISTORY-006", "LC-HISTORY-007", "LC-HISTORY-008")
def test_a_visitors_history_holds_all_his_rooms(world: World, client: RecordingClient, judge: Judge) -> None:
    """The chat history of a visitor holds his closed rooms and his open room, and rooms of nobody else."""
    visitor, other = world.visitor(), world.visitor()
    old = [_closed(world, judge, visitor) for _ in range(2)]
    foreign = [_closed(world, judge, other), world.room(other)]
    current = world.room(visitor)
    entries, answer = _history(world, client, judge, current, visitor)
    ids = [each.get("_id") for each in entries]
    for room in old:
        found = [each for each in entries if each.get("_id") == room.id]
        judge.equal("LC-HISTORY-006", len(found), 1, "a closed room does not stand once", exchange=answer)
        ended = all("closedAt" in each and "open" not in each for each in found)
        judge.that("LC-HISTORY-006", ended, "a closed room is shown as if it were open", exchange=answer)
    judge.equal("LC-HISTORY-007", ids.count(current.id), 1, "the open room does not stand once", exchange=answer)
    running = [each.get("open") for each in entries if each.get("_id") == current.id]
    judge.that(
        "LC-HISTORY-007", all(one is True for one in running), "the open room is not shown as open", exchange=answer
    )
    # The room in the path is where the right to read comes from; whose rooms are meant says the visitor.
    for place, person, own in (
        (current, visitor, [*old, current]),
        (old[0], visitor, [*old, current]),
        (foreign[1], other, foreign),
        (current, other, foreign),
    ):
        entries, answer = _history(world, client, judge, place, person)
        strange = sorted({str(each.get("_id")) for each in entries} - {room.id for room in own})
        judge.equal("LC-HISTORY-008", strange, [], "rooms of somebody else are in the history", exchange=answer)
        names = {str((each.get("v") or {}).get("_id")) for each in entries}
        judge.that(
            "LC-HISTORY-008",
            names <= {person.id},
            "a room in the history names another visitor",
            exchange=answer,
            expected=person.id,
            observed=sorted(names),
        )


@pytest.mark.clause("LC-HISTORY-009")
def test_the_history_runs_from_the_newest_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """The chat history runs from the newest room to the oldest unless a sort is given."""
    visitor = world.visitor()
    rooms = [world.room(visitor), _closed(world, judge, visitor), world.room(visitor)]
    # The oldest room is the last one that something happens in, so an order by activity would show.
    world.message(rooms[0], "something new in the oldest room")
    entries, answer = _history(world, client, judge, rooms[1], visitor)
    known = {room.id for room in rooms}
    found = [each.get("_id") for each in entries if each.get("_id") in known]
    if len(found) != len(rooms):
        raise judge.missing(answer, "all rooms of the visitor")
    wanted = [room.id for room in reversed(rooms)]
    judge.equal("LC-HISTORY-009", found, wanted, "the rooms do not stand with the newest first", exchange=answer)


@pytest.mark.clause("LC-HISTORY-010")
def test_the_serving_agent_reads_it_after_the_close(world: World, client: RecordingClient, judge: Judge) -> None:
    """An agent who served a room reads its chat history also after it is closed."""
    agent = world.home.agent
    room = world.served_room(agent=agent)
    before = _ask(client, agent, room.id, room.visitor.id)
    judge.accepted("LC-HISTORY-010", before)
    closing = world.close(room)
    if closing.status != 200:
        raise judge.missing(closing, "a closed room")
    after = _ask(client, agent, room.id, room.visitor.id)
    if judge.accepted("LC-HISTORY-010", after):
        listed = after.json.get("history")
        ids = [each.get("_id") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        judge.equal("LC-HISTORY-010", ids, [room.id], "the agent does not see the room that he served", exchange=after)


@pytest.mark.clause("LC-HISTORY-011", "LC-HISTORY-012")
def test_unknown_rooms_are_refused_and_unknown_visitors_have_none(
    world: World, client: RecordingClient, judge: Judge
) -> None:
    """For a room that does not exist it is refused with invalid-room; of an unknown visitor it is empty."""
    room = world.room()
    nowhere = world.new_room_id()
    for who in (world.home.agent, world.manager()):
        judge.refused("LC-HISTORY-011", _ask(client, who, nowhere, room.visitor.id), code="invalid-room")
    answer = _ask(client, world.manager(), room.id, world.names.next("nobody"))
    if judge.accepted("LC-HISTORY-012", answer):
        seen = [answer.json.get("history"), answer.json.get("total")]
        judge.equal("LC-HISTORY-012", seen, [[], 0], "a visitor whom nobody knows has rooms", exchange=answer)


@pytest.mark.clause("LC-HISTORY-013")
@pytest.mark.routing("Auto_Selection")
def test_the_history_agrees_with_the_list(world: World, client: RecordingClient, judge: Judge) -> None:
    """A room in the chat history agrees with the same room in the list: ts, agent, department, closing and closer."""
    home = world.home
    visitor = world.visitor()
    rooms = [world.served_room(visitor, agent=agent) for agent in (home.agent, home.second_agent, home.agent)]
    world.close(rooms[0])
    entries, answer = _history(world, client, judge, rooms[1], visitor)
    for room in rooms:
        listed, _ = listed_room(world, room)
        told = next((each for each in entries if each.get("_id") == room.id), None)
        if told is None or not listed:
            raise judge.missing(answer, "the room in the history and in the list")
        judge.equal(
            "LC-HISTORY-013",
            _facts(told),
            _facts(listed),
            "the history tells of a room otherwise than the list of rooms",
            exchange=answer,
            pointer="/history",
        )


def _facts(room: dict[str, Any]) -> dict[str, Any]:
    """What stays the same between two readings of a room in which nothing happens."""
    parts = {name: room.get(name) for name in ("ts", "departmentId", "open", "closedAt", "closer")}
    return parts | {"agent": served_by(room).get("_id"), "closed by": (room.get("closedBy") or {}).get("_id")}
