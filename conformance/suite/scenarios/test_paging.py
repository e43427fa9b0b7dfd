"""Paging: every list counts, cuts, leaves out and sorts in the same way (documentation: REST API, offset, count, sort).

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
from conformance.suite.judge import Judge
from conformance.suite.levels import Budget
from conformance.target import Persona, RecordingClient
from conformance.world import World

_DEFAULT_COUNT = 50
_UPPER_LIMIT = 100


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
_LISTS = [
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
        value = _member(one, order)
        return one.get(listing.id) == other.get(listing.id) or (value is not None and value == _member(other, order))

    return len(found) == len(wanted) and all(map(fits, found, wanted))


def number(exchange: Exchange, name: str) -> Any:
    """``count``, ``offset`` or ``total`` of a page."""
    return exchange.json.get(name) if isinstance(exchange.json, dict) else None


def settled(world: World, client: RecordingClient, listing: Listing) -> Exchange:
    """The first page in full, once what we made is in it."""
    return world.eventually(
        lambda: read(client, listing, count=_UPPER_LIMIT),
        until=lambda seen: len(items_in(listing, seen)) >= listing.least,
    )


@pytest.mark.clause(
    "LC-PAGING-001",
    "LC-PAGING-002",
    "LC-PAGING-003",
    "LC-PAGING-004",
    "LC-PAGING-005",
    "LC-PAGING-006",
    "LC-PAGING-007",
    "LC-PAGING-008",
    "LC-PAGING-019",
    "LC-PAGING-021",
)
@pytest.mark.parametrize("build", _LISTS)
def test_a_list_is_cut_into_pages(world: World, client: RecordingClient, judge: Judge, build: Build) -> None:
    """A list counts its items, cuts them into pages without gap or repetition, and says how many there are in all."""
    listing = build(world)
    whole = settled(world, client, listing)
    keys, total = keys_of(listing, whole), number(whole, "total")
    if len(keys) < 3:
        raise judge.missing(whole, f"three items of ours in /{listing.key}")
    name = listing.operation

    def counted(exchange: Exchange, offset: int) -> None:
        shown = len(items_in(listing, exchange))
        judge.equal(
            "LC-PAGING-001",
            number(exchange, "count"),
            shown,
            f"the count of {name} is not the number of items",
            exchange=exchange,
            pointer="/count",
        )
        judge.equal(
            "LC-PAGING-002",
            number(exchange, "offset"),
            offset,
            f"the offset of {name} is another one",
            exchange=exchange,
            pointer="/offset",
        )
        types = {one: type(number(exchange, one)).__name__ for one in ("count", "offset", "total")}
        judge.equal(
            "LC-PAGING-021",
            types,
            dict.fromkeys(types, "int"),
            f"count, offset or total of {name} is no integer",
            exchange=exchange,
        )

    counted(whole, 0)
    if total is not None and total <= _UPPER_LIMIT:
        judge.equal(
            "LC-PAGING-003",
            total,
            len(keys),
            f"the total of {name} is not the number of all items",
            exchange=whole,
            pointer="/total",
        )
    first, second = read(client, listing, count=2), read(client, listing, count=2, offset=2)
    for page, offset in ((first, 0), (second, 2)):
        counted(page, offset)
        judge.equal(
            "LC-PAGING-003",
            number(page, "total"),
            total,
            f"the total of {name} depends on count or offset",
            exchange=page,
            pointer="/total",
        )
        expected = min(2, len(keys) - offset)
        judge.equal(
            "LC-PAGING-004",
            len(items_in(listing, page)),
            expected,
            f"{name} does not keep to its count",
            exchange=page,
            pointer=f"/{listing.key}",
        )
    beheaded = read(client, listing, offset=1, count=_UPPER_LIMIT)
    counted(beheaded, 1)
    items = items_in(listing, whole)
    judge.that(
        "LC-PAGING-005",
        in_place(items_in(listing, beheaded)[: len(items) - 1], items[1:], listing, listing.order),
        f"{name} leaves out other items than the first",
        exchange=beheaded,
        expected=keys[1:],
        observed=keys_of(listing, beheaded)[: len(keys) - 1],
        pointer=f"/{listing.key}",
    )
    met = items_in(listing, first) + items_in(listing, second)
    for offset in range(4, min(len(keys), 8), 2):
        met += items_in(listing, read(client, listing, count=2, offset=offset))
    judge.that(
        "LC-PAGING-006",
        in_place(met, items[: len(met)] if len(items) > len(met) else items, listing, listing.order),
        f"the pages of {name} have a gap or repeat an item",
        exchange=second,
        expected=keys[: len(met)],
        observed=[json.dumps(each.get(listing.id), sort_keys=True) for each in met],
        pointer=f"/{listing.key}",
    )
    if isinstance(total, int):
        beyond = read(client, listing, offset=total + 10)
        counted(beyond, total + 10)
        observed = {"items": len(items_in(listing, beyond)), "total": number(beyond, "total")}
        judge.equal(
            "LC-PAGING-007",
            observed,
            {"items": 0, "total": total},
            f"{name} beyond its end is not an empty list with the same total",
            exchange=beyond,
        )
        if total <= _UPPER_LIMIT:
            everything = read(client, listing, count=0)
            judge.equal(
                "LC-PAGING-008",
                len(items_in(listing, everything)),
                total,
                f"a count of 0 does not give all items of {name}",
                exchange=everything,
                pointer=f"/{listing.key}",
            )
    for _ in range(2):  # twice in a row, for a server that changes its mind with every call
        again = read(client, listing, count=_UPPER_LIMIT)
        judge.that(
            "LC-PAGING-019",
            in_place(items_in(listing, again), items, listing, listing.order),
            f"{name} gives another order the second time",
            exchange=again,
            expected=keys,
            observed=keys_of(listing, again),
            pointer=f"/{listing.key}",
        )


@pytest.mark.clause("LC-PAGING-011", "LC-PAGING-012")
@pytest.mark.parametrize("build", _LISTS)
def test_a_list_is_sorted(world: World, client: RecordingClient, judge: Judge, build: Build) -> None:
    """With sort the items come in that order, over all pages, ascending with 1 and descending with -1."""
    listing = build(world)
    whole = settled(world, client, listing)
    ours = [each for each in items_in(listing, whole) if isinstance(_member(each, listing.sort), str)]
    if len(ours) < 3:
        raise judge.missing(whole, f"three items of ours in /{listing.key}")
    for direction in (1, -1):
        exchange = read(client, listing, sort={listing.sort: direction}, count=_UPPER_LIMIT)
        values = [_member(each, listing.sort) for each in _pages_of(client, listing, exchange, direction)]
        texts = [each for each in values if isinstance(each, str) and world_made(world, each)]
        expected = sorted(texts, reverse=direction < 0)
        judge.that(
            "LC-PAGING-011",
            len(texts) >= 3 and texts == expected,
            f"{listing.operation} is not sorted by {listing.sort} with {direction}",
            exchange=exchange,
            expected=expected[:6],
            observed=texts[:6],
            pointer=f"/{listing.key}",
        )
        head = read(client, listing, sort={listing.sort: direction}, count=2)
        judge.that(
            "LC-PAGING-012",
            in_place(items_in(listing, head), items_in(listing, exchange)[:2], listing, listing.sort),
            f"the first page of {listing.operation} does not hold the first items of all",
            exchange=head,
            expected=keys_of(listing, exchange)[:2],
            observed=keys_of(listing, head),
            pointer=f"/{listing.key}",
        )


def _pages_of(client: RecordingClient, listing: Listing, first: Exchange, direction: int) -> list[dict[str, Any]]:
    """The items of a sorted list from its first page on: on a server with many others, ours come later."""
    found = page = items_in(listing, first)
    for _ in range(20):
        if len(page) < _UPPER_LIMIT:
            break
        query = {"sort": {listing.sort: direction}, "count": _UPPER_LIMIT, "offset": len(found)}
        page = items_in(listing, read(client, listing, **query))
        found = [*found, *page]
    return found


def world_made(world: World, text: str) -> bool:
    """Whether a sorted value is comparable byte by byte: ours, a time, or a page's text."""
    return world.owns(text) or text[:2] == "20" or text.startswith("Page ")


