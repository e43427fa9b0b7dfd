"""Rooms: finding them, opening and closing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.reference import queue
from conformance.reference.departments import find_department, required_department, service_online
from conformance.reference.envelope import Failure, Refusal
from conformance.reference.messages import append_message, append_system_message
from conformance.reference.metrics import note_close
from conformance.reference.seam import behaviour
from conformance.reference.site import add, new_id, now, save, setting

if TYPE_CHECKING:
    from conformance.reference.site import Site
    from conformance.reference.store import Document

#: What transfer and the visitor's own look-ups show of a room.
REDUCED = ("_id", "t", "departmentId", "servedBy", "open", "v", "ts")


@behaviour("rooms.find")
def find_room(site: Site, identifier: str) -> Document | None:
    """The livechat room with this id, whosever it is."""
    return site.rooms.get(identifier)


@behaviour("rooms.belongs_to")
def belongs_to(site: Site, room: Document, token: str) -> bool:
    """Whether a room is that of the visitor with this token."""
    return bool(room["v"]["token"] == token)


@behaviour("rooms.find_of_visitor")
def find_room_of_visitor(site: Site, token: str, identifier: str) -> Document | None:
    """The room with this id, if it belongs to the visitor with this token; an empty id is no room's."""
    room = find_room(site, identifier) if identifier else None
    return room if room is not None and belongs_to(site, room, token) else None


@behaviour("rooms.require_of_visitor")
def require_room_of_visitor(site: Site, token: str, identifier: str) -> Document:
    """The room with this id of the visitor with this token.

    Raises:
        Refusal: ``invalid-room``.
    """
    room = find_room_of_visitor(site, token, identifier)
    if room is None:
        raise Refusal("invalid-room")
    return room


@behaviour("rooms.is_open")
def is_open(site: Site, room: Document) -> bool:
    """Whether a room is open."""
    return room.get("open") is True


@behaviour("rooms.require_open")
def require_open(site: Site, room: Document) -> None:
    """Refuse a closed room.

    Raises:
        Refusal: ``room-closed``.
    """
    if not is_open(site, room):
        raise Refusal("room-closed")


@behaviour("rooms.open_of_visitor")
def open_rooms(site: Site, token: str) -> list[Document]:
    """The open rooms of a visitor, in the order in which they were opened."""
    return site.rooms.find({"v.token": token, "open": True}) if token else []


@behaviour("rooms.reduce")
def reduce_room(site: Site, room: Document) -> Document:
    """The part of a room that a transfer answers with."""
    return {key: room[key] for key in REDUCED if key in room}


@behaviour("rooms.display_name")
def display_name(site: Site, visitor: Document) -> str:
    """What a room is called: the visitor's name, or else his username."""
    return str(visitor.get("name") or visitor["username"])


@behaviour("rooms.create")
def create_room(site: Site, identifier: str, visitor: Document, department: str | None, more: Document) -> Document:
    """Insert an open room of a visitor.

    Raises:
        Failure: The id is that of a channel. The real server shows the error of its database here; this one does not.
    """
    if site.channels.get(identifier) is not None:
        raise Failure("The id is that of a channel.")
    stamp = now(site)
    room: Document = {
        "_id": identifier,
        "msgs": 0,
        "usersCount": 1,
        "lm": stamp,
        "fname": display_name(site, visitor),
        "t": "l",
        "ts": stamp,
    }
    if department:
        room["departmentId"] = department
    room["v"] = {
        "_id": visitor["_id"],
        "username": visitor["username"],
        "token": visitor["token"],
        "status": visitor.get("status") or "online",
    }
    room |= {"cl": False, "open": True, "waitingResponse": True, **more}
    return add(site, site.rooms, room)


@behaviour("rooms.attach_pages")
def attach_pages(site: Site, token: str, identifier: str) -> None:
    """Give the page visits that a visitor made before his chat to its room."""
    for page in site.messages.find({"navigation.token": token, "rid": None}):
        page["rid"] = identifier
        save(site, site.messages, page)


@behaviour("rooms.department_of_new")
def department_of_new_room(site: Site, visitor: Document, agent: Document | None) -> str | None:
    """The department of a new room: the visitor's own if it exists, or the one that takes visitors without any."""
    own = visitor.get("department")
    if own and find_department(site, own) is not None:
        return str(own)
    if agent is None:
        required = required_department(site)
        if required is not None:
            return str(required["_id"])
    return None


