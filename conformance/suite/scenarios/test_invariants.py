"""What holds across rooms and visitors: several rooms at once, closed rooms, the team's closing, and strangers."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.chats import SETTLE_S, forward, place, seen, take, transfer
from conformance.suite.helpers import listed_room, moment, served_by, visitor_of
from conformance.suite.judge import Judge, is_accepted
from conformance.suite.messages import read_history, texts
from conformance.target import RecordingClient
from conformance.world import Room, World


def _state(document: dict[str, Any]) -> dict[str, Any]:
    """What a stranger's doings must not change in a room's document."""
    kept = {key: document.get(key) for key in ("_id", "ts", "fname", "open", "cl", "usersCount", "closedAt", "closer")}
    visitor = {key: visitor_of(document).get(key) for key in ("_id", "username", "token")}
    # The number of messages is written together with the last one, which a server need not keep.
    said = {"msgs": document.get("msgs")} if isinstance(document.get("lastMessage"), dict) else {}
    return {**kept, **said, "v": visitor, "servedBy": served_by(document), "departmentId": document.get("departmentId")}


def _last_said(document: dict[str, Any]) -> Any:
    """The id of the last message of a room's document, None where the server keeps none."""
    last = document.get("lastMessage")
    return last.get("_id") if isinstance(last, dict) else None


def _closed(world: World, room: Room) -> tuple[dict[str, Any], Exchange]:
    """A closed room as the list shows it as soon as its closing is written."""
    return world.eventually(
        lambda: listed_room(world, room), until=lambda now: "closedAt" in now[0] and "open" not in now[0], deadline_s=3
    )


@pytest.mark.clause("LC-LIFE-016")
def test_a_visitor_has_several_open_rooms(world: World, client: RecordingClient, judge: Judge) -> None:
    """A visitor can have several open rooms at once, each with messages of its own."""
    visitor = world.visitor()
    rooms = [world.room(visitor) for _ in range(3)]
    ids = [room.id for room in rooms]
    judge.equal("LC-LIFE-016", len(set(ids)), 3, "three openings did not give the visitor three rooms")
    said: dict[str, list[str]] = {id: [] for id in ids}
    for number in range(2):
        for room in rooms:
            said[room.id].append(world.message(room, f"in {room.id} message {number}").text)
    for room in rooms:
        entries, history = read_history(client, judge, room)
        found = sorted(map(str, texts(entries)))
        sentence = "one of several open rooms of a visitor does not hold its own messages, and only them"
        judge.equal("LC-LIFE-016", found, sorted(said[room.id]), sentence, exchange=history, pointer="/messages")
    for room in rooms:
        query = {"token": room.token, "rid": room.id}
        answer = client.send(visitor, "openRoom", query=query)
        kept = [judge.pick(answer, "room", "_id"), judge.pick(answer, "newRoom")]
        sentence = "one of several open rooms of a visitor is not open any more"
        judge.equal("LC-LIFE-016", kept, [room.id, False], sentence, exchange=answer, pointer="/room")


@pytest.mark.clause("LC-LIFE-017")
@pytest.mark.routing("Auto_Selection")
def test_a_closed_room_never_opens_again(world: World, client: RecordingClient, judge: Judge) -> None:
    """Nothing that its visitor or the team does opens a closed room again."""
    home = world.home
    target = world.department(agents=[home.second_agent])
    room = world.served_room(agent=home.agent)
    inquiry = world.inquiry(room).get("_id")
    closed = world.close(room)
    if not is_accepted(closed):
        raise judge.missing(closed, "the closing of a served room")
    _closed(world, room)
    manager = world.manager()
    survey = [{"name": "satisfaction", "value": "2"}]
    client.send(room.visitor, "sendMessage", json={"token": room.token, "rid": room.id, "msg": "too late"})
    client.send(room.visitor, "closeRoom", json={"token": room.token, "rid": room.id})
    client.send(room.visitor, "surveyRoom", json={"token": room.token, "rid": room.id, "data": survey})
    transfer(client, room, target.id)
    forward(client, manager, room, userId=home.second_agent.user_id)
    if isinstance(inquiry, str):
        take(client, manager, inquiry, home.second_agent)
    world.reread(room)
    after, listing = listed_room(world, room)
    ended = after.get("open") is not True and moment(after.get("closedAt")) is not None
    observed = {key: after.get(key) for key in ("open", "closedAt")}
    sentence = "a closed room is open again"
    judge.that("LC-LIFE-017", ended, sentence, exchange=listing, expected="no open, a closedAt", observed=observed)


@pytest.mark.clause("LC-LIFE-029")
def test_the_team_closes_a_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """A room that the team closed refuses the visitor's closing with room-closed."""
    room = world.served_room()
    world.call_method(world.admin, "livechat:closeRoom", [room.id, "closed by the team", {}])
    _closed(world, room)
    judge.refused("LC-LIFE-029", world.close(room), code="room-closed")


@pytest.mark.clause("LC-LIFE-030")
@pytest.mark.routing("Auto_Selection")
def test_one_visitor_changes_nothing_of_another(world: World, client: RecordingClient, judge: Judge) -> None:
    """What one visitor does in his room changes nothing in the room of another with the same agent and department."""
    home = world.home
    target = world.department(agents=[home.second_agent])
    mine, other, another = (world.served_room(agent=home.agent) for _ in range(3))
    quiet = world.message(other, "said before")
    # A room that an agent serves has two members; the number may be written after the answer.
    before, _ = world.eventually(
        lambda: listed_room(world, other),
        until=lambda now: now[0].get("usersCount") == 2 and _last_said(now[0]) == quiet.id,
        deadline_s=SETTLE_S,
    )
    expected = _state(before)

    def judged(label: str) -> None:
        after, listing = listed_room(world, other)
        sentence = f"{label} in the room of one visitor changed the room of another"
        judge.equal("LC-LIFE-030", _state(after), expected, sentence, exchange=listing, pointer="/rooms")
        entries, history = read_history(client, judge, other)
        judge.equal(
            "LC-LIFE-030",
            texts(entries),
            [quiet.text],
            f"{label} in the room of one visitor changed the history of another",
            exchange=history,
            pointer="/messages",
        )

    first, second = world.message(mine, "of the first visitor"), world.message(mine, "of him, too")
    body = {"token": mine.token, "rid": mine.id}
    client.send(mine.visitor, "editMessage", path={"_id": first.id}, json={**body, "msg": "changed"})
    client.send(mine.visitor, "deleteMessage", path={"_id": second.id}, json=body)
    judged("sending, editing and deleting messages")
    moved = transfer(client, mine, target.id)
    if not is_accepted(moved):
        raise judge.missing(moved, "the transfer to another department")
    judged("a transfer")
    closed = world.close(mine)
    if not is_accepted(closed):
        raise judge.missing(closed, "the closing of a room")
    judged("the closing")
    world.close(another)
    world.eventually(lambda: listed_room(world, another), until=lambda now: "open" not in now[0], deadline_s=SETTLE_S)
    judged("the closing")
    sentence = "after all that another visitor did the room is somewhere else"
    now = place(seen(world, judge, other))
    judge.equal("LC-LIFE-030", list(now), list(place(before)), sentence, pointer="/room")
