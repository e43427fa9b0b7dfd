"""Pages: what a visitor looks at (docs: Livechat, page.visited and visitors.pagesVisited)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import moment
from conformance.suite.judge import Judge
from conformance.suite.messages import LONG, MARKUP, UNICODE, read_history
from conformance.target import Persona, RecordingClient
from conformance.world import Room, Visitor, World

Page = dict[str, Any]


def _info(world: World, title: str, change: str = "url") -> Page:
    """A page with a title and an address that no other page has."""
    name = world.names.next("page")
    return {"change": change, "title": f"{title} {name}", "location": {"href": f"https://example.com/{name}?a=1&b=2#c"}}


def _text(info: Page) -> str:
    """What is noted of a page."""
    return f"{info['title']} - {info['location']['href']}"


def _visit(client: RecordingClient, visitor: Visitor, info: Page, room: Room) -> Exchange:
    return client.send(visitor, "visitPage", json={"token": visitor.token, "pageInfo": info, "rid": room.id})


def _visit_early(world: World, client: RecordingClient, visitor: Visitor, info: Page) -> Exchange:
    """Report a page before there is a room: one must be opened later, or the page stays on the server."""
    world.new_early_page(visitor.token)
    return client.send(visitor, "visitPage", json={"token": visitor.token, "pageInfo": info})


def _visited(world: World, client: RecordingClient, judge: Judge, visitor: Visitor, title: str, room: Room) -> Page:
    """A page that a visitor saw during a chat; returns what was sent.

    Raises:
        PreconditionFailed: The visit was not recorded.
    """
    info = _info(world, title)
    judge.pick(_visit(client, visitor, info, room), "page")
    return info


def _pages(
    world: World, client: RecordingClient, judge: Judge, room: Room, *, at_least: int = 0, who: Persona | None = None
) -> tuple[list[Page], Exchange]:
    """The pages of a room as an agent lists them, when there are as many as expected, and the answer.

    Raises:
        PreconditionFailed: They could not be listed.
    """
    reader = who or world.home.agent

    def ask() -> Exchange:
        return client.send(reader, "listPagesVisited", path={"roomId": room.id})

    def enough(exchange: Exchange) -> bool:
        return exchange.status != 200 or len(exchange.json.get("pages") or ()) >= at_least

    exchange = world.eventually(ask, until=enough, deadline_s=5)
    listed = judge.pick(exchange, "pages")
    if not isinstance(listed, list):
        raise judge.missing(exchange, "an array under /pages")
    return [each for each in listed if isinstance(each, dict)], exchange


def _seen(entries: list[Page]) -> list[list[Any]]:
    """Title and address of each entry, as the visitor's browser sent them."""
    pages = [(each.get("navigation") or {}).get("page") or {} for each in entries]
    return [[page.get("title"), (page.get("location") or {}).get("href")] for page in pages]


def _sent(*infos: Page) -> list[list[Any]]:
    return [[info["title"], info["location"]["href"]] for info in infos]


@pytest.mark.clause("LC-PAGE-005", "LC-PAGE-006")
def test_a_reported_page_is_answered(world: World, client: RecordingClient, judge: Judge) -> None:
    """The answer of reporting a page carries its title and address as msg, and repeats page and token."""
    visitor, other = world.visitor(), world.visitor()
    _visit_early(world, client, other, _info(world, "Somebody else's"))
    visits = [(info := _info(world, "Shop — Größe 42"), _visit_early(world, client, visitor, info))]
    room, _ = world.room(visitor), world.room(other)
    visits.append((info := _info(world, "Shop — Größe 43"), _visit(client, visitor, info, room)))
    for info, answer in visits:
        text = _text(info)
        judge.equal(
            "LC-PAGE-005", judge.pick(answer, "page", "msg"), text, "msg is not title - address", exchange=answer
        )
        navigation = judge.pick(answer, "page").get("navigation")
        wanted = {"page": info, "token": visitor.token}
        judge.equal(
            "LC-PAGE-006", navigation, wanted, "navigation does not repeat the page and the token", exchange=answer
        )


@pytest.mark.clause("LC-PAGE-007")
def test_a_change_that_is_not_recorded_leaves_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """A change that the setting does not record is answered with success alone, and nothing is stored."""
    visitor = world.visitor()
    room = world.room(visitor)
    first = _visited(world, client, judge, visitor, "Before", room)
    for change in ("title", ""):
        answer = _visit(client, visitor, _info(world, "Unrecorded", change), room)
        judge.equal(
            "LC-PAGE-007", [answer.status, answer.json], [200, {"success": True}], "not success alone", exchange=answer
        )
    last = _visited(world, client, judge, visitor, "After", room)
    entries, listed = _pages(world, client, judge, room, at_least=2)
    found = sorted(_seen(entries))
    judge.equal("LC-PAGE-007", found, sorted(_sent(first, last)), "what is not recorded was stored", exchange=listed)


