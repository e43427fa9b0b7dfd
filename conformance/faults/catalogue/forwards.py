"""Faults of forwards, which agents and managers ask for."""

from __future__ import annotations

from typing import Any

from conformance.faults.catalogue.transfers import (
    moved_anyway,
    name_for_id,
    next_outside,
    same_is_fine,
    told_otherwise,
)
from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import during, refused_yet_done
from conformance.reference.departments import online_links
from conformance.reference.envelope import Refusal, success
from conformance.reference.site import add, new_id, save

_FORWARD = ("forwardRoom",)
_STATE, _SHALLOW, _LIVE, _RELATION = Kind.STATE, Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION


def _agent_stays(original: Any, site: Any, room: Any, transfer: Any) -> Any:
    before = room.get("servedBy")
    moved = original(site, room, transfer)
    if before:
        room["servedBy"] = before
        save(site, site.rooms, room)
    return moved


def _loses_department(original: Any, site: Any, room: Any, transfer: Any) -> Any:
    moved = original(site, room, transfer)
    room.pop("departmentId", None)
    save(site, site.rooms, room)
    return moved


def _becomes_another(original: Any, site: Any, room: Any, transfer: Any) -> Any:
    moved = original(site, room, transfer)
    if moved:
        add(site, site.rooms, {**room, "_id": new_id(site)})
        room.pop("open")
        save(site, site.rooms, room)
    return moved


def _any_presence(original: Any, site: Any, user: Any) -> Any:
    return "livechat-agent" in user.get("roles", ())


def _any_role(original: Any, site: Any, user: Any) -> Any:
    return "livechat-agent" not in user.get("roles", ()) or original(site, user)


def _same_agent_is_fine(original: Any, site: Any, room: Any, transfer: Any) -> Any:
    return (room.get("servedBy") or {}).get("_id") == transfer["userId"] or original(site, room, transfer)


def _room_check(decide: Any, result: Any) -> dict[str, Any]:
    """Treat a room that is not a Livechat room of the server in another way."""

    def forward(original: Any, site: Any, call: Any) -> Any:
        rid = call.body.get("roomId") if isinstance(call.body, dict) else None
        if isinstance(rid, str) and rid and site.rooms.get(rid) is None and decide(site, rid):
            return result()
        return original(site, call)

    return {"operation.forwardRoom": forward}


def _other_code() -> Any:
    raise Refusal("error-room-not-found")


def _agent_or_department(site: Any, call: Any) -> None:
    body = call.body if isinstance(call.body, dict) else {}
    room = site.rooms.get(body["roomId"]) if isinstance(body.get("roomId"), str) else None
    if not room or not room.get("open"):
        return
    user = site.users.get(body["userId"]) if isinstance(body.get("userId"), str) else None
    if user is not None:
        room["servedBy"] = {"_id": user["_id"], "username": user["username"], "ts": room["ts"]}
    elif isinstance(body.get("departmentId"), str):
        room["departmentId"] = body["departmentId"]
    else:
        room.pop("servedBy", None)
    save(site, site.rooms, room)


def _department_wins(original: Any, site: Any, room: Any, transfer: Any) -> Any:
    if transfer.get("departmentId"):
        transfer = {key: value for key, value in transfer.items() if key not in ("userId", "transferredTo")}
    return original(site, room, transfer)


def _by_the_visitor(site: Any, room: Any, transfer: Any) -> Any:
    by = {"_id": room["v"]["_id"], "username": room["v"]["username"], "type": "visitor"}
    return transfer | {"transferredBy": by}


def _drop(key: str) -> Any:
    return lambda site, room, transfer: {name: value for name, value in transfer.items() if name != key}


def _scope_agent(site: Any, room: Any, transfer: Any) -> Any:
    return transfer | ({"scope": "agent"} if transfer.get("departmentId") else {})


