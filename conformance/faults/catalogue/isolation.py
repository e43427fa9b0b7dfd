"""Faults of the walls between visitors: what one of them can read or do in the room of another."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, during, refused_yet_done
from conformance.reference import messages, rooms, visitors
from conformance.reference.auth import user_of
from conformance.reference.envelope import Stop, not_logged_in
from conformance.reference.site import save

_AUTH, _LIVE, _RELATION = Kind.AUTHORISATION, Depth.LIVE_ROOM, Depth.RELATION


def _everybodys(operation: str) -> Any:
    """Forget to ask whose room it is."""
    return during(operation, "rooms.belongs_to", lambda original, site, room, token: True)


def _everybodys_once_closed(operation: str) -> Any:
    """Ask whose room it is only while it is open."""
    return during(
        operation,
        "rooms.belongs_to",
        lambda original, site, room, token: not room.get("open") or original(site, room, token),
    )


def _foreign(site: Any, call: Any) -> Any:
    """The room that a call names, its visitor's token aside; ``None`` where it is the caller's own or nobody's."""
    body = call.body if isinstance(call.body, dict) else {}
    rid, token = body.get("rid"), body.get("token")
    if not isinstance(rid, str) or not isinstance(token, str) or visitors.find_visitor(site, token) is None:
        return None
    room = site.rooms.get(rid)
    return room if room is not None and room["v"]["token"] != token else None


def _closes(site: Any, call: Any) -> None:
    room = _foreign(site, call)
    if room and room.get("open"):
        visitor = visitors.find_visitor(site, call.body["token"])
        assert visitor is not None
        rooms.close_room(site, room, visitor, "visitor", "")


def _moves(site: Any, call: Any) -> None:
    room = _foreign(site, call)
    if room and room.get("open") and isinstance(call.body.get("department"), str):
        save(site, site.rooms, {**room, "departmentId": call.body["department"]})


def _answers(site: Any, call: Any) -> None:
    room = _foreign(site, call)
    data = call.body.get("data") if room else None
    if isinstance(data, list):
        room["surveyFeedback"] = {str(each.get("name")): each.get("value") for each in data if isinstance(each, dict)}
        save(site, site.rooms, room)


def _writes(site: Any, call: Any) -> None:
    room = _foreign(site, call)
    if room and room.get("open") and isinstance(call.body.get("msg"), str):
        visitor = visitors.find_visitor(site, call.body["token"])
        assert visitor is not None
        messages.append_message(site, room, visitor, call.body["msg"], {"token": call.body["token"]})


def _message(site: Any, call: Any) -> Any:
    body = call.body if isinstance(call.body, dict) else {}
    token = body.get("token")
    visitor = visitors.find_visitor(site, token) if isinstance(token, str) else None
    message = site.messages.get(call.params["_id"])
    return message if visitor and message and message["u"]["_id"] != visitor["_id"] else None


def _edits(site: Any, call: Any) -> None:
    message = _message(site, call)
    if message and isinstance(call.body.get("msg"), str):
        save(site, site.messages, {**message, "msg": call.body["msg"]})


def _deletes(site: Any, call: Any) -> None:
    message = _message(site, call)
    if message:
        site.messages.remove(message["_id"])


def _of_visitors(original: Any, site: Any, message: Any, visitor: Any) -> bool:
    return "token" in message or original(site, message, visitor)


def _of_agents(original: Any, site: Any, message: Any, visitor: Any) -> bool:
    return ("token" not in message and "t" not in message) or original(site, message, visitor)


def _newest_other(site: Any, token: str) -> Any:
    others = site.visitors.find(where=lambda one: one["token"] != token)
    return others[-1] if others else None


def _another_too(original: Any, site: Any, token: str, key: str, value: str, *, overwrite: bool) -> bool:
    other = _newest_other(site, token)
    if other is not None:
        original(site, other["token"], key, value, overwrite=overwrite)
    return bool(original(site, token, key, value, overwrite=overwrite))


def _any_open_room(original: Any, site: Any, visitor: Any) -> Any:
    own = original(site, visitor)
    others = site.rooms.find({"open": True}) if own is None else []
    return {key: others[-1][key] for key in ("_id", "open")} if others else own


def _last_guest(original: Any, site: Any, visitor: Any) -> Any:
    own = original(site, visitor)
    last = site.memory.get("last guest", own)
    site.memory["last guest"] = own
    return last


def _renames_another(original: Any, site: Any, token: str, fields: Any, connection: Any) -> Any:
    other = _newest_other(site, token)
    if other is not None and fields.get("name"):
        save(site, site.visitors, {**other, "name": fields["name"]})
    return original(site, token, fields, connection)


def _tells(operation: str) -> Any:
    """Say in the refusal of a foreign room whose it is."""

    def change(site: Any, call: Any, body: Any) -> None:
        rid = call.params.get("rid") or (call.body.get("rid") if isinstance(call.body, dict) else None)
        room = site.rooms.get(rid) if isinstance(rid, str) else None
        if room is not None and body.get("error") == "invalid-room":
            body["details"] = {"owner": room["v"], "name": room["fname"]}

    return answered(operation, change, status=400)


