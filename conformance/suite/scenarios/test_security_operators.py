"""Operators: an object that a database would take for a condition stands where a text belongs, and matches nobody.

Where an operator could match somebody, it is one that matches only what is ours, so that a hole does no harm to others.
"""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract import error_code
from conformance.contract.exchange import Exchange
from conformance.suite import departments
from conformance.suite.hostile import OF_A_ROOM, OF_A_VISITOR, SMUGGLED, reopened, stand
from conformance.suite.judge import Judge, describe, is_accepted
from conformance.suite.visitors import stored
from conformance.target import NOBODY, RecordingClient
from conformance.world import Unavailable, World

ANY = {"$ne": None}
"""Matches everybody."""


def exactly(value: str) -> dict[str, Any]:
    """An operator that matches one value."""
    return {"$eq": value}


_OPERATORS = [pytest.param(exactly, id="equal"), pytest.param(lambda _: ANY, id="any")]


@pytest.mark.parametrize("operator", _OPERATORS)
@pytest.mark.clause("LC-SECURITY-001")
def test_an_operator_is_no_token(world: World, judge: Judge, operator: Any) -> None:
    """An operator object in place of a token in a body is refused with 400 and matches nobody."""
    target = stand(world)
    before = target.state()
    for operation in (*OF_A_VISITOR, *OF_A_ROOM):
        exchange = target.send(operation, token=operator(target.room.token), rid=target.room.id)
        judge.refused("LC-SECURITY-001", exchange)
    judge.equal("LC-SECURITY-001", target.state(), before, "an operator in place of a token changed something")


@pytest.mark.parametrize("operator", _OPERATORS)
@pytest.mark.clause("LC-SECURITY-002")
def test_an_operator_is_no_room_id(world: World, judge: Judge, operator: Any) -> None:
    """An operator object in place of a room id in a body is refused with 400 and matches no room."""
    target = stand(world)
    before = target.state()
    for operation in OF_A_ROOM:
        exchange = target.send(operation, token=target.room.token, rid=operator(target.room.id))
        judge.refused("LC-SECURITY-002", exchange)
    judge.equal("LC-SECURITY-002", target.state(), before, "an operator in place of a room id changed something")


@pytest.mark.clause("LC-SECURITY-003")
def test_an_operator_is_no_text(world: World, client: RecordingClient, judge: Judge) -> None:
    """An operator object in place of another text of a body is refused with 400."""
    target = stand(world)
    before = target.state()
    room = target.room
    for operator in (ANY, exactly(SMUGGLED)):
        body = {"token": room.token, "rid": room.id, "msg": operator}
        edited = client.send(room.visitor, "editMessage", path={"_id": target.message.id}, json=body)
        judge.refused("LC-SECURITY-003", edited)
        for name in ("name", "phone", "username", "email"):
            visitor = {"token": room.token, name: operator}
            judge.refused("LC-SECURITY-003", client.send(NOBODY, "registerVisitor", json={"visitor": visitor}))
    offline = {"name": "Lcx", "email": exactly(world.new_email()), "message": SMUGGLED}
    judge.refused("LC-SECURITY-003", client.send(NOBODY, "sendOfflineMessage", json=offline))
    judge.equal("LC-SECURITY-003", target.state(), before, "an operator in place of a text changed something")
    department = world.department()
    kept = departments.found(departments.read(world, client, department.id))
    for name in ("name", "email"):
        sent = departments.body(department.name, description=SMUGGLED)
        sent["department"][name] = ANY
        updated = client.send(world.admin, "updateDepartment", path={"_id": department.id}, json=sent)
        judge.refused("LC-SECURITY-003", updated)
        sent = departments.body(world.new_department_name())
        sent["department"][name] = ANY
        created = client.send(world.admin, "createDepartment", json=sent)
        judge.refused("LC-SECURITY-003", created)
        made = departments.found(created).get("_id")
        if isinstance(made, str):
            client.send(world.admin, "deleteDepartment", path={"_id": made})
    read = departments.read(world, client, department.id)
    judge.equal(
        "LC-SECURITY-003",
        departments.parts(departments.found(read), kept),
        kept,
        "an operator in place of a text changed a department",
        exchange=read,
        pointer="/department",
    )


