"""Rooms: the list's order, and what a listed room says (docs: Livechat, rooms). Filters: ``test_rooms_list``."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import listed_room, moment, room_in, rooms_in, rooms_named, visitor_of
from conformance.suite.judge import Judge, is_accepted
from conformance.world import PreconditionFailed, World
from conformance.world.things import Room

_WHOLE = {"t", "fname", "v", "ts"}
"""Keys that every room has and that a list limited to other fields does not show."""


def ask(world: World, **query: Any) -> Exchange:
    """GET rooms as a manager, as many as one page holds."""
    return world.client.send(world.manager(), "listRooms", query={"count": 100, **query})


@pytest.mark.clause("LC-ROOM-061")
def test_a_new_room_is_listed(world: World, judge: Judge) -> None:
    """A room that was just opened is listed under its id, with its visitor."""
    mine = [world.room() for _ in range(2)]
    for room in mine:
        _, listed = rooms_named(world, room.visitor)
        found = [each for each in rooms_in(listed) if each.get("_id") == room.id]
        if not judge.that("LC-ROOM-061", bool(found), "a room that was just opened is not listed", exchange=listed):
            continue
        seen = {key: visitor_of(found[0]).get(key) for key in ("_id", "username", "token")}
        expected = {"_id": room.visitor.id, "username": room.visitor.username, "token": room.token}
        judge.equal("LC-ROOM-061", seen, expected, "a room is listed with another visitor", exchange=listed)
    # Without any filter the newest come first, so that these rooms stand before any that was opened earlier.
    listed = ask(world)
    if is_accepted(listed):
        times = [one for one in (moment(each.get("ts")) for each in rooms_in(listed)) if one is not None]
        for room in mine:
            opened, shown = moment(room.data.get("ts")), [each.get("_id") for each in rooms_in(listed)]
            reached = opened is not None and bool(times) and min(times) < opened
            held = room.id in shown or not reached
            sentence = "a room that was just opened is missing from the list without filters"
            judge.that("LC-ROOM-061", held, sentence, exchange=listed)


@pytest.mark.clause("LC-ROOM-080")
def test_the_newest_rooms_come_first(world: World, judge: Judge) -> None:
    """Rooms are listed with the newest opening first unless a sort is given."""
    rooms = [world.room() for _ in range(3)]
    # What happens to an old room later must not make it newer.
    world.message(rooms[0])
    world.close(rooms[1])
    listed = ask(world)
    if not is_accepted(listed):
        raise judge.missing(listed, "rooms")
    times = [moment(each.get("ts")) for each in rooms_in(listed)]
    known = [one for one in times if one is not None]
    held = known == sorted(known, reverse=True)
    judge.that("LC-ROOM-080", held, "the rooms are not listed with the newest opening first", exchange=listed)
    ids = [room.id for room in rooms]
    seen = list(dict.fromkeys(each["_id"] for each in rooms_in(listed) if each.get("_id") in ids))
    sentence = "of three rooms the last opened is not listed before those opened earlier"
    expected = [id for id in ids[::-1] if id in seen]
    judge.equal("LC-ROOM-080", seen, expected, sentence, exchange=listed)


@pytest.mark.clause("LC-ROOM-081")
def test_the_fields_parameter_limits_or_is_ignored(world: World, judge: Judge) -> None:
    """The fields parameter either limits the keys of the listed rooms or is ignored."""
    room = world.room()
    listed = ask(world, departmentId=room.data.get("departmentId"), fields={"msgs": 1})
    if not judge.accepted("LC-ROOM-081", listed) or not rooms_in(listed):
        return
    keys = [set(each) for each in rooms_in(listed)]
    if all(each >= _WHOLE for each in keys):
        judge.way("LC-ROOM-081", "server", listed)
    elif all("msgs" in each and not each & _WHOLE for each in keys):
        judge.way("LC-ROOM-081", "documentation", listed)
    else:
        sentence = "with fields the rooms are neither listed whole nor with those fields only"
        judge.that("LC-ROOM-081", False, sentence, exchange=listed, expected=["_id", "msgs"], observed=sorted(keys[0]))


@pytest.mark.clause("LC-ROOM-082")
def test_a_listed_room_names_its_department(world: World, judge: Judge) -> None:
    """A listed room of an existing department carries that department's id and name."""
    home = world.home
    other = world.department(agents=(home.agent, home.second_agent))
    for department in (other, home.department):
        room = room_in(world, department)
        document, listed = listed_room(world, room)
        shown = document.get("department")
        seen = {key: shown.get(key) for key in ("_id", "name")} if isinstance(shown, dict) else shown
        expected = {"_id": department.id, "name": department.name}
        sentence = "a listed room does not carry the id and the name of its department"
        judge.equal("LC-ROOM-082", seen, expected, sentence, exchange=listed)


@pytest.mark.clause("LC-ROOM-083", "LC-ROOM-084")
def test_a_listed_room_follows_its_messages(world: World, judge: Judge) -> None:
    """Soon after a message the room is listed with it as lastMessage, and with more msgs than before."""
    room, other = world.room(), world.room()
    before = _messages(world, room)
    last = [world.message(room) for _ in range(3)][-1]
    world.message(other)

    def settled(seen: tuple[dict[str, Any], Exchange]) -> bool:
        return _last_message(seen[0]).get("_id") == last.id and seen[0].get("msgs", 0) >= before + 3

    document, listed = world.eventually(lambda: listed_room(world, room), until=settled)
    seen = {key: _last_message(document).get(key) for key in ("_id", "msg")}
    expected = {"_id": last.id, "msg": last.text}
    judge.equal("LC-ROOM-083", seen, expected, "a room is listed without its last message", exchange=listed)
    count = document.get("msgs")
    # System messages may come in between; twice as many as were sent may not.
    held = isinstance(count, int) and before + 3 <= count < before + 6
    sentence = f"after three messages the msgs of the room went from {before} to {count}"
    judge.that("LC-ROOM-084", held, sentence, exchange=listed, expected=before + 3, observed=count)


def _messages(world: World, room: Room) -> int:
    document, listed = listed_room(world, room)
    count = document.get("msgs")
    if not isinstance(count, int):
        raise PreconditionFailed("LC-ROOM-056", listed, "a listed room has no msgs")
    return count


def _last_message(document: dict[str, Any]) -> dict[str, Any]:
    last = document.get("lastMessage")
    return last if isinstance(last, dict) else {}


@pytest.mark.clause("LC-ROOM-085")
def test_a_room_is_listed_once(world: World, judge: Judge) -> None:
    """A room is listed once, whatever happened to it."""
    other = world.department(agents=(world.both_roles(),))
    room = world.room()
    steps = (
        ("its opening", lambda: None),
        ("a message", lambda: world.message(room)),
        ("a transfer", lambda: _transfer(world, room, other.id)),
        ("its closing", lambda: world.close(room)),
    )
    for happened, step in steps:
        step()
        _, listed = rooms_named(world, room.visitor)
        times = [each.get("_id") for each in rooms_in(listed)].count(room.id)
        if not times:
            continue  # that rooms are listed at all is judged by others
        sentence = f"after {happened} the room is listed {times} times"
        judge.equal("LC-ROOM-085", times, 1, sentence, exchange=listed)


def _transfer(world: World, room: Room, department: str) -> Exchange:
    body = {"rid": room.id, "token": room.token, "department": department}
    return world.client.send(room.visitor, "transferRoom", json=body)
