"""Roles: a plain user, an agent and a manager get exactly what their permissions give."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite import departments
from conformance.suite.judge import Judge
from conformance.target import NOBODY, Persona, RecordingClient
from conformance.target.login import log_in
from conformance.verdicts.forms import formed
from conformance.world import World


def _allowed_to_say(body: Any) -> bool:
    """Whether a refusal carries the error and nothing else."""
    said = {"success", "error", "errorType", "details", "message", "status", "reason", "isClientSafe"}
    return isinstance(body, dict) and not set(body) - said and body.get("success") is not True


@pytest.mark.clause("LC-ROLE-001")
@pytest.mark.parametrize(
    "operation",
    ["listUsers", "listRooms", "listInquiries", "getQueue", "listTriggers", "getAppearance", "getIntegrationSettings",
     "getVisitorInfo", "getChatHistory", "listDepartments"],
)  # fmt: skip
def test_a_refusal_carries_no_data(world: World, client: RecordingClient, judge: Judge, operation: str) -> None:
    """A refusal for want of a permission carries no data, only the error."""
    room = world.room()
    path: dict[str, dict[str, str]] = {
        "listUsers": {"type": "agent"},
        "getChatHistory": {"roomId": room.id, "visitorId": room.visitor.id},
    }
    query = {"visitorId": room.visitor.id} if operation == "getVisitorInfo" else None
    exchange = client.send(world.plain_user(), operation, path=path.get(operation, {}), query=query)
    held = exchange.status in {400, 403} and _allowed_to_say(exchange.json)
    judge.that(
        "LC-ROLE-001",
        held,
        f"a user without the permission gets more than an error from {operation}",
        exchange=exchange,
        expected="an error alone",
        observed=sorted(exchange.json) if isinstance(exchange.json, dict) else exchange.status,
    )


@pytest.mark.clause("LC-ROLE-002")
@pytest.mark.routing("Manual_Selection")
def test_a_plain_user_changes_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """A user without the permission changes nothing: no agent, no department, no take, no forward."""
    plain, agent = world.plain_user(), world.agent(online=False)
    department = world.department(agents=[world.home.agent], description="before")
    queued, served = world.queued_room(), world.served_room(agent=world.home.agent)
    ghost = world.new_department_name()
    calls: dict[str, dict[str, Any]] = {
        "registerUser": {"path": {"type": "agent"}, "json": {"username": plain.username}},
        "removeUser": {"path": {"type": "agent", "_id": str(agent.user_id)}},
        "createDepartment": {"json": departments.body(ghost, [])},
        "updateDepartment": {
            "path": {"_id": department.id},
            "json": departments.body(department.name, description="after"),
        },
        "deleteDepartment": {"path": {"_id": department.id}},
        "takeInquiry": {"json": {"inquiryId": str(world.inquiry(queued).get("_id")), "userId": agent.user_id}},
        "forwardRoom": {"json": {"roomId": served.id, "userId": world.home.second_agent.user_id}},
    }
    answers = {operation: client.send(plain, operation, **how) for operation, how in calls.items()}

    def role(persona: Persona) -> bool:
        seen = client.send(world.admin, "getUser", path={"type": "agent", "_id": str(persona.user_id)})
        return bool(isinstance(seen.json, dict) and seen.json.get("user"))

    listed, _ = departments.listed(world, client)
    stored = departments.found(departments.read(world, client, department.id))
    after = {
        "registerUser": role(plain),
        "removeUser": role(agent),
        "createDepartment": ghost in {each.get("name") for each in listed},
        "updateDepartment": stored.get("description"),
        "deleteDepartment": stored.get("_id"),
        "takeInquiry": _server(world.reread(queued)),
        "forwardRoom": _server(world.reread(served)),
    }
    expected = {
        "registerUser": False,
        "removeUser": True,
        "createDepartment": False,
        "updateDepartment": "before",
        "deleteDepartment": department.id,
        "takeInquiry": None,
        "forwardRoom": world.home.agent.user_id,
    }
    for operation, exchange in answers.items():
        judge.equal(
            "LC-ROLE-002",
            after[operation],
            expected[operation],
            f"a user without the permission had an effect by {operation}",
            exchange=exchange,
        )


def _server(room: dict[str, Any]) -> Any:
    by = room.get("servedBy")
    return by.get("_id") if isinstance(by, dict) else None


@pytest.mark.clause("LC-ROLE-003", "LC-ROLE-004", "LC-ROLE-005", "LC-ROLE-007", "LC-ROLE-009", "LC-ROLE-010")
def test_what_an_agent_may_not(world: World, client: RecordingClient, judge: Judge) -> None:
    """An agent neither lists users, inquiries and rooms, nor sets up agents and departments, nor reads the settings."""
    agent = world.home.agent
    trigger, department = world.trigger(), world.department()

    def call(operation: str, **how: Any) -> Exchange:
        return client.send(agent, operation, **how)

    for type in ("agent", "manager"):
        judge.refused("LC-ROLE-003", call("listUsers", path={"type": type}), code="error-not-authorized")
    other = str(world.home.second_agent.user_id)
    for exchange in (
        call("registerUser", path={"type": "agent"}, json={"username": world.plain_user().username}),
        call("removeUser", path={"type": "agent", "_id": other}),
        call("getUser", path={"type": "agent", "_id": other}),
    ):
        judge.refused("LC-ROLE-004", exchange, status=403)
    sent = departments.body(world.new_department_name(), [])
    for exchange in (
        call("createDepartment", json=sent),
        call("updateDepartment", path={"_id": department.id}, json=sent),
        call("deleteDepartment", path={"_id": department.id}),
    ):
        judge.refused("LC-ROLE-005", exchange, status=403)
    judge.refused("LC-ROLE-007", call("listInquiries"), status=403)
    judge.refused("LC-ROLE-009", call("listRooms"), status=403)
    for exchange in (
        call("listTriggers"),
        call("getTrigger", path={"_id": trigger.id}),
        call("getAppearance"),
        call("getIntegrationSettings"),
    ):
        judge.refused("LC-ROLE-010", exchange, code="error-not-authorized")


@pytest.mark.clause("LC-ROLE-006", "LC-ROLE-011")
def test_what_an_agent_may_read(world: World, client: RecordingClient, judge: Judge) -> None:
    """An agent reads the queue, the custom fields, the departments (without their agents) and a visitor."""
    agent, visitor, field = world.home.agent, world.visitor(), world.custom_field("visitor")
    department = world.home.department
    read = client.send(agent, "getDepartment", path={"_id": department.id})
    found = departments.found(read)
    judge.that(
        "LC-ROLE-006",
        found.get("_id") == department.id and not departments.agents_in(read),
        "the agent does not read the department, or sees its agents",
        exchange=read,
        expected={"_id": department.id, "agents": []},
        observed={"_id": found.get("_id"), "agents": departments.agent_ids(read)},
    )
    calls: dict[str, dict[str, Any]] = {
        "getQueue": {},
        "listCustomFields": {},
        "getCustomField": {"path": {"_id": field.id}},
        "listDepartments": {},
        "getVisitorInfo": {"query": {"visitorId": visitor.id}},
        "listAgentDepartments": {"path": {"agentId": str(agent.user_id)}},
    }
    for operation, how in calls.items():
        judge.accepted("LC-ROLE-011", client.send(agent, operation, **how))


@pytest.mark.clause("LC-ROLE-008")
@pytest.mark.routing("Manual_Selection")
def test_an_agent_alone_takes_no_inquiry(world: World, client: RecordingClient, judge: Judge) -> None:
    """An agent alone does not take an inquiry: 403."""
    room = world.queued_room()
    body = {"inquiryId": str(world.inquiry(room).get("_id"))}
    judge.refused("LC-ROLE-008", client.send(world.home.agent, "takeInquiry", json=body), status=403)


@pytest.mark.clause("LC-ROLE-012", "LC-ROLE-013", "LC-ROLE-014")
def test_an_agent_and_the_rooms_of_others(world: World, client: RecordingClient, judge: Judge) -> None:
    """The agent who serves a room forwards it; one who does not neither forwards it nor reads its chat history."""
    home, outsider = world.home, world.agent()
    room = world.served_room(agent=home.agent)
    foreign = client.send(outsider, "forwardRoom", json={"roomId": room.id, "userId": outsider.user_id})
    judge.refused("LC-ROLE-013", foreign, code="error-not-authorized")
    path = {"roomId": room.id, "visitorId": room.visitor.id}
    judge.refused("LC-ROLE-014", client.send(outsider, "getChatHistory", path=path), code="error-not-allowed")
    own = client.send(home.agent, "forwardRoom", json={"roomId": room.id, "userId": home.second_agent.user_id})
    seen = world.eventually(lambda: _server(world.reread(room)), until=lambda by: by == home.second_agent.user_id)
    judge.equal(
        "LC-ROLE-012",
        seen if own.status == 200 else own.status,
        home.second_agent.user_id,
        "the agent who serves the room could not forward it",
        exchange=own,
    )


@pytest.mark.clause("LC-ROLE-015")
def test_what_a_manager_may(world: World, client: RecordingClient, judge: Judge) -> None:
    """A manager who is no agent reads all lists and sets up agents and departments."""
    manager, somebody = world.manager(), world.plain_user(fresh=True)
    name = world.new_department_name()
    calls: list[tuple[str, dict[str, Any]]] = [
        ("listUsers", {"path": {"type": "agent"}}),
        ("listUsers", {"path": {"type": "manager"}}),
        ("registerUser", {"path": {"type": "agent"}, "json": {"username": somebody.username}}),
        ("listDepartments", {}),
        ("createDepartment", {"json": departments.body(name, [])}),
        ("listInquiries", {}),
        ("getQueue", {}),
        ("listTriggers", {}),
    ]
    for operation, how in calls:
        exchange = client.send(manager, operation, **how)
        judge.accepted("LC-ROLE-015", exchange)
        if operation == "createDepartment" and departments.found(exchange).get("_id"):
            world.created("department", name, str(departments.found(exchange)["_id"]))


@pytest.mark.clause("LC-ROLE-016")
def test_who_lost_the_role_lost_the_right(world: World, client: RecordingClient, judge: Judge) -> None:
    """A user who lost the role of agent is refused what an agent may read."""
    agent = world.agent(online=False)
    before = client.send(agent, "getQueue")
    if before.status != 200:
        raise judge.missing(before, "the queue that an agent may read")
    client.send(world.admin, "removeUser", path={"type": "agent", "_id": str(agent.user_id)})
    after = world.eventually(lambda: client.send(agent, "getQueue"), until=lambda seen: seen.status != 200)
    judge.refused("LC-ROLE-016", after, code="error-not-authorized", status=(400, 403))


@pytest.mark.clause("LC-ROLE-017", "LC-ROLE-018")
def test_credentials_that_hold_no_more(world: World, client: RecordingClient, judge: Judge) -> None:
    """A token that was logged out, and the token of one user with the id of another, are refused with 401."""
    agent, other = world.agent(online=False, name="another agent"), world.home.agent
    assert agent.username is not None
    assert agent.password is not None
    fresh = log_in(client, agent.username, agent.password, "leaving agent")
    before = client.send(fresh, "getQueue")
    if before.status != 200:
        raise judge.missing(before, "the queue that an agent may read")
    client.send(fresh, "logout")
    for operation in ("getQueue", "listRooms"):
        judge.refused("LC-ROLE-017", client.send(fresh, operation), status=401)
        mixed = {"x-auth-token": str(other.auth_token), "x-user-id": str(agent.user_id)}
        judge.refused("LC-ROLE-018", client.send(agent, operation, headers=mixed), status=401)


@pytest.mark.clause("LC-ROLE-019", "LC-ROLE-020")
def test_credentials_that_are_almost_good(world: World, client: RecordingClient, judge: Judge) -> None:
    """A token that is only like a good one, and good credentials outside of the headers, are refused with 401."""
    agent = world.home.agent
    token, who = str(agent.auth_token), str(agent.user_id)
    near = [f"{token}x"]
    for form in ("swapcase", "lower", "without-last", "without-first", "half-right"):
        near.append(formed(token, form))
        # Most of the secret stands in it, so it is one itself; and a script can make it of its own token.
        client.redactor.learn(near[-1], f"auth:{agent.name}.{form}")
    for number, other in enumerate(each for each in near if each != token):
        asked = client.send(agent, ("getQueue", "listRooms")[number % 2], headers={"x-auth-token": other})
        judge.refused("LC-ROLE-019", asked, status=401)
    for names in (("X-Auth-Token", "X-User-Id"), ("authToken", "userId")):
        misplaced = dict(zip(names, (token, who), strict=True))
        judge.refused("LC-ROLE-020", client.send(NOBODY, "getQueue", query=misplaced), status=401)
        body = {"inquiryId": world.new_room_id(), **misplaced}
        judge.refused("LC-ROLE-020", client.send(NOBODY, "takeInquiry", json=body), status=401)
    judge.accepted("LC-ROLE-019", client.send(agent, "getQueue"), "the good token itself was refused")
