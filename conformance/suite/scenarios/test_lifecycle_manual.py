"""A whole conversation under manual selection: agents take chats, transfers and forwards queue them again."""

from __future__ import annotations

import pytest

from conformance.suite.chats import forward, take, transfer
from conformance.suite.conversation import THROUGHOUT, Conversation
from conformance.suite.judge import Judge, is_accepted
from conformance.target import Persona, RecordingClient
from conformance.world import World


@pytest.mark.clause(*THROUGHOUT, "LC-LIFE-019")
@pytest.mark.routing("Manual_Selection")
def test_a_conversation_under_manual_selection(world: World, client: RecordingClient, judge: Judge) -> None:
    """Open, write, take, answer, transfer, take, forward twice, close, survey: all stays consistent after each step."""
    home = world.home
    first, second, manager = home.agent, home.second_agent, world.manager()
    sales, billing = world.department(agents=[first]), world.department(agents=[second])
    room = world.queued_room(world.visitor(department=sales))
    talk = Conversation(world, client, judge, room)
    talk.look("after the opening", None, sales, "LC-ROOM-019")
    talk.visitor("after the opening")

    talk.visitor_says()
    talk.history("before the take", owned=False)
    talk.look("after the messages", None, sales, "LC-ROOM-019")

    def taken_by(agent: Persona) -> None:
        answer = take(client, manager, str(world.inquiry(room).get("_id")), agent)
        if not is_accepted(answer):
            raise judge.missing(answer, "the take of a waiting inquiry")

    taken_by(first)
    talk.look("after the take", first, sales, "LC-INQUIRY-024")
    talk.entry("LC-LIFE-019", "after the take", "command", first, "connected")
    talk.agent_says(first, "how can I help?")
    talk.history("after the answer", owned=False)

    moved = transfer(client, room, billing.id)
    if not is_accepted(moved):
        raise judge.missing(moved, "the transfer to another department")
    talk.look("after the transfer", None, billing, "LC-TRANSFER-008")
    talk.visitor("after the transfer")
    talk.entry("LC-LIFE-022", "after the transfer", "ul", first)
    talk.history("after the transfer")

    taken_by(second)
    talk.look("after the second take", second, billing, "LC-INQUIRY-024")
    talk.entry("LC-LIFE-019", "after the second take", "command", second, "connected")

    forwarded = forward(client, second, room, userId=first.user_id)
    if not is_accepted(forwarded):
        raise judge.missing(forwarded, "the forward to an agent")
    talk.look("after the forward to an agent", first, billing, "LC-TRANSFER-029")
    talk.entry("LC-LIFE-021", "after the forward to an agent", "ul", second)
    talk.entry("LC-LIFE-021", "after the forward to an agent", "uj", first)
    last = world.message(room, "m3")
    talk.said[last.id] = "m3"

    forwarded = forward(client, manager, room, departmentId=sales.id)
    if not is_accepted(forwarded):
        raise judge.missing(forwarded, "the forward to a department")
    talk.look("after the forward to a department", None, sales, "LC-TRANSFER-033")
    talk.history("after the forwards")

    closed = world.close(room)
    if not is_accepted(closed):
        raise judge.missing(closed, "the closing of a waiting room")
    talk.closed(judge.pick(closed, "comment"))
    talk.surveyed()
    talk.remembered()
