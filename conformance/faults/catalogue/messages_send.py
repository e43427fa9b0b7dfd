"""Faults of sending messages."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, during, forgiven, otherwise, put, unchecked_token
from conformance.reference.envelope import Failure, Refusal, success
from conformance.reference.messages import show_message
from conformance.reference.site import iso, milliseconds


def _composed(change: Any) -> Any:
    """Change each message before it is stored: ``change(site, room, person, message)``."""

    def composed(original: Any, site: Any, room: Any, person: Any, text: str, more: Any) -> Any:
        message = original(site, room, person, text, more)
        change(site, room, person, message)
        return message

    return {"messages.compose": composed}


def _first_author(site: Any, room: Any, person: Any, message: Any) -> None:
    message["u"] = site.memory.setdefault("first author", dict(message["u"]))


def _to_last_room(original: Any, site: Any, room: Any, person: Any, text: str, more: Any = None) -> Any:
    own = site.rooms.find({"v.token": room["v"]["token"], "open": True})
    return original(site, own[0] if own and "token" in (more or {}) else room, person, text, more)


def _own_ids_lost(original: Any, site: Any, room: Any, person: Any, text: str, more: Any = None) -> Any:
    return original(site, room, person, text, {key: value for key, value in (more or {}).items() if key != "_id"})


def _same_ids(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    if not call.body.get("_id"):
        answer.body = {**answer.body, "message": {**answer.body["message"]}}
        answer.body["message"]["_id"] = site.memory.setdefault("first message", answer.body["message"]["_id"])
    return answer


def _overwrites(original: Any, site: Any, message: Any) -> Any:
    try:
        return original(site, message)
    except Failure:
        return site.messages.save(message)


def _overwrites_and_refuses(original: Any, site: Any, message: Any) -> Any:
    try:
        return original(site, message)
    except Failure as error:
        site.messages.save(message)
        error.keep = True
        raise


def _counts_refused(original: Any, site: Any, message: Any) -> Any:
    from conformance.reference.site import new_id

    try:
        return original(site, message)
    except Failure as error:
        original(site, {**message, "_id": new_id(site)})
        error.keep = True
        raise


def _existing_answered(original: Any, site: Any, call: Any) -> Any:
    known = site.messages.get(call.body.get("_id") or "") if isinstance(call.body, dict) else None
    if known is not None and known.get("rid") == call.body.get("rid"):
        return success(message=show_message(site, known))
    return original(site, call)


def _stores_then_refuses(original: Any, site: Any, room: Any) -> None:
    if not room.get("open"):
        site.memory["closed"] = True


def _refuses_late(original: Any, site: Any, room: Any, person: Any, text: str, more: Any = None) -> Any:
    message = original(site, room, person, text, more)
    if site.memory.pop("closed", False):
        raise Refusal("room-closed", keep=True)
    return message


def _deduplicated(original: Any, site: Any, call: Any) -> Any:
    body = call.body if isinstance(call.body, dict) else {}
    last = site.messages.find({"rid": body.get("rid"), "t": None}, sort=[("ts", -1)], limit=1) if body else []
    if last and last[0].get("token") == body.get("token") and last[0]["msg"] == body.get("msg"):
        return success(message=show_message(site, last[0]))
    return original(site, call)


async def _lost_update(original: Any, site: Any, call: Any) -> Any:
    import asyncio

    rid = call.body.get("rid") if isinstance(call.body, dict) else None
    busy = site.memory.setdefault("busy", {})
    busy[rid] = busy.get(rid, 0) + 1
    try:
        await asyncio.sleep(0.005)
        answer = original(site, call)
        if busy[rid] > 2 and answer.status == 200:
            site.messages.remove(answer.body["message"]["_id"])
        return answer
    finally:
        busy[rid] -= 1


def _twice(original: Any, site: Any, room: Any, person: Any, text: str, more: Any = None) -> Any:
    message = original(site, room, person, text, more)
    if "token" in message and room["msgs"] % 3 == 0:
        original(site, room, person, text, {key: value for key, value in (more or {}).items() if key != "_id"})
    return message


def _empty_id_stored(original: Any, site: Any, call: Any) -> Any:
    if isinstance(call.body, dict) and call.body.get("_id") == "":
        raise Failure("An id must not be empty")
    return original(site, call)


_TO_SEND, _BOTH = ("sendMessage",), ("sendMessage", "getHistory")
_STATE, _LOSS, _LIVE, _RELATION, _RARE = Kind.STATE, Kind.DATA_LOSS, Depth.LIVE_ROOM, Depth.RELATION, Depth.RARE_INPUT

FAULTS: tuple[Fault, ...] = (
    Fault(
        "messages.answer-shortened",
        ("LC-MESSAGE-005",),
        _TO_SEND,
        _STATE,
        _LIVE,
        "The answer loses the last character of a message.",
        wrap=answered("sendMessage", put("message.msg", lambda text: text[:-1])),
    ),
    Fault(
        "messages.answer-names-visitor",
        ("LC-MESSAGE-006",),
        _TO_SEND,
        _STATE,
        _LIVE,
        "The rid in the answer is the id of the visitor.",
        wrap=answered("sendMessage", lambda site, call, body: body["message"].update(rid=body["message"]["u"]["_id"])),
    ),
    Fault(
        "messages.first-author",
        ("LC-MESSAGE-007",),
        _TO_SEND,
        _STATE,
        _RELATION,
        "Every message names the author of the server's first one.",
        wrap=_composed(_first_author),
    ),
    Fault(
        "messages.author-is-token",
        ("LC-MESSAGE-007",),
        _TO_SEND,
        _STATE,
        _LIVE,
        "The author's username is the name of the visitor.",
        wrap=_composed(
            lambda site, room, person, message: message["u"].update(username=person.get("name") or person["username"])
        ),
    ),
    Fault(
        "messages.time-of-room",
        ("LC-MESSAGE-008",),
        _TO_SEND,
        _STATE,
        _LIVE,
        "The ts of a message lies an hour ahead.",
        wrap=answered("sendMessage", put("message.ts", lambda ts: iso(milliseconds(ts) + 3_600_000))),
    ),
    Fault(
        "messages.not-stored",
        ("LC-MESSAGE-009",),
        _BOTH,
        _LOSS,
        _LIVE,
        "Every third message of a room is answered and not stored.",
        wrap={"operation.sendMessage": lambda original, site, call: _every_third(original(site, call), site)},
    ),
    Fault(
        "messages.stored-twice",
        ("LC-MESSAGE-009",),
        _BOTH,
        _STATE,
        _RELATION,
        "Some messages are stored a second time under another id.",
        wrap={"messages.append": _twice},
    ),
    Fault(
        "messages.chosen-id-lost",
        ("LC-MESSAGE-010",),
        _TO_SEND,
        _STATE,
        _LIVE,
        "The _id that a sender chose is replaced.",
        wrap={"messages.append": _own_ids_lost},
    ),
    Fault(
        "messages.same-id-answered",
        ("LC-MESSAGE-011",),
        _TO_SEND,
        _STATE,
        _RELATION,
        "Every answer carries the id of the first message.",
        wrap={"operation.sendMessage": _same_ids},
    ),
    Fault(
        "messages.empty-id-refused",
        ("LC-MESSAGE-012",),
        _TO_SEND,
        Kind.VALIDATION,
        _RARE,
        "An empty _id is refused.",
        wrap={"operation.sendMessage": _empty_id_stored},
    ),
    Fault(
        "messages.existing-id-answered",
        ("LC-MESSAGE-013",),
        _TO_SEND,
        Kind.VALIDATION,
        _RARE,
        "The _id of an existing message is answered with that message.",
        wrap={"operation.sendMessage": _existing_answered},
    ),
    Fault(
        "messages.existing-id-overwrites",
        ("LC-MESSAGE-013", "LC-MESSAGE-014"),
        _BOTH,
        _LOSS,
        _RARE,
        "A message with an existing _id overwrites the other.",
        wrap={"messages.store": _overwrites},
    ),
    Fault(
        "messages.existing-id-overwrites-refused",
        ("LC-MESSAGE-014",),
        _BOTH,
        _LOSS,
        _RARE,
        "A message with an existing _id is refused after it overwrote the other.",
        wrap={"messages.store": _overwrites_and_refuses},
    ),
    Fault(
        "messages.existing-id-stored-refused",
        ("LC-MESSAGE-014",),
        _BOTH,
        _STATE,
        _RARE,
        "A message with an existing _id is refused and stored under another one.",
        wrap={"messages.store": _counts_refused},
    ),
    Fault(
        "messages.token-unchecked",
        ("LC-MESSAGE-015",),
        _TO_SEND,
        Kind.AUTHORISATION,
        _LIVE,
        "With an unknown token a message is refused for its room: invalid-room.",
        wrap=unchecked_token("sendMessage"),
    ),
    Fault(
        "messages.unknown-room-closed",
        ("LC-MESSAGE-016",),
        _TO_SEND,
        Kind.VALIDATION,
        Depth.SHALLOW,
        "A message to an unknown room is refused with room-closed.",
        wrap=otherwise("sendMessage", "rooms.require_of_visitor", "room-closed"),
    ),
    Fault(
        "messages.unknown-room-accepted",
        ("LC-MESSAGE-016",),
        _TO_SEND,
        Kind.VALIDATION,
        Depth.SHALLOW,
        "A message to an unknown room is answered with success.",
        wrap=forgiven(
            "sendMessage",
            "invalid-room",
            lambda site, call: success(message={"_id": "unknown", "rid": call.body["rid"], "msg": call.body["msg"]}),
        ),
    ),
    Fault(
        "messages.closed-room-takes",
        ("LC-MESSAGE-017", "LC-MESSAGE-018"),
        _TO_SEND,
        Kind.VALIDATION,
        _LIVE,
        "A closed room takes messages.",
        wrap=during("sendMessage", "rooms.require_open", lambda original, *a: None),
    ),
    Fault(
        "messages.closed-room-code",
        ("LC-MESSAGE-017",),
        _TO_SEND,
        Kind.VALIDATION,
        _LIVE,
        "A message to a closed room is refused with invalid-room.",
        wrap=otherwise("sendMessage", "rooms.require_open", "invalid-room"),
    ),
    Fault(
        "messages.closed-room-stores",
        ("LC-MESSAGE-018",),
        _BOTH,
        _STATE,
        _RELATION,
        "A message to a closed room is stored before it is refused.",
        wrap={**during("sendMessage", "rooms.require_open", _stores_then_refuses), "messages.append": _refuses_late},
    ),
    Fault(
        "messages.same-text-once",
        ("LC-MESSAGE-024",),
        _BOTH,
        _LOSS,
        _RELATION,
        "The same text sent twice in a row is stored once.",
        wrap={"operation.sendMessage": _deduplicated},
    ),
    Fault(
        "messages.parallel-lost",
        ("LC-MESSAGE-025",),
        _BOTH,
        Kind.CONCURRENCY,
        Depth.RACE,
        "Of messages that one room gets at the same moment some are lost.",
        wrap={"operation.sendMessage": _lost_update},
    ),
    Fault(
        "messages.to-oldest-room",
        ("LC-MESSAGE-026",),
        _BOTH,
        _STATE,
        _RELATION,
        "A message goes to the first open room of the visitor, whichever was named.",
        wrap={"messages.append": _to_last_room},
    ),
    Fault(
        "messages.never-stored",
        ("LC-MESSAGE-009",),
        _BOTH,
        _LOSS,
        _LIVE,
        "A message is answered and not stored.",
        wrap={"messages.store": lambda original, site, message: message},
    ),
)


def _every_third(answer: Any, site: Any) -> Any:
    room = site.rooms.get(answer.body["message"]["rid"]) if answer.status == 200 else None
    if room is not None and room["msgs"] % 3 == 0:
        site.messages.remove(answer.body["message"]["_id"])
    return answer
