"""Faults of the defence: operators for texts, empty and odd values, leaks, and input that does harm."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import during, reads_as_text

_VALIDATION, _AUTH, _RARE = Kind.VALIDATION, Kind.AUTHORISATION, Depth.RARE_INPUT


def _newest(collection: str, key: str) -> Any:
    """What a query operator would find: a member of the newest document."""

    def find(site: Any, call: Any) -> Any:
        found = getattr(site, collection).find()
        return found[-1].get(key) if found else "none"

    return find


def _token_of_room(site: Any, call: Any) -> Any:
    rid = call.body.get("rid") if isinstance(call.body, dict) else None
    room = site.rooms.get(rid) if isinstance(rid, str) else None
    return room["v"]["token"] if room else _newest("visitors", "token")(site, call)


def _room_of_token(site: Any, call: Any) -> Any:
    token = call.body.get("token") if isinstance(call.body, dict) else None
    found = site.rooms.find({"v.token": token, "open": True}) if isinstance(token, str) else []
    return found[-1]["_id"] if found else "none"


def _queued(site: Any, call: Any) -> Any:
    found = site.inquiries.find({"status": "queued"})
    return found[-1]["_id"] if found else "none"


def _as_printed(site: Any, call: Any) -> Any:
    return "[object Object]"


def _visitor_name(original: Any, site: Any, call: Any, pattern: Any) -> Any:
    visitor = call.body.get("visitor") if isinstance(call.body, dict) else None
    if isinstance(visitor, dict):
        texts = {key: "[object Object]" for key in ("name", "email", "phone") if isinstance(visitor.get(key), dict)}
        call.body = {**call.body, "visitor": {**visitor, **texts}}
    return original(site, call, pattern)


def _no_operators(original: Any, site: Any, call: Any) -> Any:
    call.query = {key: value for key, value in call.query.items() if not isinstance(value, dict)}
    return original(site, call)


def _history_room(original: Any, site: Any, call: Any) -> Any:
    if isinstance(call.query.get("token"), dict):
        room = site.rooms.get(call.params["rid"])
        if room is not None:
            call.query["token"] = room["v"]["token"]
    return original(site, call)


def _any_inquiry(original: Any, site: Any, call: Any) -> Any:
    if isinstance(call.query.get("roomId"), dict):
        found = site.inquiries.find()
        call.query["roomId"] = found[-1]["rid"] if found else "none"
    return original(site, call)


def _crashes_on_object(original: Any, site: Any, department: Any) -> Any:
    return original(site, department.strip() if department else department)


def _any_sender(original: Any, site: Any, call: Any) -> Any:
    if isinstance(call.body, dict):
        call.body = {
            key: "1" if isinstance(value, dict) and key.lower() == "from" else value for key, value in call.body.items()
        }
    return original(site, call)


def _empty_is_any(original: Any, site: Any, token: str, identifier: str) -> Any:
    if identifier:
        return original(site, token, identifier)
    found = site.rooms.find({"v.token": token})
    return found[-1] if found else None


def _empty_guest(original: Any, site: Any, call: Any) -> Any:
    answer = original(site, call)
    found = site.visitors.find()
    if call.query.get("token") == "" and found and isinstance(answer.body, dict):
        answer.body["config"]["guest"] = {key: found[-1][key] for key in ("_id", "username", "token")}
    return answer


def _empty_visitor(original: Any, site: Any, token: str) -> Any:
    found = site.visitors.find() if not token else []
    return found[-1] if found else original(site, token)


def _converted(original: Any, site: Any, call: Any, pattern: Any) -> Any:
    if isinstance(call.body, dict):
        call.body = {key: _text(value) if key in ("token", "rid") else value for key, value in call.body.items()}
    return original(site, call, pattern)


def _text(value: Any) -> Any:
    """A value as JavaScript makes a text of it."""
    if isinstance(value, list):
        return ",".join(str(each) for each in value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(value) if isinstance(value, int | float) else value


def _first_of_many(original: Any, site: Any, call: Any, text: str) -> Any:
    query = original(site, call, text)
    return {key: value[0] if isinstance(value, list) and value else value for key, value in query.items()}


FAULTS: tuple[Fault, ...] = (
    Fault(
        "security.operator-token-sends",
        ("LC-SECURITY-001",),
        ("sendMessage",),
        _VALIDATION,
        _RARE,
        "An operator in place of the token of a message matches the visitor of the room.",
        wrap=reads_as_text("sendMessage", "token", _token_of_room),
    ),
    Fault(
        "security.operator-token-closes",
        ("LC-SECURITY-001",),
        ("closeRoom",),
        _VALIDATION,
        _RARE,
        "An operator in place of the token of a closing matches the visitor of the room.",
        wrap=reads_as_text("closeRoom", "token", _token_of_room),
    ),
    Fault(
        "security.operator-room-sends",
        ("LC-SECURITY-002",),
        ("sendMessage",),
        _VALIDATION,
        _RARE,
        "An operator in place of the room of a message matches the visitor's open room.",
        wrap=reads_as_text("sendMessage", "rid", _room_of_token),
    ),
    Fault(
        "security.operator-room-transcript",
        ("LC-SECURITY-002",),
        ("requestTranscript",),
        _VALIDATION,
        _RARE,
        "An operator in place of the room of a transcript matches the visitor's open room.",
        wrap=reads_as_text("requestTranscript", "rid", _room_of_token),
    ),
    Fault(
        "security.object-as-text",
        ("LC-SECURITY-003",),
        ("editMessage",),
        _VALIDATION,
        _RARE,
        "An object in place of the new text of a message is printed into it.",
        wrap=reads_as_text("editMessage", "msg", _as_printed),
    ),
    Fault(
        "security.object-as-name",
        ("LC-SECURITY-003",),
        ("registerVisitor",),
        _VALIDATION,
        _RARE,
        "An object in place of the name of a visitor is printed into it.",
        wrap=during("registerVisitor", "validate.body", _visitor_name),
    ),
    Fault(
        "security.operator-inquiry",
        ("LC-SECURITY-004",),
        ("takeInquiry",),
        _VALIDATION,
        _RARE,
        "An operator in place of an inquiry matches the newest one that waits.",
        wrap=reads_as_text("takeInquiry", "inquiryId", _queued),
    ),
    Fault(
        "security.operator-username",
        ("LC-SECURITY-004",),
        ("registerUser",),
        _VALIDATION,
        _RARE,
        "An operator in place of a username matches the newest account.",
        wrap=reads_as_text("registerUser", "username", _newest("users", "username")),
    ),
    Fault(
        "security.operator-token-opens",
        ("LC-SECURITY-005",),
        ("openRoom",),
        _VALIDATION,
        _RARE,
        "An operator in brackets in place of a token opens a room for the newest visitor.",
        wrap=reads_as_text("openRoom", "token", _newest("visitors", "token"), where="query"),
    ),
    Fault(
        "security.operator-token-config",
        ("LC-SECURITY-005",),
        ("getConfig",),
        _VALIDATION,
        _RARE,
        "An operator in brackets in place of a token shows the newest visitor's configuration.",
        wrap=reads_as_text("getConfig", "token", _newest("visitors", "token"), where="query"),
    ),
    Fault(
        "security.operator-visitor-info",
        ("LC-SECURITY-006",),
        ("getVisitorInfo",),
        _VALIDATION,
        _RARE,
        "An operator in brackets in place of a visitor matches the newest one.",
        wrap=reads_as_text("getVisitorInfo", "visitorId", _newest("visitors", "_id"), where="query"),
    ),
    Fault(
        "security.operator-in-rooms",
        ("LC-SECURITY-007",),
        ("listRooms",),
        _VALIDATION,
        _RARE,
        "An operator in a filter of the list of rooms is ignored.",
        wrap={"rooms.read_filters": _no_operators},
    ),
    Fault(
        "security.operator-in-history",
        ("LC-SECURITY-008",),
        ("getHistory",),
        _AUTH,
        _RARE,
        "An operator in brackets in place of a token opens every history.",
        seen_in="3.2.0: the query of the history is not checked",
        wrap={"operation.getHistory": _history_room},
    ),
    Fault(
        "security.operator-in-inquiry",
        ("LC-SECURITY-009",),
        ("getInquiry",),
        _AUTH,
        _RARE,
        "An operator in brackets in place of a room matches the newest inquiry.",
        wrap={"operation.getInquiry": _any_inquiry},
    ),
    Fault(
        "security.operator-in-inquiries",
        ("LC-SECURITY-010",),
        ("listInquiries",),
        _VALIDATION,
        _RARE,
        "An operator in brackets in place of a department breaks the list of inquiries.",
        wrap={"inquiries.list_condition": _crashes_on_object},
    ),
    Fault(
        "security.operator-as-sender",
        ("LC-SECURITY-011",),
        ("receiveSms",),
        _VALIDATION,
        _RARE,
        "A text message whose sender is an operator is received.",
        wrap={"operation.receiveSms": _any_sender},
    ),
    *(
        Fault(
            f"security.empty-room-{word}",
            (clause,),
            (operation,),
            _VALIDATION,
            _RARE,
            sentence,
            wrap=during(operation, "rooms.find_of_visitor", _empty_is_any),
        )
        for word, clause, operation, sentence in (
            ("closes", "LC-SECURITY-012", "closeRoom", "An empty room id closes the visitor's newest room."),
            ("surveys", "LC-SECURITY-013", "surveyRoom", "An empty room id answers for the visitor's newest room."),
            ("edits", "LC-SECURITY-014", "editMessage", "An empty room id edits a message of any room."),
            ("deletes", "LC-SECURITY-015", "deleteMessage", "An empty room id deletes a message of any room."),
            ("sends", "LC-SECURITY-016", "sendMessage", "An empty room id writes into the visitor's newest room."),
            ("transfers", "LC-SECURITY-016", "transferRoom", "An empty room id transfers the visitor's newest room."),
            ("mails", "LC-SECURITY-016", "requestTranscript", "An empty room id mails the visitor's newest room."),
        )
    ),
    Fault(
        "security.empty-token-registers",
        ("LC-SECURITY-017",),
        ("registerVisitor",),
        _VALIDATION,
        _RARE,
        "An empty token registers a visitor.",
        seen_in="3.2.0",
        wrap={
            "visitors.check_token": lambda original, site, token: None,
            "visitors.find_by_token": lambda original, site, token: (
                original(site, token) if token else site.visitors.one({"token": ""})
            ),
        },
    ),
    Fault(
        "security.empty-token-is-guest",
        ("LC-SECURITY-018",),
        ("getConfig",),
        _AUTH,
        _RARE,
        "An empty token shows the newest visitor as the guest.",
        wrap={"operation.getConfig": _empty_guest},
    ),
    Fault(
        "security.empty-token-is-anybody",
        ("LC-SECURITY-019",),
        ("sendMessage", "setCustomField"),
        _AUTH,
        _RARE,
        "An empty token is that of the newest visitor.",
        wrap={"visitors.require": _empty_visitor},
    ),
    Fault(
        "security.values-converted",
        ("LC-SECURITY-020",),
        ("sendMessage", "closeRoom"),
        _VALIDATION,
        _RARE,
        "A list, a number or null in place of a token or a room is made a text.",
        wrap={"validate.body": _converted},
    ),
    Fault(
        "security.first-of-many",
        ("LC-SECURITY-021",),
        ("openRoom", "getConfig", "getVisitorInfo"),
        _VALIDATION,
        _RARE,
        "Of a key that is given twice in a query the first one counts.",
        wrap={"http.query": _first_of_many},
    ),
)
