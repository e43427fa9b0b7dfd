"""Forward: the staff moves a chat to another agent or department (documentation: Livechat room.forward)."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.suite.chats import (
    SETTLE_S,
    author,
    forward,
    place,
    queued_inquiry,
    seen,
    settled,
    spot,
    told,
    transfers,
)
from conformance.suite.helpers import listed_room, served_by
from conformance.suite.judge import Judge, describe, is_accepted
from conformance.suite.messages import read_history
from conformance.target import RecordingClient
from conformance.world import Room, World


def notes_of(world: World, client: RecordingClient, judge: Judge, room: Room, count: int) -> list[dict[str, Any]]:
    """The entries about forwards in a room's history, the newest first, as soon as there are so many."""
    return world.eventually(
        lambda: transfers(read_history(client, judge, room)[0]),
        until=lambda notes: len(notes) >= count,
        deadline_s=SETTLE_S,
    )


def unmoved(world: World, judge: Judge, clause: str, room: Room, before: tuple[Any, Any], what: str) -> None:
    """Judge that an open room still is where it was."""
    now = place(seen(world, judge, room))
    sentence = f"{what} changed the agent or the department of the room"
    judge.equal(clause, list(now), list(before), sentence, pointer="/room")


@pytest.mark.clause(
    "LC-TRANSFER-029", "LC-TRANSFER-030", "LC-TRANSFER-034", "LC-TRANSFER-045", "LC-TRANSFER-046", "LC-TRANSFER-050"
)
@pytest.mark.routing("Auto_Selection")
def test_a_forward_to_an_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """A forward to an agent gives him the same room in the same department, and stands in its history."""
    home = world.home
    room, other = (world.served_room(agent=home.agent) for _ in range(2))
    first = forward(client, world.manager(), room, userId=home.second_agent.user_id)
    if not is_accepted(first):
        raise judge.missing(first, "the forward to an online agent")
    # First a manager forwards, then the agent who serves the chat now.
    for number, (who, target) in enumerate(((world.manager(), home.second_agent), (home.second_agent, home.agent))):
        answer = first if number == 0 else forward(client, who, room, userId=target.user_id)
        found = settled(world, judge, room, spot(target, home.department), "LC-TRANSFER-034")
        asked = judge.last
        assert asked is not None
        judge.equal(
            "LC-TRANSFER-029",
            [served_by(found).get("_id"), served_by(found).get("username")],
            [target.user_id, target.username],
            f"the room is not served by the agent to whom the {who.name} forwarded it ({describe(answer)})",
            exchange=asked,
            pointer="/room/servedBy",
        )
        sentence = "a forward to an agent changed the department of the room"
        judge.equal("LC-TRANSFER-030", found.get("departmentId"), home.department.id, sentence, exchange=asked)
        same = judge.pick(asked, "newRoom") is False
        judge.that("LC-TRANSFER-034", same, "after a forward the room is not found again under its id", exchange=asked)
        notes = notes_of(world, client, judge, room, number + 1)
        sentence = f"the newest of the history's forwards is not by the {who.name} who forwarded"
        by = author(notes[0]) if len(notes) == number + 1 else f"{len(notes)} entries"
        judge.equal("LC-TRANSFER-045", by, who.user_id, sentence, pointer="/messages")
        told_of = [(told(each, "transferredTo", "_id"), told(each, "scope")) for each in notes[:1]]
        sentence = "the history does not name the agent to whom the chat was forwarded, with scope agent"
        judge.equal("LC-TRANSFER-046", list(map(list, told_of)), [[target.user_id, "agent"]], sentence)
        mover = [
            [told(each, "transferredBy", "_id"), told(each, "transferredBy", "type"), told(each, "previousDepartment")]
            for each in notes[:1]
        ]
        # Who serves the chat is told as an agent, anybody else as a user.
        expected = [[who.user_id, "user" if number == 0 else "agent", home.department.id]]
        sentence = f"the history does not tell that the {who.name} moved the chat, and from where"
        judge.equal("LC-TRANSFER-050", mover, expected, sentence, pointer="/messages")
    unmoved(world, judge, "LC-TRANSFER-029", other, spot(home.agent, home.department), "the forward of another room")


