"""Paging: every list counts, cuts, leaves out and sorts alike (documentation: REST API, offset, count, sort)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.judge import Judge
from conformance.suite.levels import Budget
from conformance.suite.scenarios.listings import (
    DEFAULT_COUNT,
    LISTS,
    UPPER_LIMIT,
    Build,
    Listing,
    in_place,
    items_in,
    keys_of,
    member,
    number,
    read,
    settled,
)
from conformance.target import RecordingClient
from conformance.world import World
from conformance.world.things import MOST_PAGES


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
@pytest.mark.parametrize("build", LISTS)
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
    if total is not None and total <= UPPER_LIMIT:
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
    beheaded = read(client, listing, offset=1, count=UPPER_LIMIT)
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
        if total <= UPPER_LIMIT:
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
        again = read(client, listing, count=UPPER_LIMIT)
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
@pytest.mark.parametrize("build", LISTS)
def test_a_list_is_sorted(world: World, client: RecordingClient, judge: Judge, build: Build) -> None:
    """With sort the items come in that order, over all pages, ascending with 1 and descending with -1."""
    listing = build(world)
    whole = settled(world, client, listing)
    ours = [each for each in items_in(listing, whole) if isinstance(member(each, listing.sort), str)]
    if len(ours) < 3:
        raise judge.missing(whole, f"three items of ours in /{listing.key}")
    for direction in (1, -1):
        exchange = read(client, listing, sort={listing.sort: direction}, count=UPPER_LIMIT)
        values = [member(each, listing.sort) for each in _pages_of(world, client, listing, exchange, direction)]
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


def _pages_of(
    world: World, client: RecordingClient, listing: Listing, first: Exchange, direction: int
) -> list[dict[str, Any]]:
    """The items of a sorted list until ours are over: on a server with many others, ours come late."""

    def ours(items: list[dict[str, Any]]) -> int:
        return sum(world.owns(member(each, listing.sort)) for each in items)

    found = page = items_in(listing, first)
    for _ in range(MOST_PAGES):
        if len(page) < UPPER_LIMIT or (ours(found) >= 3 and not ours(page)):
            break
        query = {"sort": {listing.sort: direction}, "count": UPPER_LIMIT, "offset": len(found)}
        page = items_in(listing, read(client, listing, **query))
        found = [*found, *page]
    return found


def world_made(world: World, text: str) -> bool:
    """Whether a sorted value is comparable byte by byte: ours, a time, or a page's text."""
    return world.owns(text) or text[:2] == "20" or text.startswith("Page ")


@pytest.mark.clause("LC-PAGING-013", "LC-PAGING-014", "LC-PAGING-015", "LC-PAGING-016", "LC-PAGING-017")
@pytest.mark.parametrize("build", LISTS)
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
        held = len(found) in {min(DEFAULT_COUNT, len(items)), total}
        judge.that(
            "LC-PAGING-016",
            held and in_place(found[: len(items)], items[: len(found)], listing, listing.order),
            f"{listing.operation} takes the count {value!r} for a bound",
            exchange=exchange,
            expected=[min(DEFAULT_COUNT, len(items)), total],
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
    wanted = UPPER_LIMIT + 5 if budget.coverage >= 60 else DEFAULT_COUNT + 3
    for page in range(wanted):
        world.page(room.visitor, room, title=f"Page {page:03}")
    listing = Listing("listPagesVisited", "pages", world.admin, {"roomId": room.id})
    plain = world.eventually(lambda: read(client, listing), until=lambda seen: number(seen, "total") == wanted)
    judge.equal(
        "LC-PAGING-010",
        len(items_in(listing, plain)),
        DEFAULT_COUNT,
        "without a count not the default number of items came",
        exchange=plain,
        pointer="/pages",
    )
    if wanted <= UPPER_LIMIT:
        judge.not_reached("LC-PAGING-009", "this level makes too few items to meet the upper limit")
        return
    greedy = read(client, listing, count=1000)
    judge.equal(
        "LC-PAGING-009",
        len(items_in(listing, greedy)),
        UPPER_LIMIT,
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
        # Somebody else may add one at the same moment, but hardly three times.
        for _try in range(3):
            before = number(read(client, listing, count=1), "total")
            make()
            after = read(client, listing, count=1)
            expected = before + 1 if isinstance(before, int) else "one more"
            if number(after, "total") == expected:
                break
        judge.equal(
            "LC-PAGING-020",
            number(after, "total"),
            expected,
            f"a new item does not raise the total of {listing.operation} by one",
            exchange=after,
            pointer="/total",
        )
