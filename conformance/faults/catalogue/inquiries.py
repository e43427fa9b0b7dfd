"""Faults of the waiting inquiries: listing, taking and reading them."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import (
    after,
    answered,
    default_order,
    during,
    put,
)
from conformance.reference import queue
from conformance.reference.envelope import failure
from conformance.reference.site import save

_LIST, _TAKE, _ONE = ("listInquiries",), ("takeInquiry",), ("getInquiry",)


_STATE, _SHALLOW, _LIVE, _RELATION = Kind.STATE, Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION


def _taken_too(original: Any, site: Any, department: Any) -> Any:
    condition = original(site, department)
    return condition and {**condition, "status": ["queued", "taken"]}


def _stays(status: str, hidden: tuple[str, ...]) -> dict[str, Any]:
    """Let the inquiry of a room that is closed stay, with a status, and hide it from some behaviours."""

    def kept(original: Any, site: Any, room_id: str) -> None:
        for inquiry in site.inquiries.find({"rid": room_id}):
            save(site, site.inquiries, {**inquiry, "status": status or inquiry["status"]})

    def unseen(original: Any, site: Any, identifier: str) -> Any:
        inquiry = original(site, identifier)
        room = inquiry and site.rooms.get(inquiry["rid"])
        return None if room and not room.get("open") else inquiry

    return {"inquiries.remove": kept, **dict.fromkeys(hidden, unseen)}


def _only(key: str) -> Any:
    """Look a department up by one key only."""

    def find(original: Any, site: Any, text: str) -> Any:
        return site.departments.one({"name": text}) if key == "name" else site.departments.get(text)

    return find


def _unknown_is_none(original: Any, site: Any, department: Any) -> Any:
    condition = original(site, department)
    return None if department and condition and "department" not in condition else condition


def _back_in_the_queue(original: Any, site: Any, call: Any, inquiry_id: str, user: Any) -> Any:
    room = original(site, call, inquiry_id, user)
    inquiry = site.inquiries.get(inquiry_id)
    if inquiry is not None:
        queue.set_inquiry_status(site, inquiry, "queued")
    return room


def _newest(original: Any, site: Any, room_id: str) -> Any:
    found = original(site, room_id)
    return site.inquiries.find(sort=[("ts", -1)], limit=1)[0] if found else found


def _first_visitor(site: Any, call: Any, body: Any) -> None:
    if body["inquiry"]:
        body["inquiry"]["v"] = site.memory.setdefault("first v", body["inquiry"]["v"])


def _unknown_refused(original: Any, site: Any, call: Any) -> Any:
    room_id = call.query.get("roomId")
    if isinstance(room_id, str) and room_id and site.rooms.get(room_id) is None:
        return failure("error-invalid-room")
    return original(site, call)


def _says(old: str, new: str) -> Any:
    """Read an inquiry with another status."""
    return answered("getInquiry", put("inquiry.status", lambda status: new if status == old else status))


FAULTS: tuple[Fault, ...] = (
    Fault(
        "inquiries.lists-room-ids",
        ("LC-INQUIRY-006",),
        _LIST,
        _STATE,
        _RELATION,
        "A listed inquiry carries the id of its room as its own.",
        wrap=after("inquiries.shown_in_list", lambda shown, site, inquiry: shown | {"_id": inquiry["rid"]}),
    ),
    Fault(
        "inquiries.lists-taken",
        ("LC-INQUIRY-007", "LC-INQUIRY-013", "LC-INQUIRY-015"),
        _LIST,
        _STATE,
        _LIVE,
        "Inquiries that are taken are listed beside those that wait.",
        wrap={"inquiries.list_condition": _taken_too},
    ),
    Fault(
        "inquiries.username-for-name",
        ("LC-INQUIRY-008",),
        _LIST,
        _STATE,
        _RELATION,
        "A listed inquiry carries the visitor's username as his name.",
        wrap=after("inquiries.shown_in_list", lambda shown, site, inquiry: shown | {"name": inquiry["v"]["username"]}),
    ),
    Fault(
        "inquiries.lists-no-department",
        ("LC-INQUIRY-009",),
        _LIST,
        Kind.DATA_LOSS,
        _RELATION,
        "A listed inquiry does not say its department.",
        wrap=after(
            "inquiries.shown_in_list",
            lambda shown, site, inquiry: {key: value for key, value in shown.items() if key != "department"},
        ),
    ),
    Fault(
        "inquiries.department-by-name-only",
        ("LC-INQUIRY-010",),
        _LIST,
        _STATE,
        _RELATION,
        "The id of a department as a filter is not understood, and so ignored.",
        wrap=during("listInquiries", "departments.find_by_id_or_name", _only("name")),
    ),
    Fault(
        "inquiries.department-by-id-only",
        ("LC-INQUIRY-011",),
        _LIST,
        _STATE,
        _RELATION,
        "The name of a department as a filter is not understood, and so ignored.",
        wrap=during("listInquiries", "departments.find_by_id_or_name", _only("_id")),
    ),
    Fault(
        "inquiries.unknown-department-empties",
        ("LC-INQUIRY-012",),
        _LIST,
        _STATE,
        Depth.RARE_INPUT,
        "A department that nobody knows empties the list.",
        wrap={"inquiries.list_condition": _unknown_is_none},
    ),
    Fault(
        "inquiries.take-requeues",
        ("LC-INQUIRY-013", "LC-INQUIRY-025"),
        (*_LIST, *_TAKE),
        _STATE,
        _RELATION,
        "An inquiry is queued again right after it was taken.",
        wrap={"inquiries.take": _back_in_the_queue},
    ),
    Fault(
        "inquiries.lists-closed",
        ("LC-INQUIRY-014",),
        (*_LIST, "closeRoom"),
        _STATE,
        _RELATION,
        "The inquiry of a room that its visitor closed stays in the list.",
        wrap=_stays("", ("inquiries.find", "inquiries.find_by_room")),
    ),
    Fault(
        "inquiries.lists-served",
        ("LC-INQUIRY-015", "LC-INQUIRY-048"),
        _LIST,
        _STATE,
        _LIVE,
        "A chat that was assigned at its opening stays in the queue as well.",
        wrap=during(
            "openRoom",
            "inquiries.set_status",
            lambda original, site, inquiry, status: original(site, inquiry, "queued"),
        ),
    ),
    Fault(
        "inquiries.oldest-first",
        ("LC-INQUIRY-016",),
        _LIST,
        _STATE,
        _RELATION,
        "Inquiries are listed with the oldest first.",
        wrap=default_order("listInquiries", '{"ts":1}'),
    ),
    Fault(
        "inquiries.lists-everything",
        ("LC-INQUIRY-017",),
        _LIST,
        Kind.SCHEMA,
        _LIVE,
        "A listed inquiry shows the visitor with his token.",
        wrap=after("inquiries.shown_in_list", lambda shown, site, inquiry: shown | {"v": inquiry["v"]}),
    ),
    Fault(
        "inquiries.closed-is-taken",
        ("LC-INQUIRY-034",),
        _TAKE,
        Kind.VALIDATION,
        _LIVE,
        "The inquiry of a closed room can be taken.",
        wrap=_stays("ready", ("inquiries.find_by_room",)),
    ),
    Fault(
        "inquiries.reads-newest",
        ("LC-INQUIRY-045",),
        _ONE,
        _STATE,
        _RELATION,
        "Whatever room is asked for, its inquiry is the newest one.",
        wrap=during("getInquiry", "inquiries.find_by_room", _newest),
    ),
    Fault(
        "inquiries.reads-first-visitor",
        ("LC-INQUIRY-046",),
        _ONE,
        _STATE,
        _RELATION,
        "Every inquiry names the visitor of the inquiry that was read first.",
        wrap=answered("getInquiry", _first_visitor),
    ),
    Fault(
        "inquiries.queued-reads-ready",
        ("LC-INQUIRY-047",),
        _ONE,
        _STATE,
        _LIVE,
        "An inquiry that waits is read as ready.",
        wrap=_says("queued", "ready"),
    ),
    Fault(
        "inquiries.taken-reads-ready",
        ("LC-INQUIRY-048", "LC-INQUIRY-025"),
        _ONE,
        _STATE,
        _LIVE,
        "An inquiry that is taken is read as ready.",
        wrap=_says("taken", "ready"),
    ),
    Fault(
        "inquiries.ready-reads-queued",
        ("LC-INQUIRY-049",),
        _ONE,
        _STATE,
        _LIVE,
        "An inquiry that is ready is read as queued.",
        wrap=_says("ready", "queued"),
    ),
    Fault(
        "inquiries.unknown-room-refused",
        ("LC-INQUIRY-050",),
        _ONE,
        Kind.STATUS,
        _SHALLOW,
        "The inquiry of a room that does not exist is refused.",
        wrap={"operation.getInquiry": _unknown_refused},
    ),
    Fault(
        "inquiries.survives-closing",
        ("LC-INQUIRY-051",),
        _ONE,
        _STATE,
        _LIVE,
        "The inquiry of a closed room can still be read.",
        wrap=_stays("taken", ()),
    ),
)