@pytest.mark.clause("LC-TRANSFER-031", "LC-TRANSFER-032", "LC-TRANSFER-034", "LC-TRANSFER-045", "LC-TRANSFER-047")
@pytest.mark.routing("Auto_Selection")
def test_a_forward_to_a_department(world: World, client: RecordingClient, judge: Judge) -> None:
    """Under automatic selection a forward to a department gives the room to an online agent of it."""
    home = world.home
    offline = world.agent(online=False)
    world.set_status(offline, "offline")
    target = world.department(agents=(offline, home.second_agent))
    room = world.served_room(agent=home.agent)
    answer = forward(client, world.manager(), room, departmentId=target.id)
    if not is_accepted(answer):
        raise judge.missing(answer, "the forward to a department")
    found = settled(world, judge, room, spot(home.second_agent, target), "LC-TRANSFER-034")
    asked = judge.last
    assert asked is not None
    sentence = "after a forward to a department the room is not in it"
    judge.equal("LC-TRANSFER-031", found.get("departmentId"), target.id, sentence, exchange=asked)
    agent = [served_by(found).get("_id"), served_by(found).get("username")]
    sentence = "after a forward to a department the room is not served by the online agent of it"
    expected = [home.second_agent.user_id, home.second_agent.username]
    judge.equal("LC-TRANSFER-032", agent, expected, sentence, exchange=asked, pointer="/room/servedBy")
    same = judge.pick(asked, "newRoom") is False
    judge.that("LC-TRANSFER-034", same, "after a forward the room is not found again under its id", exchange=asked)
    notes = notes_of(world, client, judge, room, 1)
    sentence = "the history does not hold one forward by the manager"
    judge.equal("LC-TRANSFER-045", [author(each) for each in notes], [world.manager().user_id], sentence)
    told_of = [
        [told(each, "nextDepartment", "_id"), told(each, "nextDepartment", "name"), told(each, "scope")]
        for each in notes[:1]
    ]
    sentence = "the history does not name the department to which the chat was forwarded, with scope department"
    judge.equal("LC-TRANSFER-047", told_of, [[target.id, target.name, "department"]], sentence, pointer="/messages")


@pytest.mark.clause("LC-TRANSFER-031", "LC-TRANSFER-033", "LC-TRANSFER-034")
@pytest.mark.routing("Manual_Selection")
def test_a_forward_to_a_department_queues_the_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """Under manual selection a forward to a department puts the room back into the queue."""
    home = world.home
    target = world.department(agents=[home.second_agent])
    room, other = (world.served_room(agent=home.agent) for _ in range(2))
    answer = forward(client, world.manager(), room, departmentId=target.id)
    if not judge.accepted("LC-TRANSFER-033", answer, "under manual selection a forward to a department was refused"):
        return
    found = settled(world, judge, room, spot(None, target), "LC-TRANSFER-034")
    asked = judge.last
    assert asked is not None
    sentence = "after a forward to a department the room is not in it"
    judge.equal("LC-TRANSFER-031", found.get("departmentId"), target.id, sentence, exchange=asked)
    same = judge.pick(asked, "newRoom") is False
    judge.that("LC-TRANSFER-034", same, "after a forward the room is not found again under its id", exchange=asked)
    sentence = "under manual selection somebody serves the room after a forward to a department"
    judge.equal("LC-TRANSFER-033", served_by(found).get("_id"), None, sentence, exchange=asked)
    inquiry = queued_inquiry(world, judge, room)
    judge.equal(
        "LC-TRANSFER-033",
        {key: inquiry.get(key) for key in ("rid", "status", "department")},
        {"rid": room.id, "status": "queued", "department": target.id},
        "after a forward to a department the inquiry is not queued there",
        pointer="/inquiry",
    )
    unmoved(world, judge, "LC-TRANSFER-033", other, spot(home.agent, home.department), "the forward of another room")


@pytest.mark.clause("LC-TRANSFER-035", "LC-TRANSFER-036", "LC-TRANSFER-037", "LC-TRANSFER-043")
@pytest.mark.routing("Auto_Selection")
def test_a_forward_needs_another_online_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """A forward to an agent who is offline or serves already, or to no agent at all, is refused and changes nothing."""
    home = world.home
    offline, user = world.agent(online=False), world.plain_user()
    world.set_status(offline, "offline")
    # Online, so that only his missing role tells him from an agent.
    world.set_status(user, "online")
    room = world.served_room(agent=home.agent)
    before = place(seen(world, judge, room))
    targets = (
        ("LC-TRANSFER-035", offline, "error-user-is-offline", "an agent who is offline"),
        ("LC-TRANSFER-036", user, None, "a user who is no agent"),
        ("LC-TRANSFER-037", home.agent, "error-selected-agent-room-agent-are-same", "the agent who serves"),
    )
    for clause, target, code, label in targets:
        answer = forward(client, world.manager(), room, userId=target.user_id)
        judge.refused(clause, answer, code=code)
        if not is_accepted(answer):
            unmoved(world, judge, "LC-TRANSFER-043", room, before, f"a refused forward to {label}")


