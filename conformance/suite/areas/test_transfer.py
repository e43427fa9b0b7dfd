"""Transfer: a visitor moves his chat to another department (documentation: Livechat room.transfer)."""

from __future__ import annotations

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite import visitors
from conformance.suite.chats import (
    SETTLE_S,
    author,
    place,
    queued_inquiry,
    seen,
    settled,
    spot,
    told,
    transfer,
    transfers,
)
from conformance.suite.helpers import listed_room, served_by
from conformance.suite.judge import Judge, is_accepted
from conformance.suite.messages import read_history, shown, with_id
from conformance.target import Persona, RecordingClient
from conformance.world import Department, Room, World


def offline_agent(world: World) -> Persona:
    """A fresh agent who is offline."""
    agent = world.agent(online=False)
    world.set_status(agent, "offline")
    return agent


def answer_shows(judge: Judge, answer: Exchange, document: dict[str, object], target: Department) -> None:
    """Judge that the answer of a transfer shows the room as it is after it."""
    shows = judge.pick(answer, "room")
    department = shows.get("departmentId")
    sentence = "the answer of the transfer does not show the new department"
    judge.equal("LC-TRANSFER-010", department, target.id, sentence, exchange=answer, pointer="/room/departmentId")
    judge.equal(
        "LC-TRANSFER-010",
        served_by(shows).get("_id"),
        served_by(document).get("_id"),
        "the answer of the transfer shows another agent than the room read after it",
        exchange=answer,
        pointer="/room/servedBy",
    )


def unmoved(world: World, judge: Judge, clause: str, room: Room, before: tuple[object, object], what: str) -> None:
    """Judge that an open room still is where it was."""
    now = place(seen(world, judge, room))
    sentence = f"{what} changed the agent or the department of the room"
    judge.equal(clause, list(now), list(before), sentence, pointer="/room")


@pytest.mark.clause("LC-TRANSFER-005", "LC-TRANSFER-006", "LC-TRANSFER-007", "LC-TRANSFER-010", "LC-TRANSFER-011")
@pytest.mark.routing("Auto_Selection")
def test_a_transfer_moves_the_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """Under automatic selection a transfer gives the same room to an online agent of the new department."""
    home = world.home
    target = world.department(agents=(offline_agent(world), home.second_agent))
    room, other = (world.served_room(agent=home.agent) for _ in range(2))
    answer = transfer(client, room, target.id)
    sentence = "a transfer to a department with an online agent was refused"
    if not judge.accepted("LC-TRANSFER-007", answer, sentence):
        return
    id = judge.pick(answer, "room", "_id")
    sentence = "the answer of the transfer shows another room"
    judge.equal("LC-TRANSFER-005", id, room.id, sentence, exchange=answer, pointer="/room/_id")
    found = settled(world, judge, room, spot(home.second_agent, target), "LC-TRANSFER-005")
    asked = judge.last
    same = judge.last is not None and judge.pick(judge.last, "newRoom") is False
    judge.that("LC-TRANSFER-005", same, "after the transfer the room is not found again under its id", exchange=asked)
    sentence = "after the transfer the room is not in the target department"
    judge.equal("LC-TRANSFER-006", found.get("departmentId"), target.id, sentence, exchange=asked)
    agent = {key: served_by(found).get(key) for key in ("_id", "username")}
    expected = {"_id": home.second_agent.user_id, "username": home.second_agent.username}
    sentence = "after the transfer the room is not served by the online agent of the target department"
    judge.equal("LC-TRANSFER-007", agent, expected, sentence, exchange=asked, pointer="/room/servedBy")
    answer_shows(judge, answer, found, target)
    unmoved(world, judge, "LC-TRANSFER-006", other, spot(home.agent, home.department), "the transfer of another room")
    visitor = world.eventually(
        lambda: visitors.stored(client, room.token),
        until=lambda now: now.get("department") == target.id,
        deadline_s=SETTLE_S,
    )
    sentence = "the visitor's department did not follow the transfer of his room"
    judge.equal("LC-TRANSFER-011", visitor.get("department"), target.id, sentence, pointer="/visitor/department")


