"""Faults of the waiting inquiries: listing, taking and reading them."""

from __future__ import annotations

import asyncio
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import (
    after,
    answered,
    default_order,
    during,
    put,
    recoded,
    refused_yet_done,
)
from conformance.reference import queue
from conformance.reference.agents import assigns_by_itself
from conformance.reference.envelope import Refusal, failure
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


def _for_the_caller(original: Any, site: Any, call: Any, inquiry_id: str, user: Any) -> Any:
    room = original(site, call, inquiry_id, user)
    queue.set_agent(site, room, {"agentId": call.user["_id"], "username": call.user["username"]})
    return save(site, site.rooms, room)


def _back_in_the_queue(original: Any, site: Any, call: Any, inquiry_id: str, user: Any) -> Any:
    room = original(site, call, inquiry_id, user)
    inquiry = site.inquiries.get(inquiry_id)
    if inquiry is not None:
        queue.set_inquiry_status(site, inquiry, "queued")
    return room


def _no_agent_yet(original: Any, site: Any, room: Any) -> Any:
    if not assigns_by_itself(site):
        raise Refusal("invalid-agent")
    return original(site, room)


def _other_code(code: str, unknown: bool) -> Any:
    """Refuse an inquiry that is unknown, or one that is taken, with another code."""

    def take(original: Any, site: Any, call: Any, inquiry_id: str, user: Any) -> Any:
        inquiry = site.inquiries.get(inquiry_id)
        if (inquiry is None) if unknown else (inquiry is not None and inquiry["status"] == "taken"):
            raise Refusal(code)
        return original(site, call, inquiry_id, user)

    return take


def _any_user(original: Any, site: Any, call: Any, inquiry_id: str, user: Any) -> Any:
    inquiry = site.inquiries.get(inquiry_id)
    room = inquiry and site.rooms.get(inquiry["rid"])
    if not room or inquiry["status"] == "taken" or "livechat-agent" in user.get("roles", ()):
        return original(site, call, inquiry_id, user)
    return queue.take(site, room, inquiry, {"agentId": user["_id"], "username": user["username"]})


def _forget_inquiry(site: Any, call: Any) -> None:
    inquiry = isinstance(call.body, dict) and site.inquiries.get(str(call.body.get("inquiryId")))
    if inquiry and inquiry["status"] == "queued":
        queue.set_inquiry_status(site, inquiry, "ready")


def _oldest_too(original: Any, site: Any, call: Any, inquiry_id: str, user: Any) -> Any:
    room = original(site, call, inquiry_id, user)
    for inquiry in site.inquiries.find({"status": "queued"}, sort=[("ts", 1)], limit=1):
        queue.set_inquiry_status(site, inquiry, "ready")
    return room


async def _loser_overwrites(original: Any, site: Any, call: Any) -> Any:
    body = call.body if isinstance(call.body, dict) else {}
    flying = site.memory.setdefault("takes", {})
    key = str(body.get("inquiryId"))
    flying[key] = flying.get(key, 0) + 1
    try:
        await asyncio.sleep(0.2)
        overlapped = flying[key] > 1 or site.memory.get("contested") == key
        if overlapped:
            site.memory["contested"] = key
        return original(site, call)
    except Refusal as error:
        inquiry, user = site.inquiries.get(key), site.users.get(str(body.get("userId")))
        room = inquiry and site.rooms.get(inquiry["rid"])
        if overlapped and room and user:
            queue.set_agent(site, room, {"agentId": user["_id"], "username": user["username"]})
            save(site, site.rooms, room)
            error.keep = True
        raise
    finally:
        flying[key] -= 1