def _member(document: dict[str, Any], path: str) -> Any:
    value: Any = document
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


@pytest.mark.clause("LC-PAGING-013", "LC-PAGING-014", "LC-PAGING-015", "LC-PAGING-016", "LC-PAGING-017")
@pytest.mark.parametrize("build", _LISTS)
def test_odd_paging_parameters(world: World, client: RecordingClient, judge: Judge, build: Build) -> None:
    """Sort, fields and query that are no JSON are refused; a count or offset that is no number bounds nothing."""
    listing = build(world)
    plain = settled(world, client, listing)
    for clause, name in (("LC-PAGING-013", "sort"), ("LC-PAGING-014", "fields"), ("LC-PAGING-015", "query")):
        exchange = read(client, listing, **{name: "{not json"})
        judge.refused(clause, exchange, code=f"error-invalid-{name}")
    items, total = items_in(listing, plain), number(plain, "total")
    for value in ("", "many"):
        exchange = read(client, listing, count=value)
        found = items_in(listing, exchange)
        # As many as without a count, or all there are.
        held = len(found) in {min(_DEFAULT_COUNT, len(items)), total}
        judge.that(
            "LC-PAGING-016",
            held and in_place(found[: len(items)], items[: len(found)], listing, listing.order),
            f"{listing.operation} takes the count {value!r} for a bound",
            exchange=exchange,
            expected=[min(_DEFAULT_COUNT, len(items)), total],
            observed=number(exchange, "count"),
            pointer="/count",
        )
    odd = read(client, listing, offset="many")
    judge.equal(
        "LC-PAGING-017",
        number(odd, "offset") or 0,
        0,
        f"{listing.operation} does not take an offset that is no number for 0",
        exchange=odd,
        pointer="/offset",
    )
    judge.that(
        "LC-PAGING-017",
        in_place(items_in(listing, odd)[:2], items[:2], listing, listing.order),
        f"{listing.operation} leaves out items for an offset that is no number",
        exchange=odd,
        expected=keys_of(listing, plain)[:2],
        observed=keys_of(listing, odd)[:2],
        pointer=f"/{listing.key}",
    )