@pytest.mark.clause("LC-TRANSFER-012", "LC-TRANSFER-022", "LC-TRANSFER-049")
@pytest.mark.routing("Auto_Selection")
def test_a_transfer_stands_in_the_history(world: World, client: RecordingClient, judge: Judge) -> None:
    """A transfer leaves one entry by the visitor that names the next department, and all of his messages."""
    home = world.home
    target = world.department(agents=[home.second_agent])
    room = world.served_room(agent=home.agent)
    messages = [world.message(room, f"before the transfer {number}") for number in range(2)]
    entries, history = read_history(client, judge, room)
    for message in messages:
        shown(entries, message.id, history)
    answer = transfer(client, room, target.id)
    if not is_accepted(answer):
        raise judge.missing(answer, "the transfer to another department")
    entries, history = world.eventually(
        lambda: read_history(client, judge, room), until=lambda read: transfers(read[0]), deadline_s=SETTLE_S
    )
    notes = [
        {"by": author(each), "next": told(each, "nextDepartment", "_id"), "name": told(each, "nextDepartment", "name")}
        for each in transfers(entries)
    ]
    judge.equal(
        "LC-TRANSFER-012",
        notes,
        [{"by": room.visitor.id, "next": target.id, "name": target.name}],
        "the history does not hold one transfer by the visitor to the next department",
        exchange=history,
        pointer="/messages",
    )
    story = [
        {
            "by": told(each, "transferredBy", "_id"),
            "type": told(each, "transferredBy", "type"),
            "from": told(each, "previousDepartment"),
            "scope": told(each, "scope"),
        }
        for each in transfers(entries)
    ]
    judge.equal(
        "LC-TRANSFER-049",
        story,
        [{"by": room.visitor.id, "type": "visitor", "from": home.department.id, "scope": "department"}],
        "the history does not tell that the visitor moved the chat, and from where",
        exchange=history,
        pointer="/messages",
    )
    for message in messages:
        texts = [each.get("msg") for each in with_id(entries, message.id)]
        sentence = "a message that the visitor sent before the transfer is gone or changed"
        judge.equal("LC-TRANSFER-022", texts, [message.text], sentence, exchange=history, pointer="/messages")


@pytest.mark.clause("LC-TRANSFER-006", "LC-TRANSFER-008", "LC-TRANSFER-009", "LC-TRANSFER-010")
@pytest.mark.routing("Manual_Selection")
def test_a_transfer_queues_the_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """Under manual selection a transfer takes the agent away and queues the chat in the target department."""
    home = world.home
    target = world.department(agents=[home.second_agent])
    served, queued = world.served_room(agent=home.agent), world.queued_room()
    for room, label in ((served, "a served room"), (queued, "a waiting room")):
        answer = transfer(client, room, target.id)
        sentence = f"under manual selection the transfer of {label} was not accepted"
        if not judge.accepted("LC-TRANSFER-009", answer, sentence):
            continue
        found = settled(world, judge, room, spot(None, target))
        sentence = f"after the transfer of {label} somebody serves it"
        judge.equal("LC-TRANSFER-008", served_by(found).get("_id"), None, sentence, pointer="/room/servedBy")
        sentence = f"after the transfer of {label} it is not in the target department"
        judge.equal("LC-TRANSFER-006", found.get("departmentId"), target.id, sentence, pointer="/room/departmentId")
        answer_shows(judge, answer, found, target)
        inquiry = queued_inquiry(world, judge, room)
        judge.equal(
            "LC-TRANSFER-009",
            {key: inquiry.get(key) for key in ("rid", "status", "department")},
            {"rid": room.id, "status": "queued", "department": target.id},
            f"after the transfer of {label} its inquiry is not queued in the target department",
            pointer="/inquiry",
        )


@pytest.mark.clause("LC-TRANSFER-013")
@pytest.mark.routing("Auto_Selection")
def test_a_closed_room_is_not_transferred(world: World, client: RecordingClient, judge: Judge) -> None:
    """A transfer of a closed room is refused with 400, and leaves it as it is."""
    home = world.home
    target = world.department(agents=[home.second_agent])
    room = world.closed_room(agent=home.agent)
    judge.refused("LC-TRANSFER-013", transfer(client, room, target.id))
    after, listing = listed_room(world, room)
    state = {"place": list(place(after)), "open": after.get("open")}
    expected = {"place": list(spot(home.agent, home.department)), "open": None}
    judge.equal("LC-TRANSFER-013", state, expected, "a refused transfer changed the closed room", exchange=listing)


