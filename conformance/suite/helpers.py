"""Helpers that several areas' tests share: times, reading rooms back, and doing things at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from conformance.contract.exchange import Exchange
from conformance.target import Persona, RecordingClient, Throttle
from conformance.target.login import log_out
from conformance.world import PreconditionFailed, Unavailable, World
from conformance.world.things import MOST_PAGES, Department, Room, Visitor

T = TypeVar("T")

CLOCK_SLACK_S = 5.0
"""Seconds that a time in an answer may lie apart from the answer's own ``Date`` header."""


def moment(value: object) -> float | None:
    """A time of the API (ISO 8601 in UTC, with milliseconds) in seconds since the epoch; ``None`` for anything else."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed.timestamp() if parsed.tzinfo else None


def server_clock(exchange: Exchange) -> float | None:
    """The server's clock by the ``Date`` header of an answer, in seconds; ``None`` where it sends none."""
    said = exchange.response.headers.get("date") if exchange.response else None
    try:
        return parsedate_to_datetime(said).timestamp() if said else None
    except ValueError:
        return None


def happened_now(value: object, exchange: Exchange) -> bool:
    """Whether a time is the moment of an exchange by the server's own clock; true where the server tells no time.

    A busy server may send a ``Date`` that is some seconds old: what is right by our own clock is right as well.
    """
    at, clock = moment(value), server_clock(exchange)
    if at is None or clock is None:
        return at is not None
    took = exchange.response.elapsed_ms / 1000 if exchange.response else 0.0
    by_ours = exchange.started - CLOCK_SLACK_S <= at <= exchange.started + took + CLOCK_SLACK_S
    return by_ours or clock - took - CLOCK_SLACK_S <= at <= clock + 1 + CLOCK_SLACK_S


def rooms_in(exchange: Exchange) -> list[dict[str, Any]]:
    """The rooms of an answer of listRooms; empty where there are none."""
    listed = exchange.json.get("rooms") if exchange.status == 200 and isinstance(exchange.json, dict) else None
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def rooms_named(world: World, visitor: Visitor) -> tuple[list[dict[str, Any]], Exchange]:
    """The rooms of one visitor, open and closed, as the administrator lists them, and the answer.

    They are looked for by the visitor's name; where that finds none, among the newest rooms of all, so that a fault of
    the filter or of the name is left to the clauses that own it.
    """
    exchange = world.client.send(
        world.admin, "listRooms", query={"roomName": visitor.name or visitor.username, "count": 100}
    )
    mine = _rooms_of(visitor, exchange)
    if not mine:
        exchange = world.client.send(world.admin, "listRooms", query={"count": 100})
        mine = _rooms_of(visitor, exchange)
    return mine, exchange


def _rooms_of(visitor: Visitor, exchange: Exchange) -> list[dict[str, Any]]:
    return [each for each in rooms_in(exchange) if visitor_of(each).get("token") == visitor.token]


def visitor_of(room: dict[str, Any]) -> dict[str, Any]:
    """The visitor that a room's document names; empty where it names none."""
    visitor = room.get("v")
    return visitor if isinstance(visitor, dict) else {}


def served_by(room: dict[str, Any]) -> dict[str, Any]:
    """The agent that a room's document names; empty where it names none."""
    agent = room.get("servedBy")
    return agent if isinstance(agent, dict) else {}


def listed_room(world: World, room: Room) -> tuple[dict[str, Any], Exchange]:
    """A room, open or closed, as the administrator lists it, and the answer.

    Raises:
        PreconditionFailed: The list does not show it, which LC-ROOM-064 owns.
    """
    mine, exchange = rooms_named(world, room.visitor)
    for each in (*mine, *rooms_in(exchange)):
        if each.get("_id") == room.id:
            return each, exchange
    raise PreconditionFailed("LC-ROOM-064", exchange, f"the list of rooms does not show the room {room.id}")


def is_open(world: World, room: Room) -> tuple[bool, Exchange]:
    """Whether a room is open, as the administrator lists it, or without one as its visitor gets it by its id."""
    if world.has_admin:
        document, exchange = listed_room(world, room)
        return document.get("open") is True, exchange
    query = {"token": room.token, "rid": room.id}
    exchange = world.client.send(room.visitor, "openRoom", query=query)
    seen = exchange.json.get("room") if isinstance(exchange.json, dict) else None
    return isinstance(seen, dict) and seen.get("_id") == room.id and seen.get("open") is True, exchange


def several_rooms(world: World, visitor: Visitor, count: int) -> list[Room]:
    """Rooms that one visitor has open at once.

    Raises:
        PreconditionFailed: He gets the same one again, which LC-ROOM-006 owns.
    """
    rooms = [world.room(visitor) for _ in range(count)]
    if len({room.id for room in rooms}) < count:
        raise PreconditionFailed(
            "LC-ROOM-006", _exchange_of(rooms[-1]), "the visitor cannot have several rooms at once"
        )
    return rooms


def room_in(world: World, department: Department) -> Room:
    """A room of a fresh visitor of a department.

    Raises:
        PreconditionFailed: The room is not in that department, which LC-ROOM-019 owns.
    """
    room = world.room(world.visitor(department=department))
    if room.data.get("departmentId") != department.id:
        raise PreconditionFailed("LC-ROOM-019", _exchange_of(room), "a room is not in its visitor's department")
    return room


