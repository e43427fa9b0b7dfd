"""The lists of the API that are paged: how each is filled with items of ours, read, and taken apart.

Each list is filled with items of ours and, where the API has a filter, narrowed to them; lists that cannot be narrowed
are read while nobody else works.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.target import Persona, RecordingClient
from conformance.world import World

DEFAULT_COUNT = 50
UPPER_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """One list to be paged.

    Attributes:
        operation: The operation that gives it.
        key: The member that holds the items.
        who: Who may read it.
        path: Path parameters.
        query: The filter that narrows it to ours, if there is one.
        sort: A member that tells the items apart.
        id: The member that identifies an item.
        least: How many items there are at least once all that was made is written.
        order: What the list is sorted by unless a sort is given.
    """

    operation: str
    key: str
    who: Persona
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    sort: str = "_id"
    id: str = "_id"
    least: int = 3
    order: str = "name"


def _users(world: World) -> Listing:
    for _ in range(2):
        world.agent(online=False)
    return Listing("listUsers", "users", world.admin, {"type": "agent"}, sort="username")


def _departments(world: World) -> Listing:
    for _ in range(4):
        world.department()
    return Listing("listDepartments", "departments", world.admin, sort="name")


def _inquiries(world: World) -> Listing:
    department = world.department(agents=[world.home.agent])
    for _ in range(4):
        world.queued_room(world.visitor(department=department))
    query = {"department": department.id}
    return Listing("listInquiries", "inquiries", world.admin, query=query, sort="name", least=4, order="ts")


def _fields(world: World) -> Listing:
    for scope in ("visitor", "room", "visitor"):
        world.custom_field(scope)
    return Listing("listCustomFields", "customFields", world.admin, sort="label", order="label")


def _rooms(world: World) -> Listing:
    agent = world.agent()
    department = world.department(agents=[agent])
    for _ in range(4):
        world.served_room(world.visitor(department=department), agent=agent)
    query = {"departmentId": department.id}
    return Listing("listRooms", "rooms", world.admin, query=query, sort="fname", least=4, order="ts")


def _queue(world: World) -> Listing:
    agents = [world.agent() for _ in range(3)]
    department = world.department(agents=agents)
    # Each has another number of chats: what is equal in the order of a list may stand either way.
    for number, agent in enumerate(agents, 1):
        for _ in range(number):
            world.served_room(world.visitor(department=department), agent=agent)
    query = {"departmentId": department.id}
    return Listing("getQueue", "queue", world.admin, query=query, sort="user.username", id="user", order="chats")


def _triggers(world: World) -> Listing:
    for enabled in (True, False, True):
        world.trigger(enabled=enabled)
    return Listing("listTriggers", "triggers", world.admin, sort="name")


def _pages(world: World) -> Listing:
    room = world.room()
    for number in range(4):
        world.page(room.visitor, room, title=f"Page {number}")
    return Listing("listPagesVisited", "pages", world.admin, {"roomId": room.id}, sort="msg", least=4, order="ts")


def _history(world: World) -> Listing:
    visitor = world.visitor()
    rooms = [world.room(visitor) for _ in range(4)]
    path = {"roomId": rooms[0].id, "visitorId": visitor.id}
    return Listing("getChatHistory", "history", world.admin, path, sort="ts", least=4, order="ts")


_AUTO = pytest.mark.routing("Auto_Selection")
_MANUAL = pytest.mark.routing("Manual_Selection")
LISTS = [
    pytest.param(_users, id="listUsers", marks=pytest.mark.exclusive),
    pytest.param(_departments, id="listDepartments", marks=pytest.mark.exclusive),
    pytest.param(_inquiries, id="listInquiries", marks=_MANUAL),
    pytest.param(_fields, id="listCustomFields", marks=pytest.mark.exclusive),
    pytest.param(_rooms, id="listRooms", marks=_AUTO),
    pytest.param(_queue, id="getQueue", marks=_AUTO),
    pytest.param(_triggers, id="listTriggers", marks=pytest.mark.exclusive),
    pytest.param(_pages, id="listPagesVisited"),
    pytest.param(_history, id="getChatHistory"),
]
Build = Callable[[World], Listing]


def read(client: RecordingClient, listing: Listing, **query: Any) -> Exchange:
    """One page of a list."""
    return client.send(listing.who, listing.operation, path=listing.path, query={**listing.query, **query})


def items_in(listing: Listing, exchange: Exchange) -> list[dict[str, Any]]:
    """The items of a page; empty where there are none."""
    found = exchange.json.get(listing.key) if isinstance(exchange.json, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def keys_of(listing: Listing, exchange: Exchange) -> list[str]:
    """What identifies each item of a page, in the order of the page."""
    return [json.dumps(each.get(listing.id), sort_keys=True) for each in items_in(listing, exchange)]


def in_place(found: list[dict[str, Any]], wanted: list[dict[str, Any]], listing: Listing, order: str) -> bool:
    """Whether items stand in the wanted order; of those that are equal in it a server may show either first."""

    def fits(one: dict[str, Any], other: dict[str, Any]) -> bool:
        value = member(one, order)
        return one.get(listing.id) == other.get(listing.id) or (value is not None and value == member(other, order))

    return len(found) == len(wanted) and all(map(fits, found, wanted))


def number(exchange: Exchange, name: str) -> Any:
    """``count``, ``offset`` or ``total`` of a page."""
    return exchange.json.get(name) if isinstance(exchange.json, dict) else None


def settled(world: World, client: RecordingClient, listing: Listing) -> Exchange:
    """The first page in full, once what we made is in it."""
    return world.eventually(
        lambda: read(client, listing, count=UPPER_LIMIT),
        until=lambda seen: len(items_in(listing, seen)) >= listing.least,
    )


def member(document: dict[str, Any], path: str) -> Any:
    """What stands at a dotted path of an item, ``None`` where nothing does."""
    value: Any = document
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value
