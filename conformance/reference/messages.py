"""Messages: those that people write, those that the server writes, and what each does to its room."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from conformance.reference.envelope import Failure, Refusal
from conformance.reference.metrics import note_answer, note_question, note_response
from conformance.reference.seam import behaviour
from conformance.reference.site import add, iso, milliseconds, new_id, now, save, setting
from conformance.reference.store import DuplicateKey

if TYPE_CHECKING:
    from conformance.reference.site import Site
    from conformance.reference.store import Document

_LINK = re.compile(r"[A-Za-z]{3,9}://[-A-Za-z0-9.]+(?::\d+)?(?:/[-+=!:~%/.@,\w]*)?\??[-+=&!:;%@/.,\w]*(?:#[^\s)]*)?")
_MENTION = re.compile(r"(?:^|(?<=\s))([@#])([0-9a-zA-Z._-]+)")


@behaviour("messages.find")
def find_message(site: Site, identifier: str) -> Document | None:
    """The message with this id, whatever its room."""
    return site.messages.get(identifier)


@behaviour("messages.require")
def require_message(site: Site, identifier: str) -> Document:
    """The message with this id.

    Raises:
        Refusal: ``invalid-message``.
    """
    message = find_message(site, identifier)
    if message is None:
        raise Refusal("invalid-message")
    return message


@behaviour("messages.timestamp")
def message_time(site: Site, room_id: str) -> str:
    """The time of a new message: now, but later than every message of its room, so that order is never in doubt."""
    last = site.store.execute('SELECT max("ts") FROM "messages" WHERE "rid" = ?', (room_id,)).fetchone()[0]
    stamp = now(site)
    if last is None or stamp > last:
        return stamp
    later = milliseconds(last) + 1
    site.memory["clock"] = max(later, site.memory.get("clock", 0))
    return iso(later)


@behaviour("messages.links")
def find_links(site: Site, text: str) -> list[Document]:
    """The addresses in a text."""
    return [{"url": found.group()} for found in _LINK.finditer(text)] if "://" in text else []


@behaviour("messages.mentions")
def find_mentions(site: Site, text: str) -> tuple[list[Document], list[Document]]:
    """The accounts and the channels that a text names."""
    people: list[Document] = []
    channels: list[Document] = []
    if "@" in text or "#" in text:
        for found in _MENTION.finditer(text):
            mark, name = found.groups()
            if mark == "@":
                user = site.users.one({"username": name})
                if user is not None:
                    people.append({"_id": user["_id"], "username": user["username"], "name": user["name"]})
            else:
                channel = site.channels.one({"name": name})
                if channel is not None:
                    channels.append({"_id": channel["_id"], "name": channel["name"]})
    return people, channels


def author(person: Document) -> Document:
    """Who wrote a message, as it is stored in it."""
    shown = {"_id": person["_id"], "username": person["username"]}
    if person.get("name"):
        shown["name"] = person["name"]
    return shown


@behaviour("messages.compose")
def compose(site: Site, room: Document, person: Document, text: str, more: Document) -> Document:
    """A message that a person writes, not yet stored."""
    document: Document = {"rid": room["_id"], "msg": text, **more}
    if "token" in more and person.get("name"):
        document["alias"] = person["name"]
    document["ts"] = message_time(site, room["_id"])
    document["u"] = author(person)
    links = find_links(site, text)
    if links:
        document["urls"] = links
    document["mentions"], document["channels"] = find_mentions(site, text)
    return document


@behaviour("messages.store")
def store_message(site: Site, message: Document) -> Document:
    """Insert a message.

    Raises:
        Failure: Its id is taken, by any message of the server.
    """
    try:
        return add(site, site.messages, message)
    except DuplicateKey:
        raise Failure(f"E11000 duplicate key error, the message id {message['_id']} is taken") from None


@behaviour("messages.count_in_room")
def count_in_room(site: Site, room: Document, change: int) -> None:
    """Add to a room's number of messages; the caller stores the room."""
    room["msgs"] = max(0, room["msgs"] + change)


@behaviour("messages.note_last")
def note_last_message(site: Site, room: Document, message: Document) -> None:
    """Write a room's last message and the time of it; the caller stores the room."""
    room["lm"] = message["ts"]
    if setting(site, "Store_Last_Message"):
        room["lastMessage"] = message


@behaviour("messages.append")
def append_message(site: Site, room: Document, person: Document, text: str, more: Document | None = None) -> Document:
    """Store a message of a person in a room, and what it does to the room; return it as stored.

    Args:
        site: The server.
        room: The room's document; it is changed and stored.
        person: A visitor or an account.
        text: The text, kept as it is.
        more: Further keys: ``_id``, and ``token`` for a visitor's message.
    """
    keys = dict(more or {})
    if not keys.get("_id"):
        keys["_id"] = new_id(site)
    message = store_message(site, compose(site, room, person, text, keys))
    count_in_room(site, room, 1)
    note_last_message(site, room, message)
    if "token" in message:
        note_question(site, room, message)
    else:
        note_response(site, room, message)
        note_answer(site, room, message)
    save(site, site.rooms, room)
    return message


