"""Rooms: opening them, asking for open and closed ones, and who serves them (docs: Livechat, room)."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract import error_code
from conformance.contract.exchange import Exchange
from conformance.suite.helpers import (
    at_once,
    happened_now,
    listed_room,
    moment,
    nobody_online,
    room_in,
    rooms_named,
    served_by,
    visitor_of,
)
from conformance.suite.judge import Judge, is_accepted
from conformance.suite.levels import Budget
from conformance.target import RecordingClient
from conformance.target.personas import Persona
from conformance.world import PreconditionFailed, Unavailable, World
from conformance.world.things import Room, Visitor


def ask(client: RecordingClient, visitor: Visitor, **query: str | None) -> Exchange:
    """GET room in the name of a visitor."""
    return client.send(visitor, "openRoom", query={"token": visitor.token, **query})


def ask_new(world: World, client: RecordingClient, visitor: Visitor, **query: str | None) -> Exchange:
    """As ``ask``, where it must open a room.

    Raises:
        Unavailable: Nobody is online on a server whose agents are not ours to make.
    """
    exchange = ask(client, visitor, **query)
    if not world.has_admin and exchange.response is not None and error_code(exchange.response) == "no-agent-online":
        raise Unavailable("no agent is online on the server, and without admin credentials none can be made")
    return exchange


def once_served(world: World, room: Room) -> dict[str, Any]:
    """The room's document as soon as it names an agent, or the last one before the deadline."""
    if served_by(room.data):
        return room.data
    return world.eventually(lambda: world.reread(room), until=served_by, deadline_s=5)


@pytest.mark.clause("LC-ROOM-005", "LC-ROOM-006", "LC-ROOM-007", "LC-ROOM-017")
def test_each_call_without_a_room_id_opens_one_more_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """Each call without a room id opens a new room of its own, and a call with an id returns that very room."""
    visitor = world.visitor()
    first = ask_new(world, client, visitor)
    first_id = judge.pick(first, "room", "_id")
    judge.equal("LC-ROOM-005", judge.pick(first, "newRoom"), True, "the first room of a visitor is not said to be new")
    for key, value in (("t", "l"), ("open", True), ("cl", False)):
        seen = first.json["room"].get(key)
        judge.equal("LC-ROOM-017", seen, value, f"the {key} of a new room is {seen!r}, not {value!r}", exchange=first)

    second = ask_new(world, client, visitor)
    second_id = judge.pick(second, "room", "_id")
    judge.that(
        "LC-ROOM-006",
        second_id != first_id,
        "a call without a room id, while another room was open, was answered with that other room",
        exchange=second,
        observed=second_id,
    )
    seen = judge.pick(second, "newRoom")
    judge.equal("LC-ROOM-006", seen, True, f"the visitor's second room has newRoom {seen!r}", exchange=second)

    for label, id in (("first", first_id), ("second", second_id)):
        again = ask(client, visitor, rid=id)
        seen = judge.pick(again, "room", "_id")
        sentence = f"asking for the {label} of two open rooms by its id returned another room"
        judge.equal("LC-ROOM-007", seen, id, sentence, exchange=again, pointer="/room/_id")
        seen = judge.pick(again, "newRoom")
        sentence = f"asking for an open room by its id was answered with newRoom {seen!r}"
        judge.equal("LC-ROOM-007", seen, False, sentence, exchange=again, pointer="/newRoom")
    asked = ask(client, visitor, rid=first_id)
    seen = judge.pick(asked, "room").get("ts")
    sentence = "an open room that is asked for by its id comes with another ts than at its opening"
    judge.equal("LC-ROOM-007", seen, first.json["room"].get("ts"), sentence, exchange=asked, pointer="/room/ts")


