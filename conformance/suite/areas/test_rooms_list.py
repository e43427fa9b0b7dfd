"""Rooms: the list's filters (docs: Livechat, rooms). What a listed room says is judged in ``test_rooms_listed``."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import listed_room, moment, room_in, rooms_in, served_by
from conformance.suite.judge import Judge, is_accepted
from conformance.world import PreconditionFailed, World
from conformance.world.things import Department, Room
from conformance.world.visitors import HOME


def ask(world: World, **query: Any) -> Exchange:
    """GET rooms as a manager; a name of a filter that ends in ``_`` is that of a list, ``agents_`` is ``agents[]``."""
    named = {f"{name[:-1]}[]" if name.endswith("_") else name: value for name, value in query.items()}
    return world.client.send(world.manager(), "listRooms", query={"count": 100, **named})


def ids_in(exchange: Exchange) -> list[Any]:
    """The ids of the listed rooms, in their order."""
    return [each.get("_id") for each in rooms_in(exchange)]


class Scene:
    """Rooms of this test alone: all their names hold one text, by which the list can be narrowed to them."""

    def __init__(self, world: World) -> None:
        self.world = world
        # The last letter keeps the text of one scene from being the beginning of another's.
        self.text = f"{world.names.next('scene')}x"
        self.rooms: list[Room] = []

    def room(self, department: Department | None = None) -> Room:
        """A room of the scene, of a visitor of its own.

        Raises:
            PreconditionFailed: The room is not in the department that was asked for, which LC-ROOM-019 owns.
        """
        token = self.world.new_token()
        visitor = self.world.visitor(token=token, name=f"{self.text} {token}", department=department or HOME)
        room = self.world.room(visitor)
        if department is not None and room.data.get("departmentId") != department.id:
            assert room.exchange is not None
            raise PreconditionFailed("LC-ROOM-019", room.exchange, "a room is not in its visitor's department")
        self.rooms.append(room)
        return room

    def ask(self, **query: Any) -> Exchange:
        """The rooms of the scene that pass some filters; among others where rooms do not bear their visitors' names."""
        if all(self.text in str(room.data.get("fname")) for room in self.rooms):
            query = {"roomName": self.text, **query}
        return ask(self.world, **query)

    def set_out(self) -> dict[str, dict[str, Any]]:
        """The documents of the scene's rooms by their ids, as they are listed without another filter.

        Raises:
            PreconditionFailed: The list does not show them all, so that no filter can be judged by them.
        """
        exchange = self.ask()
        listed = {str(each.get("_id")): each for each in rooms_in(exchange)}
        missing = [room.id for room in self.rooms if room.id not in listed]
        if missing:
            raise PreconditionFailed("LC-ROOM-064", exchange, f"the list does not show the rooms {missing}")
        return listed

    def judge(self, judge: Judge, requirement: str, exchange: Exchange, expected: list[Room], filter: str) -> None:
        """Judge which rooms of the scene a filtered list shows, and that it was accepted."""
        if not judge.accepted(requirement, exchange):
            return
        mine = {room.id for room in self.rooms}
        seen, wanted = {one for one in ids_in(exchange) if one in mine}, {room.id for room in expected}
        sentence = f"{filter}, the list shows {len(seen - wanted)} rooms too many and misses {len(wanted - seen)}"
        held = seen == wanted
        judge.that(requirement, held, sentence, exchange=exchange, expected=sorted(wanted), observed=sorted(seen))


@pytest.mark.clause("LC-ROOM-062", "LC-ROOM-063", "LC-ROOM-064")
def test_the_list_tells_open_from_closed(world: World, judge: Judge) -> None:
    """With open=true only open rooms are listed, with open=false only closed ones, without it both."""
    scene = Scene(world)
    closed, still_open = scene.room(), scene.room()
    closing = world.close(closed)
    if not is_accepted(closing):
        raise judge.missing(closing, "the closing of a room")
    scene.judge(judge, "LC-ROOM-064", scene.ask(), [closed, still_open], "Without the open filter")
    scene.judge(judge, "LC-ROOM-062", scene.ask(open="true"), [still_open], "With open=true")
    scene.judge(judge, "LC-ROOM-063", scene.ask(open="false"), [closed], "With open=false")
    for requirement, value in (("LC-ROOM-062", "true"), ("LC-ROOM-063", "false")):
        everybody = ask(world, open=value)
        wrong = [each.get("_id") for each in rooms_in(everybody) if (each.get("open") is True) is not (value == "true")]
        sentence = f"with open={value} {len(wrong)} rooms are listed that are not so"
        judge.that(requirement, not wrong, sentence, exchange=everybody, observed=wrong[:5])


