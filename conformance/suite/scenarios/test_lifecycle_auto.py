"""A whole conversation under automatic selection: chats find their agents by themselves."""

from __future__ import annotations

import pytest

from conformance.suite.chats import forward, transfer
from conformance.suite.conversation import THROUGHOUT, Conversation
from conformance.suite.judge import Judge, is_accepted
from conformance.target import RecordingClient
from conformance.world import World


@pytest.mark.clause(*THROUGHOUT, "LC-LIFE-020")
@pytest.mark.routing("Auto_Selection")
def test_a_conversation_under_automatic_selection(world: World, client: RecordingClient, judge: Judge) -> None:
    """Open, write, answer, transfer, forward twice, close, survey: all stays consistent after each step."""
    home = world.home
    first, second, manager = home.agent, home.second_agent, world.manager()
    third = world.agent()
    sales, billing, support = (world.department(agents=[agent]) for agent in (first, second, third))
    room = world.served_room(world.visitor(department=sales), agent=first)
    talk = Conversation(world, client, judge, room)
    talk.look("after the opening", first, sales, "LC-ROOM-021")
    talk.visitor("after the opening")
    talk.entry("LC-LIFE-020", "after the opening", "command", first, "connected")

    talk.visitor_says()
    talk.agent_says(first, "how can I help?")
    talk.history("after the messages", owned=False)
    talk.look("after the messages", first, sales, "LC-ROOM-021")

    moved = transfer(client, room, billing.id)
    if not is_accepted(moved):
        raise judge.missing(moved, "the transfer to another department")
    talk.look("after the transfer", second, billing, "LC-TRANSFER-007")
    talk.visitor("after the transfer")
    talk.entry("LC-LIFE-022", "after the transfer", "ul", first)
    talk.history("after the transfer")

    forwarded = forward(client, second, room, userId=first.user_id)
    if not is_accepted(forwarded):
        raise judge.missing(forwarded, "the forward to an agent")
    talk.look("after the forward to an agent", first, billing, "LC-TRANSFER-029")
    talk.entry("LC-LIFE-021", "after the forward to an agent", "ul", second)
    talk.entry("LC-LIFE-021", "after the forward to an agent", "uj", first)
    last = world.message(room, "m3")
    talk.said[last.id] = "m3"

    forwarded = forward(client, manager, room, departmentId=support.id)
    if not is_accepted(forwarded):
        raise judge.missing(forwarded, "the forward to a department")
    talk.look("after the forward to a department", third, support, "LC-TRANSFER-032")
    talk.history("after the forwards")

    closed = world.close(room)
    if not is_accepted(closed):
        raise judge.missing(closed, "the closing of a served room")
    talk.closed(judge.pick(closed, "comment"))
    talk.surveyed()
    talk.remembered()
