"""Inquiries: the list of the chats that wait (documentation: Livechat inquiries.list)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.chats import of_room, queued_inquiry, read_inquiry, take, waiting
from conformance.suite.helpers import moment
from conformance.suite.judge import Judge, is_accepted
from conformance.target import RecordingClient
from conformance.world import Department, Room, World

_SHOWN = ("_id", "rid", "name", "ts", "status", "department")


def queued(world: World, department: Department, name: str) -> Room:
    """A waiting chat of a new visitor in a department; his name tells more than his token."""
    token = world.new_token()
    return world.queued_room(world.visitor(token=token, name=f"{name} {token}", department=department))


def listed(
    world: World, client: RecordingClient, judge: Judge, room: Room, *, there: bool = True
) -> tuple[list[dict[str, Any]], Exchange]:
    """The entries of the list that belong to a room, as soon as there are some, or none."""

    def ask() -> tuple[list[dict[str, Any]], Exchange]:
        entries, exchange = waiting(client, judge, world.manager())
        return of_room(entries, room), exchange

    return world.eventually(ask, until=lambda answer: bool(answer[0]) is there, deadline_s=3)


def _values(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [each for one in value.values() for each in _values(one)]
    return [each for one in value for each in _values(one)] if isinstance(value, list) else [value]


@pytest.mark.clause("LC-INQUIRY-006", "LC-INQUIRY-007", "LC-INQUIRY-008", "LC-INQUIRY-009", "LC-INQUIRY-017")
@pytest.mark.routing("Manual_Selection")
def test_waiting_chats_are_listed(world: World, client: RecordingClient, judge: Judge) -> None:
    """Under manual selection each new chat is listed with its ids, its visitor's name and its department."""
    home = world.home
    other = world.department(agents=[home.second_agent])
    places = [
        (queued(world, department, name), department) for name, department in (("Ada", home.department), ("Bea", other))
    ]
    taken = world.served_room()
    entries, exchange = waiting(client, judge, world.manager())
    for room, department in places:
        inquiry = read_inquiry(world, judge, room)
        found = of_room(entries, room)
        judge.equal(
            "LC-INQUIRY-006",
            [each.get("_id") for each in found],
            [inquiry.get("_id")],
            "the waiting chat is not listed once under the _id of its inquiry and the rid of its room",
            exchange=exchange,
            pointer="/inquiries",
        )
        for each in found[:1]:
            sentence = "a listed inquiry does not carry the name of its visitor"
            judge.equal("LC-INQUIRY-008", each.get("name"), room.visitor.name, sentence, exchange=exchange)
            sentence = "a listed inquiry does not carry the department of its room"
            judge.equal("LC-INQUIRY-009", each.get("department"), department.id, sentence, exchange=exchange)
            missing = [key for key in _SHOWN if key not in each]
            sentence = f"a listed inquiry does not show {', '.join(missing)}"
            judge.that("LC-INQUIRY-017", not missing, sentence, exchange=exchange, expected=_SHOWN, observed=list(each))
            secret = room.token in _values(each)
            judge.that("LC-INQUIRY-017", not secret, "a listed inquiry shows its visitor's token", exchange=exchange)
    others = [each for each in entries if each.get("status") != "queued"] + of_room(entries, taken)
    judge.equal(
        "LC-INQUIRY-007",
        [each.get("status") for each in others],
        [],
        "the list shows an inquiry that is not queued",
        exchange=exchange,
        pointer="/inquiries",
    )


@pytest.mark.clause("LC-INQUIRY-010", "LC-INQUIRY-011", "LC-INQUIRY-012")
@pytest.mark.routing("Manual_Selection")
def test_the_list_is_filtered_by_department(world: World, client: RecordingClient, judge: Judge) -> None:
    """With a department, by its id or its name, only its inquiries are listed; an unknown one is no filter."""
    home = world.home
    other = world.department(agents=[home.agent])
    here, there = queued(world, home.department, "Cleo"), queued(world, other, "Dora")
    for clause, by in (("LC-INQUIRY-010", "id"), ("LC-INQUIRY-011", "name")):
        for department, inside, outside in ((other, there, here), (home.department, here, there)):
            entries, exchange = waiting(client, judge, world.manager(), department=getattr(department, by))
            judge.that(
                clause,
                len(of_room(entries, inside)) == 1,
                f"the list filtered by the {by} of a department lacks its inquiry",
                exchange=exchange,
                expected=inside.id,
                observed=[each.get("rid") for each in entries],
                pointer="/inquiries",
            )
            foreign = {each.get("department") for each in entries} - {department.id}
            judge.that(
                clause,
                not foreign and not of_room(entries, outside),
                f"the list filtered by the {by} of a department shows inquiries of others",
                exchange=exchange,
                expected=[department.id],
                observed=sorted(map(str, foreign)),
                pointer="/inquiries",
            )
    for unknown in (world.new_department_name(), ""):
        entries, exchange = waiting(client, judge, world.manager(), department=unknown)
        held = bool(of_room(entries, here)) and bool(of_room(entries, there))
        sentence = f"the list filtered by the unknown department {unknown!r} does not show all departments"
        judge.that("LC-INQUIRY-012", held, sentence, exchange=exchange, pointer="/inquiries")


