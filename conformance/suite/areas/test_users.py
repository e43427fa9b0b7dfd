"""Agents and managers: registering, listing, reading, removing (documentation: Livechat users/:type)."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.judge import Judge, is_accepted
from conformance.target import Persona, RecordingClient
from conformance.world import World


def register(world: World, client: RecordingClient, type: str, username: object) -> Exchange:
    """Make somebody an agent or a manager."""
    return client.send(world.admin, "registerUser", path={"type": type}, json={"username": username})


def remove(world: World, client: RecordingClient, type: str, persona: Persona) -> Exchange:
    """Take a role from somebody."""
    return client.send(world.admin, "removeUser", path={"type": type, "_id": str(persona.user_id)})


def read(world: World, client: RecordingClient, type: str, id: str) -> Exchange:
    """One agent or manager as the administrator reads him."""
    return client.send(world.admin, "getUser", path={"type": type, "_id": id})


def user_in(exchange: Exchange) -> Any:
    """The ``user`` of an answer."""
    return exchange.json.get("user") if isinstance(exchange.json, dict) else None


def listed(world: World, client: RecordingClient, type: str, **query: Any) -> tuple[list[dict[str, Any]], Exchange]:
    """All agents or managers, page by page in the default order, and the last answer."""
    found: list[dict[str, Any]] = []
    while True:
        exchange = client.send(
            world.admin, "listUsers", path={"type": type}, query={"count": 100, "offset": len(found), **query}
        )
        page = exchange.json.get("users") if isinstance(exchange.json, dict) else None
        users = [each for each in page if isinstance(each, dict)] if isinstance(page, list) else []
        found += users
        if len(users) < 100:
            return found, exchange


def identity(document: Any) -> Any:
    """What identifies a user, from a document of the API."""
    if not isinstance(document, dict):
        return document
    return {"_id": document.get("_id"), "username": document.get("username")}


def who(persona: Persona) -> dict[str, Any]:
    """What identifies a persona of ours."""
    return {"_id": persona.user_id, "username": persona.username}


@pytest.mark.clause("LC-USER-007", "LC-USER-008", "LC-USER-009", "LC-USER-010", "LC-USER-011", "LC-USER-012")
def test_agents_and_managers_are_listed_apart(world: World, client: RecordingClient, judge: Judge) -> None:
    """Agents and managers are listed apart, with names and addresses, sorted by name; nobody else is listed."""
    for type in ("agent", "manager"):
        listed(world, client, type)  # what was listed before must not be all that is listed now
    # So many that no other order, of ids for example, is likely to be that of their names.
    agent, other, *_ = (world.agent(online=False) for _ in range(5))
    manager, plain = world.manager(fresh=True), world.plain_user(fresh=True)
    lists = {type: listed(world, client, type) for type in ("agent", "manager")}
    agents, managers = ({each.get("_id"): each for each in lists[type][0]} for type in ("agent", "manager"))
    for type, persona, found in (("agent", agent, agents), ("agent", other, agents), ("manager", manager, managers)):
        judge.equal(
            "LC-USER-007",
            identity(found.get(persona.user_id)),
            who(persona),
            f"the {type} who was registered is not listed",
            exchange=lists[type][1],
            pointer="/users",
        )
    judge.that(
        "LC-USER-008",
        agent.user_id not in managers and manager.user_id not in agents,
        "an agent is listed as a manager, or a manager as an agent",
        exchange=lists["manager"][1],
        expected="lists apart",
        observed={"agent is manager": agent.user_id in managers, "manager is agent": manager.user_id in agents},
        pointer="/users",
    )
    judge.that(
        "LC-USER-009",
        plain.user_id not in {**agents, **managers},
        "a user without either role is listed",
        exchange=lists["agent"][1],
        expected="absent",
        observed=plain.user_id,
        pointer="/users",
    )
    shown = agents.get(agent.user_id) or {}
    emails = shown.get("emails")
    addresses = [each.get("address") for each in emails if isinstance(each, dict)] if isinstance(emails, list) else []
    expected = {"name": f"agent {agent.username}", "emails": [f"{agent.username}@example.com"]}
    judge.equal(
        "LC-USER-010",
        {"name": shown.get("name"), "emails": addresses},
        expected,
        "the listed agent shows another name or address",
        exchange=lists["agent"][1],
        pointer="/users",
    )
    names = [str(each.get("name")) for each in lists["agent"][0] if world.owns(str(each.get("username")))]
    judge.equal(
        "LC-USER-011",
        names,
        sorted(names),
        "the agents are not sorted by name",
        exchange=lists["agent"][1],
        pointer="/users",
    )
    # His username, his name and his address each hold the username, and something of their own.
    for text in (f"{agent.username}", f"agent {agent.username}", f"{agent.username}@example"):
        filtered, exchange = listed(world, client, "agent", text=text)
        judge.equal(
            "LC-USER-012",
            [each.get("_id") for each in filtered],
            [agent.user_id],
            f"the text filter {text!r} does not find exactly the agent who has it",
            exchange=exchange,
            pointer="/users",
        )


@pytest.mark.clause("LC-USER-019", "LC-USER-020", "LC-USER-021", "LC-USER-048")
def test_registering_makes_an_agent_once(world: World, client: RecordingClient, judge: Judge) -> None:
    """Registering answers with the user and makes him available; again it adds nobody."""
    persona = world.plain_user(fresh=True)
    first = register(world, client, "agent", persona.username)
    judge.equal(
        "LC-USER-019",
        identity(user_in(first)),
        who(persona),
        "the answer names another user",
        exchange=first,
        pointer="/user",
    )
    seen = read(world, client, "agent", str(persona.user_id))
    judge.equal(
        "LC-USER-020",
        _livechat_status(seen),
        "available",
        "the new agent is not available",
        exchange=seen,
        pointer="/user/statusLivechat",
    )
    again = register(world, client, "agent", persona.username)
    if judge.accepted("LC-USER-021", again, "registering an agent again was refused"):
        found, exchange = listed(world, client, "agent")
        times = [each.get("_id") for each in found].count(persona.user_id)
        judge.equal(
            "LC-USER-021", times, 1, "the agent is listed another number of times", exchange=exchange, pointer="/users"
        )
    remove(world, client, "agent", persona)
    back = register(world, client, "agent", persona.username)
    judge.equal(
        "LC-USER-048",
        _livechat_status(read(world, client, "agent", str(persona.user_id))),
        "available",
        "a removed agent who was registered again is not available",
        exchange=back,
        pointer="/user/statusLivechat",
    )


@pytest.mark.clause("LC-USER-022", "LC-USER-023", "LC-USER-024", "LC-USER-049")
def test_who_cannot_be_registered(world: World, client: RecordingClient, judge: Judge) -> None:
    """A username that nobody has, a user's id and his e-mail are refused, and make nobody an agent."""
    persona = world.plain_user(fresh=True)
    judge.refused("LC-USER-022", register(world, client, "agent", world.new_username()), code="error-invalid-user")
    last = None
    for wrong in (persona.user_id, f"{persona.username}@example.com"):
        last = register(world, client, "agent", wrong)
        judge.refused("LC-USER-023", last, code="error-invalid-user")
    known = world.agent(online=False)  # a name that registering has met before
    for named in (persona, known):
        other_case = str(named.username).swapcase()
        judge.refused("LC-USER-049", register(world, client, "agent", other_case), code="error-invalid-user")
    ill_formed = register(world, client, "agent", [persona.username])
    unknown_type = register(world, client, "agents", persona.username)
    seen = read(world, client, "agent", str(persona.user_id))
    refused = all(not is_accepted(each) for each in (ill_formed, unknown_type) if each)
    judge.that(
        "LC-USER-024",
        not user_in(seen) and refused,
        "a refused registration made somebody an agent",
        exchange=seen,
        expected={"user": None},
        observed=identity(user_in(seen)),
        pointer="/user",
    )


