"""Queue: how many open chats each agent serves in each department (documentation: Livechat queue)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.chats import forward, take
from conformance.suite.helpers import rooms_in
from conformance.suite.judge import Judge, is_accepted
from conformance.target import Persona, RecordingClient
from conformance.world import Department, Unavailable, World

Entries = list[dict[str, Any]]


def load(client: RecordingClient, judge: Judge, who: Persona, **query: Any) -> tuple[Entries, Exchange]:
    """The entries of the queue, and the answer; callers ask for an agent or a department of their own.

    Raises:
        PreconditionFailed: The queue could not be read.
    """
    exchange = client.send(who, "getQueue", query={"count": 100, **query})
    listed = judge.pick(exchange, "queue")
    if not isinstance(listed, list):
        raise judge.missing(exchange, "an array under /queue")
    return [each for each in listed if isinstance(each, dict)], exchange


def part(entry: dict[str, Any], of: str, key: str) -> Any:
    """A value of an entry's ``user`` or ``department``; ``None`` where it is not there."""
    document = entry.get(of)
    return document.get(key) if isinstance(document, dict) else None


def chats(entries: Entries) -> dict[tuple[Any, Any], Any]:
    """The chats of each agent's id and department's id; a list of them where a pair has several entries."""
    found: dict[tuple[Any, Any], Any] = {}
    for each in entries:
        pair = part(each, "user", "_id"), part(each, "department", "_id")
        found[pair] = [found[pair], each.get("chats")] if pair in found else each.get("chats")
    return found


def chats_of(entries: Entries, agent: Persona, department: Department) -> Any:
    """The chats of an agent in a department; ``None`` without an entry."""
    return chats(entries).get((agent.user_id, department.id))


def once(
    world: World, ask: Callable[[], tuple[Entries, Exchange]], until: Callable[[Entries], bool]
) -> tuple[Entries, Exchange]:
    """The queue as soon as it is as expected, or the last one before the deadline."""
    return world.eventually(ask, until=lambda answer: until(answer[0]), deadline_s=3)


@pytest.mark.clause("LC-QUEUE-006", "LC-QUEUE-007", "LC-QUEUE-008", "LC-QUEUE-009", "LC-QUEUE-010")
@pytest.mark.routing("Auto_Selection")
def test_the_queue_counts_open_chats(world: World, client: RecordingClient, judge: Judge) -> None:
    """An agent counts with the open chats that he serves in a department, through openings, forwards and closings."""
    agent, colleague = world.agent(), world.home.second_agent
    first, second = (world.department(agents=(agent, colleague)) for _ in range(2))

    def open_for(who: Persona, department: Department) -> Any:
        return world.served_room(world.visitor(department=department), agent=who)

    def counts() -> tuple[list[Any], Exchange]:
        entries, exchange = load(client, judge, world.manager(), departmentId=first.id)
        beside, _ = load(client, judge, world.manager(), agentId=str(agent.user_id))
        shown = [chats_of(entries, agent, first), chats_of(entries, colleague, first), chats_of(beside, agent, second)]
        return shown, exchange

    def judged(clause: str, sentence: str, expected: list[Any]) -> list[Any]:
        """The chats of the agent, of his colleague, and of the agent in the other department, now."""
        found, exchange = world.eventually(counts, until=lambda now: now[0] == expected, deadline_s=3)
        judge.equal(clause, found, expected, sentence, exchange=exchange, pointer="/queue")
        if not all(isinstance(each, int) for each in found):
            raise judge.missing(exchange, "the chats of both agents")
        return found

    open_for(agent, second)
    moving, closing = open_for(agent, first), open_for(agent, first)
    open_for(colleague, first)
    sentence = "the chats of the agents are not those that they serve in the department"
    mine, his, elsewhere = judged("LC-QUEUE-006", sentence, [2, 1, 1])
    entries, exchange = load(client, judge, world.manager(), departmentId=first.id)
    for who in (agent, colleague):
        entry = next((each for each in entries if part(each, "user", "_id") == who.user_id), {})
        judge.equal(
            "LC-QUEUE-010",
            [part(entry, "user", "username"), part(entry, "user", "status"), part(entry, "department", "name")],
            [who.username, "online", first.name],
            "an entry of the queue does not name the agent's username and status, and the department's name",
            exchange=exchange,
            pointer="/queue",
        )
    open_for(agent, first)
    sentence = "a new chat did not raise the chats of its agent, and of him alone, by one"
    mine, his, elsewhere = judged("LC-QUEUE-007", sentence, [mine + 1, his, elsewhere])
    forwarded = forward(client, world.manager(), moving, userId=colleague.user_id)
    if not is_accepted(forwarded):
        raise judge.missing(forwarded, "the forward to another agent")
    sentence = "a forwarded chat does not count for the new agent alone"
    mine, his, elsewhere = judged("LC-QUEUE-009", sentence, [mine - 1, his + 1, elsewhere])
    closed = world.close(closing)
    if not is_accepted(closed):
        raise judge.missing(closed, "the closing of a room")
    sentence = "a chat that was closed still counts, or another one no more"
    judged("LC-QUEUE-008", sentence, [mine - 1, his, elsewhere])