@behaviour("messages.append_system")
def append_system_message(
    site: Site, room: Document, kind: str, text: str, person: Document, *, counted: bool = True, **more: Any
) -> Document:
    """Store a message that the server writes, in the name of a person; the room's last message stays as it is."""
    message: Document = {
        "_id": new_id(site),
        "t": kind,
        "rid": room["_id"],
        "ts": message_time(site, room["_id"]),
        "msg": text,
        "u": {"_id": person["_id"], "username": person["username"]},
        "groupable": False,
        **more,
    }
    add(site, site.messages, message)
    if counted:
        count_in_room(site, room, 1)
        save(site, site.rooms, room)
    return message


@behaviour("messages.may_edit")
def may_edit(site: Site, message: Document, visitor: Document) -> bool:
    """Whether a visitor may edit a message: editing is on, and he wrote it."""
    return bool(setting(site, "Message_AllowEditing")) and message["u"]["_id"] == visitor["_id"]


@behaviour("messages.may_delete")
def may_delete(site: Site, message: Document, visitor: Document) -> bool:
    """Whether a visitor may delete a message: deleting is on, and he wrote it."""
    return bool(setting(site, "Message_AllowDeleting")) and message["u"]["_id"] == visitor["_id"]


@behaviour("messages.keep_copy")
def keep_copy(site: Site, message: Document, visitor: Document) -> None:
    """Store a hidden copy of a message before it changes, where the setting wants it."""
    if setting(site, "Message_KeepHistory"):
        editor = {"_id": visitor["_id"], "username": visitor["username"]}
        copy = {**message, "_id": new_id(site), "_hidden": True, "parent": message["_id"]}
        add(site, site.messages, {**copy, "editedAt": now(site), "editedBy": editor})


@behaviour("messages.mark_edited")
def mark_edited(site: Site, message: Document, visitor: Document) -> None:
    """Note in a message who changed it, and when."""
    message["editedAt"] = now(site)
    message["editedBy"] = {"_id": visitor["_id"], "username": visitor["username"]}


@behaviour("messages.edit")
def edit_message(site: Site, message: Document, visitor: Document, text: str) -> Document:
    """Change the text of a message; its id, time and author stay."""
    keep_copy(site, message, visitor)
    message["msg"] = text
    mark_edited(site, message, visitor)
    message["urls"] = find_links(site, text)
    message["mentions"], message["channels"] = find_mentions(site, text)
    save(site, site.messages, message)
    room = site.rooms.get(message["rid"])
    if room is not None:
        if room.get("lastMessage", {}).get("_id") == message["_id"]:
            room["lastMessage"] = message
        if "token" in message:
            room["v"]["lastMessageTs"] = message["ts"]
        save(site, site.rooms, room)
    return message


@behaviour("messages.last_visible")
def last_visible(site: Site, room_id: str) -> Document | None:
    """The newest message of people in a room."""
    found = site.messages.find({"rid": room_id, "t": None, "_hidden": None}, sort=[("ts", -1)], limit=1)
    return found[0] if found else None


@behaviour("messages.delete")
def delete_message(site: Site, message: Document, visitor: Document) -> str:
    """Delete a message, or leave its empty trace where the setting wants one; return the time of it."""
    room = site.rooms.get(message["rid"])
    if setting(site, "Message_ShowDeletedStatus"):
        keep_copy(site, message, visitor)
        mark_edited(site, message, visitor)
        for key in ("alias", "token"):
            message.pop(key, None)
        save(site, site.messages, {**message, "msg": "", "t": "rm", "urls": [], "mentions": [], "attachments": []})
    else:
        if setting(site, "Message_KeepHistory"):
            save(site, site.messages, {**message, "_hidden": True})
        else:
            site.messages.remove(message["_id"])
        if room is not None:
            count_in_room(site, room, -1)
    if room is not None:
        if room.get("lastMessage", {}).get("_id") == message["_id"]:
            newest = last_visible(site, room["_id"])
            room.pop("lastMessage", None)
            if newest is not None:
                room["lastMessage"] = newest
        save(site, site.rooms, room)
    return now(site)


@behaviour("messages.show")
def show_message(site: Site, message: Document) -> Document:
    """A message as the history shows it."""
    if "editedAt" in message and not setting(site, "Message_ShowEditedStatus"):
        message = {key: value for key, value in message.items() if key != "editedAt"}
    return message


@behaviour("messages.history")
def history(site: Site, room_id: str, limit: int, before: str | None = None) -> list[Document]:
    """The visible messages of a room, newest first.

    Args:
        site: The server.
        room_id: The room.
        limit: How many at most; 0 is all.
        before: Only strictly older ones, an ISO time as stored.
    """
    condition: Document = {"rid": room_id, "_hidden": None}
    if before is not None:
        condition["ts"] = ("<", before)
    found = site.messages.find(condition, sort=[("ts", -1)], limit=abs(limit))
    return [show_message(site, message) for message in found]