@pytest.mark.clause("LC-ROOM-065", "LC-ROOM-066")
def test_the_list_filters_by_department(world: World, judge: Judge) -> None:
    """With departmentId all rooms of that department are listed and no others, and none with an unknown one."""
    home = world.home
    wanted = world.department(agents=(home.agent, home.second_agent))
    first, second = (room_in(world, wanted) for _ in range(2))
    other = room_in(world, home.department)
    world.close(first)
    closed, exchange = listed_room(world, first)
    if closed.get("departmentId") != wanted.id:
        raise PreconditionFailed("LC-ROOM-048", exchange, "a closed room is no longer in its department")
    listed = ask(world, departmentId=wanted.id)
    if judge.accepted("LC-ROOM-065", listed):
        seen = sorted(set(map(str, ids_in(listed))))
        sentence = "with departmentId the list does not show exactly the rooms of that department, open and closed"
        judge.equal("LC-ROOM-065", seen, sorted((first.id, second.id)), sentence, exchange=listed)
    elsewhere = ask(world, departmentId=home.department.id)
    shown = ids_in(elsewhere)
    sentence = "with departmentId the list leaves out an open room of that department, or shows one of another"
    held = other.id in shown and not {first.id, second.id} & set(shown)
    judge.that("LC-ROOM-065", held, sentence, exchange=elsewhere, expected=other.id, observed=shown[:10])

    nowhere = ask(world, departmentId=f"{world.prefix}-nowhere")
    if judge.accepted("LC-ROOM-066", nowhere):
        judge.equal("LC-ROOM-066", ids_in(nowhere), [], "rooms of an unknown department are listed", exchange=nowhere)
        sentence = "an unknown department has a total of rooms"
        judge.equal("LC-ROOM-066", judge.pick(nowhere, "total"), 0, sentence, exchange=nowhere, pointer="/total")


@pytest.mark.clause("LC-ROOM-067", "LC-ROOM-068", "LC-ROOM-069", "LC-ROOM-070")
@pytest.mark.routing("Auto_Selection")
def test_the_list_filters_by_agents(world: World, judge: Judge) -> None:
    """With agents[] only rooms are listed that one of those agents serves, whether given by id or by username."""
    home = world.home
    third = world.both_roles()
    agents = (home.agent, home.second_agent, third)
    scene = Scene(world)
    rooms = [scene.room(department=world.department(agents=(agent,))) for agent in agents]

    def settled() -> bool:
        listed = scene.set_out()
        return all(
            served_by(listed[room.id]).get("_id") == agent.user_id for room, agent in zip(rooms, agents, strict=True)
        )

    if not world.eventually(settled, deadline_s=5):
        raise PreconditionFailed(
            "LC-ROOM-021", scene.ask(), "the rooms did not go to the only agents of their departments"
        )

    for room, agent in zip(rooms, agents, strict=True):
        by_id = scene.ask(agents_=[agent.user_id])
        scene.judge(judge, "LC-ROOM-067", by_id, [room], "With an agent's id in agents[]")
    everybody = ask(world, agents_=[third.user_id])
    wrong = [each.get("_id") for each in rooms_in(everybody) if served_by(each).get("_id") != third.user_id]
    sentence = "with an agent's id in agents[] rooms are listed that he does not serve"
    judge.that("LC-ROOM-067", not wrong, sentence, exchange=everybody, observed=wrong[:5])

    by_username = scene.ask(agents_=[home.second_agent.username])
    scene.judge(judge, "LC-ROOM-068", by_username, [rooms[1]], "With an agent's username in agents[]")
    both = scene.ask(agents_=[home.agent.user_id, third.user_id])
    scene.judge(judge, "LC-ROOM-069", both, [rooms[0], rooms[2]], "With two agents in agents[]")
    nobody = ask(world, agents_=[f"{world.prefix}-nobody"])
    if judge.accepted("LC-ROOM-070", nobody):
        judge.equal("LC-ROOM-070", ids_in(nobody)[:5], [], "rooms of an unknown agent are listed", exchange=nobody)


