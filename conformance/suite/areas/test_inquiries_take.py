"""Inquiries: taking a chat out of the queue (documentation: Livechat inquiries.take)."""

from __future__ import annotations

import pytest

from conformance.suite.chats import of_room, place, read_inquiry, seen, settled, spot, take, waiting
from conformance.suite.helpers import at_once, served_by
from conformance.suite.judge import Judge, describe, is_accepted
from conformance.suite.levels import Budget
from conformance.target import RecordingClient
from conformance.world import Room, World


def inquiry_id(world: World, judge: Judge, room: Room) -> str:
    """The ``_id`` of the inquiry of a waiting room."""
    found = read_inquiry(world, judge, room).get("_id")
    if not isinstance(found, str):
        assert judge.last is not None
        raise judge.missing(judge.last, "the inquiry of a waiting room")
    return found


def stays_queued(world: World, client: RecordingClient, judge: Judge, clause: str, room: Room, what: str) -> None:
    """Judge that a chat still waits: by its inquiry, in the list, and by its room."""
    status = read_inquiry(world, judge, room).get("status")
    judge.equal(clause, status, "queued", f"{what} the inquiry is no longer queued", pointer="/inquiry/status")
    entries, exchange = waiting(client, judge, world.manager())
    found = len(of_room(entries, room))
    judge.equal(clause, found, 1, f"{what} the inquiry is not listed", exchange=exchange, pointer="/inquiries")
    agent = served_by(seen(world, judge, room)).get("_id")
    judge.equal(clause, agent, None, f"{what} somebody serves the room", pointer="/room/servedBy")


@pytest.mark.clause(
    "LC-INQUIRY-024", "LC-INQUIRY-025", "LC-INQUIRY-026", "LC-INQUIRY-035", "LC-INQUIRY-038", "LC-INQUIRY-052"
)
@pytest.mark.routing("Manual_Selection")
def test_a_taken_chat_is_served(world: World, client: RecordingClient, judge: Judge) -> None:
    """After a take the chosen chat, and no other one, is served by the agent for whom it was taken."""
    home = world.home
    older, room, newer = (world.queued_room() for _ in range(3))
    id = inquiry_id(world, judge, room)
    answer = take(client, world.manager(), id, home.second_agent)
    shown = judge.pick(answer, "inquiry", "_id")
    if shown in {id, room.id}:
        judge.way("LC-INQUIRY-038", "server" if shown == room.id else "documentation", answer)
    else:
        judge.that(
            "LC-INQUIRY-038",
            False,
            "the answer of the take shows neither the inquiry nor the room that was taken",
            exchange=answer,
            expected=[id, room.id],
            observed=shown,
            pointer="/inquiry/_id",
        )
    if shown == room.id:
        judge.equal(
            "LC-INQUIRY-052",
            served_by(judge.pick(answer, "inquiry")).get("_id"),
            home.second_agent.user_id,
            "the room in the answer of the take is not served by the agent for whom it was taken",
            exchange=answer,
            pointer="/inquiry/servedBy",
        )
    found = settled(world, judge, room, spot(home.second_agent, home.department))
    judge.equal(
        "LC-INQUIRY-024",
        [served_by(found).get("_id"), served_by(found).get("username")],
        [home.second_agent.user_id, home.second_agent.username],
        "after the take the room is not served by the agent for whom it was taken",
        pointer="/room/servedBy",
    )
    inquiry = world.eventually(
        lambda: read_inquiry(world, judge, room), until=lambda now: now.get("status") == "taken", deadline_s=2
    )
    sentence = "after the take the inquiry does not have the status taken"
    judge.equal("LC-INQUIRY-025", [inquiry.get("_id"), inquiry.get("status")], [id, "taken"], sentence)
    info = client.send(room.visitor, "getAgentInfo", path={"rid": room.id, "token": room.token})
    agent = info.json.get("agent") if isinstance(info.json, dict) else None
    judge.equal(
        "LC-INQUIRY-026",
        agent.get("_id") if isinstance(agent, dict) else describe(info),
        home.second_agent.user_id,
        "the visitor does not see the agent who took his chat",
        exchange=info,
        pointer="/agent/_id",
    )
    for other in (older, newer):
        stays_queued(world, client, judge, "LC-INQUIRY-035", other, "after the take of another chat")


@pytest.mark.clause("LC-INQUIRY-027", "LC-INQUIRY-028")
@pytest.mark.routing("Manual_Selection")
def test_a_taken_chat_cannot_be_taken(world: World, client: RecordingClient, judge: Judge) -> None:
    """An inquiry that is taken already is refused, for whomever, and the chat stays with the first agent."""
    home = world.home
    room = world.queued_room()
    id = inquiry_id(world, judge, room)
    first = take(client, world.manager(), id, home.agent)
    if not is_accepted(first):
        raise judge.missing(first, "the first take")
    for agent in (home.second_agent, home.agent):
        judge.refused("LC-INQUIRY-027", take(client, world.manager(), id, agent), code="error-not-allowed")
        found = seen(world, judge, room)
        sentence = f"a second take for the {agent.name} moved the chat"
        judge.equal("LC-INQUIRY-028", place(found), spot(home.agent, home.department), sentence, pointer="/room")


