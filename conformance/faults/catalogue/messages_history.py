"""Faults of the history of messages."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, during, instead, otherwise, stale, unchecked_token
from conformance.reference.envelope import Refusal, success
from conformance.reference.messages import show_message


def _history(find: Any) -> Any:
    """Replace what a history shows: ``find(site, room id, limit, before)``."""
    return {"messages.history": lambda original, site, rid, limit, before=None: find(site, rid, limit, before)}


def _found(site: Any, condition: Any, limit: int, before: Any, **more: Any) -> Any:
    if before is not None:
        condition["ts"] = ("<", before)
    more.setdefault("sort", [("ts", -1)])
    return [
        show_message(site, each)
        for each in site.messages.find({**condition, "_hidden": None}, limit=abs(limit), **more)
    ]


def _of_visitor(site: Any, rid: str, limit: int, before: Any) -> Any:
    room = site.rooms.get(rid)
    rids = [each["_id"] for each in site.rooms.find({"v._id": room["v"]["_id"]})]
    return _found(site, {"rid": rids}, limit, before)


def _inclusive(site: Any, rid: str, limit: int, before: Any) -> Any:
    more = {"ts": ("<=", before)} if before is not None else {}
    return _found(site, {"rid": rid, **more}, limit, None)


def _channels_too(original: Any, site: Any, token: str, rid: str) -> Any:
    try:
        return original(site, token, rid)
    except Refusal:
        if site.channels.get(rid) is None:
            raise
        return {"_id": rid}


def _empty_for_unknown(original: Any, site: Any, call: Any) -> Any:
    try:
        return original(site, call)
    except Refusal as error:
        if error.code != "invalid-room" or site.channels.get(call.params["rid"]) is not None:
            raise
        return success(messages=[])


def _open_only(original: Any, site: Any, token: str, rid: str) -> Any:
    room = original(site, token, rid)
    if not room.get("open"):
        raise Refusal("room-closed")
    return room


def _with_neighbours(original: Any, site: Any, rid: str, limit: int, before: Any = None) -> Any:
    messages = original(site, rid, limit, before)
    if not any(each.get("token") for each in messages):
        others = [each for each in site.messages.find(sort=[("ts", -1)], limit=5) if each.get("token")]
        messages += [{**each, "rid": rid} for each in others[:1] if each.get("rid") != rid]
    return messages


def _visitors_only(site: Any, call: Any, body: Any) -> None:
    body["messages"] = [each for each in body["messages"] if "token" in each or each.get("t")]


def _from_visitor(site: Any, call: Any, body: Any) -> None:
    visitor = site.visitors.one({"token": call.query["token"]})
    for each in body["messages"]:
        if "token" not in each and not each.get("t"):
            each["u"] = {"_id": visitor["_id"], "username": visitor["username"]}


def _token_everywhere(site: Any, call: Any, body: Any) -> None:
    for each in body["messages"]:
        if not each.get("t"):
            each["token"] = call.query["token"]


def _swapped(site: Any, call: Any, body: Any) -> None:
    found = body["messages"]
    if len(found) >= 3:
        found[0], found[1] = found[1], found[0]


def _skips_at_page(original: Any, site: Any, rid: str, limit: int, before: Any = None) -> Any:
    found = original(site, rid, limit + 1 if limit and before is not None else limit, before)
    return found[1:] if limit and before is not None else found


def _only_older(site: Any, call: Any, body: Any) -> None:
    bound = call.query.get("ls") or call.query.get("ts")
    if isinstance(bound, str) and bound:
        body["messages"] = [each for each in body["messages"] if each["ts"] < bound]


def _count_as_text(site: Any, call: Any, body: Any) -> None:
    if call.query.get("ls") or call.query.get("ts"):
        body["unreadNotLoaded"] = "many"


_GET = ("getHistory",)
_STATE, _LOSS, _PAGE, _VALID = Kind.STATE, Kind.DATA_LOSS, Kind.PAGINATION, Kind.VALIDATION
_LIVE, _RELATION, _RARE = Depth.LIVE_ROOM, Depth.RELATION, Depth.RARE_INPUT

FAULTS: tuple[Fault, ...] = (
    Fault(
        "messages.history-of-all-rooms",
        ("LC-MESSAGE-067",),
        _GET,
        _STATE,
        _RELATION,
        "The history of a room holds all rooms of its visitor.",
        wrap=_history(_of_visitor),
    ),
    Fault(
        "messages.history-oldest-first",
        ("LC-MESSAGE-068",),
        _GET,
        _PAGE,
        _RELATION,
        "The history runs from the oldest entry of the page to the newest.",
        wrap=answered("getHistory", lambda site, call, body: body["messages"].reverse()),
    ),
    Fault(
        "messages.history-swapped",
        ("LC-MESSAGE-068", "LC-MESSAGE-084"),
        _GET,
        _PAGE,
        _RELATION,
        "The two newest entries of a history stand in the wrong order.",
        wrap=answered("getHistory", _swapped),
    ),
    Fault(
        "messages.history-default-50",
        ("LC-MESSAGE-069",),
        _GET,
        _PAGE,
        _RELATION,
        "Without a limit the history has up to 50 entries.",
        wrap={"messages.history_limit": lambda original, site, value: original(site, value) if value else 50},
    ),
    Fault(
        "messages.history-limit-ignored",
        ("LC-MESSAGE-070",),
        _GET,
        _PAGE,
        _RELATION,
        "The limit of a history has no effect.",
        wrap=instead("messages.history_limit", 20),
    ),
    Fault(
        "messages.history-oldest-of-limit",
        ("LC-MESSAGE-070",),
        _GET,
        _PAGE,
        _RELATION,
        "With a limit the history holds the oldest entries instead of the newest.",
        wrap=_history(
            lambda site, rid, limit, before: list(reversed(_found(site, {"rid": rid}, limit, before, sort=[("ts", 1)])))
        ),
    ),
    Fault(
        "messages.history-one-too-many",
        ("LC-MESSAGE-070",),
        _GET,
        _PAGE,
        _RELATION,
        "With a limit the history has one entry more.",
        wrap={"messages.history_limit": lambda original, site, value: original(site, value) + (1 if value else 0)},
    ),
    Fault(
        "messages.history-limit-above",
        ("LC-MESSAGE-071",),
        _GET,
        _PAGE,
        _RARE,
        "A limit above the number of entries leaves out the oldest one.",
        wrap={
            "messages.history": lambda original, site, rid, limit, before=None: (
                found[:-1]
                if limit > len(found := original(site, rid, limit, before)) and before is None and limit != 20
                else found
            )
        },
    ),
    Fault(
        "messages.history-limit-0-is-default",
        ("LC-MESSAGE-072",),
        _GET,
        _PAGE,
        _RARE,
        "A limit of 0 counts as none.",
        wrap={"messages.history_limit": lambda original, site, value: original(site, value) or 20},
    ),
    Fault(
        "messages.history-end-ignored",
        ("LC-MESSAGE-073", "LC-MESSAGE-074"),
        _GET,
        _PAGE,
        _RELATION,
        "The end of a history has no effect.",
        wrap=instead("messages.history_end", None),
    ),
    Fault(
        "messages.history-end-included",
        ("LC-MESSAGE-073", "LC-MESSAGE-074"),
        _GET,
        _PAGE,
        _RELATION,
        "With end the entry of that very moment is returned as well.",
        wrap=_history(_inclusive),
    ),
    Fault(
        "messages.history-page-skips",
        ("LC-MESSAGE-074",),
        _GET,
        _PAGE,
        _RELATION,
        "With end and limit the entry just before that moment is skipped.",
        wrap={"messages.history": _skips_at_page},
    ),
    Fault(
        "messages.history-token-unchecked",
        ("LC-MESSAGE-077",),
        _GET,
        Kind.AUTHORISATION,
        _LIVE,
        "With an unknown token the history is refused for its room.",
        wrap=unchecked_token("getHistory"),
    ),
    Fault(
        "messages.history-unknown-empty",
        ("LC-MESSAGE-078",),
        _GET,
        _VALID,
        Depth.SHALLOW,
        "The history of a room that does not exist is empty.",
        wrap={"operation.getHistory": _empty_for_unknown},
    ),
    Fault(
        "messages.history-unknown-code",
        ("LC-MESSAGE-078",),
        _GET,
        _VALID,
        Depth.SHALLOW,
        "The history of a room that does not exist is refused with error-invalid-room.",
        wrap=otherwise("getHistory", "rooms.require_of_visitor", "error-invalid-room"),
    ),
    Fault(
        "messages.history-of-channel",
        ("LC-MESSAGE-079",),
        _GET,
        Kind.AUTHORISATION,
        _RARE,
        "The history of a public channel is shown to visitors.",
        wrap=during("getHistory", "rooms.require_of_visitor", _channels_too),
    ),
    Fault(
        "messages.history-open-only",
        ("LC-MESSAGE-080",),
        _GET,
        _VALID,
        _LIVE,
        "The history of a closed room is refused.",
        wrap=during("getHistory", "rooms.require_of_visitor", _open_only),
    ),
    Fault(
        "messages.history-visitor-only",
        ("LC-MESSAGE-081",),
        _GET,
        _LOSS,
        _RELATION,
        "The history leaves out the agent's messages.",
        wrap=answered("getHistory", _visitors_only),
    ),
    Fault(
        "messages.history-agent-is-visitor",
        ("LC-MESSAGE-082",),
        _GET,
        _STATE,
        _RELATION,
        "The agent's messages name the visitor as their author.",
        wrap=answered("getHistory", _from_visitor),
    ),
    Fault(
        "messages.history-agent-token",
        ("LC-MESSAGE-082",),
        _GET,
        _STATE,
        _RELATION,
        "The agent's messages carry the visitor's token.",
        wrap=answered("getHistory", _token_everywhere),
    ),
    Fault(
        "messages.history-of-neighbour",
        ("LC-MESSAGE-083",),
        _GET,
        _STATE,
        _RELATION,
        "The history of a room without a visitor's message shows the last message of another room.",
        wrap={"messages.history": _with_neighbours},
    ),
    Fault(
        "messages.history-order-lost",
        ("LC-MESSAGE-084",),
        _GET,
        _STATE,
        _RELATION,
        "Messages within a second stand in the history in the order of their text.",
        wrap=answered(
            "getHistory",
            lambda site, call, body: body["messages"].sort(
                key=lambda each: (each["ts"][:19], each["msg"]), reverse=True
            ),
        ),
    ),
    Fault(
        "messages.history-stale",
        ("LC-MESSAGE-009", "LC-MESSAGE-036", "LC-MESSAGE-053"),
        _GET,
        _STATE,
        _RELATION,
        "A history that was read once is answered from a cache from then on.",
        wrap=stale("getHistory", lambda call: (call.params["rid"], str(call.query))),
    ),
    Fault(
        "messages.history-bound-turned",
        ("LC-MESSAGE-075",),
        _GET,
        _PAGE,
        _RARE,
        "With a lower bound the history has only what is older.",
        wrap=answered("getHistory", _only_older),
    ),
    Fault(
        "messages.history-unread-in-words",
        ("LC-MESSAGE-076",),
        _GET,
        Kind.SCHEMA,
        _RARE,
        "The number of unread entries is given in words.",
        wrap=answered("getHistory", _count_as_text),
    ),
)
