"""Faults of pages visited and of earlier chats."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, during, instead, skipped
from conformance.reference.envelope import failure, success
from conformance.reference.site import save


def _listing(operation: str, collection: str, change: Any) -> Any:
    """Change what one list asks its collection: ``change(site, condition, more)`` gives both anew."""

    def found(original: Any, site: Any, asked: Any, page: Any, condition: Any = None, **more: Any) -> Any:
        if asked is getattr(site, collection):
            condition, more = change(site, dict(condition or {}), more)
        return original(site, asked, page, condition, **more)

    return during(operation, "paging.find", found)


def _page(change: Any) -> Any:
    """Store another title and address than were sent: ``change(title, href)`` gives both."""

    def store(original: Any, site: Any, token: str, rid: Any, page: Any) -> Any:
        title, href = change(page["title"], page["location"]["href"])
        return original(site, token, rid, {**page, "title": title, "location": {**page["location"], "href": href}})

    return store


def _agent_of_the_newest(site: Any, call: Any, body: Any) -> None:
    rooms = [each for each in body.get("history", ()) if "servedBy" in each]
    for each in rooms:
        each["servedBy"] = rooms[0]["servedBy"]


def _repeats_nothing(original: Any, site: Any, token: str, rid: Any, page: Any) -> Any:
    seen = site.memory.setdefault("pages", {})
    key = (token, rid, page["location"]["href"], page["change"])
    if key in seen:
        known = site.messages.get(seen[key])
        if known is not None:
            return known
    message = original(site, token, rid, page)
    seen[key] = message["_id"]
    return message


def _of_token(site: Any, condition: Any, more: Any) -> Any:
    room = site.rooms.get(condition["rid"])
    if room is None:
        return condition, more
    rids = [each["_id"] for each in site.rooms.find({"v.token": room["v"]["token"]})]
    return {**condition, "rid": rids}, more


def _all_where_none(site: Any, condition: Any, more: Any) -> Any:
    if site.messages.count(condition):
        return condition, more
    return {"t": condition["t"]}, more


def _oldest(site: Any, condition: Any, more: Any) -> Any:
    return condition, {**more, "default_sort": [("ts", 1)]}


def _empty_history(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    if answer.status == 400 and answer.body.get("error") == "invalid-room":
        key = "pages" if "visitorId" not in call.params else "history"
        return success({key: [], "count": 0, "offset": 0, "total": 0})
    return answer


def _closed_only(site: Any, condition: Any, more: Any) -> Any:
    return condition, {**more, "where": lambda room: not room.get("open")}


def _still_open(site: Any, condition: Any, more: Any) -> Any:
    return condition, {**more, "where": lambda room: bool(room.get("open"))}


def _with_one_more(site: Any, call: Any, body: Any) -> None:
    strange = [room for room in site.rooms.find() if room["v"]["_id"] != call.params["visitorId"]]
    if body["history"] and strange:
        body["history"].append(strange[-1])
        body["count"] += 1
        body["total"] += 1


def _while_open(original: Any, site: Any, room: Any, user: Any) -> Any:
    from conformance.reference.auth import has_permission

    if not room.get("open") and not has_permission(site, user, "view-livechat-rooms"):
        return False
    return original(site, room, user)


def _of_the_room(original: Any, site: Any, call: Any) -> Any:
    if site.visitors.get(call.params["visitorId"]) is None:
        room = site.rooms.get(call.params["roomId"])
        if room is not None:
            call.params["visitorId"] = room["v"]["_id"]
    return original(site, call)


def _unknown_visitor(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    return failure("invalid-visitor") if site.visitors.get(call.params["visitorId"]) is None else answer


def _visible(site: Any, message: Any) -> Any:
    message.pop("_hidden", None)
    return message


def _shown(original: Any, site: Any, token: str, rid: Any, page: Any) -> Any:
    return save(site, site.messages, _visible(site, original(site, token, rid, page)))


def _query_form(original: Any, site: Any, call: Any) -> Any:
    if call.path.split("?")[0].rstrip("/").endswith("/livechat/visitors.pagesVisited"):
        return success({"pages": [], "count": 0, "offset": 0, "total": 0})
    return original(site, call)


_VISIT, _PAGES, _HISTORY = ("visitPage",), ("listPagesVisited", "visitPage"), ("getChatHistory",)

_STATE, _LOSS, _VALID = Kind.STATE, Kind.DATA_LOSS, Kind.VALIDATION

_SHALLOW, _LIVE, _RELATION, _RARE = Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION, Depth.RARE_INPUT

FAULTS: tuple[Fault, ...] = (
    Fault(
        "pages.text-without-address",
        ("LC-PAGE-005",),
        _VISIT,
        _LOSS,
        _SHALLOW,
        "The msg of a page is its title alone.",
        wrap={"pages.text": lambda original, site, page: page["title"]},
    ),
    Fault(
        "pages.answer-of-other-token",
        ("LC-PAGE-006",),
        _VISIT,
        _STATE,
        _SHALLOW,
        "The answer of reporting a page repeats the first token of the server.",
        wrap=answered(
            "visitPage",
            lambda site, call, body: (
                "page" in body
                and body["page"]["navigation"].update(token=site.memory.setdefault("first page", call.body["token"]))
            ),
        ),
    ),
    Fault(
        "pages.answer-without-title",
        ("LC-PAGE-006",),
        _VISIT,
        _STATE,
        _SHALLOW,
        "The page in the answer has the title in place of the address.",
        wrap=answered(
            "visitPage",
            lambda site, call, body: (
                "page" in body
                and body["page"]["navigation"]["page"]["location"].update(
                    href=body["page"]["navigation"]["page"]["title"]
                )
            ),
        ),
    ),
    Fault(
        "pages.everything-recorded",
        ("LC-PAGE-007",),
        _PAGES,
        _STATE,
        _RELATION,
        "Every change is recorded, whatever the setting says.",
        wrap=instead("pages.is_monitored", True),
    ),
    Fault(
        "pages.titles-unrecorded",
        ("LC-PAGE-008",),
        _VISIT,
        _STATE,
        _RELATION,
        "Changes of the address are recorded only, whatever the setting says.",
        wrap={"pages.is_monitored": lambda original, site, page: page["change"] == "url"},
    ),
    Fault(
        "pages.always-in-history",
        ("LC-PAGE-009",),
        ("visitPage", "getHistory"),
        _STATE,
        _RELATION,
        "Pages show up in the history of messages, whatever the setting says.",
        wrap={"pages.store": _shown},
    ),
    Fault(
        "pages.listed-by-title",
        ("LC-PAGE-015",),
        _PAGES,
        _LOSS,
        _RELATION,
        "Listed pages have lost their address.",
        wrap=answered(
            "listPagesVisited",
            lambda site, call, body: [each["navigation"]["page"]["location"].update(href="") for each in body["pages"]],
        ),
    ),
    Fault(
        "pages.repeated-once",
        ("LC-PAGE-016",),
        _PAGES,
        _LOSS,
        _RELATION,
        "A page that was reported several times is listed once.",
        wrap={"pages.store": _repeats_nothing},
    ),
    Fault(
        "pages.before-chat-lost",
        ("LC-PAGE-017",),
        ("listPagesVisited", "visitPage", "openRoom"),
        _LOSS,
        _RELATION,
        "Pages that were reported before the chat are not given to its room.",
        wrap=skipped("rooms.attach_pages"),
    ),
    Fault(
        "pages.of-all-rooms",
        ("LC-PAGE-018",),
        _PAGES,
        _STATE,
        _RELATION,
        "The pages of all rooms of a visitor are listed.",
        wrap=_listing("listPagesVisited", "messages", _of_token),
    ),
    Fault(
        "pages.none-is-all",
        ("LC-PAGE-019",),
        ("listPagesVisited",),
        _STATE,
        _RELATION,
        "A room without pages lists those of all rooms.",
        wrap=_listing("listPagesVisited", "messages", _all_where_none),
    ),
    Fault(
        "pages.oldest-first",
        ("LC-PAGE-020",),
        _PAGES,
        Kind.PAGINATION,
        _RELATION,
        "Pages are listed with the oldest first.",
        wrap=_listing("listPagesVisited", "messages", _oldest),
    ),
    Fault(
        "pages.unknown-room-empty",
        ("LC-PAGE-021",),
        ("listPagesVisited",),
        _VALID,
        _SHALLOW,
        "The pages of a room that does not exist are an empty list.",
        wrap={"operation.listPagesVisited": _empty_history},
    ),
    Fault(
        "chat_history.open-only",
        ("LC-HISTORY-006",),
        _HISTORY,
        _LOSS,
        _RELATION,
        "The chat history leaves out closed rooms.",
        wrap=_listing("getChatHistory", "rooms", _still_open),
    ),
    Fault(
        "chat_history.closed-only",
        ("LC-HISTORY-007",),
        _HISTORY,
        _LOSS,
        _RELATION,
        "The chat history leaves out open rooms.",
        wrap=_listing("getChatHistory", "rooms", _closed_only),
    ),
    Fault(
        "chat_history.of-everybody",
        ("LC-HISTORY-008",),
        _HISTORY,
        Kind.AUTHORISATION,
        _RELATION,
        "The chat history holds one room of another visitor.",
        wrap=answered("getChatHistory", _with_one_more),
    ),
    Fault(
        "chat_history.oldest-first",
        ("LC-HISTORY-009",),
        _HISTORY,
        Kind.PAGINATION,
        _RELATION,
        "The chat history runs from the oldest room to the newest.",
        wrap=_listing("getChatHistory", "rooms", _oldest),
    ),
    Fault(
        "chat_history.while-open",
        ("LC-HISTORY-010",),
        _HISTORY,
        Kind.AUTHORISATION,
        _RELATION,
        "After a room is closed its agent may not read its chat history.",
        wrap={"rooms.may_access": _while_open},
    ),
    Fault(
        "chat_history.unknown-room-empty",
        ("LC-HISTORY-011",),
        _HISTORY,
        _VALID,
        _SHALLOW,
        "The chat history for a room that does not exist is empty.",
        wrap={"operation.getChatHistory": _empty_history},
    ),
    Fault(
        "chat_history.of-the-room",
        ("LC-HISTORY-012",),
        _HISTORY,
        _STATE,
        _RARE,
        "For a visitor whom nobody knows the history of the room's visitor is shown.",
        wrap={"operation.getChatHistory": _of_the_room},
    ),
    Fault(
        "chat_history.unknown-visitor-refused",
        ("LC-HISTORY-012",),
        _HISTORY,
        _VALID,
        _RARE,
        "A visitor whom nobody knows is refused.",
        wrap={"operation.getChatHistory": _unknown_visitor},
    ),
    Fault(
        "pages.query-form-empty",
        ("LC-PAGE-022",),
        ("listPagesVisited",),
        _STATE,
        _RARE,
        "The query form is routed, and finds no page of any room.",
        wrap={"http.unknown_route": _query_form},
    ),
    Fault(
        "pages.address-without-fragment",
        ("LC-PAGE-023",),
        _PAGES,
        _LOSS,
        _RARE,
        "The fragment of an address is cut off.",
        wrap={"pages.store": _page(lambda title, href: (title, href.partition("#")[0]))},
    ),
    Fault(
        "pages.title-cut",
        ("LC-PAGE-023",),
        _PAGES,
        _LOSS,
        _RARE,
        "Titles are cut after 255 characters.",
        wrap={"pages.store": _page(lambda title, href: (title[:255], href))},
    ),
    Fault(
        "history.agent-of-the-newest",
        ("LC-HISTORY-013",),
        (*_HISTORY, "listRooms"),
        _STATE,
        _RELATION,
        "All rooms of a chat history show the agent of the newest one.",
        wrap=answered("getChatHistory", _agent_of_the_newest),
    ),
)