@pytest.mark.clause("LC-USER-031", "LC-USER-032", "LC-USER-033", "LC-USER-034", "LC-USER-050")
def test_one_agent_is_read(world: World, client: RecordingClient, judge: Judge) -> None:
    """The agent that is read is the one with that _id; without the role he is nobody; his status follows him."""
    agent, other = world.agent(), world.agent(online=False)
    for persona in (agent, other):
        exchange = read(world, client, "agent", str(persona.user_id))
        judge.equal(
            "LC-USER-031",
            identity(user_in(exchange)),
            who(persona),
            "another user was read than the one that was asked for",
            exchange=exchange,
            pointer="/user",
        )
    as_manager = read(world, client, "manager", str(agent.user_id))
    held = as_manager.status == 200 and isinstance(as_manager.json, dict) and user_in(as_manager) is None
    judge.that(
        "LC-USER-032",
        held,
        "a user without the role was not answered with user null",
        exchange=as_manager,
        expected={"user": None},
        observed=identity(user_in(as_manager)),
        pointer="/user",
    )
    judge.refused("LC-USER-033", read(world, client, "agent", world.new_room_id()), code="User not found")
    for status in ("away", "online"):
        world.set_status(agent, status)
        seen = _read_until(world, client, agent, status)
        judge.equal(
            "LC-USER-034",
            _status(seen),
            status,
            "the status of the agent did not follow his own change",
            exchange=seen,
            pointer="/user/status",
        )
        own, page = _among(world, client, agent)
        judge.equal(
            "LC-USER-050",
            [own.get("status"), own.get("statusLivechat")],
            [_status(seen), _livechat_status(seen)],
            "the list shows the agent with another status than reading him",
            exchange=page,
            pointer="/users",
        )


