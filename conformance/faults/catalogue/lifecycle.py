"""Faults of the life of a chat: what must stay the same from its opening to its survey, and what its history tells."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, during, each_listed
from conformance.reference import rooms
from conformance.reference.site import add, new_id, now, save

_STATE, _LIVE, _RELATION = Kind.STATE, Depth.LIVE_ROOM, Depth.RELATION


def _closed_backwards(site: Any, room: Any) -> None:
    if not room.get("open"):
        room["_id"] = room["_id"][::-1]


def _visitor_is_agent(room: Any, site: Any, *args: Any) -> Any:
    if room.get("servedBy"):
        room["v"]["username"] = room["servedBy"]["username"]
        save(site, site.rooms, room)
    return room


def _begins_anew(nothing: None, site: Any, room: Any, inquiry: Any, department: str) -> None:
    room["ts"] = now(site)
    save(site, site.rooms, room)


def _renames_visitor(nothing: None, site: Any, room: Any, *args: Any) -> None:
    visitor = site.visitors.get(room["v"]["_id"])
    if visitor is not None:
        save(site, site.visitors, {**visitor, "username": f"{visitor['username']}-1"})


def _new_inquiry(nothing: None, site: Any, room: Any, inquiry: Any, department: str) -> None:
    site.inquiries.remove(inquiry["_id"])
    inquiry["_id"] = new_id(site)
    add(site, site.inquiries, inquiry)


def _second_inquiry(nothing: None, site: Any, room: Any, inquiry: Any, department: Any) -> None:
    add(site, site.inquiries, {**inquiry, "_id": new_id(site), "status": "queued"})


def _room_only(original: Any, site: Any, room: Any, inquiry: Any, department: str) -> None:
    room["departmentId"] = department
    save(site, site.rooms, room)


def _stays_queued(original: Any, site: Any, inquiry: Any, status: str) -> None:
    original(site, inquiry, "queued" if status == "taken" else status)


def _first_agent(part: Any, site: Any, token: str) -> Any:
    room = part.get("room") or {}
    if "agent" in part:
        agents = site.memory.setdefault("config agents", {})
        part["agent"] = agents.setdefault(room["_id"], part["agent"])
    return part


def _first_served(site: Any, room: Any) -> None:
    served = site.memory.setdefault("listed agents", {})
    if room.get("servedBy"):
        room["servedBy"] = served.setdefault(room["_id"], room["servedBy"])


def _no_department(site: Any, room: Any) -> None:
    if not room.get("servedBy"):
        room.pop("departmentId", None)


def _keeps_time(original: Any, site: Any, room: Any, agent: Any) -> None:
    before = site.memory.setdefault("served since", {}).get(room["_id"])
    original(site, room, agent)
    if before:
        room["servedBy"]["ts"] = before
    site.memory["served since"][room["_id"]] = room["servedBy"]["ts"]


def _open_false(site: Any, room: Any) -> None:
    room.setdefault("open", False)


def _marks_cl(nothing: None, site: Any, room: Any, *args: Any) -> None:
    room["cl"] = True


def _uncounted(nothing: None, site: Any, room: Any, agent: Any) -> None:
    room["usersCount"] -= 1


def _count_stays(original: Any, site: Any, room: Any) -> None:
    before = room["usersCount"]
    original(site, room)
    room["usersCount"] = before


def _first_room(original: Any, site: Any, token: str, identifier: str) -> Any:
    room = original(site, token, identifier)
    own = rooms.open_rooms(site, token)
    return own[0] if room.get("open") and own else room


def _survey_opens(nothing: None, site: Any, room: Any, answers: Any) -> None:
    if not room.get("open"):
        save(site, site.rooms, {**room, "open": True})


def _team_closed_is_fine(original: Any, site: Any, room: Any) -> None:
    if room.get("closer") != "user":
        original(site, room)


def _neighbours(site: Any, room: Any) -> Any:
    """The other open rooms of the agent who serves a room."""
    agent = (room.get("servedBy") or {}).get("_id")
    return [
        one for one in site.rooms.find({"open": True, "servedBy._id": agent}) if agent and one["_id"] != room["_id"]
    ]


def _counts_elsewhere(nothing: None, site: Any, room: Any, change: int) -> None:
    for other in _neighbours(site, room):
        save(site, site.rooms, {**other, "msgs": other["msgs"] + change})


def _closes_elsewhere(original: Any, site: Any, room: Any, *args: Any, **more: Any) -> None:
    for other in _neighbours(site, room):
        other.pop("open")
        save(site, site.rooms, other)
    original(site, room, *args, **more)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "lifecycle.closed-has-another-id",
        ("LC-LIFE-001",),
        ("closeRoom", "listRooms"),
        _STATE,
        _RELATION,
        "A closed room is listed with another id.",
        wrap=each_listed("listRooms", "rooms", _closed_backwards),
    ),
    Fault(
        "lifecycle.visitor-becomes-agent",
        ("LC-LIFE-002",),
        ("takeInquiry", "forwardRoom", "openRoom"),
        _STATE,
        _RELATION,
        "A room that is taken carries the agent's username as the visitor's.",
        wrap=after("queue.take", _visitor_is_agent),
    ),
    Fault(
        "lifecycle.transfer-begins-anew",
        ("LC-LIFE-003",),
        ("transferRoom", "forwardRoom"),
        _STATE,
        _RELATION,
        "A room that changes its department gets a new ts.",
        wrap=after("queue.set_department", _begins_anew),
    ),
    Fault(
        "lifecycle.visitor-renamed",
        ("LC-LIFE-004",),
        ("transferRoom", "getVisitor"),
        _STATE,
        _RELATION,
        "A transfer gives the visitor another username.",
        wrap=after("queue.save_transfer", _renames_visitor),
    ),
    Fault(
        "lifecycle.inquiry-renewed",
        ("LC-LIFE-005",),
        ("getInquiry", "transferRoom"),
        _STATE,
        _RELATION,
        "A room that changes its department gets a new inquiry.",
        wrap=after("queue.set_department", _new_inquiry),
    ),
    Fault(
        "lifecycle.two-inquiries",
        ("LC-LIFE-006",),
        ("listInquiries", "transferRoom"),
        _STATE,
        _RELATION,
        "A room that goes back into the queue waits there twice.",
        wrap=after("queue.return_to_queue", _second_inquiry),
    ),
    Fault(
        "lifecycle.inquiry-left-behind",
        ("LC-LIFE-007", "LC-TRANSFER-009"),
        ("getInquiry", "transferRoom"),
        _STATE,
        _RELATION,
        "The inquiry of a room that changes its department keeps the old one.",
        wrap={"queue.set_department": _room_only},
    ),
    Fault(
        "lifecycle.served-and-queued",
        ("LC-LIFE-008",),
        ("getInquiry", "takeInquiry"),
        _STATE,
        _RELATION,
        "The inquiry of a room that an agent serves stays queued.",
        wrap={"inquiries.set_status": _stays_queued},
    ),
    Fault(
        "lifecycle.config-keeps-agent",
        ("LC-LIFE-009",),
        ("getConfig",),
        _STATE,
        _RELATION,
        "The configuration shows the agent who served the room first.",
        wrap=after("config.of_visitor", _first_agent),
    ),
    Fault(
        "lifecycle.list-keeps-agent",
        ("LC-LIFE-010",),
        ("listRooms", "openRoom"),
        _STATE,
        _RELATION,
        "The list shows each room with the agent under whom it was listed first.",
        wrap=each_listed("listRooms", "rooms", _first_served),
    ),
    Fault(
        "lifecycle.list-forgets-department",
        ("LC-LIFE-010",),
        ("listRooms", "openRoom"),
        Kind.DATA_LOSS,
        _RELATION,
        "The list shows rooms that wait without their department.",
        wrap=each_listed("listRooms", "rooms", _no_department),
    ),
    Fault(
        "lifecycle.served-since-first",
        ("LC-LIFE-011",),
        ("takeInquiry", "forwardRoom", "openRoom"),
        _STATE,
        _RELATION,
        "The ts of servedBy is that of the first agent for ever.",
        wrap={"rooms.set_agent": _keeps_time},
    ),
    Fault(
        "lifecycle.open-false",
        ("LC-LIFE-012",),
        ("listRooms", "closeRoom"),
        Kind.SCHEMA,
        _LIVE,
        "A closed room is listed with open false.",
        wrap=each_listed("listRooms", "rooms", _open_false),
    ),
    Fault(
        "lifecycle.closed-cl",
        ("LC-LIFE-013",),
        ("listRooms", "closeRoom"),
        _STATE,
        _LIVE,
        "A closed room has cl true.",
        wrap=after("rooms.mark_closed", _marks_cl),
    ),
    Fault(
        "lifecycle.agent-uncounted",
        ("LC-LIFE-014",),
        ("openRoom", "takeInquiry"),
        _STATE,
        _LIVE,
        "The usersCount of a room leaves its agent out.",
        wrap=after("rooms.subscribe", _uncounted),
    ),
    Fault(
        "lifecycle.closed-count-stays",
        ("LC-LIFE-015",),
        ("closeRoom", "listRooms"),
        _STATE,
        _RELATION,
        "The usersCount of a room stays as it was when the room is closed.",
        wrap={"rooms.remove_all_subscriptions": _count_stays},
    ),
    Fault(
        "lifecycle.messages-in-first-room",
        ("LC-LIFE-016",),
        ("sendMessage", "getHistory"),
        _STATE,
        _RELATION,
        "What a visitor writes goes into the first of his open rooms.",
        wrap=during("sendMessage", "rooms.require_of_visitor", _first_room),
    ),
    Fault(
        "lifecycle.survey-reopens",
        ("LC-LIFE-017",),
        ("surveyRoom", "listRooms"),
        _STATE,
        _RELATION,
        "A survey opens the closed room again.",
        wrap=after("survey.store", _survey_opens),
    ),
    Fault(
        "lifecycle.team-closed-is-fine",
        ("LC-LIFE-029",),
        ("closeRoom",),
        Kind.VALIDATION,
        _RELATION,
        "A room that the team closed can be closed by its visitor again.",
        wrap=during("closeRoom", "rooms.require_open", _team_closed_is_fine),
    ),
    Fault(
        "lifecycle.counts-elsewhere",
        ("LC-LIFE-030",),
        ("sendMessage", "listRooms"),
        Kind.STATE,
        _RELATION,
        "A message counts in all open rooms of its agent.",
        wrap=after("messages.count_in_room", _counts_elsewhere),
    ),
    Fault(
        "lifecycle.closes-elsewhere",
        ("LC-LIFE-030",),
        ("closeRoom", "listRooms"),
        Kind.STATE,
        _RELATION,
        "Closing a room closes all open rooms of its agent.",
        wrap={"rooms.close": _closes_elsewhere},
    ),
)