@pytest.mark.clause("LC-INQUIRY-029", "LC-INQUIRY-030")
@pytest.mark.routing("Manual_Selection")
def test_unknown_inquiries_and_users_are_refused(world: World, client: RecordingClient, judge: Judge) -> None:
    """An inquiry that does not exist is refused with error-not-allowed, a user who does not exist by a text."""
    home = world.home
    room = world.queued_room()
    for unknown in (world.new_room_id(), room.id):
        judge.refused("LC-INQUIRY-029", take(client, world.manager(), unknown, home.agent), code="error-not-allowed")
    agent = served_by(seen(world, judge, room)).get("_id")
    judge.equal("LC-INQUIRY-029", agent, None, "a take of an unknown inquiry took a chat", pointer="/room/servedBy")
    room = world.queued_room()
    body = {"inquiryId": inquiry_id(world, judge, room)}
    # Who is not an id: nobody's, and a name of somebody.
    for user in (world.new_room_id(), home.agent.username):
        answer = client.send(world.manager(), "takeInquiry", json={**body, "userId": user})
        judge.refused("LC-INQUIRY-030", answer)
        text = answer.json.get("error") if isinstance(answer.json, dict) else None
        sentence = "an unknown user is not refused with the text The user is invalid"
        judge.equal("LC-INQUIRY-030", text, "The user is invalid", sentence, exchange=answer, pointer="/error")
    agent = served_by(seen(world, judge, room)).get("_id")
    judge.equal(
        "LC-INQUIRY-030", agent, None, "a take for an unknown user gave the chat away", pointer="/room/servedBy"
    )


@pytest.mark.clause("LC-INQUIRY-031", "LC-INQUIRY-032", "LC-INQUIRY-033")
@pytest.mark.routing("Manual_Selection")
def test_who_cannot_serve_cannot_take(world: World, client: RecordingClient, judge: Judge) -> None:
    """A take for an agent who is offline, or for a user who is no agent, is refused, and the chat stays queued."""
    offline = world.agent(online=False)
    world.set_status(offline, "offline")
    manager, plain = world.manager(), world.plain_user()
    for clause, code, who in (
        ("LC-INQUIRY-031", "error-not-allowed", offline),
        ("LC-INQUIRY-032", None, plain),
        ("LC-INQUIRY-032", None, manager),
        ("LC-INQUIRY-032", None, None),
    ):
        # A room each, so that a take that should have been refused spoils nothing but its own clause.
        room = world.queued_room()
        answer = take(client, manager, inquiry_id(world, judge, room), who)
        name = f"for a {who.name}" if who else "by a manager for himself"
        judge.refused(clause, answer, code=code)
        if not is_accepted(answer):
            stays_queued(world, client, judge, "LC-INQUIRY-033", room, f"after a refused take {name}")


@pytest.mark.clause("LC-INQUIRY-034")
@pytest.mark.routing("Manual_Selection")
def test_the_inquiry_of_a_closed_room_cannot_be_taken(world: World, client: RecordingClient, judge: Judge) -> None:
    """The inquiry of a closed room cannot be taken: error-not-allowed."""
    home = world.home
    room = world.queued_room()
    id = inquiry_id(world, judge, room)
    closed = world.close(room)
    if not is_accepted(closed):
        raise judge.missing(closed, "the closing of a waiting room")
    judge.refused("LC-INQUIRY-034", take(client, world.manager(), id, home.agent), code="error-not-allowed")
    agent = served_by(world.room_now(room) or {}).get("_id")
    judge.equal("LC-INQUIRY-034", agent, None, "a take gave the closed room an agent", pointer="/rooms")


@pytest.mark.clause("LC-INQUIRY-036", "LC-INQUIRY-037")
@pytest.mark.routing("Manual_Selection")
def test_of_takes_in_parallel_one_wins(world: World, client: RecordingClient, judge: Judge, budget: Budget) -> None:
    """After takes in parallel one agent serves the chat, and his take was answered with success."""
    home = world.home
    agents = (home.agent, home.second_agent)
    manager = world.manager()
    for _ in range(budget.repeats):
        room = world.queued_room()
        id = inquiry_id(world, judge, room)
        answers = at_once(
            budget.parallel,
            lambda number, id=id: take(client, manager, id, agents[number % 2]),  # type: ignore[misc]
        )
        winners = [agents[number % 2] for number, answer in enumerate(answers) if is_accepted(answer)]
        if not winners:
            raise judge.missing(answers[0], "one take that was accepted")
        found = world.eventually(
            lambda room=room: seen(world, judge, room),  # type: ignore[misc]
            until=served_by,
            deadline_s=3,
        )
        agent = served_by(found)
        names = {each.user_id: each.username for each in winners}
        judge.that(
            "LC-INQUIRY-036",
            agent.get("_id") in names and agent.get("username") == names[agent.get("_id")],
            "after takes in parallel the chat is not served by an agent whose take was accepted",
            expected=names,
            observed=agent,
            pointer="/room/servedBy",
        )
        sentence = f"{len(winners)} of {len(answers)} takes in parallel of one inquiry were answered with success"
        judge.equal("LC-INQUIRY-037", len(winners), 1, sentence, exchange=answers[0])