@pytest.mark.clause("LC-ROOM-008")
def test_reading_an_open_room_opens_no_other(world: World, client: RecordingClient, judge: Judge) -> None:
    """Reading an open room by its id any number of times opens no further room."""
    room = world.room()
    for _ in range(3):
        again = ask(client, room.visitor, rid=room.id)
        same = judge.pick(again, "room", "_id") == room.id and judge.pick(again, "newRoom") is False
        judge.that("LC-ROOM-008", same, "reading an open room by its id gave a new room", exchange=again)
    if world.has_admin:
        mine, listed = rooms_named(world, room.visitor)
        ids = [each.get("_id") for each in mine]
        sentence = f"after three readings of his one room the visitor has {len(ids)} rooms"
        judge.that("LC-ROOM-008", set(ids) <= {room.id}, sentence, exchange=listed, expected=[room.id], observed=ids)


@pytest.mark.clause("LC-ROOM-009", "LC-ROOM-010")
def test_a_closed_room_is_replaced_by_a_new_one(world: World, client: RecordingClient, judge: Judge) -> None:
    """The id of a closed room opens a new room under another id, and the closed one stays closed."""
    room = world.closed_room()
    asked = ask_new(world, client, room.visitor, rid=room.id)
    judge.accepted("LC-ROOM-009", asked)
    seen = judge.pick(asked, "room", "_id")
    judge.that("LC-ROOM-009", seen != room.id, "asking for a closed room returned the closed room", exchange=asked)
    seen = judge.pick(asked, "newRoom")
    judge.equal("LC-ROOM-009", seen, True, f"the room in place of a closed one has newRoom {seen!r}", exchange=asked)
    seen = judge.pick(asked, "room").get("open")
    judge.equal("LC-ROOM-009", seen, True, f"the room in place of a closed one has open {seen!r}", exchange=asked)
    if world.has_admin:
        after, listed = listed_room(world, room)
        closed = not after.get("open") and after.get("closedAt") is not None
        sentence = "a closed room is no longer closed after its visitor asked for it"
        seen = {key: after.get(key) for key in ("open", "closedAt")}
        judge.that("LC-ROOM-010", closed, sentence, exchange=listed, expected="no open, a closedAt", observed=seen)


@pytest.mark.clause("LC-ROOM-011")
def test_a_room_id_that_nobody_used_becomes_the_new_rooms(world: World, client: RecordingClient, judge: Judge) -> None:
    """A room id that nobody has used becomes the id of the new room."""
    visitor, wanted = world.visitor(), world.new_room_id()
    opened = ask_new(world, client, visitor, rid=wanted)
    judge.accepted("LC-ROOM-011", opened)
    seen = judge.pick(opened, "room", "_id")
    judge.equal("LC-ROOM-011", seen, wanted, "a new room does not have the id that was asked for", exchange=opened)
    again = ask(client, visitor, rid=wanted)
    seen = judge.pick(again, "room", "_id")
    judge.equal("LC-ROOM-011", seen, wanted, "a room with a chosen id is not found again under it", exchange=again)


@pytest.mark.clause("LC-ROOM-012")
def test_an_empty_room_id_opens_a_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """An empty room id counts as no room id and opens a room."""
    opened = ask_new(world, client, world.visitor(), rid="")
    if judge.accepted("LC-ROOM-012", opened):
        seen = judge.pick(opened, "room", "_id")
        judge.that("LC-ROOM-012", seen != "", "an empty room id became the id of a room", exchange=opened)
        again = ask_new(world, client, world.visitor(), rid="")
        other = judge.pick(again, "room", "_id")
        sentence = "an empty room id gave the room of another visitor"
        judge.that("LC-ROOM-012", other != seen, sentence, exchange=again, observed=other)


@pytest.mark.clause("LC-ROOM-013")
def test_an_unknown_token_opens_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """A token that no visitor has is refused with invalid-token, with or without a known room id."""
    room = world.room()
    unknown = f"{world.prefix}-nobody"
    for query in ({"token": unknown}, {"token": unknown, "rid": room.id}):
        judge.refused("LC-ROOM-013", client.send(room.visitor, "openRoom", query=query), code="invalid-token")