@pytest.mark.routing("Manual_Selection")
@pytest.mark.clause("LC-SECURITY-004")
def test_an_operator_is_no_id_of_staff(world: World, client: RecordingClient, judge: Judge) -> None:
    """An operator object in place of an inquiry, a user, a username or the room of a forward is refused with 400."""
    room, agent = world.queued_room(), world.home.agent
    inquiry = world.inquiry(room)
    user = world.plain_user(fresh=True)
    who = world.both_roles()
    inquiry_id, agent_id, name = str(inquiry.get("_id")), str(agent.user_id), str(user.username)
    calls: list[tuple[str, dict[str, str], dict[str, Any]]] = [
        ("takeInquiry", {}, {"inquiryId": exactly(inquiry_id), "userId": agent_id}),
        ("takeInquiry", {}, {"inquiryId": inquiry_id, "userId": exactly(agent_id)}),
        ("forwardRoom", {}, {"roomId": exactly(room.id), "userId": agent_id}),
        ("forwardRoom", {}, {"roomId": ANY, "userId": agent_id}),
        ("registerUser", {"type": "agent"}, {"username": exactly(name)}),
        ("registerUser", {"type": "manager"}, {"username": {"$in": [name]}}),
    ]
    for operation, path, body in calls:
        judge.refused("LC-SECURITY-004", client.send(who, operation, path=path, json=body))
    now = world.inquiry(room)
    judge.equal(
        "LC-SECURITY-004",
        {key: now.get(key) for key in ("_id", "status")},
        {"_id": inquiry_id, "status": "queued"},
        "an operator took or moved a chat out of the queue",
    )
    for role in ("agent", "manager"):
        read = client.send(world.admin, "getUser", path={"type": role, "_id": str(user.user_id)})
        found = read.json.get("user") if isinstance(read.json, dict) else None
        judge.equal("LC-SECURITY-004", found, None, f"an operator made a user a Livechat {role}", exchange=read)


@pytest.mark.clause("LC-SECURITY-005", "LC-SECURITY-008")
def test_an_operator_in_a_query_is_no_token(world: World, client: RecordingClient, judge: Judge) -> None:
    """An operator in brackets in place of a token opens no room, reads no configuration and no history."""
    room = world.room()
    text = world.message(room).text
    for operator, value in (("$eq", room.token), ("$ne", "x")):
        pairs = [(f"token[{operator}]", value)]
        opened = client.send(NOBODY, "openRoom", query=[*pairs, ("rid", room.id)])
        judge.refused("LC-SECURITY-005", opened)
        judge.refused("LC-SECURITY-005", client.send(NOBODY, "getConfig", query=[(f"token[{operator}]", room.token)]))
        read = client.send(NOBODY, "getHistory", path={"rid": room.id}, query=pairs)
        judge.refused("LC-SECURITY-008", read, status=(400, 401, 403))
        shown = [each for each in (text, room.token) if each in str(read.json)]
        judge.equal("LC-SECURITY-008", shown, [], "an operator in place of a token reads a history", exchange=read)


@pytest.mark.clause("LC-SECURITY-006", "LC-SECURITY-007")
def test_an_operator_in_a_query_is_no_filter(world: World, client: RecordingClient, judge: Judge) -> None:
    """An operator in brackets is refused where staff read a visitor, an agent's departments, or rooms."""
    room = world.room()
    agent = str(world.home.agent.user_id)
    for operator in ("$eq", "$in"):
        query = [(f"visitorId[{operator}]", room.visitor.id)]
        judge.refused("LC-SECURITY-006", client.send(world.manager(), "getVisitorInfo", query=query))
    links = client.send(
        world.manager(), "listAgentDepartments", path={"agentId": agent}, query=[("enabledDepartmentsOnly[$ne]", "1")]
    )
    judge.refused("LC-SECURITY-006", links)
    for query in ([("departmentId[$ne]", "x")], [("departmentId[$eq]", world.home.department.id)]):
        judge.refused("LC-SECURITY-007", client.send(world.manager(), "listRooms", query=query))