def _exchange_of(room: Room) -> Exchange:
    assert room.exchange is not None, "rooms that the world made know the exchange that opened them"
    return room.exchange


def at_once(count: int, do: Callable[[int], T]) -> list[T]:
    """Do something several times at once, each with its number from 0 on; the results in the order of the numbers."""
    start = threading.Barrier(count)

    def one(number: int) -> T:
        start.wait(timeout=10)
        return do(number)

    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(one, range(count)))


@contextlib.contextmanager
def nobody_online(world: World) -> Iterator[None]:
    """No agent of the whole server is online for the time; each gets his status back. Only under marker ``exclusive``.

    Only agents that runs of the suite made are sent offline; foreign ones are nobody's to change.
    Make visitors and rooms before: the builders of the world send their agents online again.

    Raises:
        Unavailable: The server may not be changed, has agents of its own online, or does not let an administrator set
            another's status.
    """
    if not world.can_change_settings:
        raise Unavailable("this takes every agent offline for a moment, which needs --disposable and admin credentials")
    online = _agents_online(world)
    logins: dict[str, Persona] = {}
    try:
        for id, _ in online:
            _set_status(world, id, "offline", logins)
        left = world.eventually(lambda: _agents_online(world), until=lambda seen: not seen, deadline_s=5)
        if left:
            raise Unavailable("agents who were sent offline are online all the same")
        yield
    finally:
        for id, status in online:
            _set_status(world, id, status, logins)
        for persona in logins.values():
            log_out(world.client, persona)


def _agents_online(world: World) -> Sequence[tuple[str, str]]:
    found: dict[str, str] = {}
    for page in range(MOST_PAGES):
        query = {"count": 100, "offset": 100 * page}
        exchange = world.client.send(world.admin, "listUsers", path={"type": "agent"}, query=query)
        listed = exchange.json.get("users") if exchange.status == 200 and isinstance(exchange.json, dict) else None
        if not isinstance(listed, list):
            raise PreconditionFailed("LC-USER-001", exchange, "the agents of the server could not be listed")
        for each in listed:
            if isinstance(each, dict) and each.get("status") in {"online", "away", "busy"} and each.get("_id"):
                if not world.owns(each.get("username")):
                    raise Unavailable("the target has agents of its own online, who are not ours to send offline")
                found[str(each["_id"])] = str(each["status"])
        if len(listed) < 100:
            return list(found.items())
    raise Unavailable("the target has too many agents to be sure that none of them is online")


def _set_status(world: World, user_id: str, status: str, logins: dict[str, Persona]) -> None:
    if world.version_below("3.1.0"):
        # There the administrator's call sets his own status, whoever is named: so the agent says it himself.
        agent = logins[user_id] = logins.get(user_id) or _login_for(world, user_id)
        exchange = world.client.send(agent, "setUserStatus", json={"status": status, "message": ""})
    else:
        exchange = world.client.send(world.admin, "setUserStatus", json={"userId": user_id, "status": status})
    if exchange.status != 200:
        raise Unavailable(f"the server does not let an administrator set an agent {status} ({exchange.status})")


def _login_for(world: World, user_id: str) -> Persona:
    """Somebody of ours, with a login that the administrator made for him.

    Raises:
        Unavailable: The administrator may not do that.
    """
    name, body = f"agent {user_id}", {"userId": user_id}
    made, answer = world.client.request_private(world.admin, "POST", "/api/v1/users.createToken", json=body, owner=name)
    data = answer.get("data") if isinstance(answer, dict) else None
    token = data.get("authToken") if isinstance(data, dict) else None
    if not isinstance(token, str):
        raise Unavailable(f"the server does not let an administrator act for an agent ({made.status})")
    return Persona(name, user_id, token)


class _Unlearning(Throttle):
    """A throttle that keeps to the pace asked for, and learns nothing from what the target says of its own limit."""

    def after(self, route: str, caller: str, status: int, headers: Mapping[str, str], *, authenticated: bool) -> None:
        """Learn nothing."""


@contextlib.contextmanager
def beside(world: World, *, judged: bool = True) -> Iterator[RecordingClient]:
    """A client of its own for what would harm the shared one: refusals with 429, calls that are never answered.

    Args:
        world: Whose client it stands beside; its exchanges are kept like all others.
        judged: Whether each exchange is judged by the contract's schemas as it passes; without, only ``request`` works.
    """
    client = world.client
    throttle = _Unlearning(max_rate=client.settings.max_rate, deadline=client.throttle.deadline)
    contract = client.contract if judged else None
    name = world.names.next("client")
    with RecordingClient(client.settings, contract, client.sink, throttle, vigil=client.vigil, worker=name) as made:
        made.item = client.item
        yield made


TEST_MODE_ADMIN = "rocketchat.internal.admin.test"
"""The account that a Rocket.Chat server makes when it is started with ``TEST_MODE=true``."""


def in_test_mode(world: World) -> bool:
    """Whether the server was started for its own tests: then its limiter is off for good, and its errors show stacks.

    Only an administrator can tell; without credentials it is taken for an ordinary server.
    """
    if not world.has_admin:
        return False
    exchange = world.client.send(world.admin, "getUserInfo", query={"username": TEST_MODE_ADMIN})
    user = exchange.json.get("user") if exchange.status == 200 and isinstance(exchange.json, dict) else None
    return isinstance(user, dict) and user.get("username") == TEST_MODE_ADMIN