@pytest.mark.exclusive
@pytest.mark.clause("LC-PAGE-007", "LC-PAGE-008")
def test_the_setting_says_which_change_is_recorded(world: World, client: RecordingClient, judge: Judge) -> None:
    """With the setting on title a change of the title is recorded, and a change of the address is not."""
    visitor = world.visitor()
    room, probes = world.room(visitor), world.room(visitor)
    title, address = _info(world, "New title", "title"), _info(world, "New address", "url")

    def recorded_change(change: str) -> bool:
        answer = _visit(client, visitor, _info(world, "Probe", change), probes)
        return isinstance(answer.json, dict) and "page" in answer.json

    with world.setting("Livechat_history_monitor_type", "title"):
        # A setting takes effect a moment after it is stored.
        world.eventually(lambda: recorded_change("title"), deadline_s=5)
        recorded = _visit(client, visitor, title, room)
        other = _visit(client, visitor, address, room)
    world.eventually(lambda: recorded_change("url"), deadline_s=5)
    taken = isinstance(recorded.json, dict) and isinstance(recorded.json.get("page"), dict)
    judge.that("LC-PAGE-008", taken, "the change of the title was not recorded", exchange=recorded)
    judge.equal("LC-PAGE-007", other.json, {"success": True}, "a change of the address was recorded", exchange=other)
    entries, listed = _pages(world, client, judge, room, at_least=1)
    found = _seen(entries)
    judge.equal("LC-PAGE-008", found.count(_sent(title)[0]), 1, "the change is not listed once", exchange=listed)
    judge.that("LC-PAGE-007", _sent(address)[0] not in found, "what is not recorded was stored", exchange=listed)


@pytest.mark.exclusive
@pytest.mark.clause("LC-PAGE-009")
def test_pages_show_in_the_history_where_the_setting_says_so(
    world: World, client: RecordingClient, judge: Judge
) -> None:
    """A page of a room shows up in the history of the visitor's messages only where the setting says so."""
    visitor = world.visitor()
    room = world.room(visitor)
    probes = world.room(visitor)

    def shows() -> bool:
        info = _visited(world, client, judge, visitor, "Probe", probes)
        return _text(info) in [each.get("msg") for each in read_history(client, judge, probes)[0]]

    with world.setting("Livechat_Visitor_navigation_as_a_message", False):
        world.eventually(shows, until=lambda seen: not seen, deadline_s=5)
        hidden = _visited(world, client, judge, visitor, "Hidden", room)
    with world.setting("Livechat_Visitor_navigation_as_a_message", True):
        # A setting takes effect a moment after it is stored.
        world.eventually(shows, deadline_s=5)
        wanted = _visited(world, client, judge, visitor, "Shown", room)
    world.eventually(shows, until=lambda seen: not seen, deadline_s=5)
    marker = world.message(room, "beside the pages")
    entries, answer = read_history(client, judge, room)
    found = [each.get("msg") for each in entries]
    if marker.text not in found:
        raise judge.missing(answer, "the message that was sent")
    judge.equal(
        "LC-PAGE-009", found.count(_text(wanted)), 1, "with the setting on the page does not show", exchange=answer
    )
    judge.that("LC-PAGE-009", _text(hidden) not in found, "with the setting off the page shows", exchange=answer)


@pytest.mark.clause("LC-PAGE-015", "LC-PAGE-016", "LC-PAGE-020")
def test_reported_pages_are_listed(world: World, client: RecordingClient, judge: Judge) -> None:
    """A page is listed with title and address, as often as it was reported, the newest first."""
    visitor = world.visitor()
    room = world.room(visitor)
    first, again, last = (_info(world, title) for title in ("First", "Again and again", "Last"))
    for info in (first, again, again, last, again):
        judge.pick(_visit(client, visitor, info, room), "page")
    entries, answer = _pages(world, client, judge, room, at_least=5)
    found = _seen(entries)
    for info in (first, last):
        judge.equal(
            "LC-PAGE-015", found.count(_sent(info)[0]), 1, "the page is not listed once as it was", exchange=answer
        )
    messages = [f"{title} - {href}" for title, href in found]
    told = [each.get("msg") for each in entries]
    judge.equal("LC-PAGE-015", told, messages, "msg is not title - address of the page", exchange=answer)
    tokens = sorted({str((each.get("navigation") or {}).get("token")) for each in entries})
    judge.equal("LC-PAGE-015", tokens, [visitor.token], "a page is listed under another token", exchange=answer)
    judge.equal(
        "LC-PAGE-016", found.count(_sent(again)[0]), 3, "a page seen three times is not listed thrice", exchange=answer
    )
    ids = [each.get("_id") for each in entries]
    judge.equal("LC-PAGE-016", len(set(map(str, ids))), len(ids), "two visits have the same id", exchange=answer)
    times = [moment(each.get("ts")) for each in entries]
    falling = all(a is not None and b is not None and a >= b for a, b in pairwise(times))
    judge.that("LC-PAGE-020", falling, "the times do not fall", exchange=answer, observed=times)
    wanted = _sent(again, last, again, again, first)
    if sorted(found) == sorted(wanted):
        judge.equal("LC-PAGE-020", found, wanted, "the pages do not stand with the newest first", exchange=answer)