@pytest.mark.clause("LC-TRANSFER-014", "LC-TRANSFER-015")
def test_unknown_rooms_and_tokens_are_not_transferred(world: World, client: RecordingClient, judge: Judge) -> None:
    """A transfer of an unknown room is refused with invalid-room, with an unknown token with invalid-token."""
    department = world.department(agents=[world.home.second_agent]).id if world.has_admin else world.new_room_id()
    room = world.room()
    before = place(seen(world, judge, room))
    unknown_room = transfer(client, room, department, rid=world.new_room_id())
    judge.refused("LC-TRANSFER-014", unknown_room, code="invalid-room")
    unmoved(world, judge, "LC-TRANSFER-014", room, before, "the transfer of an unknown room")
    unknown_token = transfer(client, room, department, token=f"{world.prefix}-nobody")
    judge.refused("LC-TRANSFER-015", unknown_token, code="invalid-token")
    unmoved(world, judge, "LC-TRANSFER-015", room, before, "a transfer with an unknown token")


@pytest.mark.clause("LC-TRANSFER-016", "LC-TRANSFER-020")
@pytest.mark.routing("Auto_Selection")
def test_a_room_is_not_transferred_to_where_it_is(world: World, client: RecordingClient, judge: Judge) -> None:
    """A transfer to the department in which the room already is, is refused and changes nothing."""
    home = world.home
    room = world.served_room(agent=home.agent)
    before = place(seen(world, judge, room))
    answer = transfer(client, room, home.department.id)
    judge.refused("LC-TRANSFER-016", answer, code="error-forwarding-chat-same-department")
    if not is_accepted(answer):
        unmoved(world, judge, "LC-TRANSFER-020", room, before, "a refused transfer to the same department")


@pytest.mark.clause("LC-TRANSFER-017", "LC-TRANSFER-018", "LC-TRANSFER-019", "LC-TRANSFER-020")
@pytest.mark.routing("Auto_Selection")
def test_a_transfer_needs_another_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """Under automatic selection a transfer that no other agent can take is refused and changes nothing."""
    home = world.home
    room = world.served_room(agent=home.agent)
    before = place(seen(world, judge, room))
    targets = (
        ("LC-TRANSFER-017", world.department(agents=[offline_agent(world)]).id, "a department whose agent is offline"),
        ("LC-TRANSFER-017", world.department().id, "a department without agents"),
        ("LC-TRANSFER-018", world.department(agents=[home.agent]).id, "a department of the very agent who serves"),
        ("LC-TRANSFER-019", world.new_room_id(), "a department that does not exist"),
    )
    for clause, id, label in targets:
        answer = transfer(client, room, id)
        sentence = f"under automatic selection a transfer to {label} was not refused with 400"
        if judge.refused(clause, answer, sentence=sentence):
            unmoved(world, judge, "LC-TRANSFER-020", room, before, f"a refused transfer to {label}")


@pytest.mark.clause("LC-TRANSFER-021")
@pytest.mark.routing("Manual_Selection")
def test_a_refused_transfer_of_a_queued_chat(world: World, client: RecordingClient, judge: Judge) -> None:
    """Under manual selection a refused transfer changes nothing, or leaves the room in the target without an agent."""
    home = world.home
    empty = world.department()
    room = world.served_room(agent=home.agent)
    answer = transfer(client, room, empty.id)
    if is_accepted(answer):
        judge.not_reached("LC-TRANSFER-021", "the transfer to a department without agents was not refused", answer)
        return
    found = place(seen(world, judge, room))
    ways = {spot(home.agent, home.department): "documentation", spot(None, empty): "server"}
    if found in ways:
        judge.way("LC-TRANSFER-021", ways[found], answer)
        return
    judge.that(
        "LC-TRANSFER-021",
        False,
        "a refused transfer changed the room by half",
        exchange=answer,
        expected=[list(each) for each in ways],
        observed=list(found),
    )