async def _checks_then_waits(original: Any, site: Any, call: Any) -> Any:
    key = str(call.body.get("inquiryId")) if isinstance(call.body, dict) else ""
    inquiry = site.inquiries.get(key)
    free = inquiry is not None and inquiry["status"] != "taken"
    await asyncio.sleep(0.2)
    inquiry = site.inquiries.get(key)
    if free and inquiry is not None:
        site.inquiries.save({**inquiry, "status": "queued"})
    return original(site, call)


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
        "inquiries.taken-for-caller",
        ("LC-INQUIRY-024",),
        _TAKE,
        _STATE,
        _RELATION,
        "A chat that is taken for an agent is served by whoever sent the call.",
        wrap={"inquiries.take": _for_the_caller},
    ),
    Fault(
        "inquiries.take-leaves-ready",
        ("LC-INQUIRY-025",),
        _TAKE,
        _STATE,
        _RELATION,
        "An inquiry that was taken is put down as ready.",
        wrap=during(
            "takeInquiry",
            "inquiries.set_status",
            lambda original, site, inquiry, status: original(site, inquiry, "ready"),
        ),
    ),
    Fault(
        "inquiries.taker-unseen",
        ("LC-INQUIRY-026",),
        _TAKE,
        _STATE,
        _RELATION,
        "Under manual selection a visitor is told that his chat has no agent.",
        wrap={"agents.of_room": _no_agent_yet},
    ),
    Fault(
        "inquiries.taken-other-code",
        ("LC-INQUIRY-027",),
        _TAKE,
        Kind.STATUS,
        _LIVE,
        "An inquiry that is taken already is refused with a code of its own.",
        wrap={"inquiries.take": _other_code("error-inquiry-taken", False)},
    ),
    Fault(
        "inquiries.taken-twice",
        ("LC-INQUIRY-028", "LC-INQUIRY-027"),
        _TAKE,
        _STATE,
        _LIVE,
        "A second take moves the chat to the second agent.",
        wrap={"inquiries.is_free": lambda original, site, inquiry: True},
    ),
    Fault(
        "inquiries.unknown-other-code",
        ("LC-INQUIRY-029",),
        _TAKE,
        Kind.STATUS,
        _SHALLOW,
        "An inquiry that does not exist is refused with a code of its own.",
        wrap={"inquiries.take": _other_code("error-inquiry-not-found", True)},
    ),
    Fault(
        "inquiries.unknown-user-other-text",
        ("LC-INQUIRY-030",),
        _TAKE,
        Kind.STATUS,
        _SHALLOW,
        "A user who does not exist is refused with another text.",
        wrap=recoded("takeInquiry", "The user is invalid", "error-invalid-user"),
    ),
    Fault(
        "inquiries.offline-takes",
        ("LC-INQUIRY-031",),
        _TAKE,
        Kind.VALIDATION,
        _LIVE,
        "A chat is taken for an agent who is offline.",
        wrap={"inquiries.may_take": lambda original, site, user: True},
    ),
    Fault(
        "inquiries.anybody-takes",
        ("LC-INQUIRY-032",),
        _TAKE,
        Kind.VALIDATION,
        _LIVE,
        "A chat is taken for a user who is no agent.",
        wrap={"inquiries.take": _any_user},
    ),
    Fault(
        "inquiries.refused-take-dequeues",
        ("LC-INQUIRY-033",),
        (*_TAKE, *_LIST),
        _STATE,
        _RELATION,
        "A take that is refused removes the inquiry from the queue.",
        wrap=refused_yet_done("takeInquiry", _forget_inquiry),
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
        "inquiries.oldest-vanishes",
        ("LC-INQUIRY-035",),
        (*_TAKE, *_LIST),
        Kind.DATA_LOSS,
        _RELATION,
        "A take removes the oldest waiting inquiry from the queue as well.",
        wrap={"inquiries.take": _oldest_too},
    ),
    Fault(
        "inquiries.loser-overwrites",
        ("LC-INQUIRY-036",),
        _TAKE,
        Kind.CONCURRENCY,
        Depth.RACE,
        "Of two takes at the same time the one that is refused writes its agent into the room.",
        wrap={"operation.takeInquiry": _loser_overwrites},
    ),
    Fault(
        "inquiries.both-succeed",
        ("LC-INQUIRY-037",),
        _TAKE,
        Kind.CONCURRENCY,
        Depth.RACE,
        "Takes at the same time all find the inquiry free, and all succeed.",
        wrap={"operation.takeInquiry": _checks_then_waits},
    ),
    Fault(
        "inquiries.take-answers-another",
        ("LC-INQUIRY-038",),
        _TAKE,
        _STATE,
        _RELATION,
        "The answer of a take carries an id that is neither the inquiry's nor the room's.",
        wrap=answered("takeInquiry", put("inquiry._id", lambda value: value[::-1])),
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
