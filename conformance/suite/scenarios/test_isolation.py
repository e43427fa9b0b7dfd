"""Isolation: what belongs to one visitor, no other visitor reads, writes, closes or gets sent.

Each test has the two sides: the stranger is refused, and the owner's thing is afterwards as it was.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite import messages, visitors
from conformance.suite.chats import SETTLE_S
from conformance.suite.helpers import listed_room
from conformance.suite.judge import Judge, is_accepted
from conformance.target import NOBODY, RecordingClient
from conformance.world import Message, Room, World


def history(client: RecordingClient, room: Room) -> list[dict[str, Any]]:
    """The entries of a room as its own visitor reads them."""
    exchange = client.send(room.visitor, "getHistory", path={"rid": room.id}, query={"token": room.token, "limit": 50})
    found = exchange.json.get("messages") if isinstance(exchange.json, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def texts(client: RecordingClient, room: Room) -> list[Any]:
    """The texts in a room."""
    return [each.get("msg") for each in history(client, room)]


@pytest.mark.clause("LC-ISOLATION-001", "LC-ISOLATION-002", "LC-ISOLATION-003", "LC-ISOLATION-004", "LC-ISOLATION-005")
def test_a_stranger_neither_opens_nor_closes_nor_moves_a_room(
    world: World, client: RecordingClient, judge: Judge
) -> None:
    """Another visitor's token does not open, close or transfer a room, and leaves it open where it is."""
    agent = world.agent()
    elsewhere = world.department(agents=[agent])
    room, stranger = world.room(), world.visitor()
    opened = client.send(stranger, "openRoom", query={"token": stranger.token, "rid": room.id})
    judge.refused("LC-ISOLATION-001", opened, code="cannot-access-room")
    closed = client.send(stranger, "closeRoom", json={"rid": room.id, "token": stranger.token})
    judge.refused("LC-ISOLATION-002", closed, code="invalid-room")
    again = client.send(room.visitor, "openRoom", query={"token": room.token, "rid": room.id})
    document = again.json.get("room") if isinstance(again.json, dict) else None
    seen = {"_id": document.get("_id"), "open": document.get("open")} if isinstance(document, dict) else document
    judge.equal(
        "LC-ISOLATION-003",
        seen,
        {"_id": room.id, "open": True},
        "a closing with another visitor's token closed the room",
        exchange=again,
        pointer="/room",
    )
    before = world.reread(room)
    body = {"rid": room.id, "token": stranger.token, "department": elsewhere.id}
    moved = client.send(stranger, "transferRoom", json=body)
    judge.refused("LC-ISOLATION-004", moved, code="invalid-room")
    after = world.reread(room)
    judge.equal(
        "LC-ISOLATION-005",
        {name: after.get(name) for name in ("departmentId", "servedBy")},
        {name: before.get(name) for name in ("departmentId", "servedBy")},
        "a transfer with another visitor's token moved the room",
        exchange=moved,
        pointer="/room",
    )


@pytest.mark.clause("LC-ISOLATION-006", "LC-ISOLATION-007", "LC-ISOLATION-020")
def test_a_stranger_neither_judges_nor_takes_a_room_with_him(
    world: World, client: RecordingClient, judge: Judge
) -> None:
    """Another visitor's token neither answers the survey of a room nor gets its transcript."""
    room, stranger = world.room(), world.visitor()
    own = {"rid": room.id, "token": room.token, "data": [{"name": "satisfaction", "value": "4"}]}
    client.send(room.visitor, "surveyRoom", json=own)
    if world.has_admin:  # the answer may come before the survey is written

        def rated() -> bool:
            return listed_room(world, room)[0].get("surveyFeedback") == {"satisfaction": "4"}

        world.eventually(rated, deadline_s=SETTLE_S)
    foreign = {**own, "token": stranger.token, "data": [{"name": "satisfaction", "value": "1"}]}
    judged = client.send(stranger, "surveyRoom", json=foreign)
    judge.refused("LC-ISOLATION-006", judged, code="invalid-room")
    if world.has_admin:
        listed, exchange = listed_room(world, room)
        judge.equal(
            "LC-ISOLATION-007",
            listed.get("surveyFeedback"),
            {"satisfaction": "4"},
            "a survey with another visitor's token changed the feedback",
            exchange=exchange,
            pointer="/rooms",
        )
    body = {"rid": room.id, "token": stranger.token, "email": world.new_email()}
    sent = client.send(stranger, "requestTranscript", json=body)
    judge.refused("LC-ISOLATION-020", sent, code="error-invalid-room")