def _read_until(world: World, client: RecordingClient, agent: Persona, status: str) -> Exchange:
    return world.eventually(
        lambda: read(world, client, "agent", str(agent.user_id)), until=lambda seen: _status(seen) == status
    )


def _among(world: World, client: RecordingClient, agent: Persona) -> tuple[dict[str, Any], Exchange]:
    """An agent as the list shows him, empty where he is missing, and the answer."""
    found, exchange = listed(world, client, "agent")
    return next((each for each in found if each.get("_id") == agent.user_id), {}), exchange


def _livechat_status(exchange: Exchange) -> Any:
    user = user_in(exchange)
    return user.get("statusLivechat") if isinstance(user, dict) else None


def _status(exchange: Exchange) -> Any:
    user = user_in(exchange)
    return user.get("status") if isinstance(user, dict) else None


@pytest.mark.clause("LC-USER-041", "LC-USER-042", "LC-USER-044", "LC-USER-045", "LC-USER-046")
def test_removing_an_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """A removed agent is in no list and no department any more, but keeps his account; the other agents stay."""
    agent, other = world.agent(online=False), world.agent(online=False)
    department = world.department(agents=[agent, other])
    listed(world, client, "agent")  # what was listed before must not be listed again
    removed = remove(world, client, "agent", agent)
    if not is_accepted(removed):
        raise judge.missing(removed, "the removal of the agent")
    found, exchange = listed(world, client, "agent")
    ids = {each.get("_id") for each in found}
    judge.that(
        "LC-USER-041",
        agent.user_id not in ids,
        "the removed agent is still listed",
        exchange=exchange,
        expected="absent",
        observed=agent.user_id,
        pointer="/users",
    )
    judge.that(
        "LC-USER-046",
        other.user_id in ids,
        "another agent went with the removed one",
        exchange=exchange,
        expected=other.user_id,
        observed="absent",
        pointer="/users",
    )
    account = client.send(world.admin, "getUserInfo", query={"userId": agent.user_id})
    judge.equal(
        "LC-USER-042",
        identity(user_in(account)),
        who(agent),
        "the account of the removed agent is gone",
        exchange=account,
        pointer="/user",
    )
    links = client.send(world.admin, "getDepartment", path={"_id": department.id})
    agents = links.json.get("agents") if isinstance(links.json, dict) else None
    linked = [each.get("agentId") for each in agents if isinstance(each, dict)] if isinstance(agents, list) else None
    judge.equal(
        "LC-USER-045",
        linked,
        [other.user_id],
        "the department holds other agents than the one who is left",
        exchange=links,
        pointer="/agents",
    )
    judge.accepted("LC-USER-044", remove(world, client, "agent", agent), "removing him a second time was refused")


@pytest.mark.clause("LC-USER-043")
def test_a_role_is_removed_alone(world: World, client: RecordingClient, judge: Judge) -> None:
    """Removing an agent leaves him his role as a manager, and the reverse."""
    for type, kept in (("agent", "manager"), ("manager", "agent")):
        persona = world.both_roles(fresh=True)
        removed = remove(world, client, type, persona)
        gone = user_in(read(world, client, type, str(persona.user_id)))
        seen = read(world, client, kept, str(persona.user_id))
        judge.that(
            "LC-USER-043",
            not gone and identity(user_in(seen)) == who(persona),
            f"removing the {type} took or left the wrong role",
            exchange=seen if removed.status == 200 else removed,
            expected={type: None, kept: who(persona)},
            observed={type: identity(gone), kept: identity(user_in(seen))},
            pointer="/user",
        )


@pytest.mark.clause("LC-USER-047")
@pytest.mark.routing("Auto_Selection")
def test_a_removed_agent_gets_no_chat(world: World, client: RecordingClient, judge: Judge) -> None:
    """A removed agent gets no new chat."""
    agent, other = world.agent(), world.agent()
    department = world.department(agents=[agent, other])
    removed = remove(world, client, "agent", agent)
    served = [world.served_room(world.visitor(department=department)).data.get("servedBy") for _ in range(3)]
    ids = [each.get("_id") for each in served if isinstance(each, dict)]
    judge.that(
        "LC-USER-047",
        agent.user_id not in ids,
        "a new chat went to the removed agent",
        exchange=removed,
        expected=other.user_id,
        observed=ids,
    )
