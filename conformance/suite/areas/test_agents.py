"""Agents as visitors see them, the next agent, and the departments of an agent."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import nobody_online, rooms_named
from conformance.suite.judge import Judge
from conformance.target import Persona, RecordingClient
from conformance.world import Room, Visitor, World


def agent_of(client: RecordingClient, room: Room, *, rid: str | None = None, token: str | None = None) -> Exchange:
    """The agent of a room as its visitor reads him; ``rid`` and ``token`` replace the room's own."""
    path = {"rid": rid or room.id, "token": token or room.token}
    return client.send(room.visitor, "getAgentInfo", path=path)


def next_agent(client: RecordingClient, visitor: Visitor, department: str | None = None) -> Exchange:
    """The next agent for a visitor."""
    return client.send(visitor, "getNextAgent", path={"token": visitor.token}, query={"department": department})


def _agent(exchange: Exchange) -> Any:
    return exchange.json.get("agent") if isinstance(exchange.json, dict) else None


def _agent_id(exchange: Exchange) -> Any:
    agent = _agent(exchange)
    return agent.get("_id") if isinstance(agent, dict) else None


@pytest.mark.clause("LC-AGENT-004", "LC-AGENT-006", "LC-AGENT-007", "LC-AGENT-009")
def test_the_agent_of_a_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """The agent that is read is the servedBy of the room, after the close too; wrong tokens and rooms are refused."""
    room, agent = world.served_room(agent=world.home.second_agent), world.home.second_agent
    exchange = agent_of(client, room)
    expected = {"_id": agent.user_id, "username": agent.username}
    found = _agent(exchange)
    shown = {name: found.get(name) for name in expected} if isinstance(found, dict) else found
    judge.equal(
        "LC-AGENT-004",
        shown,
        expected,
        "the agent that is read is not the one who serves the room",
        exchange=exchange,
        pointer="/agent",
    )
    judge.refused("LC-AGENT-006", agent_of(client, room, token=world.new_token()), code="invalid-token")
    judge.refused("LC-AGENT-007", agent_of(client, room, rid=world.new_room_id()), code="invalid-room")
    world.close(room)
    closed = agent_of(client, room)
    judge.equal(
        "LC-AGENT-009",
        _agent_id(closed),
        agent.user_id,
        "the agent of the closed room cannot be read",
        exchange=closed,
        pointer="/agent/_id",
    )


@pytest.mark.clause("LC-AGENT-005")
def test_a_forward_changes_the_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """After a forward the agent that is read is the new one."""
    home = world.home
    room = world.served_room(agent=home.agent)
    agent_of(client, room)  # what was read before the forward must not be what is read after it
    forwarded = client.send(world.admin, "forwardRoom", json={"roomId": room.id, "userId": home.second_agent.user_id})
    if forwarded.status != 200:
        raise judge.missing(forwarded, "the forward to another agent")
    exchange = world.eventually(
        lambda: agent_of(client, room), until=lambda seen: _agent_id(seen) == home.second_agent.user_id
    )
    judge.equal(
        "LC-AGENT-005",
        _agent_id(exchange),
        home.second_agent.user_id,
        "after the forward the old agent is still read",
        exchange=exchange,
        pointer="/agent/_id",
    )


@pytest.mark.clause("LC-AGENT-008")
@pytest.mark.routing("Manual_Selection")
def test_a_room_that_nobody_serves_has_no_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """Reading the agent of a room that nobody serves is refused with invalid-agent."""
    judge.refused("LC-AGENT-008", agent_of(client, world.queued_room()), code="invalid-agent")


@pytest.mark.clause("LC-AGENT-036")
@pytest.mark.exclusive
@pytest.mark.routing("Auto_Selection")
def test_the_next_agent_hides_with_the_others(world: World, client: RecordingClient, judge: Judge) -> None:
    """While agent information is hidden the next agent says hiddenInfo and no name."""
    visitor, department = world.visitor(), world.home.department.id
    with world.setting("Livechat_show_agent_info", False):
        hidden = world.eventually(
            lambda: next_agent(client, visitor, department), until=lambda seen: "hiddenInfo" in str(seen.json)
        )
    agent = _agent(hidden)
    held = isinstance(agent, dict) and agent.get("hiddenInfo") is True and not {"name", "username"} & set(agent)
    judge.that(
        "LC-AGENT-036",
        held,
        "the hidden next agent's name or username can be read",
        exchange=hidden,
        expected={"hiddenInfo": True},
        observed=agent,
        pointer="/agent",
    )