@pytest.mark.clause("LC-PAGE-023")
def test_texts_of_a_page_come_back_unchanged(world: World, client: RecordingClient, judge: Judge) -> None:
    """Title and address come back unchanged: other scripts, markup, a fragment, and a title of 5000 characters."""
    visitor = world.visitor()
    room = world.room(visitor)
    infos = [_info(world, title) for title in (f"{UNICODE} {MARKUP}", LONG)]
    infos[0]["location"]["href"] += "/Größe?q=%C3%BC+%26&leer=&x[]=1#/weg?a=<b>"
    for info in infos:
        answer = _visit(client, visitor, info, room)
        told = [judge.pick(answer, "page", "msg"), judge.pick(answer, "page", "navigation").get("page")]
        sentence = "the answer changed the title or the address of the page"
        judge.equal("LC-PAGE-023", told, [_text(info), info], sentence, exchange=answer, pointer="/page")
    entries, answer = _pages(world, client, judge, room, at_least=2)
    sentence = "the list changed the title or the address of a page"
    judge.equal("LC-PAGE-023", sorted(_seen(entries)), sorted(_sent(*infos)), sentence, exchange=answer)


@pytest.mark.clause("LC-PAGE-017", "LC-PAGE-018")
def test_pages_seen_before_the_chat_come_with_its_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """A page that was reported before the visitor's room was opened is listed with that room, and with no other."""
    visitor, other = world.visitor(), world.visitor()
    early, foreign = _info(world, "Early"), _info(world, "Of another visitor")
    judge.pick(_visit_early(world, client, visitor, early), "page")
    judge.pick(_visit_early(world, client, other, foreign), "page")
    room, second = world.room(visitor), world.room(other)
    during = _visited(world, client, judge, visitor, "During the chat", room)
    for place, wanted, own in ((room, early, _sent(early, during)), (second, foreign, _sent(foreign))):
        entries, answer = _pages(world, client, judge, place, at_least=len(own))
        found = _seen(entries)
        judge.equal(
            "LC-PAGE-017", found.count(_sent(wanted)[0]), 1, "the early page is not listed once", exchange=answer
        )
        strange = [each for each in found if each not in own]
        judge.equal("LC-PAGE-018", strange, [], "pages of another visitor are listed", exchange=answer)


@pytest.mark.clause("LC-PAGE-018", "LC-PAGE-019")
def test_only_pages_of_the_room_are_listed(world: World, client: RecordingClient, judge: Judge) -> None:
    """Only pages of the room that was asked for are listed; a room without pages has an empty list."""
    visitor, other = world.visitor(), world.visitor()
    room, second, foreign, empty = world.room(visitor), world.room(visitor), world.room(other), world.room()
    places = {place.id: (place, person) for place, person in ((room, visitor), (second, visitor), (foreign, other))}
    sent = {
        id: [_visited(world, client, judge, person, f"Page {number}", place) for number in range(2)]
        for id, (place, person) in places.items()
    }
    for id, (place, _person) in places.items():
        entries, answer = _pages(world, client, judge, place, at_least=2)
        judge.equal(
            "LC-PAGE-018",
            sorted(_seen(entries)),
            sorted(_sent(*sent[id])),
            "the list is not that of the pages of this room",
            exchange=answer,
        )
        rooms = sorted({str(each.get("rid")) for each in entries})
        judge.equal("LC-PAGE-018", rooms, [id], "an entry names another room", exchange=answer)
    entries, answer = _pages(world, client, judge, empty)
    total = answer.json.get("total")
    judge.equal("LC-PAGE-019", [entries, total], [[], 0], "a room without pages has a list of pages", exchange=answer)


@pytest.mark.clause("LC-PAGE-021")
def test_the_pages_of_an_unknown_room_are_refused(world: World, client: RecordingClient, judge: Judge) -> None:
    """The pages of a room that does not exist are refused with invalid-room."""
    answer = client.send(world.home.agent, "listPagesVisited", path={"roomId": world.new_room_id()})
    judge.refused("LC-PAGE-021", answer, code="invalid-room")


@pytest.mark.clause("LC-PAGE-022")
def test_the_query_form_is_served_or_not_routed(world: World, client: RecordingClient, judge: Judge) -> None:
    """The list of pages is asked for with the room in the path; the query form is either served or not routed."""
    visitor = world.visitor()
    room = world.room(visitor)
    info = _visited(world, client, judge, visitor, "Asked for", room)
    entries, listed = _pages(world, client, judge, room, at_least=1)
    if _sent(info)[0] not in _seen(entries):
        raise judge.missing(listed, "the page that was reported")
    answer = client.request(
        world.home.agent, "GET", "/api/v1/livechat/visitors.pagesVisited", query={"roomId": room.id}
    )
    body = answer.json
    if not isinstance(body, dict) or answer.status in {404, 405}:
        judge.way("LC-PAGE-022", "server", answer)
    elif answer.status == 200 and _sent(info)[0] in _seen(
        [one for one in body.get("pages") or () if isinstance(one, dict)]
    ):
        judge.way("LC-PAGE-022", "documentation", answer)
    else:
        sentence = "the query form is routed, but does not answer the pages of the room"
        judge.that("LC-PAGE-022", False, sentence, exchange=answer, observed=answer.status)
