"""Faults of offline messages, transcripts, pages visited and earlier chats."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, during, instead, put, recoded, skipped
from conformance.reference.departments import online_agents
from conformance.reference.envelope import Failure, Refusal, Stop, failure, success
from conformance.reference.rooms import is_open
from conformance.reference.site import save


def _listing(operation: str, collection: str, change: Any) -> Any:
    """Change what one list asks its collection: ``change(site, condition, more)`` gives both anew."""

    def found(original: Any, site: Any, asked: Any, page: Any, condition: Any = None, **more: Any) -> Any:
        if asked is getattr(site, collection):
            condition, more = change(site, dict(condition or {}), more)
        return original(site, asked, page, condition, **more)

    return during(operation, "paging.find", found)


def _form_off(original: Any, site: Any, call: Any) -> Any:
    try:
        return original(site, call)
    except Stop as stop:
        stop.answer.body.pop("message", None)
        raise


def _any_department(original: Any, site: Any, department: Any) -> Any:
    try:
        return original(site, department)
    except Failure:
        return original(site, None)


def _when_nobody(original: Any, site: Any, call: Any) -> Any:
    if online_agents(site):
        raise Stop(failure())
    return original(site, call)


def _when_somebody(original: Any, site: Any, call: Any) -> Any:
    if not online_agents(site):
        raise Stop(failure())
    return original(site, call)


def _open_only(original: Any, site: Any, token: str, rid: str) -> Any:
    room = original(site, token, rid)
    if not is_open(site, room):
        raise Refusal("error-invalid-room", "Invalid room")
    return room


def _once(original: Any, site: Any, call: Any) -> Any:
    asked = site.memory.setdefault("transcripts", set())
    answer = original(site, call)
    if call.body["rid"] in asked:
        raise Refusal("error-transcript-already-requested", "Transcript already requested")
    asked.add(call.body["rid"])
    return answer


def _by_room(original: Any, site: Any, token: str, rid: str) -> Any:
    try:
        return original(site, token, rid)
    except Refusal:
        if site.visitors.one({"token": token}) is None:
            raise Refusal("invalid-token") from None
        raise


def _any_channel(original: Any, site: Any, token: str, rid: str) -> Any:
    if site.channels.get(rid) is not None and site.visitors.one({"token": token}):
        raise Stop(success(message="Omnichannel transcript sent"))
    return original(site, token, rid)


def _unknown_room(original: Any, site: Any, token: str, rid: str) -> Any:
    known = site.rooms.get(rid) or site.channels.get(rid)
    if known is None and site.visitors.one({"token": token}):
        raise Stop(success(message="Omnichannel transcript sent"))
    return original(site, token, rid)


def _closing(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    room = site.rooms.get(call.body["rid"])
    if room is not None and is_open(site, room):
        room.pop("open")
        save(site, site.rooms, room)
    return answer


def _leaving(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    room = site.rooms.get(call.body["rid"])
    if room is not None and room.pop("servedBy", None):
        save(site, site.rooms, room)
    return answer


def _repeats_nothing(original: Any, site: Any, token: str, rid: Any, page: Any) -> Any:
    seen = site.memory.setdefault("pages", {})
    key = (token, rid, page["location"]["href"], page["change"])
    if key in seen:
        known = site.messages.get(seen[key])
        if known is not None:
            return known
    message = original(site, token, rid, page)
    seen[key] = message["_id"]
    return message


def _of_token(site: Any, condition: Any, more: Any) -> Any:
    room = site.rooms.get(condition["rid"])
    if room is None:
        return condition, more
    rids = [each["_id"] for each in site.rooms.find({"v.token": room["v"]["token"]})]
    return {**condition, "rid": rids}, more


def _any_message(site: Any, condition: Any, more: Any) -> Any:
    return {"rid": condition["rid"]}, more


def _oldest(site: Any, condition: Any, more: Any) -> Any:
    return condition, {**more, "default_sort": [("ts", 1)]}


def _empty_history(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    if answer.status == 400 and answer.body.get("error") == "invalid-room":
        key = "pages" if "visitorId" not in call.params else "history"
        return success({key: [], "count": 0, "offset": 0, "total": 0})
    return answer


def _closed_only(site: Any, condition: Any, more: Any) -> Any:
    return condition, {**more, "where": lambda room: not room.get("open")}


def _still_open(site: Any, condition: Any, more: Any) -> Any:
    return condition, {**more, "where": lambda room: bool(room.get("open"))}


def _with_one_more(site: Any, call: Any, body: Any) -> None:
    strange = [room for room in site.rooms.find() if room["v"]["_id"] != call.params["visitorId"]]
    if body["history"] and strange:
        body["history"].append(strange[-1])
        body["count"] += 1
        body["total"] += 1


def _while_open(original: Any, site: Any, room: Any, user: Any) -> Any:
    from conformance.reference.auth import has_permission

    if not room.get("open") and not has_permission(site, user, "view-livechat-rooms"):
        return False
    return original(site, room, user)


def _of_the_room(original: Any, site: Any, call: Any) -> Any:
    if site.visitors.get(call.params["visitorId"]) is None:
        room = site.rooms.get(call.params["roomId"])
        if room is not None:
            call.params["visitorId"] = room["v"]["_id"]
    return original(site, call)


def _unknown_visitor(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    return failure("invalid-visitor") if site.visitors.get(call.params["visitorId"]) is None else answer


def _visible(site: Any, message: Any) -> Any:
    message.pop("_hidden", None)
    return message


def _shown(original: Any, site: Any, token: str, rid: Any, page: Any) -> Any:
    return save(site, site.messages, _visible(site, original(site, token, rid, page)))


_OFFLINE, _TRANSCRIPT = ("sendOfflineMessage",), ("requestTranscript",)
_VISIT, _PAGES, _HISTORY = ("visitPage",), ("listPagesVisited", "visitPage"), ("getChatHistory",)
_STATE, _LOSS, _VALID = Kind.STATE, Kind.DATA_LOSS, Kind.VALIDATION
_SHALLOW, _LIVE, _RELATION, _RARE = Depth.SHALLOW, Depth.LIVE_ROOM, Depth.RELATION, Depth.RARE_INPUT

FAULTS: tuple[Fault, ...] = (
    Fault(
        "offline.empty-answer",
        ("LC-OFFLINE-005",),
        _OFFLINE,
        _LOSS,
        _SHALLOW,
        "The answer of an offline message is an empty text.",
        wrap=answered("sendOfflineMessage", put("message", "")),
    ),
    Fault(
        "offline.form-switch-unread",
        ("LC-OFFLINE-006",),
        _OFFLINE,
        _VALID,
        _RELATION,
        "The setting that switches the offline form off has no effect.",
        wrap=instead("offline.form_is_shown", True),
    ),
    Fault(
        "offline.refusal-without-text",
        ("LC-OFFLINE-006",),
        _OFFLINE,
        Kind.SCHEMA,
        _RELATION,
        "While the form is switched off the refusal has no text.",
        wrap={"operation.sendOfflineMessage": _form_off},
    ),
    Fault(
        "offline.unknown-department",
        ("LC-OFFLINE-007",),
        _OFFLINE,
        _VALID,
        _RARE,
        "A message for an unknown department goes to the general address.",
        wrap={"offline.recipient": _any_department},
    ),
    Fault(
        "offline.only-while-offline",
        ("LC-OFFLINE-008",),
        _OFFLINE,
        _VALID,
        _RELATION,
        "While an agent is online offline messages are refused.",
        wrap={"operation.sendOfflineMessage": _when_nobody},
    ),
    Fault(
        "offline.only-while-online",
        ("LC-OFFLINE-008",),
        _OFFLINE,
        _VALID,
        _RELATION,
        "While nobody is online offline messages are refused.",
        wrap={"operation.sendOfflineMessage": _when_somebody},
    ),
    Fault(
        "offline.domain-unchecked",
        ("LC-OFFLINE-009",),
        _OFFLINE,
        _VALID,
        _RARE,
        "The domain of an address is not looked up, whatever the setting says.",
        wrap=skipped("offline.check_email"),
    ),
    Fault(
        "transcripts.empty-answer",
        ("LC-TRANSCRIPT-005",),
        _TRANSCRIPT,
        _LOSS,
        _LIVE,
        "The answer of asking for a transcript is an empty text.",
        wrap=answered("requestTranscript", put("message", "")),
    ),
    Fault(
        "transcripts.open-only",
        ("LC-TRANSCRIPT-006",),
        _TRANSCRIPT,
        _VALID,
        _RELATION,
        "A transcript of a closed room is refused.",
        wrap={"transcripts.require_room": _open_only},
    ),
    Fault(
        "transcripts.once",
        ("LC-TRANSCRIPT-007",),
        _TRANSCRIPT,
        _VALID,
        _RELATION,
        "A transcript can be asked for once.",
        wrap={"operation.requestTranscript": _once},
    ),
    Fault(
        "transcripts.token-code",
        ("LC-TRANSCRIPT-008",),
        _TRANSCRIPT,
        _VALID,
        _LIVE,
        "An unknown token is refused with invalid-token.",
        wrap={"transcripts.require_room": _by_room},
    ),
    Fault(
        "transcripts.unknown-room",
        ("LC-TRANSCRIPT-009",),
        _TRANSCRIPT,
        _VALID,
        _SHALLOW,
        "A transcript of an unknown room is answered with success.",
        wrap={"transcripts.require_room": _unknown_room},
    ),
    Fault(
        "transcripts.room-code",
        ("LC-TRANSCRIPT-009", "LC-TRANSCRIPT-010"),
        _TRANSCRIPT,
        _VALID,
        _SHALLOW,
        "A transcript of an unknown room is refused with invalid-room.",
        wrap=recoded("requestTranscript", "error-invalid-room", "invalid-room"),
    ),
    Fault(
        "transcripts.of-channel",
        ("LC-TRANSCRIPT-010",),
        _TRANSCRIPT,
        Kind.AUTHORISATION,
        _RARE,
        "A transcript of a public channel can be asked for.",
        wrap={"transcripts.require_room": _any_channel},
    ),
    Fault(
        "transcripts.closes",
        ("LC-TRANSCRIPT-012",),
        _TRANSCRIPT,
        _STATE,
        _RELATION,
        "Asking for a transcript closes the room.",
        wrap={"operation.requestTranscript": _closing},
    ),
    Fault(
        "transcripts.removes-agent",
        ("LC-TRANSCRIPT-012",),
        _TRANSCRIPT,
        _STATE,
        _RELATION,
        "Asking for a transcript takes the room from its agent.",
        wrap={"operation.requestTranscript": _leaving},
    ),
    Fault(
        "pages.text-without-address",
        ("LC-PAGE-005",),
        _VISIT,
        _LOSS,
        _SHALLOW,
        "The msg of a page is its title alone.",
        wrap={"pages.text": lambda original, site, page: page["title"]},
    ),
    Fault(
        "pages.answer-of-other-token",
        ("LC-PAGE-006",),
        _VISIT,
        _STATE,
        _SHALLOW,
        "The answer of reporting a page repeats the first token of the server.",
        wrap=answered(
            "visitPage",
            lambda site, call, body: (
                "page" in body
                and body["page"]["navigation"].update(token=site.memory.setdefault("first page", call.body["token"]))
            ),
        ),
    ),
    Fault(
        "pages.answer-without-title",
        ("LC-PAGE-006",),
        _VISIT,
        _STATE,
        _SHALLOW,
        "The page in the answer has the title in place of the address.",
        wrap=answered(
            "visitPage",
            lambda site, call, body: (
                "page" in body
                and body["page"]["navigation"]["page"]["location"].update(
                    href=body["page"]["navigation"]["page"]["title"]
                )
            ),
        ),
    ),
    Fault(
        "pages.everything-recorded",
        ("LC-PAGE-007",),
        _PAGES,
        _STATE,
        _RELATION,
        "Every change is recorded, whatever the setting says.",
        wrap=instead("pages.is_monitored", True),
    ),
    Fault(
        "pages.titles-unrecorded",
        ("LC-PAGE-008",),
        _VISIT,
        _STATE,
        _RELATION,
        "Changes of the address are recorded only, whatever the setting says.",
        wrap={"pages.is_monitored": lambda original, site, page: page["change"] == "url"},
    ),
    Fault(
        "pages.always-in-history",
        ("LC-PAGE-009",),
        ("visitPage", "getHistory"),
        _STATE,
        _RELATION,
        "Pages show up in the history of messages, whatever the setting says.",
        wrap={"pages.store": _shown},
    ),
    Fault(
        "pages.listed-by-title",
        ("LC-PAGE-015",),
        _PAGES,
        _LOSS,
        _RELATION,
        "Listed pages have lost their address.",
        wrap=answered(
            "listPagesVisited",
            lambda site, call, body: [each["navigation"]["page"]["location"].update(href="") for each in body["pages"]],
        ),
    ),
    Fault(
        "pages.repeated-once",
        ("LC-PAGE-016",),
        _PAGES,
        _LOSS,
        _RELATION,
        "A page that was reported several times is listed once.",
        wrap={"pages.store": _repeats_nothing},
    ),
    Fault(
        "pages.before-chat-lost",
        ("LC-PAGE-017",),
        ("listPagesVisited", "visitPage", "openRoom"),
        _LOSS,
        _RELATION,
        "Pages that were reported before the chat are not given to its room.",
        wrap=skipped("rooms.attach_pages"),
    ),
    Fault(
        "pages.of-all-rooms",
        ("LC-PAGE-018",),
        _PAGES,
        _STATE,
        _RELATION,
        "The pages of all rooms of a visitor are listed.",
        wrap=_listing("listPagesVisited", "messages", _of_token),
    ),
    Fault(
        "pages.with-messages",
        ("LC-PAGE-019",),
        ("listPagesVisited",),
        _STATE,
        _RELATION,
        "All messages of a room are listed as its pages.",
        wrap=_listing("listPagesVisited", "messages", _any_message),
    ),
    Fault(
        "pages.oldest-first",
        ("LC-PAGE-020",),
        _PAGES,
        Kind.PAGINATION,
        _RELATION,
        "Pages are listed with the oldest first.",
        wrap=_listing("listPagesVisited", "messages", _oldest),
    ),
    Fault(
        "pages.unknown-room-empty",
        ("LC-PAGE-021",),
        ("listPagesVisited",),
        _VALID,
        _SHALLOW,
        "The pages of a room that does not exist are an empty list.",
        wrap={"operation.listPagesVisited": _empty_history},
    ),
    Fault(
        "chat_history.open-only",
        ("LC-HISTORY-006",),
        _HISTORY,
        _LOSS,
        _RELATION,
        "The chat history leaves out closed rooms.",
        wrap=_listing("getChatHistory", "rooms", _still_open),
    ),
    Fault(
        "chat_history.closed-only",
        ("LC-HISTORY-007",),
        _HISTORY,
        _LOSS,
        _RELATION,
        "The chat history leaves out open rooms.",
        wrap=_listing("getChatHistory", "rooms", _closed_only),
    ),
    Fault(
        "chat_history.of-everybody",
        ("LC-HISTORY-008",),
        _HISTORY,
        Kind.AUTHORISATION,
        _RELATION,
        "The chat history holds one room of another visitor.",
        wrap=answered("getChatHistory", _with_one_more),
    ),
    Fault(
        "chat_history.oldest-first",
        ("LC-HISTORY-009",),
        _HISTORY,
        Kind.PAGINATION,
        _RELATION,
        "The chat history runs from the oldest room to the newest.",
        wrap=_listing("getChatHistory", "rooms", _oldest),
    ),
    Fault(
        "chat_history.while-open",
        ("LC-HISTORY-010",),
        _HISTORY,
        Kind.AUTHORISATION,
        _RELATION,
        "After a room is closed its agent may not read its chat history.",
        wrap={"rooms.may_access": _while_open},
    ),
    Fault(
        "chat_history.unknown-room-empty",
        ("LC-HISTORY-011",),
        _HISTORY,
        _VALID,
        _SHALLOW,
        "The chat history for a room that does not exist is empty.",
        wrap={"operation.getChatHistory": _empty_history},
    ),
    Fault(
        "chat_history.of-the-room",
        ("LC-HISTORY-012",),
        _HISTORY,
        _STATE,
        _RARE,
        "For a visitor whom nobody knows the history of the room's visitor is shown.",
        wrap={"operation.getChatHistory": _of_the_room},
    ),
    Fault(
        "chat_history.unknown-visitor-refused",
        ("LC-HISTORY-012",),
        _HISTORY,
        _VALID,
        _RARE,
        "A visitor whom nobody knows is refused.",
        wrap={"operation.getChatHistory": _unknown_visitor},
    ),
)