def _forward(behaviour: str, function: Any) -> Any:
    return during("forwardRoom", behaviour, function)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "forwards.agent-stays",
        ("LC-TRANSFER-029",),
        _FORWARD,
        _STATE,
        _LIVE,
        "A forward to an agent tells of it, but the agent before goes on serving.",
        wrap=_forward("queue.forward_to_agent", _agent_stays),
    ),
    Fault(
        "forwards.loses-department",
        ("LC-TRANSFER-030",),
        _FORWARD,
        Kind.DATA_LOSS,
        _RELATION,
        "A forward to an agent takes the room out of its department.",
        wrap=_forward("queue.forward_to_agent", _loses_department),
    ),
    Fault(
        "forwards.name-for-id",
        ("LC-TRANSFER-031",),
        _FORWARD,
        _STATE,
        _RELATION,
        "A forward writes the name of the department into the room in place of its id.",
        wrap=_forward("queue.set_department", name_for_id),
    ),
    Fault(
        "forwards.agent-from-outside",
        ("LC-TRANSFER-032",),
        _FORWARD,
        _STATE,
        _RELATION,
        "A forward to a department gives the room an agent who is not in it.",
        wrap=_forward("agents.next_of_department", next_outside),
    ),
    Fault(
        "forwards.not-queued",
        ("LC-TRANSFER-033",),
        _FORWARD,
        _STATE,
        _RELATION,
        "Under manual selection a room that is forwarded to a department is not queued again.",
        wrap=_forward("queue.enqueue", lambda original, site, inquiry: None),
    ),
    Fault(
        "forwards.new-room",
        ("LC-TRANSFER-034",),
        _FORWARD,
        _STATE,
        _RELATION,
        "A forward closes the room and goes on in a copy with a new id.",
        wrap=_forward("queue.transfer", _becomes_another),
    ),
    Fault(
        "forwards.offline-is-fine",
        ("LC-TRANSFER-035",),
        _FORWARD,
        Kind.VALIDATION,
        _LIVE,
        "A chat is forwarded to an agent who is offline.",
        wrap=_forward("agents.is_online", _any_presence),
    ),
    Fault(
        "forwards.anybody-is-fine",
        ("LC-TRANSFER-036",),
        _FORWARD,
        Kind.VALIDATION,
        _LIVE,
        "A chat is forwarded to a user who is no agent.",
        wrap=_forward("agents.is_online", _any_role),
    ),
    Fault(
        "forwards.same-agent-is-fine",
        ("LC-TRANSFER-037",),
        _FORWARD,
        Kind.VALIDATION,
        _LIVE,
        "A forward to the agent who serves already is answered with success.",
        wrap=_forward("queue.forward_to_agent", _same_agent_is_fine),
    ),
    Fault(
        "forwards.unknown-other-code",
        ("LC-TRANSFER-038",),
        _FORWARD,
        Kind.STATUS,
        _SHALLOW,
        "A forward of a room that does not exist is refused with another code.",
        wrap=_room_check(lambda site, rid: site.channels.get(rid) is None, _other_code),
    ),
    Fault(
        "forwards.channel-is-fine",
        ("LC-TRANSFER-039",),
        _FORWARD,
        Kind.VALIDATION,
        Depth.RARE_INPUT,
        "A forward of a channel is answered with success.",
        wrap=_room_check(lambda site, rid: site.channels.get(rid) is not None, success),
    ),
    Fault(
        "forwards.closed-is-fine",
        ("LC-TRANSFER-040",),
        _FORWARD,
        Kind.VALIDATION,
        _LIVE,
        "A forward of a closed room is answered with success, and does nothing.",
        wrap=_forward("rooms.is_open", lambda original, site, room: True),
    ),
    Fault(
        "forwards.same-department-is-fine",
        ("LC-TRANSFER-041",),
        _FORWARD,
        Kind.VALIDATION,
        _LIVE,
        "A forward to the department in which the room is already is answered with success.",
        wrap=_forward("queue.forward_to_department", same_is_fine),
    ),
    Fault(
        "forwards.department-without-agent",
        ("LC-TRANSFER-042",),
        _FORWARD,
        _STATE,
        _RELATION,
        "A forward to a department with nobody online changes the department only.",
        wrap=_forward(
            "queue.forward_to_department",
            moved_anyway(lambda site, room, transfer: not online_links(site, transfer["departmentId"])),
        ),
    ),
    Fault(
        "forwards.refused-changes",
        ("LC-TRANSFER-043",),
        _FORWARD,
        _STATE,
        _RELATION,
        "A forward that is refused leaves the new agent or department in the room.",
        wrap=refused_yet_done("forwardRoom", _agent_or_department),
    ),
    Fault(
        "forwards.department-wins",
        ("LC-TRANSFER-044",),
        _FORWARD,
        _STATE,
        _RELATION,
        "Of an agent and a department given together the department gets the room.",
        wrap=_forward("queue.transfer", _department_wins),
    ),
    Fault(
        "forwards.told-by-visitor",
        ("LC-TRANSFER-045",),
        _FORWARD,
        _STATE,
        _RELATION,
        "The entry of a forward is written in the name of the visitor.",
        wrap=_forward("queue.save_transfer", told_otherwise(_by_the_visitor)),
    ),
    Fault(
        "forwards.untold",
        ("LC-TRANSFER-045",),
        _FORWARD,
        Kind.DATA_LOSS,
        _RELATION,
        "A forward leaves no entry in the history.",
        wrap=_forward("queue.save_transfer", lambda original, site, room, transfer: None),
    ),
    Fault(
        "forwards.untold-agent",
        ("LC-TRANSFER-046",),
        _FORWARD,
        Kind.DATA_LOSS,
        _RELATION,
        "The entry of a forward to an agent does not name him.",
        wrap=_forward("queue.save_transfer", told_otherwise(_drop("transferredTo"))),
    ),
    Fault(
        "forwards.scope-always-agent",
        ("LC-TRANSFER-047",),
        _FORWARD,
        _STATE,
        _RELATION,
        "The entry of a forward to a department has the scope agent.",
        wrap=_forward("queue.save_transfer", told_otherwise(_scope_agent)),
    ),
    Fault(
        "forwards.untold-department",
        ("LC-TRANSFER-047",),
        _FORWARD,
        Kind.DATA_LOSS,
        _RELATION,
        "The entry of a forward to a department does not name it.",
        wrap=_forward("queue.save_transfer", told_otherwise(_drop("department"))),
    ),
    Fault(
        "forwards.comment-lost",
        ("LC-TRANSFER-048",),
        _FORWARD,
        Kind.DATA_LOSS,
        _RELATION,
        "The comment of a forward is not kept.",
        wrap=_forward("queue.save_transfer", told_otherwise(_drop("comment"))),
    ),
)