@pytest.mark.clause("LC-TRANSFER-038", "LC-TRANSFER-039")
def test_only_chats_are_forwarded(world: World, client: RecordingClient, judge: Judge) -> None:
    """A forward of a room that does not exist, or is no Livechat room, is refused with error-invalid-room."""
    agent = world.home.agent
    manager = world.manager()
    for clause, id in (("LC-TRANSFER-038", world.new_room_id()), ("LC-TRANSFER-039", "GENERAL")):
        answer = client.send(manager, "forwardRoom", json={"roomId": id, "userId": agent.user_id})
        judge.refused(clause, answer, code="error-invalid-room")


@pytest.mark.clause("LC-TRANSFER-040", "LC-TRANSFER-043")
@pytest.mark.routing("Auto_Selection")
def test_a_closed_room_is_not_forwarded(world: World, client: RecordingClient, judge: Judge) -> None:
    """A forward of a closed room is refused with room-closed, and leaves it as it is."""
    home = world.home
    target = world.department(agents=[home.second_agent])
    room = world.closed_room(agent=home.agent)
    for to in ({"userId": home.second_agent.user_id}, {"departmentId": target.id}):
        judge.refused("LC-TRANSFER-040", forward(client, world.manager(), room, **to), code="room-closed")
    after, listing = listed_room(world, room)
    state = {"place": list(place(after)), "open": after.get("open")}
    expected = {"place": list(spot(home.agent, home.department)), "open": None}
    judge.equal("LC-TRANSFER-043", state, expected, "a refused forward changed the closed room", exchange=listing)


@pytest.mark.clause("LC-TRANSFER-041", "LC-TRANSFER-043")
@pytest.mark.routing("Auto_Selection")
def test_a_room_is_not_forwarded_to_where_it_is(world: World, client: RecordingClient, judge: Judge) -> None:
    """A forward to the department in which the room already is, is refused and changes nothing."""
    home = world.home
    room = world.served_room(agent=home.agent)
    before = place(seen(world, judge, room))
    answer = forward(client, world.manager(), room, departmentId=home.department.id)
    judge.refused("LC-TRANSFER-041", answer, code="error-forwarding-chat-same-department")
    if not is_accepted(answer):
        unmoved(world, judge, "LC-TRANSFER-043", room, before, "a refused forward to the same department")


@pytest.mark.clause("LC-TRANSFER-042")
@pytest.mark.routing("Auto_Selection")
def test_a_forward_to_nobody_changes_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """A forward that has no target, or no agent online at its target, changes neither agent nor department."""
    home = world.home
    offline = world.agent(online=False)
    world.set_status(offline, "offline")
    room = world.served_room(agent=home.agent)
    before = place(seen(world, judge, room))
    targets: tuple[tuple[dict[str, str], str], ...] = (
        ({}, "no target"),
        ({"departmentId": world.department(agents=[offline]).id}, "a department whose agent is offline"),
        ({"departmentId": world.department().id}, "a department without agents"),
        ({"departmentId": world.new_room_id()}, "a department that does not exist"),
    )
    for to, label in targets:
        forward(client, world.manager(), room, **to)
        unmoved(world, judge, "LC-TRANSFER-042", room, before, f"a forward to {label}")


@pytest.mark.clause("LC-TRANSFER-044")
@pytest.mark.routing("Auto_Selection")
def test_an_agent_wins_over_a_department(world: World, client: RecordingClient, judge: Judge) -> None:
    """Of an agent and a department given together the agent gets the room."""
    home = world.home
    third = world.agent()
    department = world.department(agents=[third])
    room = world.served_room(agent=home.agent)
    to = {"userId": home.second_agent.user_id, "departmentId": department.id}
    answer = forward(client, world.manager(), room, **to)
    found = settled(world, judge, room, spot(home.second_agent, home.department))
    sentence = f"a forward to an agent and a department did not give the room to the agent ({describe(answer)})"
    agent = served_by(found).get("_id")
    judge.equal("LC-TRANSFER-044", agent, home.second_agent.user_id, sentence, pointer="/room/servedBy/_id")


@pytest.mark.clause("LC-TRANSFER-048")
@pytest.mark.routing("Auto_Selection")
def test_the_comment_of_a_forward_is_kept(world: World, client: RecordingClient, judge: Judge) -> None:
    """The comment of a forward stands in the transferData of its history entry."""
    home = world.home
    room = world.served_room(agent=home.agent)
    comment = 'wants a refund: Ünï & <b>"quoted"</b> 日本 😀'
    answer = forward(client, world.manager(), room, userId=home.second_agent.user_id, comment=comment)
    if not judge.accepted("LC-TRANSFER-048", answer, f"a forward with a comment answered {describe(answer)}"):
        return
    comments = [told(each, "comment") for each in notes_of(world, client, judge, room, 1)]
    sentence = "the comment of the forward does not stand in the history"
    judge.equal("LC-TRANSFER-048", comments, [comment], sentence, pointer="/messages")
