"""Faults of editing messages."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, answered, during, otherwise, unchecked_token
from conformance.reference.envelope import Refusal, success
from conformance.reference.messages import find_message
from conformance.reference.site import add, iso, milliseconds, new_id, save


def _edited(change: Any) -> Any:
    """Change what an edit stores: ``change(site, message, visitor)``."""

    def edited(original: Any, site: Any, message: Any, visitor: Any, text: str) -> Any:
        message = original(site, message, visitor, text)
        change(site, message, visitor)
        return save(site, site.messages, message)

    return {"messages.edit": edited}


def _not_stored(original: Any, site: Any, message: Any, visitor: Any, text: str) -> Any:
    before = site.messages.get(message["_id"])
    message = original(site, message, visitor, text)
    site.messages.save(before)
    return message


def _copied(original: Any, site: Any, message: Any, visitor: Any, text: str) -> Any:
    add(site, site.messages, {**message, "_id": new_id(site)})
    return original(site, message, visitor, text)


def _all_of_same_author(original: Any, site: Any, message: Any, visitor: Any, text: str) -> Any:
    message = original(site, message, visitor, text)
    found = site.messages.find({"rid": message["rid"]})
    older = [one for one in found if one.get("token") and one["ts"] < message["ts"]]
    if older:
        save(site, site.messages, {**older[-1], "msg": text})
    return message


def _first_edit_only(original: Any, site: Any, message: Any, visitor: Any, text: str) -> Any:
    if "editedAt" in message:
        return {**message, "msg": text}
    return original(site, message, visitor, text)


def _creates(original: Any, site: Any, call: Any) -> Any:
    try:
        return original(site, call)
    except Refusal as error:
        if error.code != "invalid-message":
            raise
        return success(message={"_id": call.params["_id"], "rid": call.body["rid"], "msg": call.body["msg"]})


def _open_only(operation: str) -> Any:
    def checked(original: Any, site: Any, token: str, rid: str) -> Any:
        room = original(site, token, rid)
        if not room.get("open"):
            raise Refusal("room-closed")
        return room

    return during(operation, "rooms.require_of_visitor", checked)


def _switch_unread(behaviour: str) -> Any:
    return {behaviour: lambda original, site, message, visitor: message["u"]["_id"] == visitor["_id"]}


def _edits_first(original: Any, site: Any, call: Any) -> Any:
    message = find_message(site, call.params["_id"])
    try:
        return original(site, call)
    except Refusal as error:
        if message is not None and isinstance(call.body.get("msg"), str):
            save(site, site.messages, {**message, "msg": call.body["msg"]})
            error.keep = True
        raise


def _old_text(original: Any, site: Any, message: Any, visitor: Any, text: str) -> Any:
    before = message["msg"]
    return {**original(site, message, visitor, text), "msg": before}


def _renewed(site: Any, message: Any) -> Any:
    site.messages.remove(message["_id"])
    return add(site, site.messages, {**message, "_id": new_id(site)})


def _agent(site: Any, message: Any) -> Any:
    served = (site.rooms.get(message["rid"]) or {}).get("servedBy") or {"_id": "rocket.cat", "username": "rocket.cat"}
    return {"_id": served["_id"], "username": served["username"]}


def _hour(stamp: str) -> str:
    return iso(milliseconds(stamp) - 3_600_000)


_EDIT, _DELETE = ("editMessage",), ("deleteMessage",)

_E_HISTORY, _D_HISTORY = ("editMessage", "getHistory"), ("deleteMessage", "getHistory")

_STATE, _LOSS, _VALID = Kind.STATE, Kind.DATA_LOSS, Kind.VALIDATION

_LIVE, _RELATION, _RARE = Depth.LIVE_ROOM, Depth.RELATION, Depth.RARE_INPUT

FAULTS: tuple[Fault, ...] = (
    Fault(
        "messages.edit-answers-old",
        ("LC-MESSAGE-031",),
        _EDIT,
        _STATE,
        _LIVE,
        "The answer of an edit carries the text as it was.",
        wrap={"messages.edit": _old_text},
    ),
    Fault(
        "messages.edit-new-id",
        ("LC-MESSAGE-032",),
        _E_HISTORY,
        _STATE,
        _RELATION,
        "An edit gives the message a new id.",
        wrap=after("messages.edit", lambda message, site, *a: _renewed(site, message)),
    ),
    Fault(
        "messages.edit-drops-rid",
        ("LC-MESSAGE-032",),
        _EDIT,
        Kind.SCHEMA,
        _LIVE,
        "The answer of an edit carries the id of the author as rid.",
        wrap=answered("editMessage", lambda site, call, body: body["message"].update(rid=body["message"]["u"]["_id"])),
    ),
    Fault(
        "messages.edit-author-renamed",
        ("LC-MESSAGE-032",),
        _EDIT,
        _STATE,
        _RELATION,
        "An edit makes the agent of the room its author.",
        wrap=_edited(lambda site, message, visitor: message.update(u=_agent(site, message))),
    ),
    Fault(
        "messages.edit-moves-time",
        ("LC-MESSAGE-033",),
        _E_HISTORY,
        _STATE,
        _RELATION,
        "An edit sets the ts of the message to its own time.",
        wrap=_edited(lambda site, message, visitor: message.update(ts=message["editedAt"])),
    ),
    Fault(
        "messages.edited-at-sending",
        ("LC-MESSAGE-034",),
        _E_HISTORY,
        _STATE,
        _RELATION,
        "editedAt is the time of the message instead of the edit.",
        wrap=_edited(lambda site, message, visitor: message.update(editedAt=_hour(message["ts"]))),
    ),
    Fault(
        "messages.edited-at-missing",
        ("LC-MESSAGE-034",),
        _E_HISTORY,
        _LOSS,
        _RELATION,
        "An edit leaves no editedAt.",
        wrap=_edited(lambda site, message, visitor: message.pop("editedAt", None)),
    ),
    Fault(
        "messages.edited-by-agent",
        ("LC-MESSAGE-035",),
        _E_HISTORY,
        _STATE,
        _RELATION,
        "editedBy names the agent of the room.",
        wrap=_edited(lambda site, message, visitor: message.update(editedBy=_agent(site, message))),
    ),
    Fault(
        "messages.edit-not-stored",
        ("LC-MESSAGE-036",),
        _E_HISTORY,
        _LOSS,
        _RELATION,
        "An edit is answered and not stored.",
        wrap={"messages.edit": _not_stored},
    ),
    Fault(
        "messages.edit-leaves-copy",
        ("LC-MESSAGE-037",),
        _E_HISTORY,
        _STATE,
        _RELATION,
        "After an edit the message stands in the history as it was, too.",
        wrap={"messages.edit": _copied},
    ),
    Fault(
        "messages.edit-hits-neighbour",
        ("LC-MESSAGE-038",),
        _E_HISTORY,
        _LOSS,
        _RELATION,
        "An edit overwrites the visitor's message before as well.",
        wrap={"messages.edit": _all_of_same_author},
    ),
    Fault(
        "messages.first-edit-stays",
        ("LC-MESSAGE-039",),
        _E_HISTORY,
        _LOSS,
        _RELATION,
        "A message can be edited once; later edits are answered and not stored.",
        wrap={"messages.edit": _first_edit_only},
    ),
    Fault(
        "messages.edit-unknown-accepted",
        ("LC-MESSAGE-040",),
        _EDIT,
        _VALID,
        Depth.SHALLOW,
        "An edit of a message that does not exist is answered with success.",
        wrap={"operation.editMessage": _creates},
    ),
    Fault(
        "messages.edit-token-unchecked",
        ("LC-MESSAGE-041",),
        _EDIT,
        Kind.AUTHORISATION,
        _LIVE,
        "With an unknown token an edit is refused for its room.",
        wrap=unchecked_token("editMessage"),
    ),
    Fault(
        "messages.edit-room-unchecked",
        ("LC-MESSAGE-042",),
        _EDIT,
        _VALID,
        _LIVE,
        "An edit does not look at the room.",
        wrap=during("editMessage", "rooms.require_of_visitor", lambda original, site, token, rid: {"_id": rid}),
    ),
    Fault(
        "messages.edit-room-code",
        ("LC-MESSAGE-042",),
        _EDIT,
        _VALID,
        Depth.SHALLOW,
        "An edit with an unknown room is refused with error-invalid-room.",
        wrap=otherwise("editMessage", "rooms.require_of_visitor", "error-invalid-room"),
    ),
    Fault(
        "messages.edit-switch-unread",
        ("LC-MESSAGE-043",),
        _EDIT,
        _VALID,
        _RELATION,
        "The setting that switches editing off has no effect.",
        wrap=_switch_unread("messages.may_edit"),
    ),
    Fault(
        "messages.edit-open-only",
        ("LC-MESSAGE-044",),
        _EDIT,
        _VALID,
        _RELATION,
        "A message of a closed room cannot be edited.",
        wrap=_open_only("editMessage"),
    ),
    Fault(
        "messages.edit-cut",
        ("LC-MESSAGE-045",),
        _EDIT,
        _LOSS,
        _RARE,
        "An edit cuts the text at 1000 characters.",
        wrap={
            "messages.edit": lambda original, site, message, visitor, text: original(
                site, message, visitor, text[:1000]
            )
        },
    ),
    Fault(
        "messages.edit-one-line",
        ("LC-MESSAGE-045",),
        _EDIT,
        Kind.ENCODING,
        _RARE,
        "An edit turns line breaks into blanks.",
        wrap={
            "messages.edit": lambda original, site, message, visitor, text: original(
                site, message, visitor, " ".join(text.splitlines())
            )
        },
    ),
    Fault(
        "messages.edit-ascii",
        ("LC-MESSAGE-045",),
        _EDIT,
        Kind.ENCODING,
        _RARE,
        "An edit keeps ASCII only.",
        wrap={
            "messages.edit": lambda original, site, message, visitor, text: original(
                site, message, visitor, text.encode("ascii", "replace").decode()
            )
        },
    ),
    Fault(
        "messages.edit-refused-stored",
        ("LC-MESSAGE-046",),
        _E_HISTORY,
        _STATE,
        _RELATION,
        "An edit that is refused is stored all the same.",
        wrap={"operation.editMessage": _edits_first},
    ),
)