@pytest.mark.routing("Manual_Selection")
@pytest.mark.clause("LC-SECURITY-009", "LC-SECURITY-010")
def test_an_operator_in_a_query_finds_no_inquiry(world: World, client: RecordingClient, judge: Judge) -> None:
    """The inquiry and the list of inquiries refuse an operator in brackets, or find nothing by it."""
    other = world.department(agents=[world.home.agent])
    room, beside = world.queued_room(), world.queued_room(world.visitor(department=other))
    for operator in ("$eq", "$in"):
        read = client.send(world.admin, "getInquiry", query=[(f"roomId[{operator}]", room.id)])
        found = read.json.get("inquiry") if is_accepted(read) else None
        judge.that(
            "LC-SECURITY-009",
            not found and (is_accepted(read) or read.status == 400),
            "an operator in place of a room id finds an inquiry",
            exchange=read,
            expected="400, or no inquiry",
            observed=found.get("rid") if isinstance(found, dict) else describe(read),
            pointer="/inquiry",
        )
    query: list[tuple[str, Any]] = [("department[$eq]", other.id), ("count", 100), ("sort", {"ts": -1})]
    listed = client.send(world.manager(), "listInquiries", query=query)
    inquiries = listed.json.get("inquiries") if is_accepted(listed) else None
    rids = {each.get("rid") for each in inquiries if isinstance(each, dict)} if isinstance(inquiries, list) else set()
    shown = [each for each in (room.id, beside.id) if each in rids]
    judge.that(
        "LC-SECURITY-010",
        listed.status == 400 or (is_accepted(listed) and len(shown) != 1),
        "an operator in place of a department goes through to the database",
        exchange=listed,
        expected="400, the queue of all departments, or nothing",
        observed=shown if is_accepted(listed) else describe(listed),
        pointer="/inquiries",
    )


@pytest.mark.clause("LC-SECURITY-011")
def test_an_operator_is_no_telephone_number(world: World, client: RecordingClient, judge: Judge) -> None:
    """A text message whose sender is an operator object is refused."""
    phone = world.new_phone()

    def text(sender: Any, said: str) -> Exchange:
        body = {"From": sender, "To": "+99900000000", "Body": said}
        return client.send(NOBODY, "receiveSms", path={"service": "twilio"}, json=body)

    first = text(phone, "Hello")
    if first.response is not None and error_code(first.response) == "error-sms-service-not-configured":
        raise Unavailable("the target has no SMS service called twilio")
    judge.refused("LC-SECURITY-011", text(exactly(phone), SMUGGLED))


@pytest.mark.clause("LC-SECURITY-034")
def test_the_server_survives(world: World, client: RecordingClient, judge: Judge) -> None:
    """After hostile input the server still answers as before: the same visitor, the same room."""
    room = world.room()
    visitor = room.visitor
    before = stored(client, room.token)
    kept = {name: before.get(name) for name in ("_id", "token", "username", "name")}
    opened = reopened(client, room)
    deep: Any = SMUGGLED
    for _ in range(200):
        deep = [deep]
    body = {"token": room.token, "rid": room.id}
    for hostile in (
        {**body, "msg": deep},
        {**body, "msg": {"$where": "while(true){}"}},
        {**body, "token": "\x00" * 100, "msg": SMUGGLED},
        {**body, "rid": "\ud800", "msg": SMUGGLED},
        {**body, "msg": SMUGGLED, "__proto__": {"admin": True}, "constructor": {"prototype": {"admin": True}}},
        {**{f"key{number}": number for number in range(500)}, **body, "msg": SMUGGLED},
        {"token": {"$gt": ""}, "rid": {"$regex": ".*"}, "msg": SMUGGLED},
    ):
        client.send(visitor, "sendMessage", json=hostile)
    for pairs in ([("token" + "[a]" * 50, "x")], [("token[__proto__]", "x")], [("token[length]", "1000000000")]):
        client.send(visitor, "openRoom", query=pairs)
    client.send(visitor, "sendMessage", content=b"\xff\xfe{", headers={"content-type": "application/json"})
    now = stored(client, room.token)
    # Earlier tests were hostile as well: a server that has long been hurt shows everybody alike.
    usernames = [each.get("username") for each in (now, stored(client, world.visitor().token))]
    judge.that(
        "LC-SECURITY-034",
        None in usernames or len({str(each) for each in usernames}) == len(usernames),
        "after hostile input two visitors are shown with one username",
        expected="a username for each",
        observed=usernames,
        pointer="/visitor/username",
    )
    judge.equal(
        "LC-SECURITY-034",
        {name: now.get(name) for name in kept},
        kept,
        "after hostile input another visitor is shown",
        pointer="/visitor",
    )
    judge.equal(
        "LC-SECURITY-034",
        reopened(client, room),
        opened,
        "after hostile input another room is shown",
        pointer="/room",
    )
