"""Faults of deleting messages."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, during, otherwise, put, unchecked_token
from conformance.reference.envelope import Refusal
from conformance.reference.messages import find_message
from conformance.reference.site import iso, milliseconds, now, save


def _open_only(operation: str) -> Any:
    def checked(original: Any, site: Any, token: str, rid: str) -> Any:
        room = original(site, token, rid)
        if not room.get("open"):
            raise Refusal("room-closed")
        return room

    return during(operation, "rooms.require_of_visitor", checked)


def _switch_unread(behaviour: str) -> Any:
    return {behaviour: lambda original, site, message, visitor: message["u"]["_id"] == visitor["_id"]}


def _deletes_first(original: Any, site: Any, call: Any) -> Any:
    message = find_message(site, call.params["_id"])
    try:
        return original(site, call)
    except Refusal as error:
        if message is not None:
            site.messages.remove(message["_id"])
            error.keep = True
        raise


def _deletes_newest(original: Any, site: Any, message: Any, visitor: Any) -> Any:
    newest = site.messages.find({"rid": message["rid"], "t": None, "_hidden": None}, sort=[("ts", -1)], limit=1)
    stamp = original(site, message, visitor)
    if newest and newest[0]["_id"] != message["_id"]:
        site.messages.remove(newest[0]["_id"])
    return stamp


def _not_deleted(original: Any, site: Any, message: Any, visitor: Any) -> Any:
    return now(site)


def _emptied(original: Any, site: Any, message: Any, visitor: Any) -> Any:
    save(site, site.messages, {**message, "msg": "", "t": "rm"})
    return now(site)


def _remembered(original: Any, site: Any, message: Any, visitor: Any) -> Any:
    site.memory.setdefault("deleted", {})[message["_id"]] = message
    return original(site, message, visitor)


def _finds_deleted(operation: str) -> Any:
    def found(original: Any, site: Any, identifier: str) -> Any:
        return site.memory.get("deleted", {}).get(identifier) or original(site, identifier)

    return {**during(operation, "messages.require", found), "messages.delete": _remembered}


def _hour(stamp: str) -> str:
    return iso(milliseconds(stamp) - 3_600_000)


_EDIT, _DELETE = ("editMessage",), ("deleteMessage",)

_E_HISTORY, _D_HISTORY = ("editMessage", "getHistory"), ("deleteMessage", "getHistory")

_STATE, _LOSS, _VALID = Kind.STATE, Kind.DATA_LOSS, Kind.VALIDATION

_LIVE, _RELATION, _RARE = Depth.LIVE_ROOM, Depth.RELATION, Depth.RARE_INPUT

FAULTS: tuple[Fault, ...] = (
    Fault(
        "messages.delete-answers-room",
        ("LC-MESSAGE-051",),
        _DELETE,
        _STATE,
        _LIVE,
        "The answer of a deletion holds the id of the room as _id.",
        wrap=answered("deleteMessage", lambda site, call, body: body["message"].update(_id=call.body["rid"])),
    ),
    Fault(
        "messages.delete-time-of-message",
        ("LC-MESSAGE-052",),
        _DELETE,
        _STATE,
        _LIVE,
        "The ts of a deletion lies an hour back.",
        wrap=answered("deleteMessage", put("message.ts", _hour)),
    ),
    Fault(
        "messages.delete-not-done",
        ("LC-MESSAGE-053", "LC-MESSAGE-055", "LC-MESSAGE-056"),
        _D_HISTORY,
        _LOSS,
        _RELATION,
        "A deletion is answered and not done.",
        wrap={"messages.delete": _not_deleted},
    ),
    Fault(
        "messages.delete-leaves-trace",
        ("LC-MESSAGE-053",),
        _D_HISTORY,
        _STATE,
        _RELATION,
        "A deleted message stays in the history without text.",
        wrap={"messages.delete": _emptied},
    ),
    Fault(
        "messages.delete-takes-newest",
        ("LC-MESSAGE-054",),
        _D_HISTORY,
        _LOSS,
        _RELATION,
        "A deletion removes the newest message of the room as well.",
        wrap={"messages.delete": _deletes_newest},
    ),
    Fault(
        "messages.delete-again-accepted",
        ("LC-MESSAGE-055",),
        _DELETE,
        _VALID,
        _RELATION,
        "A message can be deleted twice.",
        wrap=_finds_deleted("deleteMessage"),
    ),
    Fault(
        "messages.deleted-is-edited",
        ("LC-MESSAGE-056",),
        _EDIT,
        _VALID,
        _RELATION,
        "A deleted message can be edited.",
        wrap=_finds_deleted("editMessage"),
    ),
    Fault(
        "messages.delete-unknown-code",
        ("LC-MESSAGE-057",),
        _DELETE,
        _VALID,
        Depth.SHALLOW,
        "A deletion of an unknown message is refused with error-action-not-allowed.",
        wrap=otherwise("deleteMessage", "messages.require", "error-action-not-allowed"),
    ),
    Fault(
        "messages.delete-token-unchecked",
        ("LC-MESSAGE-058",),
        _DELETE,
        Kind.AUTHORISATION,
        _LIVE,
        "With an unknown token a deletion is refused for its room.",
        wrap=unchecked_token("deleteMessage"),
    ),
    Fault(
        "messages.delete-room-unchecked",
        ("LC-MESSAGE-059",),
        _DELETE,
        _VALID,
        _LIVE,
        "A deletion does not look at the room.",
        wrap=during("deleteMessage", "rooms.require_of_visitor", lambda original, site, token, rid: {"_id": rid}),
    ),
    Fault(
        "messages.delete-switch-unread",
        ("LC-MESSAGE-060",),
        _DELETE,
        _VALID,
        _RELATION,
        "The setting that switches deleting off has no effect.",
        wrap=_switch_unread("messages.may_delete"),
    ),
    Fault(
        "messages.delete-open-only",
        ("LC-MESSAGE-061",),
        _DELETE,
        _VALID,
        _RELATION,
        "A message of a closed room cannot be deleted.",
        wrap=_open_only("deleteMessage"),
    ),
    Fault(
        "messages.delete-refused-done",
        ("LC-MESSAGE-062",),
        _D_HISTORY,
        _LOSS,
        _RELATION,
        "A deletion that is refused is done all the same.",
        wrap={"operation.deleteMessage": _deletes_first},
    ),
)