@pytest.mark.clause("LC-ROOM-014", "LC-ROOM-015")
def test_a_room_names_its_visitor(world: World, client: RecordingClient, judge: Judge) -> None:
    """The room names the visitor who opened it, and bears his name."""
    world.room()
    token = world.new_token()
    visitor = world.visitor(token=token, name=f"Vera Łuna {token}")
    opened = ask_new(world, client, visitor)
    room = judge.pick(opened, "room")
    for exchange in (opened, ask(client, visitor, rid=room.get("_id"))):
        found = judge.pick(exchange, "room")
        seen = {key: visitor_of(found).get(key) for key in ("_id", "username", "token")}
        expected = {"_id": visitor.id, "username": visitor.username, "token": visitor.token}
        sentence = "the room does not name the visitor who opened it"
        judge.equal("LC-ROOM-014", seen, expected, sentence, exchange=exchange, pointer="/room/v")
        sentence = "the fname of the room is not the name of its visitor"
        judge.equal("LC-ROOM-015", found.get("fname"), visitor.name, sentence, exchange=exchange, pointer="/room/fname")


@pytest.mark.clause("LC-ROOM-016")
def test_the_room_of_a_nameless_visitor_has_his_username(world: World, client: RecordingClient, judge: Judge) -> None:
    """The room of a visitor without a name has his username as fname."""
    visitor = world.visitor(name=None)
    opened = ask_new(world, client, visitor)
    seen = judge.pick(opened, "room").get("fname")
    sentence = "the fname of a nameless visitor's room is not his username"
    judge.equal("LC-ROOM-016", seen, visitor.username, sentence, exchange=opened, pointer="/room/fname")


@pytest.mark.clause("LC-ROOM-018")
def test_a_room_has_the_time_of_its_opening(world: World, client: RecordingClient, judge: Judge) -> None:
    """The ts of a new room is the moment of its opening."""
    visitor = world.visitor()
    first = ask_new(world, client, visitor)
    again = ask(client, visitor, rid=judge.pick(first, "room", "_id"))
    second = ask_new(world, client, visitor)
    for exchange in (first, second):
        ts = judge.pick(exchange, "room").get("ts")
        clock = exchange.response.headers.get("date") if exchange.response else None
        judge.that(
            "LC-ROOM-018",
            happened_now(ts, exchange),
            "the ts of a new room is not the moment of its opening by the server's own clock",
            exchange=exchange,
            expected=clock,
            observed=ts,
            pointer="/room/ts",
        )
    if judge.pick(second, "room", "_id") != judge.pick(again, "room", "_id"):
        if not _grows(judge, first, second):
            # The clock of a machine may be set back between two calls, but hardly twice.
            first, second = second, ask_new(world, client, visitor)
        sentence = "a room that was opened after another one does not have a later ts"
        told = [judge.pick(each, "room").get("ts") for each in (first, second)]
        judge.that(
            "LC-ROOM-018",
            _grows(judge, first, second),
            sentence,
            exchange=second,
            expected=f"after {told[0]}",
            observed=told[1],
        )


def _grows(judge: Judge, first: Exchange, second: Exchange) -> bool:
    """Whether the second of two new rooms has a later ts than the first."""
    earlier, later = (moment(judge.pick(each, "room").get("ts")) for each in (first, second))
    return earlier is not None and later is not None and earlier < later


@pytest.mark.clause("LC-ROOM-019")
def test_a_room_belongs_to_its_visitors_department(world: World, client: RecordingClient, judge: Judge) -> None:
    """The departmentId of a new room is the department with which the visitor registered."""
    home = world.home
    other = world.department(agents=(home.agent, home.second_agent))
    for department in (other, home.department):
        opened = ask(client, world.visitor(department=department))
        seen = judge.pick(opened, "room").get("departmentId")
        sentence = "a new room is not in the department with which its visitor registered"
        judge.equal("LC-ROOM-019", seen, department.id, sentence, exchange=opened, pointer="/room/departmentId")
        again = ask(client, world.visitor(department=department), rid=None)
        seen = judge.pick(again, "room").get("departmentId")
        judge.equal("LC-ROOM-019", seen, department.id, sentence, exchange=again, pointer="/room/departmentId")


def _username_of(world: World, user_id: str) -> str | None:
    """The username of any user of the server, as the administrator reads it."""
    seen = world.client.send(world.admin, "getUserInfo", query={"userId": user_id}).json
    user = seen.get("user") if isinstance(seen, dict) else None
    return user.get("username") if isinstance(user, dict) else None


