"""Faults of taking inquiries."""

from __future__ import annotations

import asyncio
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import (
    answered,
    drop,
    during,
    put,
    recoded,
    refused_yet_done,
)
from conformance.reference import queue
from conformance.reference.agents import assigns_by_itself
from conformance.reference.envelope import Refusal
from conformance.reference.site import save

_LIST, _TAKE, _ONE = ("listInquiries",), ("takeInquiry",), ("getInquiry",)


_STATE, _SHALLOW, _LIVE, _RELATION = Kind.STATE, Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION


def _for_the_caller(original: Any, site: Any, call: Any, inquiry_id: str, user: Any) -> Any:
    room = original(site, call, inquiry_id, user)
    queue.set_agent(site, room, {"agentId": call.user["_id"], "username": call.user["username"]})
    return save(site, site.rooms, room)


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
        overwritten = site.memory.setdefault("overwritten", set())
        served = (room or {}).get("servedBy") or {}
        if overlapped and room and user and key not in overwritten and served.get("_id") != user["_id"]:
            overwritten.add(key)
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


FAULTS: tuple[Fault, ...] = (
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
        "inquiries.take-answers-the-room-before",
        ("LC-INQUIRY-052",),
        _TAKE,
        _STATE,
        _RELATION,
        "The answer of a take shows the room as it was before, without its agent.",
        seen_in="RocketChat/Rocket.Chat#21485",
        wrap=answered("takeInquiry", drop("inquiry.servedBy")),
    ),
)