@pytest.mark.clause("LC-AGENT-010", "LC-AGENT-011")
@pytest.mark.exclusive
def test_what_is_hidden_of_an_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """While agent information is hidden only hiddenInfo is read; while only the e-mail is hidden, no emails."""
    room = world.served_room()
    with world.setting("Livechat_show_agent_info", False):
        hidden = world.eventually(lambda: agent_of(client, room), until=lambda seen: "hiddenInfo" in str(seen.json))
    agent = _agent(hidden)
    held = isinstance(agent, dict) and agent.get("hiddenInfo") is True and not {"name", "username"} & set(agent)
    judge.that(
        "LC-AGENT-010",
        held,
        "the hidden agent's name or username can be read",
        exchange=hidden,
        expected={"hiddenInfo": True},
        observed=agent,
        pointer="/agent",
    )
    with world.setting("Livechat_show_agent_email", False):
        silent = world.eventually(
            lambda: agent_of(client, room), until=lambda seen: "emails" not in (_agent(seen) or {})
        )
    found = _agent(silent)
    held = isinstance(found, dict) and "emails" not in found and found.get("username") is not None
    judge.that(
        "LC-AGENT-011",
        held,
        "the agent's e-mail can be read although it is hidden",
        exchange=silent,
        expected="an agent without emails",
        observed=found,
        pointer="/agent/emails",
    )


@pytest.mark.clause("LC-AGENT-016", "LC-AGENT-017", "LC-AGENT-018", "LC-AGENT-024")
@pytest.mark.routing("Auto_Selection")
def test_the_next_agent_is_one_who_can_take_it(world: World, client: RecordingClient, judge: Judge) -> None:
    """The next agent of a department is one of its agents who is online, and they come in turn; nothing is opened."""
    first, second, away = world.agent(), world.agent(), world.agent(online=False)
    department = world.department(agents=[away, first, second])
    other = world.department(agents=[world.home.agent])
    visitor = world.visitor(department=department)
    answers = [next_agent(client, visitor, department.id) for _ in range(4)]
    ids = [_agent_id(each) for each in answers]
    judge.that(
        "LC-AGENT-016",
        away.user_id not in ids,
        "an agent who is offline is offered as the next one",
        exchange=answers[-1],
        expected="an agent who is online",
        observed=ids,
        pointer="/agent/_id",
    )
    ours = {first.user_id, second.user_id, away.user_id}
    judge.that(
        "LC-AGENT-017",
        all(each in ours for each in ids),
        "the next agent does not belong to the department",
        exchange=answers[-1],
        expected=sorted(map(str, ours)),
        observed=ids,
        pointer="/agent/_id",
    )
    elsewhere = next_agent(client, visitor, other.id)
    judge.equal(
        "LC-AGENT-017",
        _agent_id(elsewhere),
        world.home.agent.user_id,
        "the next agent is not that of the department that was named",
        exchange=elsewhere,
        pointer="/agent/_id",
    )
    judge.that(
        "LC-AGENT-018",
        ids[0] != ids[1] and ids[:2] == ids[2:],
        "the agents of the department are not offered in turn",
        exchange=answers[-1],
        expected=[*ids[:2], *ids[:2]],
        observed=ids,
        pointer="/agent/_id",
    )
    opened, listed = rooms_named(world, visitor)
    judge.equal("LC-AGENT-024", len(opened), 0, "asking for the next agent opened a room", exchange=listed)


@pytest.mark.clause("LC-AGENT-019", "LC-AGENT-020")
@pytest.mark.routing("Auto_Selection")
def test_who_is_in_a_chat_needs_no_next_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """A visitor with an open room gets no next agent; once the room is closed he gets one again."""
    room = world.room()
    during = next_agent(client, room.visitor)
    held = (
        during.status == 200
        and isinstance(during.json, dict)
        and during.json.get("success") is True
        and "agent" not in during.json
    )
    judge.that(
        "LC-AGENT-019",
        held,
        "a visitor with an open room is offered a next agent",
        exchange=during,
        expected={"success": True},
        observed=during.json,
    )
    world.close(room)
    after = next_agent(client, room.visitor, room.visitor.department_id)
    judge.that(
        "LC-AGENT-020",
        isinstance(_agent_id(after), str),
        "after the close no next agent is offered",
        exchange=after,
        expected="an agent",
        observed=after.json,
        pointer="/agent",
    )