def _visitor_as_user(original: Any, site: Any, headers: Any) -> Any:
    user = original(site, headers)
    token = headers.get("x-auth-token")
    if user is None and token and visitors.find_visitor(site, token) is not None:
        return {"_id": "visitor", "username": "visitor", "roles": ["livechat-manager", "livechat-agent"]}
    return user


def _asks_for_user(*operations: str) -> Any:
    """Refuse a visitor's call for the wrong credentials of a user."""

    def checked(original: Any, site: Any, call: Any) -> Any:
        if call.headers.get("x-auth-token") and user_of(site, call.headers) is None:
            raise Stop(not_logged_in())
        return original(site, call)

    return {f"operation.{each}": checked for each in operations}


FAULTS: tuple[Fault, ...] = (
    Fault(
        "isolation.opens-foreign",
        ("LC-ISOLATION-001",),
        ("openRoom",),
        _AUTH,
        _LIVE,
        "The id of another visitor's open room opens it.",
        wrap=_everybodys("openRoom"),
    ),
    Fault(
        "isolation.closes-foreign",
        ("LC-ISOLATION-002", "LC-ISOLATION-003"),
        ("closeRoom",),
        _AUTH,
        _LIVE,
        "Every visitor can close every room.",
        wrap=_everybodys("closeRoom"),
    ),
    Fault(
        "isolation.refused-closing-closes",
        ("LC-ISOLATION-003",),
        ("closeRoom",),
        _AUTH,
        _RELATION,
        "A closing with another visitor's token is refused and closes the room.",
        wrap=refused_yet_done("closeRoom", _closes),
    ),
    Fault(
        "isolation.transfers-foreign",
        ("LC-ISOLATION-004", "LC-ISOLATION-005"),
        ("transferRoom",),
        _AUTH,
        _LIVE,
        "Every visitor can transfer every room.",
        wrap=_everybodys("transferRoom"),
    ),
    Fault(
        "isolation.refused-transfer-moves",
        ("LC-ISOLATION-005",),
        ("transferRoom",),
        _AUTH,
        _RELATION,
        "A transfer with another visitor's token is refused and moves the room.",
        wrap=refused_yet_done("transferRoom", _moves),
    ),
    Fault(
        "isolation.surveys-foreign",
        ("LC-ISOLATION-006", "LC-ISOLATION-007"),
        ("surveyRoom",),
        _AUTH,
        _LIVE,
        "Every visitor can answer the survey of every room.",
        wrap=_everybodys("surveyRoom"),
    ),
    Fault(
        "isolation.refused-survey-stored",
        ("LC-ISOLATION-007",),
        ("surveyRoom", "listRooms"),
        _AUTH,
        _RELATION,
        "A survey with another visitor's token is refused and stored.",
        wrap=refused_yet_done("surveyRoom", _answers),
    ),
    Fault(
        "isolation.writes-foreign",
        ("LC-ISOLATION-008", "LC-ISOLATION-009"),
        ("sendMessage",),
        _AUTH,
        _LIVE,
        "Every visitor can write into every room.",
        wrap=_everybodys("sendMessage"),
    ),
    Fault(
        "isolation.refused-message-stored",
        ("LC-ISOLATION-009",),
        ("sendMessage", "getHistory"),
        _AUTH,
        _RELATION,
        "A message with another visitor's token is refused and stored.",
        wrap=refused_yet_done("sendMessage", _writes),
    ),
    Fault(
        "isolation.edits-in-foreign",
        ("LC-ISOLATION-010",),
        ("editMessage",),
        _AUTH,
        _LIVE,
        "An edit does not ask whose the room is.",
        wrap=_everybodys("editMessage"),
    ),
    Fault(
        "isolation.edits-others",
        ("LC-ISOLATION-011", "LC-ISOLATION-012"),
        ("editMessage",),
        _AUTH,
        _LIVE,
        "A visitor can edit what other visitors wrote.",
        wrap={"messages.may_edit": _of_visitors},
    ),
    Fault(
        "isolation.refused-edit-stays",
        ("LC-ISOLATION-012",),
        ("editMessage", "getHistory"),
        _AUTH,
        _RELATION,
        "An edit by another visitor is refused and changes the text.",
        wrap=refused_yet_done("editMessage", _edits),
    ),
    Fault(
        "isolation.edits-agents",
        ("LC-ISOLATION-013",),
        ("editMessage",),
        _AUTH,
        _LIVE,
        "A visitor can edit what the agent wrote.",
        wrap={"messages.may_edit": _of_agents},
    ),
    Fault(
        "isolation.deletes-in-foreign",
        ("LC-ISOLATION-014",),
        ("deleteMessage",),
        _AUTH,
        _LIVE,
        "A deletion does not ask whose the room is.",
        wrap=_everybodys("deleteMessage"),
    ),
    Fault(
        "isolation.deletes-others",
        ("LC-ISOLATION-015", "LC-ISOLATION-016"),
        ("deleteMessage",),
        _AUTH,
        _LIVE,
        "A visitor can delete what other visitors wrote.",
        wrap={"messages.may_delete": _of_visitors},
    ),
    Fault(
        "isolation.refused-deletion-done",
        ("LC-ISOLATION-016",),
        ("deleteMessage", "getHistory"),
        _AUTH,
        _RELATION,
        "A deletion by another visitor is refused and done.",
        wrap=refused_yet_done("deleteMessage", _deletes),
    ),
    Fault(
        "isolation.deletes-agents",
        ("LC-ISOLATION-017",),
        ("deleteMessage",),
        _AUTH,
        _LIVE,
        "A visitor can delete what the agent wrote.",
        wrap={"messages.may_delete": _of_agents},
    ),
    Fault(
        "isolation.reads-foreign",
        ("LC-ISOLATION-018",),
        ("getHistory",),
        _AUTH,
        _LIVE,
        "Every visitor can read the history of every room.",
        wrap=_everybodys("getHistory"),
    ),
    Fault(
        "isolation.sees-foreign-agent",
        ("LC-ISOLATION-019",),
        ("getAgentInfo",),
        _AUTH,
        _LIVE,
        "Every visitor can see the agent of every room.",
        wrap=_everybodys("getAgentInfo"),
    ),
    Fault(
        "isolation.foreign-transcript",
        ("LC-ISOLATION-020",),
        ("requestTranscript",),
        _AUTH,
        _LIVE,
        "Every visitor can ask for the transcript of every room.",
        wrap=_everybodys("requestTranscript"),
    ),
    Fault(
        "isolation.closed-history-for-all",
        ("LC-ISOLATION-028",),
        ("getHistory",),
        _AUTH,
        _LIVE,
        "Once a room is closed every visitor can read its history.",
        wrap=_everybodys_once_closed("getHistory"),
    ),
    Fault(
        "isolation.closed-survey-for-all",
        ("LC-ISOLATION-028",),
        ("surveyRoom",),
        _AUTH,
        _LIVE,
        "Once a room is closed every visitor can answer its survey.",
        wrap=_everybodys_once_closed("surveyRoom"),
    ),
    Fault(
        "isolation.closed-transcript-for-all",
        ("LC-ISOLATION-028",),
        ("requestTranscript",),
        _AUTH,
        _LIVE,
        "Once a room is closed every visitor can ask for its transcript.",
        wrap=_everybodys_once_closed("requestTranscript"),
    ),
    Fault(
        "isolation.field-for-another",
        ("LC-ISOLATION-021",),
        ("setCustomField", "getVisitor"),
        _AUTH,
        _RELATION,
        "A custom field goes to the newest other visitor as well.",
        wrap=during("setCustomField", "custom_fields.set_on_visitor", _another_too),
    ),
    Fault(
        "isolation.fields-for-another",
        ("LC-ISOLATION-022",),
        ("setCustomFields", "getVisitor"),
        _AUTH,
        _RELATION,
        "Several custom fields go to the newest other visitor as well.",
        wrap=during("setCustomFields", "custom_fields.set_on_visitor", _another_too),
    ),
    Fault(
        "isolation.config-of-any-room",
        ("LC-ISOLATION-023",),
        ("getConfig",),
        _AUTH,
        _RELATION,
        "The configuration shows a visitor without a room the newest room of another.",
        wrap={"config.room": _any_open_room},
    ),
    Fault(
        "isolation.config-of-last-guest",
        ("LC-ISOLATION-023",),
        ("getConfig",),
        _AUTH,
        _RELATION,
        "The configuration shows the guest of the call before.",
        wrap={"config.guest": _last_guest},
    ),
    Fault(
        "isolation.renames-another",
        ("LC-ISOLATION-024",),
        ("registerVisitor", "getVisitor"),
        _AUTH,
        _RELATION,
        "A registration gives its name to the newest other visitor as well.",
        wrap={"visitors.register": _renames_another},
    ),
    Fault(
        "isolation.history-refusal-tells",
        ("LC-ISOLATION-025",),
        ("getHistory",),
        _AUTH,
        _LIVE,
        "The refusal of a foreign history says whose it is.",
        wrap=_tells("getHistory"),
    ),
    Fault(
        "isolation.message-refusal-tells",
        ("LC-ISOLATION-025",),
        ("sendMessage",),
        _AUTH,
        _LIVE,
        "The refusal of a message into a foreign room says whose it is.",
        wrap=_tells("sendMessage"),
    ),
    Fault(
        "isolation.visitor-as-user",
        ("LC-ISOLATION-026",),
        ("listRooms", "getVisitorInfo", "getInquiry", "getChatHistory"),
        _AUTH,
        _RELATION,
        "A visitor's token is taken for the auth token of a user.",
        wrap={"auth.user_of": _visitor_as_user},
    ),
    Fault(
        "isolation.wrong-credentials-refused",
        ("LC-ISOLATION-027",),
        ("openRoom", "closeRoom", "sendMessage"),
        _AUTH,
        Depth.RARE_INPUT,
        "A visitor's call with the wrong credentials of a user is refused.",
        wrap=_asks_for_user("openRoom", "closeRoom", "sendMessage"),
    ),
)
