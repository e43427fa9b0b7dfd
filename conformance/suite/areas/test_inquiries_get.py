"""Inquiries: reading the inquiry of one room (documentation: Livechat inquiries.getOne)."""

from __future__ import annotations

import pytest

from conformance.suite.chats import read_inquiry
from conformance.suite.helpers import nobody_online, served_by
from conformance.suite.judge import Judge, is_accepted
from conformance.target import RecordingClient
from conformance.world import Unavailable, World


@pytest.mark.clause("LC-INQUIRY-045", "LC-INQUIRY-046", "LC-INQUIRY-047")
@pytest.mark.routing("Manual_Selection")
def test_a_waiting_inquiry_belongs_to_its_room(world: World, judge: Judge) -> None:
    """The inquiry that is read belongs to the room asked for and its visitor, and is queued."""
    agent = world.home.agent
    rooms = []
    for name in ("Kim", "Leo", "Mia"):
        token = world.new_token()
        rooms.append(world.queued_room(world.visitor(token=token, name=f"{name} {token}")))
    ids = []
    for room in rooms:
        inquiry = read_inquiry(world, judge, room, agent)
        ids.append(inquiry.get("_id"))
        sentence = "the inquiry that is read belongs to another room"
        judge.equal("LC-INQUIRY-045", inquiry.get("rid"), room.id, sentence, pointer="/inquiry/rid")
        visitor = inquiry.get("v")
        parts = (
            {key: visitor.get(key) for key in ("_id", "username", "token")} if isinstance(visitor, dict) else visitor
        )
        expected = {"_id": room.visitor.id, "username": room.visitor.username, "token": room.token}
        judge.equal("LC-INQUIRY-046", parts, expected, "the inquiry names another visitor", pointer="/inquiry/v")
        sentence = "the name of the inquiry is not that of its room"
        judge.equal("LC-INQUIRY-046", inquiry.get("name"), room.data.get("fname"), sentence, pointer="/inquiry/name")
        sentence = "under manual selection the inquiry of a new room is not queued"
        judge.equal("LC-INQUIRY-047", inquiry.get("status"), "queued", sentence, pointer="/inquiry/status")
    differ = len({str(each) for each in ids}) == len(ids)
    judge.that("LC-INQUIRY-045", differ, "the inquiries of three rooms do not have three ids", observed=ids)


@pytest.mark.clause("LC-INQUIRY-048")
@pytest.mark.routing("Auto_Selection")
def test_the_inquiry_of_a_served_room_is_taken(world: World, judge: Judge) -> None:
    """Under automatic selection the inquiry of a served room has the status taken."""
    room = world.served_room()
    inquiry = world.eventually(
        lambda: read_inquiry(world, judge, room), until=lambda now: now.get("status") == "taken", deadline_s=2
    )
    observed = {"rid": inquiry.get("rid"), "status": inquiry.get("status")}
    expected = {"rid": room.id, "status": "taken"}
    sentence = "the inquiry of a room that an agent serves is not taken"
    judge.equal("LC-INQUIRY-048", observed, expected, sentence, pointer="/inquiry/status")


@pytest.mark.clause("LC-INQUIRY-049")
@pytest.mark.routing("Auto_Selection")
@pytest.mark.exclusive
def test_the_inquiry_of_a_room_for_nobody_is_ready(world: World, client: RecordingClient, judge: Judge) -> None:
    """While chats are accepted without agents, the inquiry of a room that nobody serves has the status ready."""
    visitor = world.visitor()
    with nobody_online(world):
        with world.setting("Livechat_accept_chats_with_no_agents", True):
            opened = world.eventually(
                lambda: client.send(visitor, "openRoom", query={"token": visitor.token}),
                until=is_accepted,
                deadline_s=3,
            )
            id = judge.pick(opened, "room", "_id")
            world.created("room", visitor.token, id, token=visitor.token)
            if served_by(judge.pick(opened, "room")):
                raise Unavailable("somebody serves the room that was opened while nobody should be online")
            answer = client.send(world.admin, "getInquiry", query={"roomId": id})
            status = judge.pick(answer, "inquiry", "status")
            sentence = "the inquiry of a room that nobody serves, and that nobody can take, is not ready"
            judge.equal("LC-INQUIRY-049", status, "ready", sentence, exchange=answer, pointer="/inquiry/status")
        client.send(visitor, "closeRoom", json={"rid": id, "token": visitor.token})


@pytest.mark.clause("LC-INQUIRY-050")
def test_a_room_that_does_not_exist_has_no_inquiry(world: World, client: RecordingClient, judge: Judge) -> None:
    """A room that does not exist is answered with 200 and no inquiry."""
    agent = world.home.agent
    room = world.room()
    for id in (world.new_room_id(), room.visitor.id):
        answer = client.send(agent, "getInquiry", query={"roomId": id})
        if judge.accepted("LC-INQUIRY-050", answer):
            found = answer.json.get("inquiry")
            sentence = "a room that does not exist has an inquiry"
            judge.equal("LC-INQUIRY-050", found, None, sentence, exchange=answer, pointer="/inquiry")


@pytest.mark.clause("LC-INQUIRY-051")
@pytest.mark.routing("Manual_Selection")
def test_a_closed_room_has_no_inquiry(world: World, judge: Judge) -> None:
    """A closed room has no inquiry any more, whether it was served or waited; other rooms keep theirs."""
    agent = world.home.agent
    other, queued, served = world.queued_room(), world.queued_room(), world.served_room()
    for room, label in ((queued, "waited"), (served, "was served")):
        closed = world.close(room)
        if not is_accepted(closed):
            raise judge.missing(closed, "the closing of a room")
        left = world.eventually(
            lambda room=room: read_inquiry(world, judge, room, agent),  # type: ignore[misc]
            until=lambda inquiry: not inquiry,
            deadline_s=3,
        )
        sentence = f"a closed room that {label} still has an inquiry"
        judge.equal("LC-INQUIRY-051", left.get("status"), None, sentence, pointer="/inquiry")
    kept = read_inquiry(world, judge, other, agent).get("status")
    judge.equal("LC-INQUIRY-051", kept, "queued", "closing a room removed the inquiry of another one")