@pytest.mark.clause("LC-INQUIRY-013", "LC-INQUIRY-014")
@pytest.mark.routing("Manual_Selection")
def test_taken_and_closed_chats_are_listed_no_more(world: World, client: RecordingClient, judge: Judge) -> None:
    """An inquiry that was taken, or whose room was closed, leaves the list; the others stay."""
    home = world.home
    first, second, third = (queued(world, home.department, name) for name in ("Elsa", "Fay", "Gil"))
    entries, exchange = waiting(client, judge, world.manager())
    if not all(of_room(entries, room) for room in (first, second, third)):
        raise judge.missing(exchange, "three waiting chats")
    taken = take(client, world.manager(), str(read_inquiry(world, judge, second).get("_id")), home.agent)
    if not is_accepted(taken):
        raise judge.missing(taken, "the take of a waiting inquiry")
    left, exchange = listed(world, client, judge, second, there=False)
    judge.equal(
        "LC-INQUIRY-013",
        len(left),
        0,
        "an inquiry that was taken is still listed",
        exchange=exchange,
        pointer="/inquiries",
    )
    closed = world.close(first)
    if not is_accepted(closed):
        raise judge.missing(closed, "the closing of a waiting room")
    left, exchange = listed(world, client, judge, first, there=False)
    judge.equal(
        "LC-INQUIRY-014",
        len(left),
        0,
        "the inquiry of a closed room is still listed",
        exchange=exchange,
        pointer="/inquiries",
    )
    kept, exchange = listed(world, client, judge, third)
    for clause, what in (("LC-INQUIRY-013", "take"), ("LC-INQUIRY-014", "closing")):
        sentence = f"the {what} of another chat removed an inquiry from the list"
        judge.equal(clause, len(kept), 1, sentence, exchange=exchange, pointer="/inquiries")


@pytest.mark.clause("LC-INQUIRY-015")
@pytest.mark.routing("Auto_Selection")
def test_served_chats_are_not_listed(world: World, client: RecordingClient, judge: Judge) -> None:
    """Under automatic selection a chat that is served is not listed."""
    home = world.home
    for agent in (home.agent, home.second_agent):
        room = world.served_room(agent=agent)
        left, exchange = listed(world, client, judge, room, there=False)
        sentence = "a chat that an agent serves is listed among those that wait"
        judge.equal("LC-INQUIRY-015", len(left), 0, sentence, exchange=exchange, pointer="/inquiries")


@pytest.mark.clause("LC-INQUIRY-016")
@pytest.mark.routing("Manual_Selection")
def test_the_newest_inquiry_is_listed_first(world: World, client: RecordingClient, judge: Judge) -> None:
    """Inquiries are listed with the newest first unless a sort is given."""
    department = world.department(agents=[world.home.agent])
    rooms = [queued(world, department, name) for name in ("Hans", "Ina", "Abel", "Jo")]
    for room in rooms:
        queued_inquiry(world, judge, room)
    exchange = client.send(world.manager(), "listInquiries", query={"department": department.id})
    listing = judge.pick(exchange, "inquiries")
    mine = [each.get("rid") for each in listing if isinstance(each, dict)]
    judge.equal(
        "LC-INQUIRY-016",
        [each for each in mine if each in {room.id for room in rooms}],
        [room.id for room in reversed(rooms)],
        "the waiting chats of a department are not listed with the newest first",
        exchange=exchange,
        pointer="/inquiries",
    )
    whole = client.send(world.manager(), "listInquiries")
    stamps = [moment(each.get("ts")) for each in judge.pick(whole, "inquiries") if isinstance(each, dict)]
    falling = all(a is not None and b is not None and a >= b for a, b in pairwise(stamps))
    sentence = "the waiting chats of the server are not listed with the newest first"
    judge.that("LC-INQUIRY-016", falling, sentence, exchange=whole, observed=stamps, pointer="/inquiries")
