"""Faults of transfers, which the visitor's side asks for."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, answered, during, otherwise, refused_yet_done
from conformance.reference import queue
from conformance.reference.agents import assigns_by_itself
from conformance.reference.departments import find_department, online_agents, online_links
from conformance.reference.envelope import Refusal
from conformance.reference.rooms import reduce_room
from conformance.reference.site import save

_TRANSFER = ("transferRoom",)
_STATE, _SHALLOW, _LIVE, _RELATION = Kind.STATE, Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION


def name_for_id(original: Any, site: Any, room: Any, inquiry: Any, department: str) -> None:
    """Write the name of a department where its id belongs."""
    original(site, room, inquiry, department)
    found = find_department(site, department)
    if found is not None:
        room["departmentId"] = found["name"]
        save(site, site.rooms, room)


def next_outside(original: Any, site: Any, department: str) -> Any:
    """Choose an agent who is not in the department, if there is one."""
    chosen = original(site, department)
    inside = {link["agentId"] for link in online_links(site, department)}
    others = [user for user in online_agents(site) if user["_id"] not in inside]
    return {"agentId": others[0]["_id"], "username": others[0]["username"]} if chosen and others else chosen


def moved_anyway(decide: Any) -> Any:
    """Say that a chat moved, and write its department, where ``decide(site, room, transfer)`` wants it."""

    def forward(original: Any, site: Any, room: Any, transfer: Any) -> bool:
        moved = bool(original(site, room, transfer))
        inquiry = queue.find_inquiry_by_room(site, room["_id"])
        if not moved and inquiry is not None and decide(site, room, transfer):
            queue.set_room_department(site, room, inquiry, transfer["departmentId"])
            return True
        return moved

    return forward


def same_is_fine(original: Any, site: Any, room: Any, transfer: Any) -> Any:
    """Say that a chat moved where it is in the wanted department already."""
    return room.get("departmentId") == transfer["departmentId"] or original(site, room, transfer)


def told_otherwise(change: Any) -> Any:
    """Tell another story of a transfer: ``change(site, room, transfer)`` gives it."""

    def tell(original: Any, site: Any, room: Any, transfer: Any) -> None:
        original(site, room, change(site, room, dict(transfer)))

    return tell


def _without(*keys: str) -> Any:
    return lambda site, room, transfer: {key: value for key, value in transfer.items() if key not in keys}


def _stories(body: Any) -> Any:
    return (each["transferData"] for each in body["messages"] if isinstance(each.get("transferData"), dict))


def _as_an_agents(site: Any, call: Any, body: Any) -> None:
    for story in _stories(body):
        if story["transferredBy"].get("type") == "visitor":
            story["transferredBy"]["type"] = "agent"


def _from_nowhere(site: Any, call: Any, body: Any) -> None:
    for story in _stories(body):
        story.pop("previousDepartment", None)


def _moved_by_the_new_one(site: Any, call: Any, body: Any) -> None:
    for story in _stories(body):
        if story.get("transferredTo"):
            story["transferredBy"]["_id"] = story["transferredTo"]["_id"]


def _inquiry_for_room(site: Any, call: Any, body: Any) -> None:
    inquiry = queue.find_inquiry_by_room(site, body["room"]["_id"])
    if inquiry is not None:
        body["room"]["_id"] = inquiry["_id"]


def _state_before(original: Any, site: Any, call: Any) -> Any:
    rid = call.body.get("rid") if isinstance(call.body, dict) else None
    before: Any = site.rooms.get(str(rid))
    answer = original(site, call)
    answer.body["room"] = reduce_room(site, before)
    return answer


def _closed_is_fine(original: Any, site: Any, room: Any, transfer: Any) -> Any:
    return not room.get("open") or original(site, room, transfer)


def _unknown_is_fine(original: Any, site: Any, room: Any, transfer: Any) -> Any:
    return find_department(site, transfer["departmentId"]) is None or original(site, room, transfer)


def _department_changes(site: Any, call: Any) -> None:
    rid = call.body.get("rid") if isinstance(call.body, dict) else None
    room: Any = site.rooms.get(str(rid))
    wanted = room and call.body.get("department")
    if isinstance(wanted, str) and wanted and room.get("open") and assigns_by_itself(site):
        save(site, site.rooms, {**room, "departmentId": wanted})


def _half_done(original: Any, site: Any, call: Any) -> Any:
    rid = call.body.get("rid") if isinstance(call.body, dict) else None
    before: Any = site.rooms.get(str(rid))
    try:
        return original(site, call)
    except Refusal as error:
        room = before and site.rooms.get(rid)
        if room and error.code == "no-agent-available":
            room.pop("servedBy", None)
            room.pop("departmentId", None)
            save(site, site.rooms, room | {key: before[key] for key in ("departmentId",) if key in before})
            error.keep = True
        raise


def _hides_messages(moved: bool, site: Any, room: Any, transfer: Any) -> bool:
    for message in site.messages.find({"rid": room["_id"]}) if moved else ():
        if "token" in message:
            save(site, site.messages, {**message, "_hidden": True})
    return moved


def _transfer(behaviour: str, function: Any) -> Any:
    return during("transferRoom", behaviour, function)


def _nothing(original: Any, site: Any, *args: Any) -> None:
    """Do nothing."""


FAULTS: tuple[Fault, ...] = (
    Fault(
        "transfers.answers-inquiry-id",
        ("LC-TRANSFER-005",),
        _TRANSFER,
        _STATE,
        _RELATION,
        "The answer of a transfer carries the id of the inquiry as that of the room.",
        wrap=answered("transferRoom", _inquiry_for_room),
    ),
    Fault(
        "transfers.name-for-id",
        ("LC-TRANSFER-006",),
        _TRANSFER,
        _STATE,
        _RELATION,
        "A transfer writes the name of the department into the room in place of its id.",
        wrap=_transfer("queue.set_department", name_for_id),
    ),
    Fault(
        "transfers.agent-from-outside",
        ("LC-TRANSFER-007",),
        _TRANSFER,
        _STATE,
        _RELATION,
        "A transfer gives the room an agent who is not in the department.",
        wrap=_transfer("agents.next_of_department", next_outside),
    ),
    Fault(
        "transfers.agent-stays",
        ("LC-TRANSFER-008", "LC-TRANSFER-010"),
        _TRANSFER,
        _STATE,
        _LIVE,
        "Under manual selection the agent goes on serving a transferred room.",
        wrap=_transfer("rooms.remove_agent", _nothing),
    ),
    Fault(
        "transfers.not-queued",
        ("LC-TRANSFER-009",),
        _TRANSFER,
        _STATE,
        _RELATION,
        "Under manual selection the inquiry of a transferred room is not queued again.",
        wrap=_transfer("queue.enqueue", _nothing),
    ),
    Fault(
        "transfers.inquiry-keeps-department",
        ("LC-TRANSFER-009",),
        _TRANSFER,
        _STATE,
        _RELATION,
        "The inquiry of a transferred room keeps the department before.",
        wrap=_transfer(
            "queue.set_department",
            lambda original, site, room, inquiry, department: original(
                site, room, {**inquiry, "_id": "none"}, department
            ),
        ),
    ),
    Fault(
        "transfers.answers-state-before",
        ("LC-TRANSFER-010",),
        _TRANSFER,
        _STATE,
        _RELATION,
        "The answer of a transfer shows the room as it was before.",
        wrap={"operation.transferRoom": _state_before},
    ),
    Fault(
        "transfers.visitor-stays-behind",
        ("LC-TRANSFER-011",),
        _TRANSFER,
        _STATE,
        _RELATION,
        "The visitor keeps his department when his chat is transferred.",
        wrap=_transfer("visitors.change_department", _nothing),
    ),
    Fault(
        "transfers.untold",
        ("LC-TRANSFER-012",),
        _TRANSFER,
        Kind.DATA_LOSS,
        _RELATION,
        "A transfer leaves no entry in the history.",
        wrap=_transfer("queue.save_transfer", _nothing),
    ),
    Fault(
        "transfers.untold-department",
        ("LC-TRANSFER-012",),
        _TRANSFER,
        Kind.DATA_LOSS,
        _RELATION,
        "The entry of a transfer does not name the department.",
        wrap=_transfer("queue.save_transfer", told_otherwise(_without("department"))),
    ),
    Fault(
        "transfers.told-as-an-agents",
        ("LC-TRANSFER-049",),
        ("transferRoom", "getHistory"),
        Kind.DATA_LOSS,
        _RELATION,
        "The entry of a visitor's transfer says that an agent moved the chat.",
        seen_in="RocketChat/Rocket.Chat#15780",
        wrap=answered("getHistory", _as_an_agents),
    ),
    Fault(
        "transfers.former-department-untold",
        ("LC-TRANSFER-049",),
        ("transferRoom", "getHistory"),
        Kind.DATA_LOSS,
        _RELATION,
        "The entry of a transfer does not name the department that the chat came from.",
        wrap=answered("getHistory", _from_nowhere),
    ),
    Fault(
        "forwards.mover-untold",
        ("LC-TRANSFER-050",),
        ("forwardRoom", "getHistory"),
        Kind.DATA_LOSS,
        _RELATION,
        "The entry of a forward names the agent who gets the chat as the one who forwarded it.",
        wrap=answered("getHistory", _moved_by_the_new_one),
    ),
    Fault(
        "transfers.closed-is-fine",
        ("LC-TRANSFER-013",),
        _TRANSFER,
        Kind.VALIDATION,
        _LIVE,
        "A transfer of a closed room is answered with success.",
        wrap=_transfer("queue.transfer", _closed_is_fine),
    ),
    Fault(
        "transfers.room-other-code",
        ("LC-TRANSFER-014",),
        _TRANSFER,
        Kind.STATUS,
        _SHALLOW,
        "A transfer of a room that does not exist is refused with another code.",
        wrap=otherwise("transferRoom", "rooms.require_of_visitor", "error-room-not-found"),
    ),
    Fault(
        "transfers.token-other-code",
        ("LC-TRANSFER-015",),
        _TRANSFER,
        Kind.STATUS,
        _SHALLOW,
        "A transfer with an unknown token is refused with another code.",
        wrap=otherwise("transferRoom", "visitors.require", "error-invalid-visitor"),
    ),
    Fault(
        "transfers.same-is-fine",
        ("LC-TRANSFER-016",),
        _TRANSFER,
        Kind.VALIDATION,
        _LIVE,
        "A transfer to the department in which the room is already is answered with success.",
        wrap=_transfer("queue.forward_to_department", same_is_fine),
    ),
    Fault(
        "transfers.moves-to-nobody",
        ("LC-TRANSFER-017",),
        _TRANSFER,
        Kind.VALIDATION,
        _RELATION,
        "A transfer to a department without an online agent succeeds and changes the department only.",
        wrap=_transfer(
            "queue.forward_to_department",
            moved_anyway(
                lambda site, room, transfer: (
                    find_department(site, transfer["departmentId"]) and not online_links(site, transfer["departmentId"])
                )
            ),
        ),
    ),
    Fault(
        "transfers.moves-to-same-agent",
        ("LC-TRANSFER-018",),
        _TRANSFER,
        Kind.VALIDATION,
        _RELATION,
        "A transfer to a department whose only agent serves already succeeds.",
        wrap=_transfer(
            "queue.forward_to_department",
            moved_anyway(lambda site, room, transfer: bool(online_links(site, transfer["departmentId"]))),
        ),
    ),
    Fault(
        "transfers.unknown-is-fine",
        ("LC-TRANSFER-019",),
        _TRANSFER,
        Kind.VALIDATION,
        Depth.RARE_INPUT,
        "A transfer to a department that does not exist is answered with success.",
        wrap=_transfer("queue.forward_to_department", _unknown_is_fine),
    ),
    Fault(
        "transfers.refused-changes-department",
        ("LC-TRANSFER-020",),
        _TRANSFER,
        _STATE,
        _RELATION,
        "A transfer that is refused under automatic selection leaves the new department in the room.",
        wrap=refused_yet_done("transferRoom", _department_changes),
    ),
    Fault(
        "transfers.refused-takes-agent",
        ("LC-TRANSFER-021",),
        _TRANSFER,
        _STATE,
        _RELATION,
        "A transfer that is refused under manual selection takes the agent away and keeps the department.",
        wrap={"operation.transferRoom": _half_done},
    ),
    Fault(
        "transfers.hides-messages",
        ("LC-TRANSFER-022", "LC-LIFE-018"),
        _TRANSFER,
        Kind.DATA_LOSS,
        _RELATION,
        "A transfer hides what the visitor wrote before.",
        wrap=_transfer("queue.transfer", after("queue.transfer", _hides_messages)["queue.transfer"]),
    ),
)