@pytest.mark.clause("LC-ISOLATION-008", "LC-ISOLATION-009", "LC-ISOLATION-018", "LC-ISOLATION-019")
def test_a_stranger_neither_reads_nor_writes(world: World, client: RecordingClient, judge: Judge) -> None:
    """Another visitor's token neither writes into a room nor reads its history or its agent."""
    room, other = world.served_room() if world.has_admin else world.room(), world.room()
    text = f"smuggled {world.new_message_id()}"
    written = client.send(other.visitor, "sendMessage", json={"token": other.token, "rid": room.id, "msg": text})
    judge.refused("LC-ISOLATION-008", written, code="invalid-room")
    for place in (room, other):
        seen = texts(client, place)
        judge.that(
            "LC-ISOLATION-009",
            text not in seen,
            "a message with another visitor's token appears in a room",
            exchange=written,
            expected="absent",
            observed=text if text in seen else None,
        )
    read = client.send(other.visitor, "getHistory", path={"rid": room.id}, query={"token": other.token})
    judge.refused("LC-ISOLATION-018", read, code="invalid-room")
    agent = client.send(other.visitor, "getAgentInfo", path={"rid": room.id, "token": other.token})
    judge.refused("LC-ISOLATION-019", agent, code="invalid-room")


@pytest.mark.clause("LC-ISOLATION-028")
def test_a_closed_room_is_its_visitors_own(world: World, client: RecordingClient, judge: Judge) -> None:
    """Of a closed room a stranger gets neither history nor agent nor transcript, and he answers no survey about it."""
    room, stranger = world.served_room() if world.has_admin else world.room(), world.visitor()
    text = world.message(room).text
    world.close(room)
    token = {"rid": room.id, "token": stranger.token}
    rating = [{"name": "satisfaction", "value": "1"}]
    calls = (
        (client.send(stranger, "getHistory", path={"rid": room.id}, query={"token": stranger.token}), "invalid-room"),
        (client.send(stranger, "getAgentInfo", path=token), "invalid-room"),
        (client.send(stranger, "surveyRoom", json={**token, "data": rating}), "invalid-room"),
        (client.send(stranger, "requestTranscript", json={**token, "email": world.new_email()}), "error-invalid-room"),
    )
    for exchange, code in calls:
        judge.refused("LC-ISOLATION-028", exchange, code=code)
    judge.that("LC-ISOLATION-028", text in texts(client, room), "the visitor himself lost the history of his room")


@pytest.mark.clause(
    "LC-ISOLATION-010", "LC-ISOLATION-011", "LC-ISOLATION-012", "LC-ISOLATION-014", "LC-ISOLATION-015",
    "LC-ISOLATION-016",
)  # fmt: skip
def test_a_stranger_does_not_touch_messages(world: World, client: RecordingClient, judge: Judge) -> None:
    """Another visitor neither edits nor deletes a message, whether he names its room or his own."""
    room, other = world.room(), world.room()
    message = world.message(room, "mine alone")

    def by(rid: str) -> dict[str, Any]:
        return {"token": other.token, "rid": rid, "msg": "tampered"}

    edited = client.send(other.visitor, "editMessage", path={"_id": message.id}, json=by(room.id))
    judge.refused("LC-ISOLATION-010", edited, code="invalid-room")
    own_room = client.send(other.visitor, "editMessage", path={"_id": message.id}, json=by(other.id))
    judge.refused("LC-ISOLATION-011", own_room, code="error-action-not-allowed")
    _unchanged(client, judge, "LC-ISOLATION-012", room, message, own_room)
    for clause, rid, code in (
        ("LC-ISOLATION-014", room.id, "invalid-room"),
        ("LC-ISOLATION-015", other.id, "error-action-not-allowed"),
    ):
        body = {"token": other.token, "rid": rid}
        deleted = client.send(other.visitor, "deleteMessage", path={"_id": message.id}, json=body)
        judge.refused(clause, deleted, code=code)
    _unchanged(client, judge, "LC-ISOLATION-016", room, message, deleted)