@pytest.mark.clause("LC-AGENT-021")
@pytest.mark.exclusive
@pytest.mark.routing("Auto_Selection")
def test_without_agents_there_is_no_next_one(world: World, client: RecordingClient, judge: Judge) -> None:
    """While nobody is online the next agent is refused with agent-not-found."""
    visitor = world.visitor(department=None)
    with nobody_online(world):
        judge.refused("LC-AGENT-021", next_agent(client, visitor), code="agent-not-found")


@pytest.mark.clause("LC-AGENT-022")
@pytest.mark.routing("Auto_Selection")
def test_an_unknown_department_has_no_next_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """The next agent of a department that does not exist is refused with agent-not-found."""
    visitor = world.visitor()
    judge.refused("LC-AGENT-022", next_agent(client, visitor, world.new_room_id()), code="agent-not-found")


@pytest.mark.clause("LC-AGENT-023")
@pytest.mark.routing("Manual_Selection")
def test_manual_selection_knows_no_next_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """Under manual selection there is no next agent: agent-not-found."""
    visitor = world.visitor()
    judge.refused("LC-AGENT-023", next_agent(client, visitor, world.home.department.id), code="agent-not-found")


@pytest.mark.clause("LC-AGENT-031", "LC-AGENT-032", "LC-AGENT-033", "LC-AGENT-034", "LC-AGENT-035")
def test_the_departments_of_an_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """An agent's departments are those he was added to, and no others; disabled ones are left out where asked."""
    agent, other = world.agent(online=False), world.agent(online=False)
    lonely = _departments(client, world.admin, agent)
    judge.equal(
        "LC-AGENT-035",
        lonely.json.get("departments") if isinstance(lonely.json, dict) else None,
        [],
        "an agent who is in no department does not have an empty list",
        exchange=lonely,
        pointer="/departments",
    )
    own = world.department(agents=[agent, other])
    disabled = world.department(agents=[agent], enabled=False)
    world.department(agents=[other])
    exchange = _departments(client, world.admin, agent)
    links = {each.get("departmentId"): each for each in _links(exchange)}
    for department in (own, disabled):
        expected = {"agentId": agent.user_id, "departmentId": department.id, "username": agent.username}
        shown = {name: links.get(department.id, {}).get(name) for name in expected}
        judge.equal(
            "LC-AGENT-031",
            shown,
            expected,
            f"the department {department.name} is missing, or its link names somebody else",
            exchange=exchange,
            pointer="/departments",
        )
    strangers = [each.get("agentId") for each in _links(exchange) if each.get("agentId") != agent.user_id]
    judge.equal(
        "LC-AGENT-032", strangers, [], "a link of another agent is listed", exchange=exchange, pointer="/departments"
    )
    # He is new: whatever else is listed is not his, the department of the other agent included.
    judge.equal(
        "LC-AGENT-033",
        sorted(map(str, set(links) - {own.id, disabled.id})),
        [],
        "a department is listed that the agent does not belong to",
        exchange=exchange,
        pointer="/departments",
    )
    enabled = _departments(client, world.admin, agent, enabledDepartmentsOnly="true")
    ids = sorted(str(each.get("departmentId")) for each in _links(enabled))
    judge.equal(
        "LC-AGENT-034",
        ids,
        [own.id],
        "not exactly the enabled departments are listed",
        exchange=enabled,
        pointer="/departments",
    )


def _departments(client: RecordingClient, who: Persona, agent: Persona, **query: str) -> Exchange:
    return client.send(who, "listAgentDepartments", path={"agentId": str(agent.user_id)}, query=query)


def _links(exchange: Exchange) -> list[dict[str, Any]]:
    listed = exchange.json.get("departments") if isinstance(exchange.json, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