@pytest.mark.clause("LC-ROOM-071", "LC-ROOM-072")
def test_the_list_filters_by_name(world: World, judge: Judge) -> None:
    """With roomName only rooms are listed whose name contains the text, in upper or lower case."""
    scene = Scene(world)
    marks = [f"{world.names.next(kind)}x" for kind in ("mark", "other")]
    for mark in marks:
        token = world.new_token()
        room = world.room(world.visitor(token=token, name=f"{token} Vera MiD{mark} {token}"))
        if mark not in str(room.data.get("fname")):
            assert room.exchange is not None
            raise PreconditionFailed("LC-ROOM-015", room.exchange, "a room does not bear its visitor's name")
        scene.rooms.append(room)
    wanted = [scene.rooms[0]]
    text = f"MiD{marks[0]}"
    exact = ask(world, roomName=text)
    scene.judge(judge, "LC-ROOM-071", exact, wanted, "With roomName")
    wrong = [each.get("fname") for each in rooms_in(exact) if text.lower() not in str(each.get("fname")).lower()]
    sentence = "with roomName rooms are listed whose name does not contain the text"
    judge.that("LC-ROOM-071", not wrong, sentence, exchange=exact, expected=text, observed=wrong[:5])
    if set(ids_in(exact)) >= {room.id for room in wanted}:
        for changed in (text.upper(), text.lower()):
            scene.judge(judge, "LC-ROOM-072", ask(world, roomName=changed), wanted, "With roomName in another case")


@pytest.mark.clause("LC-ROOM-073")
def test_the_list_filters_by_tags(world: World, judge: Judge) -> None:
    """With tags[] only rooms that carry one of the tags are listed."""
    home = world.home
    scene = Scene(world)
    tags = [[world.names.next("tag"), world.names.next("tag")], [world.names.next("tag")]]
    for own in tags:
        department = world.department(agents=(home.agent,), requestTagBeforeClosingChat=True, chatClosingTags=own)
        room = scene.room(department=department)
        closing = world.close(room)
        if not is_accepted(closing):
            raise judge.missing(closing, "the closing of a room")
    scene.room()
    first, second, _ = scene.rooms

    def tagged() -> bool:
        listed = scene.set_out()
        return all(
            set(own) <= set(listed[room.id].get("tags") or ()) for room, own in zip((first, second), tags, strict=True)
        )

    if not world.eventually(tagged, deadline_s=3):
        raise PreconditionFailed("LC-ROOM-054", scene.ask(), "closed rooms do not carry the tags of their departments")
    scene.judge(judge, "LC-ROOM-073", ask(world, tags_=[tags[0][1]]), [first], "With one tag in tags[]")
    either = ask(world, tags_=[tags[0][0], tags[1][0]])
    scene.judge(judge, "LC-ROOM-073", either, [first, second], "With two tags in tags[]")
    scene.judge(judge, "LC-ROOM-073", ask(world, tags_=[f"{world.prefix}-no-tag"]), [], "With an unknown tag in tags[]")


def _in_order(
    listed: dict[str, dict[str, Any]], rooms: list[Room], key: str, requirement: str, exchange: Exchange
) -> None:
    """Go on only if a time of some rooms grows from each to the next, so that a range can part them.

    Raises:
        PreconditionFailed: It does not; the requirement owns it.
    """
    times = [moment(listed[room.id].get(key)) for room in rooms]
    known = [one for one in times if one is not None]
    if len(known) < len(times) or known != sorted(set(known)):
        raise PreconditionFailed(requirement, exchange, f"the {key} of rooms does not tell which was earlier")


@pytest.mark.clause("LC-ROOM-074", "LC-ROOM-075")
def test_the_list_filters_by_opening(world: World, judge: Judge) -> None:
    """With createdAt only rooms opened from its start on and up to its end are listed."""
    scene = Scene(world)
    early, middle, late = (scene.room() for _ in range(3))
    listed = scene.set_out()
    _in_order(listed, scene.rooms, "ts", "LC-ROOM-018", scene.ask())
    at = listed[middle.id]["ts"]
    scene.judge(judge, "LC-ROOM-074", scene.ask(createdAt={"start": at}), [middle, late], "With createdAt.start")
    scene.judge(judge, "LC-ROOM-075", scene.ask(createdAt={"end": at}), [early, middle], "With createdAt.end")
    both = scene.ask(createdAt={"start": at, "end": at})
    shown = ids_in(both)
    sentence = "with createdAt.start and end a room is listed that was opened before the start"
    held = early.id not in shown
    judge.that("LC-ROOM-074", held, sentence, exchange=both, expected=[middle.id], observed=shown)
    sentence = "with createdAt.start and end a room is listed that was opened after the end"
    held = late.id not in shown
    judge.that("LC-ROOM-075", held, sentence, exchange=both, expected=[middle.id], observed=shown)