def _unchanged(
    client: RecordingClient, judge: Judge, clause: str, room: Room, message: Message, exchange: Exchange
) -> None:
    seen = [each.get("msg") for each in history(client, room) if each.get("_id") == message.id]
    judge.equal(clause, seen, [message.text], "another visitor changed the message or took it away", exchange=exchange)


@pytest.mark.clause("LC-ISOLATION-013", "LC-ISOLATION-017")
def test_a_visitor_does_not_touch_messages_of_the_agent(world: World, client: RecordingClient, judge: Judge) -> None:
    """A visitor neither edits nor deletes a message of the agent."""
    room = world.served_room()
    agent = room.agent or world.home.agent
    # The reference is the server's own system message where an agent cannot write by REST.
    sent = client.request(
        agent, "POST", "/api/v1/chat.sendMessage", json={"message": {"rid": room.id, "msg": "from the agent"}}
    )
    message = sent.json.get("message") if isinstance(sent.json, dict) else None
    id = message.get("_id") if isinstance(message, dict) else None
    if not isinstance(id, str):
        spoken = next(
            (each for each in history(client, room) if (each.get("u") or {}).get("_id") == agent.user_id), None
        )
        id = spoken.get("_id") if spoken else None
    if not isinstance(id, str):
        raise judge.missing(sent, "a message of the agent in the room")
    judge.refused("LC-ISOLATION-013", messages.edit(client, room, id, "tampered"), code="error-action-not-allowed")
    judge.refused("LC-ISOLATION-017", messages.delete(client, room, id), code="error-action-not-allowed")


@pytest.mark.clause("LC-ISOLATION-021", "LC-ISOLATION-022")
def test_custom_fields_stay_with_their_visitor(world: World, client: RecordingClient, judge: Judge) -> None:
    """Custom fields go to the visitor of the token only; no other visitor gets them."""
    field = world.custom_field("visitor")
    owner, stranger = world.visitor(), world.visitor()
    body = {"token": stranger.token, "key": field.id, "value": "his own", "overwrite": True}
    client.send(stranger, "setCustomField", json=body)
    one = client.send(owner, "setCustomField", json={**body, "token": owner.token, "value": "one"})
    for clause, exchange, value in (("LC-ISOLATION-021", one, "one"), ("LC-ISOLATION-022", None, "several")):
        sent = exchange or client.send(
            owner,
            "setCustomFields",
            json={"token": owner.token, "customFields": [{"key": field.id, "value": value, "overwrite": True}]},
        )
        observed = [
            (visitors.stored(client, each.token).get("livechatData") or {}).get(field.id) for each in (owner, stranger)
        ]
        judge.equal(
            clause,
            observed,
            [value, "his own"],
            "a custom field went to another visitor than that of the token",
            exchange=sent,
            pointer="/visitor/livechatData",
        )