@pytest.mark.clause("LC-QUEUE-012", "LC-QUEUE-014", "LC-QUEUE-015", "LC-QUEUE-016", "LC-QUEUE-017", "LC-QUEUE-018")
@pytest.mark.routing("Auto_Selection")
def test_the_queue_is_filtered(world: World, client: RecordingClient, judge: Judge) -> None:
    """The queue is filtered by agent, department, both, and by who is online; the most chats come first."""
    home = world.home
    agent, colleague = world.agent(), world.agent()
    first, second = (world.department(agents=(agent, colleague)) for _ in range(2))
    # The entries grow in another order than that of their chats.
    for who, department in ((agent, first), (colleague, first), (colleague, first), (agent, second), (agent, second)):
        world.served_room(world.visitor(department=department), agent=who)
    manager = world.manager()
    pairs = {"agent first": (agent, first), "colleague first": (colleague, first), "agent second": (agent, second)}
    names = {(who.user_id, department.id): name for name, (who, department) in pairs.items()}

    def found(who: Persona, **query: Any) -> tuple[dict[str, Any], Exchange]:
        entries, exchange = load(client, judge, who, **query)
        # Our agents are online: a server with other visitors may give them chats that have no department.
        strange = {(each.user_id, None) for each in (agent, colleague) if "departmentId" not in query}
        counted = {pair: count for pair, count in chats(entries).items() if pair not in strange}
        return {names.get(pair, str(pair)): count for pair, count in counted.items()}, exchange

    filters: tuple[tuple[str, str, dict[str, Any], dict[str, int]], ...] = (
        ("LC-QUEUE-012", "an agent", {"agentId": agent.user_id}, {"agent first": 1, "agent second": 2}),
        ("LC-QUEUE-014", "a department", {"departmentId": first.id}, {"agent first": 1, "colleague first": 2}),
        (
            "LC-QUEUE-015",
            "an agent and a department",
            {"agentId": agent.user_id, "departmentId": first.id},
            {"agent first": 1},
        ),
    )
    for clause, label, query, expected in filters:
        seen, exchange = found(manager, **query)
        sentence = f"the queue filtered by {label} shows other entries"
        judge.equal(clause, seen, expected, sentence, exchange=exchange, pointer="/queue")
    for query in ({"agentId": agent.user_id}, {"departmentId": first.id}, {}):
        entries, exchange = load(client, judge, home.agent, **query)
        counts = [each.get("chats") for each in entries]
        falling = all(isinstance(a, int) and isinstance(b, int) and a >= b for a, b in pairwise(counts))
        sentence = "the queue does not run from the most chats to the fewest"
        judge.that("LC-QUEUE-018", falling, sentence, exchange=exchange, observed=counts, pointer="/queue")
    world.set_status(colleague, "offline")
    for flag in (None, "false"):
        query = {"departmentId": first.id, "includeOfflineAgents": flag}
        seen, exchange = world.eventually(
            lambda query=query: found(manager, **query),  # type: ignore[misc]
            until=lambda now: "colleague first" not in now[0],
            deadline_s=3,
        )
        sentence = "an agent who is offline is in the queue, or one who is online is not"
        here = [name for name in seen if name.endswith("first")]
        judge.equal("LC-QUEUE-016", here, ["agent first"], sentence, exchange=exchange, pointer="/queue")
    entries, exchange = load(client, judge, manager, departmentId=first.id, includeOfflineAgents="true")
    states = {part(each, "user", "_id"): part(each, "user", "status") for each in entries}
    judge.equal(
        "LC-QUEUE-017",
        [states.get(who.user_id) for who in (agent, colleague)],
        ["online", "offline"],
        "with includeOfflineAgents the queue does not show those who are online and those who are offline",
        exchange=exchange,
        pointer="/queue",
    )