@behaviour("rooms.check_service")
def check_service(site: Site, department: str | None, agent: Document | None) -> None:
    """Refuse a new room that nobody could serve.

    Raises:
        Refusal: ``no-agent-online``: nobody of the department, nobody at all, or not the agent asked for.
    """
    online = queue.agent_is_online(site, agent["agentId"]) if agent else service_online(site, department)
    if not online:
        raise Refusal("no-agent-online", "Sorry, no online agents")


@behaviour("rooms.request")
def request_room(
    site: Site, identifier: str, visitor: Document, agent: Document | None, more: Document | None = None
) -> Document:
    """Open a room for a visitor with its inquiry, and let the routing find an agent; return it as it then is."""
    department = department_of_new_room(site, visitor, agent)
    check_service(site, department, agent)
    room = create_room(site, identifier, visitor, department, more or {})
    inquiry = queue.create_inquiry(site, room)
    room = queue.route(site, room, inquiry, agent)
    attach_pages(site, visitor["token"], identifier)
    return room


@behaviour("rooms.open")
def open_room(
    site: Site, visitor: Document, identifier: str | None, agent: Document | None, more: Document | None = None
) -> tuple[Document, bool]:
    """The room that a visitor asks for, and whether it is new.

    Without an id a new room is opened, even if he has an open one. A room that is closed is never opened again: a new
    one with a new id takes its place. An id that no room has becomes the id of the new room.

    Raises:
        Refusal: ``cannot-access-room`` for the open room of another visitor; ``no-agent-online`` and others of the
            routing.
    """
    wanted = identifier or new_id(site)
    room = find_room(site, wanted)
    if room is not None and not is_open(site, room):
        wanted, room = new_id(site), None
    if room is None:
        return request_room(site, wanted, visitor, agent, more), True
    if not belongs_to(site, room, visitor["token"]):
        raise Refusal("cannot-access-room")
    return room, False


@behaviour("rooms.closing_tags")
def closing_tags(site: Site, room: Document, tags: list[Any]) -> list[Any]:
    """The tags of a room that is closed: those given, and those of a department that demands tags.

    Raises:
        Refusal: ``error-tags-must-be-assigned-before-closing-chat`` where it demands them and has none.
    """
    department = find_department(site, room["departmentId"]) if room.get("departmentId") else None
    if department is not None and department.get("requestTagBeforeClosingChat"):
        own = department.get("chatClosingTags") or []
        if not own and not tags:
            raise Refusal(
                "error-tags-must-be-assigned-before-closing-chat",
                "Tag(s) must be assigned before closing the chat",
                {"method": "livechat.beforeCloseRoom"},
            )
        tags = [*tags, *(tag for tag in own if tag not in tags)]
    return tags


@behaviour("rooms.mark_closed")
def mark_closed(site: Site, room: Document, closer: str, person: Document, tags: list[Any]) -> None:
    """Write into a room that it is closed, when, by whom and how long it lasted."""
    moment = now(site)
    room.pop("open", None)
    room["closer"] = closer
    room["closedBy"] = {"_id": person["_id"], "username": person["username"]}
    room["closedAt"] = moment
    room["tags"] = tags
    room["v"]["status"] = "offline"
    note_close(site, room, moment)


@behaviour("rooms.close")
def close_room(
    site: Site, room: Document, person: Document, closer: str, comment: str, tags: list[Any] | None = None
) -> None:
    """Close an open room.

    Args:
        site: The server.
        room: The room's document; it is changed and stored.
        person: Who closes: a visitor or an account.
        closer: ``visitor`` or ``user``.
        comment: The text of the closing message.
        tags: Tags given with it.
    """
    mark_closed(site, room, closer, person, closing_tags(site, room, list(tags or [])))
    queue.remove_inquiry(site, room["_id"])
    queue.remove_all_subscriptions(site, room)
    append_message(site, room, person, comment, {"t": "livechat-close", "groupable": False})
    append_system_message(site, room, "command", "promptTranscript", person)


@behaviour("rooms.closing_comment")
def closing_comment(site: Site) -> str:
    """What the closing message of a visitor says, in the server's language."""
    return "Vom Besucher geschlossen" if setting(site, "Language") == "de" else "Closed by visitor"
