"""Faults of the list of rooms and of its filters."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, answered, skipped
from conformance.reference.envelope import Failure


def _filter(name: str, function: Any) -> Any:
    """Replace one filter: ``function(room, wanted)``, not called where it was not asked for."""
    return {f"rooms.filter_by_{name}": lambda original, site, room, wanted: function(room, wanted)}


def _served(room: Any, agents: list[str]) -> bool:
    served = room.get("servedBy") or {}
    return served.get("_id") in agents or served.get("username") in agents


def _without(site: Any, call: Any, body: Any) -> None:
    rooms = body["rooms"]
    if rooms and not call.query.keys() - {"count", "offset"} and not body["offset"]:
        rooms.pop(0)


def _unfiltered_agents(original: Any, site: Any, call: Any) -> Any:
    agents = call.query.get("agents")
    if isinstance(agents, list) and not any(_account(site, one) for one in agents if isinstance(one, str)):
        call.query.pop("agents")
    return original(site, call)


def _account(site: Any, text: str) -> bool:
    return site.users.get(text) is not None or site.users.one({"username": text}) is not None


def _unknown_department(original: Any, site: Any, call: Any) -> Any:
    wanted = call.query.get("departmentId")
    if isinstance(wanted, str) and site.departments.get(wanted) is None:
        call.query.pop("departmentId")
    return original(site, call)


def _any_of(original: Any, site: Any, room: Any, filters: Any) -> bool:
    if not (filters.department and filters.name):
        return bool(original(site, room, filters))
    return any(
        original(site, room, dataclasses.replace(filters, **{left_out: None})) for left_out in ("department", "name")
    )


def _lenient_dates(original: Any, site: Any, name: str, value: Any) -> Any:
    try:
        return original(site, name, value)
    except Failure as error:
        if "valid date" in str(error):
            return None
        raise


def _wordless_dates(original: Any, site: Any, name: str, value: Any) -> Any:
    try:
        return original(site, name, value)
    except Failure as error:
        raise Failure("Invalid time value" if "valid date" in str(error) else error.text) from None


def _last_change_first(original: Any, site: Any, collection: Any, page: Any, *args: Any, **more: Any) -> Any:
    if collection is site.rooms and not page.sort:
        more["default_sort"] = [("lm", -1)]
    return original(site, collection, page, *args, **more)


def _twice(site: Any, call: Any, body: Any) -> None:
    rooms = body["rooms"]
    body["rooms"] = [one for room in rooms for one in ([room, room] if room.get("tags") is not None else [room])]


def _first_two_filters(original: Any, site: Any, call: Any) -> Any:
    if "departmentId" in call.query and "open" in call.query:
        call.query.pop("departmentId")
    return original(site, call)


def _without_fields(site: Any, call: Any, body: Any) -> None:
    if call.query.get("fields"):
        for room in body["rooms"]:
            room.pop("ts", None)


_LIST = ("listRooms",)
_STATE, _LIVE, _RELATION = Kind.STATE, Depth.LIVE_ROOM, Depth.RELATION

FAULTS: tuple[Fault, ...] = (
    Fault(
        "rooms.list-hides-newest",
        ("LC-ROOM-061", "LC-ROOM-064"),
        _LIST,
        Kind.DATA_LOSS,
        _LIVE,
        "The newest room is missing from the list without filters.",
        wrap=answered("listRooms", _without),
    ),
    Fault(
        "rooms.list-open-forgotten",
        ("LC-ROOM-062",),
        _LIST,
        _STATE,
        _LIVE,
        "The filter open=true has no effect.",
        wrap={"rooms.read_open": lambda original, site, value: None if value == "true" else original(site, value)},
    ),
    Fault(
        "rooms.list-closed-forgotten",
        ("LC-ROOM-063",),
        _LIST,
        _STATE,
        _LIVE,
        "The filter open=false is read as no filter.",
        wrap={"rooms.read_open": lambda original, site, value: True if value == "true" else None},
    ),
    Fault(
        "rooms.list-closed-inverted",
        ("LC-ROOM-063",),
        _LIST,
        _STATE,
        _LIVE,
        "Any text in the open filter counts as true.",
        wrap={"rooms.read_open": lambda original, site, value: True if value else None},
    ),
    Fault(
        "rooms.list-open-by-default",
        ("LC-ROOM-064",),
        _LIST,
        _STATE,
        _LIVE,
        "Without the open filter only open rooms are listed.",
        wrap={"rooms.read_open": lambda original, site, value: value == "true" if value else True},
    ),
    Fault(
        "rooms.list-department-forgotten",
        ("LC-ROOM-065", "LC-ROOM-066"),
        _LIST,
        _STATE,
        _RELATION,
        "The filter departmentId has no effect.",
        wrap=_filter("department", lambda room, wanted: True),
    ),
    Fault(
        "rooms.list-department-open-only",
        ("LC-ROOM-065",),
        _LIST,
        Kind.DATA_LOSS,
        _RELATION,
        "With departmentId closed rooms of the department are left out.",
        wrap=_filter("department", lambda room, wanted: room.get("departmentId") == wanted and "open" in room),
    ),
    Fault(
        "rooms.list-unknown-department-all",
        ("LC-ROOM-066",),
        _LIST,
        _STATE,
        Depth.RARE_INPUT,
        "A departmentId that no department has lists the rooms of all.",
        wrap={"operation.listRooms": _unknown_department},
    ),
    Fault(
        "rooms.list-agent-id-forgotten",
        ("LC-ROOM-067",),
        _LIST,
        _STATE,
        _RELATION,
        "The filter agents[] knows usernames only, an id finds nothing.",
        wrap=_filter("agent", lambda room, agents: (room.get("servedBy") or {}).get("username") in agents),
    ),
    Fault(
        "rooms.list-agents-forgotten",
        ("LC-ROOM-067", "LC-ROOM-068", "LC-ROOM-069", "LC-ROOM-070"),
        _LIST,
        _STATE,
        _RELATION,
        "The filter agents[] lists every room that is served at all.",
        wrap=_filter("agent", lambda room, agents: bool(room.get("servedBy"))),
    ),
    Fault(
        "rooms.list-agent-name-forgotten",
        ("LC-ROOM-068",),
        _LIST,
        _STATE,
        _RELATION,
        "The filter agents[] knows ids only, a username finds nothing.",
        seen_in="servers from 7.0 on",
        wrap=_filter("agent", lambda room, agents: (room.get("servedBy") or {}).get("_id") in agents),
    ),
    Fault(
        "rooms.list-first-agent-only",
        ("LC-ROOM-069",),
        _LIST,
        _STATE,
        _RELATION,
        "Of several agents in agents[] only the first counts.",
        wrap=_filter("agent", lambda room, agents: _served(room, agents[:1])),
    ),
    Fault(
        "rooms.list-unknown-agent-all",
        ("LC-ROOM-070",),
        _LIST,
        _STATE,
        Depth.RARE_INPUT,
        "An agent whom nobody knows in agents[] is left out of the filter, and all rooms are listed.",
        wrap={"operation.listRooms": _unfiltered_agents},
    ),
    Fault(
        "rooms.list-name-from-start",
        ("LC-ROOM-071",),
        _LIST,
        _STATE,
        _RELATION,
        "roomName finds a text at the beginning of the name only.",
        wrap=_filter("name", lambda room, name: name.match(str(room.get("fname", ""))) is not None),
    ),
    Fault(
        "rooms.list-name-forgotten",
        ("LC-ROOM-071",),
        _LIST,
        _STATE,
        _RELATION,
        "The filter roomName has no effect.",
        wrap=_filter("name", lambda room, name: True),
    ),
    Fault(
        "rooms.list-name-exact-case",
        ("LC-ROOM-072",),
        _LIST,
        _STATE,
        Depth.RARE_INPUT,
        "roomName tells upper from lower case.",
        wrap=after("rooms.read_name", lambda found, site, text: re.compile(found.pattern)),
    ),
    Fault(
        "rooms.list-tags-forgotten",
        ("LC-ROOM-073",),
        _LIST,
        _STATE,
        _RELATION,
        "The filter tags[] lists every room that has tags.",
        wrap=_filter("tags", lambda room, tags: bool(room.get("tags"))),
    ),
    Fault(
        "rooms.list-start-forgotten",
        ("LC-ROOM-074",),
        _LIST,
        _STATE,
        _RELATION,
        "createdAt.start has no effect.",
        wrap=_filter("created", lambda room, interval: room["ts"] <= interval[1]),
    ),
    Fault(
        "rooms.list-start-by-day",
        ("LC-ROOM-074",),
        _LIST,
        _STATE,
        _RELATION,
        "createdAt.start counts from the beginning of its day.",
        wrap=_filter("created", lambda room, interval: interval[0][:10] <= room["ts"] <= interval[1]),
    ),
    Fault(
        "rooms.list-end-forgotten",
        ("LC-ROOM-075",),
        _LIST,
        _STATE,
        _RELATION,
        "createdAt.end has no effect.",
        wrap=_filter("created", lambda room, interval: room["ts"] >= interval[0]),
    ),
    Fault(
        "rooms.list-closed-at-lists-open",
        ("LC-ROOM-076",),
        _LIST,
        _STATE,
        _RELATION,
        "With closedAt open rooms are listed as well.",
        wrap={
            "rooms.filter_by_closed": lambda original, site, room, interval: (
                "closedAt" not in room or original(site, room, interval)
            )
        },
    ),
    Fault(
        "rooms.list-closed-at-is-opening",
        ("LC-ROOM-076",),
        _LIST,
        _STATE,
        _RELATION,
        "closedAt lists closed rooms by the time of their opening.",
        wrap=_filter("closed", lambda room, interval: "closedAt" in room and interval[0] <= room["ts"] <= interval[1]),
    ),
    Fault(
        "rooms.list-any-field-value",
        ("LC-ROOM-077",),
        _LIST,
        _STATE,
        _RELATION,
        "customFields lists every room that has the field, whatever its value.",
        wrap=_filter("fields", lambda room, fields: all(key in (room.get("livechatData") or {}) for key in fields)),
    ),
    Fault(
        "rooms.list-filters-or",
        ("LC-ROOM-078",),
        _LIST,
        _STATE,
        _RELATION,
        "departmentId and roomName together list the rooms that meet one of them.",
        wrap={"rooms.selects": _any_of},
    ),
    Fault(
        "rooms.list-open-drops-department",
        ("LC-ROOM-078",),
        _LIST,
        _STATE,
        _RELATION,
        "Together with open the filter departmentId has no effect.",
        wrap={"operation.listRooms": _first_two_filters},
    ),
    Fault(
        "rooms.list-bad-date-ignored",
        ("LC-ROOM-079",),
        _LIST,
        Kind.VALIDATION,
        Depth.RARE_INPUT,
        "A date filter that is no date is ignored.",
        wrap={"rooms.read_interval": _lenient_dates},
    ),
    Fault(
        "rooms.list-bad-date-unnamed",
        ("LC-ROOM-079",),
        _LIST,
        Kind.VALIDATION,
        Depth.RARE_INPUT,
        "The refusal of a date that is none does not say which parameter is meant.",
        wrap={"rooms.read_interval": _wordless_dates},
    ),
    Fault(
        "rooms.list-by-last-message",
        ("LC-ROOM-080",),
        _LIST,
        Kind.PAGINATION,
        _RELATION,
        "Rooms are listed by their last message instead of their opening.",
        wrap={"paging.find": _last_change_first},
    ),
    Fault(
        "rooms.list-oldest-first",
        ("LC-ROOM-080",),
        _LIST,
        Kind.PAGINATION,
        _RELATION,
        "Rooms are listed with the oldest opening first.",
        wrap=answered("listRooms", lambda site, call, body: "sort" in call.query or body["rooms"].reverse()),
    ),
    Fault(
        "rooms.list-no-department-name",
        ("LC-ROOM-082",),
        _LIST,
        Kind.DATA_LOSS,
        _RELATION,
        "Listed rooms carry no department.",
        wrap={"rooms.with_department": lambda original, site, room: room},
    ),
    Fault(
        "rooms.list-first-message-as-last",
        ("LC-ROOM-083",),
        _LIST,
        _STATE,
        _LIVE,
        "A room keeps its first message as lastMessage.",
        wrap={
            "messages.note_last": lambda original, site, room, message: (
                None if room.get("lastMessage") else original(site, room, message)
            )
        },
    ),
    Fault(
        "rooms.list-message-count-stays",
        ("LC-ROOM-084",),
        _LIST,
        _STATE,
        _LIVE,
        "The msgs of a room do not grow.",
        wrap=skipped("messages.count_in_room"),
    ),
    Fault(
        "rooms.list-closed-twice",
        ("LC-ROOM-085",),
        _LIST,
        _STATE,
        _RELATION,
        "A closed room is listed twice, as from a join with its tags.",
        wrap=answered("listRooms", _twice),
    ),
    Fault(
        "rooms.list-fields-halved",
        ("LC-ROOM-081",),
        _LIST,
        Kind.DATA_LOSS,
        Depth.RARE_INPUT,
        "With fields some other keys of the listed rooms are missing.",
        wrap=answered("listRooms", _without_fields),
    ),
)