@pytest.mark.clause("LC-ROOM-076")
def test_the_list_filters_by_closing(world: World, judge: Judge) -> None:
    """With closedAt only rooms closed within that time are listed, and no open one."""
    scene = Scene(world)
    late, early, _ = (scene.room() for _ in range(3))
    for room in (early, late):
        closing = world.close(room)
        if not is_accepted(closing):
            raise judge.missing(closing, "the closing of a room")
    closed = (early, late)
    listed = world.eventually(
        scene.set_out, until=lambda seen: all("closedAt" in seen[one.id] for one in closed), deadline_s=3
    )
    _in_order(listed, [early, late], "closedAt", "LC-ROOM-043", scene.ask())
    first, last = (listed[room.id]["closedAt"] for room in closed)
    for bounds, expected in (
        ({"start": last}, [late]),
        ({"end": first}, [early]),
        ({"start": first, "end": last}, [early, late]),
        ({"start": first, "end": first}, [early]),
    ):
        filter = f"With closedAt.{' and '.join(bounds)}"
        scene.judge(judge, "LC-ROOM-076", scene.ask(closedAt=bounds), expected, filter)


@pytest.mark.clause("LC-ROOM-077")
def test_the_list_filters_by_custom_fields(world: World, judge: Judge) -> None:
    """With customFields only rooms whose custom field matches the value are listed."""
    field, another = world.custom_field("room"), world.custom_field("room")
    scene = Scene(world)
    for key, value in ((field.id, "alpha"), (field.id, "beta"), (another.id, "alpha")):
        room = scene.room()
        body = {"token": room.token, "key": key, "value": f"{value}-{scene.text}", "overwrite": True}
        stored = world.client.send(room.visitor, "setCustomField", json=body)
        if not is_accepted(stored):
            raise judge.missing(stored, "the custom field of a room")
    world.eventually(
        scene.set_out, until=lambda seen: all("livechatData" in each for each in seen.values()), deadline_s=3
    )
    alpha, beta, other = scene.rooms
    for wanted, expected in (
        ({field.id: f"alpha-{scene.text}"}, [alpha]),
        ({field.id: f"beta-{scene.text}"}, [beta]),
        ({another.id: f"alpha-{scene.text}"}, [other]),
        ({field.id: f"gamma-{scene.text}"}, []),
    ):
        scene.judge(judge, "LC-ROOM-077", ask(world, customFields=wanted), expected, "With customFields")


@pytest.mark.clause("LC-ROOM-078")
def test_filters_of_the_list_add_up(world: World, judge: Judge) -> None:
    """Several filters together list only the rooms that meet all of them."""
    home = world.home
    department = world.department(agents=(home.agent, home.second_agent))
    scene = Scene(world)
    wanted, closed, elsewhere = scene.room(department=department), scene.room(department=department), scene.room()
    closing = world.close(closed)
    if not is_accepted(closing):
        raise judge.missing(closing, "the closing of a room")
    # Each filter by itself is judged elsewhere; where one of them fails, nothing can be said about them together.
    for requirement, query, shown in (
        ("LC-ROOM-065", {"departmentId": department.id}, {wanted.id, closed.id}),
        ("LC-ROOM-062", {"open": "true"}, {wanted.id, elsewhere.id}),
    ):
        alone, mine = scene.ask(**query), {room.id for room in scene.rooms}
        if set(ids_in(alone)) != shown:
            # Perhaps it is only beside the name of the scene that it fails, which is the very question here.
            alone = ask(world, **query)
        if set(ids_in(alone)) & mine != shown:
            raise PreconditionFailed(requirement, alone, f"the filter {next(iter(query))} does not work by itself")
    name = wanted.visitor.name
    start = "2020-01-01T00:00:00.000Z"
    cases: list[tuple[dict[str, Any], list[Room]]] = [
        ({"departmentId": department.id, "open": "true"}, [wanted]),
        ({"departmentId": department.id, "open": "true", "createdAt": {"start": start}, "roomName": name}, [wanted]),
        ({"departmentId": department.id, "open": "true", "roomName": elsewhere.visitor.name}, []),
        ({"departmentId": home.department.id, "open": "true", "roomName": scene.text}, [elsewhere]),
    ]
    for query, expected in cases:
        filters = f"With {', '.join(query)} together"
        scene.judge(judge, "LC-ROOM-078", ask(world, **query), expected, filters)


@pytest.mark.clause("LC-ROOM-079")
@pytest.mark.parametrize("name", ["createdAt", "closedAt"])
def test_a_range_that_is_no_date_is_refused(world: World, judge: Judge, name: str) -> None:
    """A date filter whose start or end is no date is refused with a text that names the parameter."""
    for end in ("start", "end"):
        refused = ask(world, **{name: {end: "soon"}})
        if judge.refused("LC-ROOM-079", refused):
            text = str(refused.json.get("error") if isinstance(refused.json, dict) else "")
            sentence = f"the refusal of a bad {name}.{end} does not name that parameter"
            held = f"{name}.{end}" in text
            judge.that("LC-ROOM-079", held, sentence, exchange=refused, expected=f"{name}.{end}", observed=text)