@pytest.mark.clause("LC-ROOM-020", "LC-ROOM-021", "LC-ROOM-022")
@pytest.mark.routing("Auto_Selection")
def test_a_new_room_is_served_by_an_agent_of_the_department(world: World, judge: Judge) -> None:
    """Under automatic selection an agent of the visitor's department who is online serves a new room."""
    online = world.home.second_agent
    offline = world.agent(online=False)
    world.set_status(offline, "offline")
    department = world.department(agents=(offline, online))
    for _ in range(3):
        room = room_in(world, department)
        agent = served_by(once_served(world, room))
        id, username = agent.get("_id"), agent.get("username")
        sentence = "a new room is served by nobody" if id is None else "a new room is served by an agent who is offline"
        held = id not in {None, offline.user_id}
        judge.that("LC-ROOM-020", held, sentence, exchange=room.exchange, expected=online.user_id, observed=id)
        if id is None:
            continue
        sentence = "a new room is served by an agent who is not of its visitor's department"
        held = id in {online.user_id, offline.user_id}
        judge.that("LC-ROOM-021", held, sentence, exchange=room.exchange, expected=online.user_id, observed=id)
        names: dict[str | None, str | None] = {each.user_id: each.username for each in (online, offline)}
        expected = names[id] if id in names else _username_of(world, str(id))
        sentence = "the servedBy of a room mixes the id of one agent with the username of another"
        judge.equal("LC-ROOM-022", username, expected, sentence, exchange=room.exchange, pointer="/room/servedBy")


@pytest.mark.clause("LC-ROOM-022", "LC-ROOM-023")
@pytest.mark.routing("Auto_Selection")
def test_chats_go_in_turn_to_the_agents_of_a_department(world: World, judge: Judge) -> None:
    """Under automatic selection the chats of a department go in turn to its agents, who all have equally many."""
    home = world.home
    department = world.department(agents=(home.agent, home.second_agent))
    room = None
    serving: list[object] = []
    names: dict[object, str | None] = {each.user_id: each.username for each in (home.agent, home.second_agent)}
    for _ in range(4):
        room = room_in(world, department)
        agent = served_by(once_served(world, room))
        serving.append(agent.get("_id"))
        if serving[-1] in names:
            expected_name, sentence = names[serving[-1]], "the servedBy of a room mixes two agents of a department"
            judge.equal("LC-ROOM-022", agent.get("username"), expected_name, sentence, exchange=room.exchange)
    assert room is not None
    shares = {each.username: serving.count(each.user_id) for each in (home.agent, home.second_agent)}
    sentence = "four new chats did not go to the two agents of the department by halves"
    expected = dict.fromkeys(shares, 2)
    judge.equal("LC-ROOM-023", shares, expected, sentence, exchange=room.exchange)


def leaves_nothing(world: World, judge: Judge, visitor: Visitor) -> None:
    """Judge that a visitor whose openings were all refused has no room."""
    left, listed = rooms_named(world, visitor)
    ids = [each.get("_id") for each in left]
    judge.that("LC-ROOM-026", not ids, "a refused opening left a room behind", exchange=listed, observed=ids)


@pytest.mark.clause("LC-ROOM-024", "LC-ROOM-026", "LC-ROOM-030")
@pytest.mark.exclusive
def test_nobody_online_means_no_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """While nobody is online a new room is refused and leaves nothing behind, unless chats need no agent."""
    visitor, wanted, lone = world.visitor(), world.new_room_id(), world.visitor(department=None)
    with nobody_online(world):
        judge.refused("LC-ROOM-024", ask(client, lone), code="no-agent-online")
        answers = [ask(client, visitor), ask(client, visitor, rid=wanted)]
        for answer in answers:
            judge.refused("LC-ROOM-024", answer, code="no-agent-online")
        if not any(map(is_accepted, answers)):
            leaves_nothing(world, judge, visitor)
        with world.setting("Livechat_accept_chats_with_no_agents", True):
            opened = world.eventually(lambda: ask(client, visitor), until=is_accepted, deadline_s=3)
            if judge.accepted("LC-ROOM-030", opened):
                agent = judge.pick(opened, "room").get("servedBy")
                sentence = "a room that was opened with nobody online is served by somebody"
                judge.that("LC-ROOM-030", agent is None, sentence, exchange=opened, observed=agent)


