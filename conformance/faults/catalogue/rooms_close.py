"""Faults of closing rooms."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, answered, during, otherwise, put, skipped, unchecked_token
from conformance.reference.envelope import Refusal, success
from conformance.reference.rooms import is_open
from conformance.reference.site import iso, milliseconds, save


def _marked(change: Any) -> Any:
    """A change of what closing writes into a room."""

    def marked(original: Any, site: Any, room: Any, closer: Any, person: Any, tags: Any) -> None:
        before = {**room}
        original(site, room, closer, person, tags)
        change(site, room, before, person)

    return {"rooms.mark_closed": marked}


def _shifted(stamp: str, seconds: int) -> str:
    return iso(milliseconds(stamp) + seconds * 1000)


def _quietly_again(original: Any, site: Any, call: Any) -> Any:
    room = site.rooms.get(call.body.get("rid")) if isinstance(call.body, dict) else None
    if room is not None and not is_open(site, room) and room["v"]["token"] == call.body.get("token"):
        return success(rid=room["_id"], comment="Closed by visitor")
    return original(site, call)


def _closed_at_again(original: Any, site: Any, room: Any) -> None:
    if not is_open(site, room):
        room["closedAt"] = _shifted(room["closedAt"], 7)
        save(site, site.rooms, room)
        raise Refusal("room-closed", keep=True)


def _entry_again(original: Any, site: Any, room: Any) -> None:
    if not is_open(site, room):
        from conformance.reference.messages import append_message

        append_message(site, room, room["v"], "Closed by visitor", {"t": "livechat-close", "groupable": False})
        raise Refusal("room-closed", keep=True)


def _with_the_others(original: Any, site: Any, room: Any, *args: Any, **more: Any) -> None:
    original(site, room, *args, **more)
    for other in site.rooms.find({"v.token": room["v"]["token"], "open": True}):
        other.pop("open", None)
        other["closedAt"] = room["closedAt"]
        save(site, site.rooms, other)


def _needs_agent(original: Any, site: Any, room: Any) -> None:
    original(site, room)
    if not room.get("servedBy"):
        raise Refusal("error-invalid-room")


async def _racing(original: Any, site: Any, call: Any) -> Any:
    import asyncio

    rid = call.body.get("rid") if isinstance(call.body, dict) else None
    room = site.rooms.get(rid) if isinstance(rid, str) else None
    was_open = room is not None and is_open(site, room)
    await asyncio.sleep(0.02)
    try:
        return original(site, call)
    except Refusal as error:
        if error.code != "room-closed" or not was_open:
            raise
        return success(rid=rid, comment="Closed by visitor")


def _null_open(original: Any, site: Any, room: Any, *args: Any, **more: Any) -> None:
    original(site, room, *args, **more)
    save(site, site.rooms, {**room, "open": False})


_CLOSE, _LISTED = ("closeRoom",), ("closeRoom", "listRooms")
_STATE, _LIVE, _RELATION = Kind.STATE, Depth.LIVE_ROOM, Depth.RELATION

FAULTS: tuple[Fault, ...] = (
    Fault(
        "rooms.close-repeats-token",
        ("LC-ROOM-037",),
        _CLOSE,
        _STATE,
        _LIVE,
        "The answer of closing a room holds the id of its visitor instead of its own.",
        wrap=answered("closeRoom", lambda site, call, body: body.update(rid=site.rooms.get(body["rid"])["v"]["_id"])),
    ),
    Fault(
        "rooms.close-without-comment",
        ("LC-ROOM-038",),
        _CLOSE,
        Kind.DATA_LOSS,
        _LIVE,
        "The closing comment of the answer is empty.",
        wrap=answered("closeRoom", put("comment", "")),
    ),
    Fault(
        "rooms.close-again-succeeds",
        ("LC-ROOM-039",),
        _CLOSE,
        Kind.VALIDATION,
        _LIVE,
        "Closing a closed room is answered with success and does nothing.",
        wrap={"operation.closeRoom": _quietly_again},
    ),
    Fault(
        "rooms.close-unknown-is-closed",
        ("LC-ROOM-040",),
        _CLOSE,
        Kind.VALIDATION,
        Depth.SHALLOW,
        "Closing a room that does not exist is refused with room-closed.",
        wrap=otherwise("closeRoom", "rooms.require_of_visitor", "room-closed"),
    ),
    Fault(
        "rooms.close-token-unchecked",
        ("LC-ROOM-041",),
        _CLOSE,
        Kind.AUTHORISATION,
        _LIVE,
        "Closing with an unknown token looks at the room only: invalid-room.",
        wrap=unchecked_token("closeRoom"),
    ),
    Fault(
        "rooms.closed-is-open-false",
        ("LC-ROOM-042",),
        _LISTED,
        Kind.SCHEMA,
        _LIVE,
        "A closed room keeps an open key that is false.",
        wrap={"rooms.close": _null_open},
    ),
    Fault(
        "rooms.closed-at-opening",
        ("LC-ROOM-043",),
        _LISTED,
        _STATE,
        _LIVE,
        "The closedAt of a room is off by an hour that the server lies ahead.",
        wrap=_marked(lambda site, room, before, person: room.update(closedAt=_shifted(room["closedAt"], 3600))),
    ),
    Fault(
        "rooms.closed-before-opening",
        ("LC-ROOM-043",),
        _LISTED,
        _STATE,
        _LIVE,
        "The closedAt of a room is a moment before its opening.",
        wrap=_marked(lambda site, room, before, person: room.update(closedAt=_shifted(room["ts"], -1))),
    ),
    Fault(
        "rooms.closer-is-user",
        ("LC-ROOM-044",),
        _LISTED,
        _STATE,
        _LIVE,
        "A room that its visitor closed says that an account closed it.",
        wrap=_marked(lambda site, room, before, person: room.update(closer="user")),
    ),
    Fault(
        "rooms.closed-by-agent",
        ("LC-ROOM-045",),
        _LISTED,
        _STATE,
        _LIVE,
        "A room that its visitor closed names its agent in closedBy.",
        wrap=_marked(
            lambda site, room, before, person: room.update(
                closedBy={key: (room.get("servedBy") or person)[key] for key in ("_id", "username")}
            )
        ),
    ),
    Fault(
        "rooms.closed-visitor-online",
        ("LC-ROOM-046",),
        _LISTED,
        _STATE,
        _LIVE,
        "The visitor of a closed room is still online.",
        wrap=_marked(lambda site, room, before, person: room["v"].update(status="online")),
    ),
    Fault(
        "rooms.duration-in-milliseconds",
        ("LC-ROOM-047",),
        _LISTED,
        _STATE,
        _LIVE,
        "The duration of a closed chat is given in milliseconds.",
        wrap=after(
            "metrics.note_close",
            lambda result, site, room, moment: room["metrics"].update(
                chatDuration=milliseconds(moment) - milliseconds(room["ts"])
            ),
        ),
    ),
    Fault(
        "rooms.closing-drops-agent",
        ("LC-ROOM-048",),
        _LISTED,
        Kind.DATA_LOSS,
        _LIVE,
        "Closing a room removes its agent.",
        wrap=_marked(lambda site, room, before, person: room.pop("servedBy", None)),
    ),
    Fault(
        "rooms.closing-drops-department",
        ("LC-ROOM-048",),
        _LISTED,
        Kind.DATA_LOSS,
        _RELATION,
        "Closing a room removes its department.",
        wrap=_marked(lambda site, room, before, person: room.pop("departmentId", None)),
    ),
    Fault(
        "rooms.closes-all",
        ("LC-ROOM-049",),
        _CLOSE,
        _STATE,
        _RELATION,
        "Closing a room closes all open rooms of the visitor.",
        wrap={"rooms.close": _with_the_others},
    ),
    Fault(
        "rooms.unserved-stays-open",
        ("LC-ROOM-050",),
        _CLOSE,
        Kind.VALIDATION,
        _RELATION,
        "A room that no agent serves cannot be closed.",
        wrap=during("closeRoom", "rooms.require_open", _needs_agent),
    ),
    Fault(
        "rooms.closed-at-moves",
        ("LC-ROOM-051",),
        _LISTED,
        _STATE,
        _RELATION,
        "A second closing is refused but moves closedAt.",
        wrap=during("closeRoom", "rooms.require_open", _closed_at_again),
    ),
    Fault(
        "rooms.closing-entry-twice",
        ("LC-ROOM-052",),
        ("closeRoom", "getHistory"),
        _STATE,
        _RELATION,
        "A second closing is refused after its entry was written.",
        wrap=during("closeRoom", "rooms.require_open", _entry_again),
    ),
    Fault(
        "rooms.parallel-closings-succeed",
        ("LC-ROOM-053",),
        _CLOSE,
        Kind.CONCURRENCY,
        Depth.RACE,
        "Of several closings in parallel all that saw the room open are answered with success.",
        wrap={"operation.closeRoom": _racing},
    ),
    Fault(
        "rooms.closing-tags-forgotten",
        ("LC-ROOM-054",),
        _LISTED,
        Kind.DATA_LOSS,
        _RELATION,
        "The closing tags of a department do not reach its rooms.",
        wrap=after("rooms.closing_tags", lambda result, site, room, tags: list(tags)),
    ),
    Fault(
        "rooms.close-does-nothing",
        ("LC-ROOM-042", "LC-ROOM-039"),
        _LISTED,
        Kind.DATA_LOSS,
        _LIVE,
        "Closing a room is answered with success and stores nothing.",
        wrap=skipped("rooms.close"),
    ),
)
