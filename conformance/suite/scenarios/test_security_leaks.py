"""Leaks: tokens, hashes, accounts of staff, and the insides of the server stay inside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite import departments
from conformance.suite.judge import Judge, is_accepted
from conformance.target import NOBODY, Persona, RecordingClient
from conformance.world import Room, Visitor, World

_SECRETS: Final = frozenset(
    {"password", "bcrypt", "services", "resume", "loginTokens", "hashedToken", "authToken", "passwordHash", "salt"}
)
"""Members of a user's document that hold, or lead to, what he proves himself with."""
_ACCOUNT: Final = frozenset({"roles", "settings", "services", "requirePasswordChange", "statusConnection"})
"""Members of a user's document that are no visitor's business."""
_HASH: Final = re.compile(r"\$2[abxy]\$\d\d\$|\$argon2|\$scrypt\$|pbkdf2")
_RAW: Final = re.compile(
    r"E11000|errmsg|MongoError|BulkWrite|duplicate key|immutable field|Plan executor|SQLSTATE", re.I
)
_DRIVER: Final = frozenset({"errmsg", "driver", "codeName", "keyPattern", "keyValue", "writeErrors", "op"})


def members(value: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every member of a JSON value at any depth: its pointer, its name, its value."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}/{name}", str(name), inner
            yield from members(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from members(inner, f"{path}/{index}")


def named(value: Any, names: frozenset[str]) -> list[str]:
    """Pointers to members with one of these names."""
    return [pointer for pointer, name, _ in members(value) if name in names]


def _named_visitor(world: World) -> Visitor:
    """A visitor whose name is not his token, so that the token is found where it leaks, and only there."""
    return world.visitor(name=world.names.next("name"))


def _part(exchange: Exchange, *path: str) -> Any:
    value = exchange.json
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _agents_shown(world: World, client: RecordingClient, room: Room) -> dict[str, tuple[Exchange, Any]]:
    """An agent as the operations without credentials show him: the answer, and his document in it."""
    visitor = room.visitor
    info = client.send(visitor, "getAgentInfo", path={"rid": room.id, "token": room.token})
    config = client.send(visitor, "getConfig", query={"token": room.token})
    following = client.send(
        visitor,
        "getNextAgent",
        path={"token": world.visitor().token},
        query={"department": world.home.department.id},
    )
    return {
        "getAgentInfo": (info, _part(info, "agent")),
        "getConfig": (config, _part(config, "config", "agent")),
        "getNextAgent": (following, _part(following, "agent")),
    }


@pytest.mark.routing("Auto_Selection")
@pytest.mark.clause("LC-SECURITY-028", "LC-SECURITY-030")
def test_an_agent_is_shown_to_visitors_with_little(world: World, client: RecordingClient, judge: Judge) -> None:
    """An agent as a visitor is shown him carries no roles, no settings, and no visitor's token."""
    world.need_enabled()
    room = world.served_room(_named_visitor(world))
    for operation, (exchange, agent) in _agents_shown(world, client, room).items():
        if not isinstance(agent, dict):
            raise judge.missing(exchange, "an agent")
        judge.equal(
            "LC-SECURITY-030",
            named(agent, _ACCOUNT),
            [],
            f"{operation} shows a visitor the account of an agent",
            exchange=exchange,
            pointer="/agent",
        )
        judge.that(
            "LC-SECURITY-028",
            room.token not in json.dumps(agent, ensure_ascii=False),
            f"{operation} shows a visitor's token with the agent",
            exchange=exchange,
            expected="no token",
            observed=agent,
        )


@pytest.mark.routing("Manual_Selection")
@pytest.mark.clause("LC-SECURITY-028")
def test_the_queue_shows_no_tokens(world: World, client: RecordingClient, judge: Judge) -> None:
    """The list of inquiries shows nobody a visitor's token."""
    room = world.queued_room(_named_visitor(world))
    query = {"department": world.home.department.id, "count": 100, "sort": {"ts": -1}}
    listed = client.send(world.home.agent, "listInquiries", query=query)
    if not is_accepted(listed):
        listed = client.send(world.manager(), "listInquiries", query=query)
    if room.id not in json.dumps(listed.json):
        raise judge.missing(listed, "the inquiry of the room")
    shown = named(listed.json, frozenset({"token"}))
    judge.that(
        "LC-SECURITY-028",
        not shown and room.token not in json.dumps(listed.json, ensure_ascii=False),
        "the list of inquiries shows the token of a visitor",
        exchange=listed,
        expected="no token",
        observed=shown or room.token,
        pointer="/inquiries",
    )


@pytest.mark.clause("LC-SECURITY-029")
def test_staff_carries_no_secrets(world: World, client: RecordingClient, judge: Judge) -> None:
    """An agent or manager as any operation shows him carries no password hash and no login token."""
    agent, room = world.home.agent, world.served_room()
    user = world.plain_user(fresh=True)
    answers = [exchange for exchange, _ in _agents_shown(world, client, room).values()]
    for role, person in (("agent", agent), ("manager", world.manager())):
        answers += _as_staff(world, client, role, person)
    for role in ("agent", "manager"):
        answers.append(client.send(world.admin, "registerUser", path={"type": role}, json={"username": user.username}))
        answers += _as_staff(world, client, role, user)
    answers.append(departments.read(world, client, world.home.department.id))
    for exchange in answers:
        text = json.dumps(exchange.json, ensure_ascii=False)
        judge.equal(
            "LC-SECURITY-029",
            named(exchange.json, _SECRETS),
            [],
            "an answer carries what a member of staff proves himself with",
            exchange=exchange,
        )
        found = _HASH.search(text)
        judge.equal(
            "LC-SECURITY-029", found and found[0], None, "an answer carries the hash of a password", exchange=exchange
        )


def _as_staff(world: World, client: RecordingClient, role: str, person: Persona) -> list[Exchange]:
    """A member of staff as the operations for staff show him."""
    return [
        client.send(world.admin, "listUsers", path={"type": role}, query={"count": 100, "text": person.username}),
        client.send(world.admin, "getUser", path={"type": role, "_id": str(person.user_id)}),
    ]


@pytest.mark.clause("LC-SECURITY-026")
def test_a_channel_is_no_room_of_a_visitor(world: World, client: RecordingClient, judge: Judge) -> None:
    """A room id that belongs to a channel is refused without showing the raw error of the database."""
    visitor = world.visitor()
    if world.has_admin:
        # Where the channel is gone, its id would become that of a new room.
        known = client.request(world.admin, "GET", "/api/v1/channels.info", query={"roomId": "GENERAL"})
        if known.status != 200:
            judge.not_reached("LC-SECURITY-026", "the server has no channel GENERAL", known)
            return
    exchange = client.send(visitor, "openRoom", query={"token": visitor.token, "rid": "GENERAL"})
    if is_accepted(exchange) and _part(exchange, "room", "_id") == "GENERAL":
        world.created("room", f"{visitor.token}/GENERAL", "GENERAL", token=visitor.token)
    judge.refused("LC-SECURITY-026", exchange)
    _judge_raw(judge, "LC-SECURITY-026", exchange)


@pytest.mark.clause("LC-SECURITY-027")
def test_an_update_cannot_change_the_id(world: World, client: RecordingClient, judge: Judge) -> None:
    """An update of a department with another _id is refused without showing the raw error of the database."""
    department = world.department()
    other = world.new_department_name()
    sent = departments.body(department.name, _id=other)
    exchange = client.send(world.admin, "updateDepartment", path={"_id": department.id}, json=sent)
    judge.refused("LC-SECURITY-027", exchange)
    _judge_raw(judge, "LC-SECURITY-027", exchange)
    read = departments.read(world, client, department.id)
    judge.equal(
        "LC-SECURITY-027",
        departments.found(read).get("_id"),
        department.id,
        "an update with another _id took the department away from its own",
        exchange=read,
        pointer="/department/_id",
    )


def _judge_raw(judge: Judge, clause: str, exchange: Exchange) -> None:
    text = json.dumps(exchange.json, ensure_ascii=False)
    found = _RAW.search(text)
    raw = named(exchange.json, _DRIVER) or ([found[0]] if found else [])
    judge.equal(clause, raw, [], "the refusal shows the raw error of the database", exchange=exchange)


@pytest.mark.clause("LC-SECURITY-028")
def test_refusals_and_foreign_answers_show_no_token(world: World, client: RecordingClient, judge: Judge) -> None:
    """What is answered to somebody else's call holds no visitor's token."""
    room, other = world.room(_named_visitor(world)), world.room()
    token = room.token
    calls = [
        client.send(NOBODY, "getConfig"),
        client.send(other.visitor, "getConfig", query={"token": other.token}),
        client.send(other.visitor, "openRoom", query={"token": other.token, "rid": room.id}),
        client.send(other.visitor, "getAgentInfo", path={"rid": room.id, "token": other.token}),
        client.send(other.visitor, "getVisitor", path={"token": other.token}),
    ]
    for exchange in calls:
        judge.that(
            "LC-SECURITY-028",
            token not in json.dumps(exchange.json, ensure_ascii=False),
            "an answer to somebody else shows a visitor's token",
            exchange=exchange,
            expected="no token",
            observed=token,
        )
