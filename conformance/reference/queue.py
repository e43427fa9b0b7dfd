"""The routing of chats: inquiries, who takes them, and how a chat moves to another agent or department."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.agents import assigns_by_itself, next_agent, routing_method
from conformance.reference.departments import anybody_registered, find_department, is_online
from conformance.reference.envelope import Refusal
from conformance.reference.match import MatchFailure
from conformance.reference.messages import append_system_message
from conformance.reference.seam import behaviour
from conformance.reference.site import add, new_id, now, save

if TYPE_CHECKING:
    from conformance.reference.site import Site
    from conformance.reference.store import Document


@behaviour("agents.agent_is_online")
def agent_is_online(site: Site, identifier: str) -> bool:
    """Whether the account with this id is an online agent."""
    user = site.users.get(identifier)
    return user is not None and is_online(site, user)


@behaviour("inquiries.create")
def create_inquiry(site: Site, room: Document) -> Document:
    """Insert the inquiry of a new room; it is ``ready``."""
    stamp = now(site)
    inquiry: Document = {"_id": new_id(site), "rid": room["_id"], "name": room["fname"], "ts": stamp}
    if room.get("departmentId"):
        inquiry["department"] = room["departmentId"]
    inquiry |= {
        "message": "",
        "status": "ready",
        "v": dict(room["v"]),
        "t": "l",
        "queueOrder": 1,
        "estimatedWaitingTimeQueue": 0,
        "estimatedServiceTimeAt": stamp,
    }
    return add(site, site.inquiries, inquiry)


@behaviour("inquiries.find_by_room")
def find_inquiry_by_room(site: Site, room_id: str) -> Document | None:
    """The inquiry of a room."""
    return site.inquiries.one({"rid": room_id}) if room_id else None


@behaviour("inquiries.find")
def find_inquiry(site: Site, identifier: str) -> Document | None:
    """The inquiry with this id."""
    return site.inquiries.get(identifier)


@behaviour("inquiries.set_status")
def set_inquiry_status(site: Site, inquiry: Document, status: str) -> None:
    """Store an inquiry as ``ready``, ``queued`` or ``taken``."""
    inquiry["status"] = status
    save(site, site.inquiries, inquiry)


@behaviour("inquiries.remove")
def remove_inquiry(site: Site, room_id: str) -> None:
    """Remove the inquiry of a room that is closed."""
    site.inquiries.remove_all({"rid": room_id})


@behaviour("rooms.subscribe")
def subscribe(site: Site, room: Document, agent: Document) -> None:
    """Make an agent a member of a room; the caller stores the room."""
    if site.subscriptions.one({"rid": room["_id"], "u._id": agent["agentId"]}) is None:
        person = {"_id": agent["agentId"], "username": agent["username"]}
        add(
            site,
            site.subscriptions,
            {"_id": new_id(site), "rid": room["_id"], "fname": room["fname"], "t": "l", "open": True, "u": person},
        )
    room["usersCount"] = room["usersCount"] + 1


@behaviour("rooms.unsubscribe")
def unsubscribe(site: Site, room: Document, agent_id: str) -> None:
    """End the membership of an agent in a room; the caller stores the room."""
    site.subscriptions.remove_all({"rid": room["_id"], "u._id": agent_id})
    room["usersCount"] = max(1, room["usersCount"] - 1)


@behaviour("rooms.is_subscribed")
def is_subscribed(site: Site, room_id: str, user_id: str) -> bool:
    """Whether an account is a member of a room."""
    return site.subscriptions.one({"rid": room_id, "u._id": user_id}) is not None


@behaviour("rooms.remove_all_subscriptions")
def remove_all_subscriptions(site: Site, room: Document) -> None:
    """End every membership in a room that is closed."""
    gone = site.subscriptions.remove_all({"rid": room["_id"]})
    room["usersCount"] = max(1, room["usersCount"] - gone)


@behaviour("rooms.set_agent")
def set_agent(site: Site, room: Document, agent: Document) -> None:
    """Write into a room who serves it from now on."""
    room["servedBy"] = {"_id": agent["agentId"], "username": agent["username"], "ts": now(site)}


@behaviour("rooms.remove_agent")
def remove_agent(site: Site, room: Document) -> None:
    """Write into a room that nobody serves it."""
    room.pop("servedBy", None)


@behaviour("rooms.leave")
def leave(site: Site, room: Document, served: Document) -> None:
    """Let the agent who served a room leave it, with the message that says so."""
    unsubscribe(site, room, served["_id"])
    append_system_message(site, room, "ul", served["username"], served)


@behaviour("queue.assign")
def assign(site: Site, room: Document, agent: Document) -> None:
    """Give a room to an agent: membership, ``servedBy``, and the message ``connected``."""
    subscribe(site, room, agent)
    set_agent(site, room, agent)
    person = {"_id": agent["agentId"], "username": agent["username"]}
    append_system_message(site, room, "command", "connected", person)


@behaviour("queue.take")
def take(site: Site, room: Document, inquiry: Document, agent: Document) -> Document:
    """Let an agent take a chat; return its room, unchanged where it is closed or he serves it already.

    Raises:
        MatchFailure: The agent has no username, because the settings hide agents.
    """
    if "username" not in agent:
        raise MatchFailure("Expected string, got undefined", "username")
    served = room.get("servedBy")
    if room.get("open") is not True or (served and served["_id"] == agent["agentId"]):
        return room
    set_inquiry_status(site, inquiry, "taken")
    assign(site, room, agent)
    return room


@behaviour("queue.delegate")
def delegate(
    site: Site, room: Document, inquiry: Document, department: str | None, agent: Document | None = None
) -> Document:
    """Give a chat to an agent: the one wanted, if he is online, or the next in turn; return its room."""
    if agent is None or ("username" in agent and not agent_is_online(site, agent["agentId"])):
        agent = next_agent(site, department)
    return room if agent is None else take(site, room, inquiry, agent)


@behaviour("queue.check_somebody")
def check_somebody(site: Site, department: str | None) -> None:
    """Refuse to queue a chat for a department that nobody works in; what was done before stays done.

    Raises:
        Refusal: ``no-agent-available``.
    """
    if not anybody_registered(site, department):
        raise Refusal("no-agent-available", "Sorry, no available agents.", keep=True)


@behaviour("queue.enqueue")
def enqueue(site: Site, inquiry: Document) -> None:
    """Put a chat into the queue."""
    set_inquiry_status(site, inquiry, "queued")


@behaviour("queue.route")
def route(site: Site, room: Document, inquiry: Document, agent: Document | None) -> Document:
    """Find a new chat its way: to an agent, or into the queue; return its room."""
    if routing_method(site) == "Manual_Selection" and agent is None:
        check_somebody(site, inquiry.get("department"))
        enqueue(site, inquiry)
        return room
    return delegate(site, room, inquiry, inquiry.get("department"), agent)


@behaviour("queue.set_department")
def set_room_department(site: Site, room: Document, inquiry: Document, department: str) -> None:
    """Write a new department into a room and its inquiry."""
    room["departmentId"] = department
    save(site, site.rooms, room)
    inquiry["department"] = department
    save(site, site.inquiries, inquiry)


@behaviour("queue.save_transfer")
def save_transfer(site: Site, room: Document, transfer: Document) -> None:
    """Store the message that tells of a transfer.

    Args:
        site: The server.
        room: The room as it was before its department changed.
        transfer: ``transferredBy`` {_id, username, name?, type}, and as they apply ``department`` {_id, name},
            ``transferredTo`` {_id, username, name}, ``scope``, ``comment``.
    """
    scope = transfer.get("scope") or ("department" if transfer.get("department") else "agent")
    data: Document = {"transferredBy": transfer["transferredBy"], "ts": now(site), "scope": scope}
    if transfer.get("comment"):
        data["comment"] = transfer["comment"]
    if room.get("departmentId"):
        data["previousDepartment"] = room["departmentId"]
    if transfer.get("department"):
        data["nextDepartment"] = transfer["department"]
    if transfer.get("transferredTo"):
        data["transferredTo"] = transfer["transferredTo"]
    append_system_message(
        site,
        room,
        "livechat_transfer_history",
        "",
        transfer["transferredBy"],
        counted=False,
        transferData=data,
    )


@behaviour("queue.return_to_queue")
def return_to_queue(site: Site, room: Document, inquiry: Document, department: str | None) -> None:
    """Take a chat from its agent and queue it, for another department where one is given.

    Raises:
        Refusal: ``no-agent-available``, after the department was changed and the agent removed.
    """
    if department and department != room.get("departmentId"):
        set_room_department(site, room, inquiry, department)
    served = room.get("servedBy")
    if served:
        remove_agent(site, room)
        leave(site, room, served)
        save(site, site.rooms, room)
    check_somebody(site, inquiry.get("department"))
    enqueue(site, inquiry)


@behaviour("queue.forward_to_agent")
def forward_to_agent(site: Site, room: Document, transfer: Document) -> bool:
    """Move a chat to an agent (``userId`` of the transfer); say whether it moved.

    Raises:
        Refusal: ``error-user-is-offline``, ``error-invalid-inquiry``, ``error-selected-agent-room-agent-are-same``.
    """
    details = {"function": "forwardRoomToAgent"}
    user = site.users.get(transfer["userId"])
    if user is None or not is_online(site, user):
        raise Refusal("error-user-is-offline", "User is offline", details)
    inquiry = find_inquiry_by_room(site, room["_id"])
    if inquiry is None:
        raise Refusal("error-invalid-inquiry", "Invalid inquiry", details)
    before = room.get("servedBy")
    if before and before["_id"] == user["_id"]:
        reason = "The selected agent and the room agent are the same"
        raise Refusal("error-selected-agent-room-agent-are-same", reason, details)
    take(site, room, inquiry, {"agentId": user["_id"], "username": user["username"]})
    save_transfer(site, room, transfer)
    joined(site, room, before)
    return True


@behaviour("queue.joined")
def joined(site: Site, room: Document, before: Document | None) -> None:
    """Tell of the change of agents in a room: who left, who joined."""
    served = room.get("servedBy")
    if served is None:
        return
    if before and before["_id"] != served["_id"]:
        leave(site, room, before)
    append_system_message(site, room, "uj", served["username"], served)


@behaviour("queue.forward_to_department")
def forward_to_department(site: Site, room: Document, transfer: Document) -> bool:
    """Move a chat to a department (``departmentId`` of the transfer); say whether it moved.

    Where chats get their agents by themselves it moves only if another agent takes it; else it goes into the queue of
    the department.

    Raises:
        Refusal: ``error-transferring-inquiry``, ``error-forwarding-chat-same-department``, ``no-agent-available``.
    """
    inquiry = find_inquiry_by_room(site, room["_id"])
    if inquiry is None:
        raise Refusal("error-transferring-inquiry")
    department = transfer["departmentId"]
    if room.get("departmentId") == department:
        raise Refusal(
            "error-forwarding-chat-same-department",
            "The selected department and the current room department are the same",
            {"function": "forwardRoomToDepartment"},
        )
    if not assigns_by_itself(site):
        save_transfer(site, room, transfer)
        return_to_queue(site, room, inquiry, department)
        return True
    before = room.get("servedBy")
    delegate(site, room, inquiry, department)
    after = room.get("servedBy")
    if before and after and before["_id"] == after["_id"]:
        return False
    save_transfer(site, room, transfer)
    set_room_department(site, room, inquiry, department)
    joined(site, room, before)
    return True


@behaviour("queue.transfer")
def transfer_room(site: Site, room: Document, transfer: Document) -> bool:
    """Move a chat as asked: ``userId`` wins over ``departmentId``; say whether it moved.

    Nothing happens where the room is closed or neither is given.
    """
    if room.get("open") is not True:
        return False
    if transfer.get("departmentId"):
        found = find_department(site, transfer["departmentId"])
        if found is not None:
            transfer["department"] = {"_id": found["_id"], "name": found["name"]}
    if transfer.get("userId"):
        return forward_to_agent(site, room, transfer)
    if not transfer.get("departmentId"):
        return False
    moved = forward_to_department(site, room, transfer)
    if moved and assigns_by_itself(site):
        from conformance.reference.visitors import change_department

        change_department(site, room["v"]["_id"], transfer["departmentId"])
    return moved