@pytest.mark.clause("LC-ROOM-031")
@pytest.mark.exclusive
def test_livechat_switched_off_still_opens_rooms(world: World, client: RecordingClient, judge: Judge) -> None:
    """Switching Livechat off in the settings does not keep a visitor from opening a room."""
    visitor = world.visitor()
    with world.setting("Livechat_enabled", False):
        opened = ask(client, visitor)
    judge.accepted("LC-ROOM-031", opened)


@pytest.mark.clause("LC-ROOM-025", "LC-ROOM-026", "LC-ROOM-028")
def test_an_offline_agent_serves_nobody(world: World, client: RecordingClient, judge: Judge) -> None:
    """A visitor who needs agents who are all offline, those of his department or the one asked for, is refused."""
    offline = world.agent(online=False)
    world.set_status(offline, "offline")
    _ = world.home  # somebody else is online, but not for him
    alone = world.visitor(department=world.department(agents=(offline,)))
    opening = ask(client, alone)
    if is_accepted(opening) and judge.pick(opening, "room").get("departmentId") != alone.department_id:
        raise PreconditionFailed("LC-ROOM-019", opening, "a room is not in its visitor's department")
    judge.refused("LC-ROOM-025", opening, code="no-agent-online")
    if not is_accepted(opening):
        leaves_nothing(world, judge, alone)
    wished = world.visitor()
    judge.refused("LC-ROOM-028", ask(client, wished, agentId=offline.user_id), code="no-agent-online")


@pytest.mark.clause("LC-ROOM-027")
def test_the_agent_asked_for_serves_the_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """An agentId of an agent who is online makes that agent serve the new room."""
    home = world.home
    agents: tuple[Persona, ...] = (home.agent, home.second_agent, home.second_agent, home.agent)
    for wanted in agents:
        visitor = world.visitor()
        opened = ask(client, visitor, agentId=wanted.user_id)
        room = Room(judge.pick(opened, "room", "_id"), visitor, None, judge.pick(opened, "room"), opened)
        seen = served_by(once_served(world, room)).get("_id")
        sentence = "a new room is not served by the agent who was asked for"
        judge.equal("LC-ROOM-027", seen, wanted.user_id, sentence, exchange=opened, pointer="/room/servedBy/_id")


@pytest.mark.clause("LC-ROOM-029")
@pytest.mark.routing("Manual_Selection")
def test_a_new_room_waits_under_manual_selection(world: World, judge: Judge) -> None:
    """Under manual selection a new room has no servedBy."""
    room = world.room()
    for document in (room.data, world.reread(room)):
        agent = document.get("servedBy")
        sentence = "a new room is served by somebody although agents choose their chats themselves"
        judge.that("LC-ROOM-029", agent is None, sentence, exchange=room.exchange, observed=agent)


@pytest.mark.clause("LC-ROOM-032")
def test_rooms_opened_in_parallel_are_all_different(
    world: World, client: RecordingClient, judge: Judge, budget: Budget
) -> None:
    """Rooms that one visitor opens in parallel all have ids of their own."""
    visitor = world.visitor()
    answers = at_once(budget.parallel, lambda _: ask_new(world, client, visitor))
    ids = [judge.pick(each, "room", "_id") for each in answers if is_accepted(each)]
    if len(ids) < 2:
        raise judge.missing(answers[0], "two rooms opened at once")
    sentence = f"{len(ids)} rooms opened at once have only {len(set(ids))} ids"
    judge.that("LC-ROOM-032", len(set(ids)) == len(ids), sentence, exchange=answers[0], observed=sorted(ids))
    if world.has_admin:
        mine, listed = rooms_named(world, visitor)
        lost = set(ids) - {each.get("_id") for each in mine}
        sentence = f"{len(lost)} rooms that were opened at once are not listed"
        judge.that("LC-ROOM-032", not lost, sentence, exchange=listed, observed=sorted(lost))
