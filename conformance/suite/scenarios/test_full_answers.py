"""Answers about a chat that has had everything: what is seldom there has the documented shape as well.

The shapes are judged by the recorder as the answers pass; the tests make what they need to be seen: a visitor with all
his fields, a chat whose last message is an agent's, then an edited one, then the closing.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.chats import queued_inquiry, take
from conformance.suite.judge import Judge, is_accepted
from conformance.suite.messages import edit
from conformance.target import NOBODY, Persona, RecordingClient
from conformance.world import Room, Visitor, World

_OPEN = (
    "LC-VISITOR-036", "LC-VISITOR-044", "LC-CONFIG-001", "LC-ROOM-001", "LC-ROOM-055", "LC-MESSAGE-063",
    "LC-HISTORY-001", "LC-INQUIRY-039", "LC-QUEUE-001",
)  # fmt: skip


def _full_visitor(world: World, client: RecordingClient, judge: Judge) -> Visitor:
    """A visitor with a department, a name, an address, a number and a custom field."""
    visitor = world.visitor()
    field = world.custom_field("visitor")
    body = {"token": visitor.token, "key": field.id, "value": "gold", "overwrite": True}
    told = client.send(NOBODY, "setCustomField", json=body)
    if not is_accepted(told):
        raise judge.missing(told, "a custom field of the visitor")
    return visitor


def _read_all(world: World, client: RecordingClient, judge: Judge, room: Room) -> None:
    """Ask for everything that shows an open chat or its visitor."""
    visitor, manager = room.visitor, world.manager()
    token = {"token": visitor.token}
    reads: dict[str, Callable[[], Exchange]] = {
        "LC-VISITOR-036": lambda: client.send(NOBODY, "getVisitor", path=token),
        "LC-VISITOR-044": lambda: client.send(manager, "getVisitorInfo", query={"visitorId": visitor.id}),
        "LC-CONFIG-001": lambda: client.send(NOBODY, "getConfig", query=token),
        "LC-ROOM-001": lambda: client.send(visitor, "openRoom", query={**token, "rid": room.id}),
        "LC-ROOM-055": lambda: client.send(manager, "listRooms", query={"open": "true", "count": "20"}),
        "LC-MESSAGE-063": lambda: client.send(visitor, "getHistory", path={"rid": room.id}, query=token),
        "LC-HISTORY-001": lambda: client.send(
            manager, "getChatHistory", path={"roomId": room.id, "visitorId": visitor.id}
        ),
        "LC-INQUIRY-039": lambda: client.send(world.home.agent, "getInquiry", query={"roomId": room.id}),
        "LC-QUEUE-001": lambda: client.send(world.home.agent, "getQueue"),
    }
    for clause, read in reads.items():
        judge.accepted(clause, read())


def _agent_writes(client: RecordingClient, agent: Persona, room: Room) -> None:
    """Let the agent who serves the chat write, where the server has such a call; it is no part of the Livechat API."""
    body = {"message": {"rid": room.id, "msg": "how can I help?"}}
    client.request(agent, "POST", "/api/v1/chat.sendMessage", json=body)


@pytest.mark.clause(*_OPEN, "LC-MESSAGE-027")
def test_a_full_chat_is_shown_everywhere(world: World, client: RecordingClient, judge: Judge) -> None:
    """A chat with a full visitor and an agent is shown by every call, before and after its last message is edited."""
    agent = world.home.agent
    room = world.served_room(_full_visitor(world, client, judge), agent=agent)
    world.message(room)
    _read_all(world, client, judge, room)
    _agent_writes(client, agent, room)
    _read_all(world, client, judge, room)
    message = world.message(room)
    judge.accepted("LC-MESSAGE-027", edit(client, room, message.id, "said in other words"))
    _read_all(world, client, judge, room)


@pytest.mark.clause("LC-INQUIRY-001", "LC-INQUIRY-018", "LC-ROOM-055", "LC-HISTORY-001")
@pytest.mark.routing("Manual_Selection")
def test_a_chat_with_an_edited_message_waits_and_is_closed(world: World, client: RecordingClient, judge: Judge) -> None:
    """A waiting chat whose last message was edited is listed and taken; closed and surveyed it is listed as well."""
    manager, agent = world.manager(), world.home.agent
    room = world.queued_room(_full_visitor(world, client, judge))
    message = world.message(room)
    edited = edit(client, room, message.id, "said in other words")
    if not is_accepted(edited):
        raise judge.missing(edited, "an edited message")
    inquiry = queued_inquiry(world, judge, room)
    judge.accepted("LC-INQUIRY-001", client.send(manager, "listInquiries"))
    judge.accepted("LC-INQUIRY-018", take(client, manager, str(inquiry.get("_id")), agent))
    closed = world.close(room)
    if not is_accepted(closed):
        raise judge.missing(closed, "a closed room")
    survey = [{"name": "satisfaction", "value": "5"}, {"name": "additionalFeedback", "value": "well done"}]
    client.send(room.visitor, "surveyRoom", json={"rid": room.id, "token": room.token, "data": survey})
    judge.accepted("LC-ROOM-055", client.send(manager, "listRooms", query={"open": "false", "count": "20"}))
    path = {"roomId": room.id, "visitorId": room.visitor.id}
    judge.accepted("LC-HISTORY-001", client.send(manager, "getChatHistory", path=path))


@pytest.mark.clause("LC-DEPARTMENT-001", "LC-DEPARTMENT-025", "LC-AGENT-025")
def test_a_full_department_is_shown_everywhere(world: World, client: RecordingClient, judge: Judge) -> None:
    """A department with tags, a text and an agent is read, listed, and listed among those of its agent."""
    agent = world.home.agent
    tags = ["sold", "not sold"]
    department = world.department(agents=(agent,), requestTagBeforeClosingChat=True, chatClosingTags=tags)
    query = {"count": 20, "sort": '{"_updatedAt":-1}'}
    judge.accepted("LC-DEPARTMENT-025", client.send(world.admin, "getDepartment", path={"_id": department.id}))
    judge.accepted("LC-DEPARTMENT-001", client.send(world.admin, "listDepartments", query=query))
    judge.accepted(
        "LC-AGENT-025", client.send(world.admin, "listAgentDepartments", path={"agentId": str(agent.user_id)})
    )