@pytest.mark.clause("LC-ISOLATION-023", "LC-ISOLATION-024")
def test_the_token_decides_who_is_meant(world: World, client: RecordingClient, judge: Judge) -> None:
    """The configuration shows the guest and room of the token only, and a registration changes only its visitor."""
    world.need_enabled()
    rooms = [world.room(), world.room()]
    roomless = world.visitor()
    for visitor, own in (*((room.visitor, room.id) for room in rooms), (roomless, None)):
        exchange = client.send(NOBODY, "getConfig", query={"token": visitor.token})
        config = exchange.json.get("config") if isinstance(exchange.json, dict) else None
        shown = config if isinstance(config, dict) else {}
        observed = {part: (shown.get(part) or {}).get("_id") for part in ("guest", "room")}
        judge.equal(
            "LC-ISOLATION-023",
            observed,
            {"guest": visitor.id, "room": own},
            "the configuration shows another visitor's data",
            exchange=exchange,
            pointer="/config",
        )
    first, second = (room.visitor for room in rooms)
    others = (second, roomless)  # one who chats, and the one who came last
    before = [visitors.stored(client, other.token) for other in others]
    fields = {"name": "Changed", "phone": world.new_phone(), "department": first.department_id or ""}
    changed = visitors.register(client, first.token, **fields)
    kept = ("_id", "token", "username", "name", "phone", "visitorEmails", "department")
    for other, was in zip(others, before, strict=True):
        after = visitors.stored(client, other.token)
        judge.equal(
            "LC-ISOLATION-024",
            {name: after.get(name) for name in kept},
            {name: was.get(name) for name in kept},
            "a registration changed another visitor",
            exchange=changed,
            pointer="/visitor",
        )


@pytest.mark.clause("LC-ISOLATION-025")
def test_a_refusal_tells_nothing_of_the_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """The refusal of a foreign room carries nothing of that room."""
    room, stranger = world.room(), world.visitor()
    secret = f"secret {world.new_message_id()}"
    world.message(room, secret)
    token = stranger.token
    calls = [
        client.send(stranger, "getHistory", path={"rid": room.id}, query={"token": token}),
        client.send(stranger, "closeRoom", json={"rid": room.id, "token": token}),
        client.send(stranger, "sendMessage", json={"rid": room.id, "token": token, "msg": "x"}),
        client.send(stranger, "getAgentInfo", path={"rid": room.id, "token": token}),
    ]
    hidden = [secret, room.token, room.visitor.id, *([room.visitor.email] if room.visitor.email else [])]
    for exchange in calls:
        said = json.dumps(exchange.json, ensure_ascii=False, default=str)
        leaked = [each for each in hidden if each in said]
        judge.equal("LC-ISOLATION-025", leaked, [], "the answer tells a stranger about the room", exchange=exchange)


@pytest.mark.clause("LC-ISOLATION-026", "LC-ISOLATION-027")
def test_tokens_and_credentials_are_not_mixed_up(world: World, client: RecordingClient, judge: Judge) -> None:
    """A visitor's token is no user's credential, and wrong credentials of a user change nothing for a visitor."""
    room = world.room()
    visitor = room.visitor
    disguise = {"x-auth-token": visitor.token, "x-user-id": visitor.id}
    for operation, path, query in (
        ("listRooms", {}, {}),
        ("getVisitorInfo", {}, {"visitorId": visitor.id}),
        ("getInquiry", {}, {"roomId": room.id}),
        ("getChatHistory", {"roomId": room.id, "visitorId": visitor.id}, {}),
    ):
        for headers in (disguise, {}):
            exchange = client.send(
                visitor, operation, path=path, query={**query, "token": visitor.token}, headers=headers
            )
            judge.refused("LC-ISOLATION-026", exchange, status=401)
    wrong = {"x-auth-token": "no such token", "x-user-id": "no such user"}
    calls = [
        client.send(visitor, "getVisitor", path={"token": visitor.token}, headers=wrong),
        client.send(visitor, "getConfig", query={"token": visitor.token}, headers=wrong),
        client.send(visitor, "openRoom", query={"token": visitor.token, "rid": room.id}, headers=wrong),
        client.send(
            visitor, "sendMessage", json={"token": visitor.token, "rid": room.id, "msg": "hello"}, headers=wrong
        ),
        client.send(visitor, "closeRoom", json={"token": visitor.token, "rid": room.id}, headers=wrong),
        client.send(visitor, "registerVisitor", json={"visitor": {"token": visitor.token}}, headers=wrong),
    ]
    for exchange in calls:
        judge.that(
            "LC-ISOLATION-027",
            is_accepted(exchange),
            "wrong credentials of a user stopped a visitor",
            exchange=exchange,
            expected=200,
            observed=exchange.status,
        )