@pytest.mark.clause("LC-QUEUE-013")
def test_an_unknown_agent_has_no_queue(world: World, client: RecordingClient, judge: Judge) -> None:
    """With an agentId that no user has, the queue is empty."""
    agent = world.home.agent
    world.served_room(agent=agent)
    # Neither somebody who does not exist nor the name of somebody who does is the id of an agent.
    for id in (world.new_room_id(), agent.username):
        entries, exchange = load(client, judge, agent, agentId=id)
        sentence = "the queue of an agent whom nobody knows is not empty"
        judge.equal("LC-QUEUE-013", len(entries), 0, sentence, exchange=exchange, pointer="/queue")


@pytest.mark.clause("LC-QUEUE-011")
@pytest.mark.routing("Auto_Selection")
def test_chats_without_a_department_stand_apart(world: World, client: RecordingClient, judge: Judge) -> None:
    """Chats without a department stand in an entry whose department has neither _id nor name."""
    agent = world.agent()
    department = world.department(agents=[agent])
    room = world.served_room(world.visitor(department=None), agent=agent)
    if room.data.get("departmentId"):
        raise Unavailable("the server puts visitors without a department into one")
    world.served_room(world.visitor(department=department), agent=agent)
    world.served_room(world.visitor(department=department), agent=agent)

    def look() -> tuple[list[list[Any]], int, Exchange]:
        """The entries without a department, the number of such chats that he serves, and the answer of the queue."""
        listed = world.client.send(
            world.admin, "listRooms", query={"agents[]": [str(agent.user_id)], "open": "true", "count": 100}
        )
        number = sum(not each.get("departmentId") for each in rooms_in(listed))  # on a busy server not ours alone
        entries, exchange = load(client, judge, world.manager(), agentId=agent.user_id)
        apart = [each for each in entries if part(each, "department", "_id") is None]
        return [[each.get("chats"), part(each, "department", "name")] for each in apart], number, exchange

    shown, number, exchange = world.eventually(look, until=lambda now: now[0] == [[now[1], None]], deadline_s=3)
    judge.equal(
        "LC-QUEUE-011",
        shown,
        [[number, None]],
        "the chat without a department does not stand in an entry of its own without _id and name",
        exchange=exchange,
        pointer="/queue",
    )


@pytest.mark.clause("LC-QUEUE-019")
@pytest.mark.routing("Manual_Selection")
def test_a_chat_that_nobody_serves_is_not_in_the_queue(world: World, client: RecordingClient, judge: Judge) -> None:
    """A chat that waits is in no agent's queue; after a take it counts for the agent who took it."""
    agent = world.home.agent
    department = world.department(agents=[agent])
    room = world.queued_room(world.visitor(department=department))

    def ask() -> tuple[Entries, Exchange]:
        query = {"departmentId": department.id, "includeOfflineAgents": "true"}
        entries, exchange = load(client, judge, world.manager(), **query)
        return [each for each in entries if part(each, "department", "_id") == department.id], exchange

    entries, exchange = ask()
    sentence = "a chat that nobody serves is in the queue"
    judge.equal("LC-QUEUE-019", len(entries), 0, sentence, exchange=exchange, pointer="/queue")
    taken = take(client, world.manager(), str(world.inquiry(room).get("_id")), agent)
    if not is_accepted(taken):
        raise judge.missing(taken, "the take of a waiting inquiry")
    entries, exchange = once(world, ask, lambda now: chats_of(now, agent, department) is not None)
    agents = [part(each, "user", "_id") for each in entries]
    sentence = "after a take the chat does not count for the agent who took it"
    judge.equal("LC-QUEUE-019", agents, [agent.user_id], sentence, exchange=exchange, pointer="/queue")