@pytest.mark.clause("LC-PAGING-009", "LC-PAGING-010")
def test_a_page_has_an_upper_limit(world: World, client: RecordingClient, judge: Judge, budget: Budget) -> None:
    """No list holds more than 100 items for a count above that, and at most 50 without a count."""
    room = world.room()
    wanted = _UPPER_LIMIT + 5 if budget.coverage >= 60 else _DEFAULT_COUNT + 3
    for page in range(wanted):
        world.page(room.visitor, room, title=f"Page {page:03}")
    listing = Listing("listPagesVisited", "pages", world.admin, {"roomId": room.id})
    plain = world.eventually(lambda: read(client, listing), until=lambda seen: number(seen, "total") == wanted)
    judge.equal(
        "LC-PAGING-010",
        len(items_in(listing, plain)),
        _DEFAULT_COUNT,
        "without a count not the default number of items came",
        exchange=plain,
        pointer="/pages",
    )
    if wanted <= _UPPER_LIMIT:
        judge.not_reached("LC-PAGING-009", "this level makes too few items to meet the upper limit")
        return
    greedy = read(client, listing, count=1000)
    judge.equal(
        "LC-PAGING-009",
        len(items_in(listing, greedy)),
        _UPPER_LIMIT,
        "more or fewer items came than the upper limit",
        exchange=greedy,
        pointer="/pages",
    )


@pytest.mark.clause("LC-PAGING-018")
@pytest.mark.routing("Manual_Selection")
def test_filters_apply_before_paging(world: World, client: RecordingClient, judge: Judge) -> None:
    """A filter applies before paging: count, total and offset speak of the filtered items."""
    agents = [world.agent(), world.agent()]
    departments = [world.department(agents=agents), world.department(agents=agents)]
    for department, rooms in zip(departments, (3, 2), strict=True):
        for _ in range(rooms):
            world.queued_room(world.visitor(department=department))
    served = [world.served_room(world.visitor(department=departments[0]), agent=agent) for agent in agents]
    cases = [
        (Listing("listInquiries", "inquiries", world.admin, query={"department": departments[0].id}), 3),
        (Listing("listInquiries", "inquiries", world.admin, query={"department": departments[1].id}), 2),
        (Listing("listRooms", "rooms", world.admin, query={"departmentId": departments[0].id}), 3 + len(served)),
        (Listing("listRooms", "rooms", world.admin, query={"departmentId": departments[1].id}), 2),
        (Listing("getQueue", "queue", world.admin, query={"departmentId": departments[0].id}, id="user"), len(served)),
    ]
    for listing, expected in cases:
        full = _until_total(world, client, listing, expected)
        page = read(client, listing, count=1, offset=1)
        observed = {
            "total": number(full, "total"),
            "count": number(full, "count"),
            "page total": number(page, "total"),
            "page": keys_of(listing, page),
        }
        wanted = {"total": expected, "count": expected, "page total": expected, "page": keys_of(listing, full)[1:2]}
        judge.equal("LC-PAGING-018", observed, wanted, f"{listing.operation} pages before it filters", exchange=page)


def _until_total(world: World, client: RecordingClient, listing: Listing, expected: int) -> Exchange:
    return world.eventually(lambda: read(client, listing), until=lambda seen: number(seen, "total") == expected)


@pytest.mark.clause("LC-PAGING-020")
@pytest.mark.exclusive
def test_a_new_item_raises_the_total(world: World, client: RecordingClient, judge: Judge) -> None:
    """A new item raises the total by one."""
    _ = world.home
    lists: list[tuple[Listing, Callable[[], object]]] = [
        (Listing("listDepartments", "departments", world.admin), lambda: world.department()),
        (Listing("listUsers", "users", world.admin, {"type": "agent"}), lambda: world.agent(online=False)),
        (Listing("listRooms", "rooms", world.admin), lambda: world.room()),
    ]
    for listing, make in lists:
        before = number(read(client, listing, count=1), "total")
        make()
        after = read(client, listing, count=1)
        expected = before + 1 if isinstance(before, int) else "one more"
        judge.equal(
            "LC-PAGING-020",
            number(after, "total"),
            expected,
            f"a new item does not raise the total of {listing.operation} by one",
            exchange=after,
            pointer="/total",
        )
