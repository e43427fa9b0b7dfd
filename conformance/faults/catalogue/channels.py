"""Faults of messages from telephones and of video calls."""

from __future__ import annotations

import dataclasses
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, answered, drop, put, recoded
from conformance.reference.envelope import Answer, failure, success
from conformance.reference.rooms import open_room
from conformance.reference.site import new_id
from conformance.reference.visitors import register_visitor


def _answer(function: Any) -> Any:
    """Replace what twilio is told: ``function(reason)``."""

    def told(original: Any, site: Any, service: str, reason: str | None) -> Any:
        return function(reason) if service == "twilio" else original(site, service, reason)

    return {"sms.answer": told}


def _only_numbers(original: Any, site: Any, sms: Any) -> Any:
    found = original(site, sms)
    if str(found["username"]).isdigit():
        return found
    return register_visitor(site, new_id(site), {"username": "".join(filter(str.isdigit, sms.sender))}, {})


def _json_answer(reason: Any) -> Any:
    return success() if reason is None else Answer(200, {"success": False, "error": reason})


def _full_response(reason: Any) -> Any:
    return Answer(200, content=b"<Response><Message>Thank you</Message></Response>", media="text/xml")


def _plain(original: Any, site: Any, service: str, reason: str | None) -> Any:
    answer = original(site, service, reason)
    return dataclasses.replace(answer, media="text/plain") if service == "twilio" else answer


def _first_visitor(original: Any, site: Any, sms: Any) -> Any:
    known = next((each for each in site.visitors.find() if each.get("phone")), None)
    return known or original(site, sms)


def _new_room(original: Any, site: Any, visitor: Any, sms: Any) -> Any:
    return open_room(site, visitor, None, None, {"sms": {"from": sms.receiver}})[0]


def _lost(original: Any, site: Any, sms: Any) -> None:
    original(site, dataclasses.replace(sms, text=""))


def _dropped(original: Any, site: Any, sms: Any) -> None:
    """Nothing is done with the message."""


def _unavailable(original: Any, site: Any, service: str, reason: str | None) -> Any:
    return failure(reason) if reason is not None else original(site, service, reason)


def _json_only(original: Any, site: Any, call: Any) -> Any:
    if "json" not in call.headers.get("content-type", "json"):
        return failure("Unsupported content type")
    return original(site, call)


def _swapped(original: Any, site: Any, service: str, body: Any) -> Any:
    sms = original(site, service, body)
    return dataclasses.replace(sms, sender=sms.receiver, receiver=sms.sender) if sms.receiver else sms


def _query_form(original: Any, site: Any, call: Any) -> Any:
    if call.path.rstrip("/").endswith("/livechat/video.call"):
        return failure("invalid-token")
    return original(site, call)


_SMS, _LISTED, _VIDEO = ("receiveSms",), ("receiveSms", "listRooms"), ("getVideoCall",)
_STATE, _LOSS, _SHALLOW, _RELATION = Kind.STATE, Kind.DATA_LOSS, Depth.SHALLOW, Depth.RELATION
_WORKING = {"working_video_call": True}

FAULTS: tuple[Fault, ...] = (
    Fault(
        "sms.answer-in-json",
        ("LC-SMS-005", "LC-SMS-006"),
        _SMS,
        Kind.SCHEMA,
        _SHALLOW,
        "twilio is answered in JSON.",
        wrap=_answer(_json_answer),
    ),
    Fault(
        "sms.answer-with-message",
        ("LC-SMS-005",),
        _SMS,
        _STATE,
        _SHALLOW,
        "twilio is told to send a message back.",
        wrap=_answer(_full_response),
    ),
    Fault(
        "sms.answer-is-text",
        ("LC-SMS-006",),
        _SMS,
        Kind.TRANSPORT,
        _SHALLOW,
        "The XML for twilio is sent as text/plain.",
        wrap={"sms.answer": _plain},
    ),
    Fault(
        "sms.dropped",
        ("LC-SMS-007", "LC-SMS-008"),
        _LISTED,
        _LOSS,
        _RELATION,
        "A message is acknowledged, and nothing is done with it.",
        wrap={"sms.receive": _dropped},
    ),
    Fault(
        "sms.first-number",
        ("LC-SMS-007",),
        _LISTED,
        _STATE,
        _RELATION,
        "A message of a new number goes to the first visitor who has a phone.",
        wrap={"sms.visitor": _first_visitor},
    ),
    Fault(
        "sms.numbers-swapped",
        ("LC-SMS-007",),
        _LISTED,
        _STATE,
        _RELATION,
        "The number that was called counts as the sender.",
        wrap={"sms.parse": _swapped},
    ),
    Fault(
        "sms.text-lost",
        ("LC-SMS-008",),
        _LISTED,
        _LOSS,
        _RELATION,
        "The message is stored without its text.",
        wrap={"sms.receive": _lost},
    ),
    Fault(
        "sms.room-each",
        ("LC-SMS-009",),
        _LISTED,
        _STATE,
        _RELATION,
        "Each message of a number opens a room of its own.",
        wrap={"sms.room": _new_room},
    ),
    Fault(
        "sms.nobody-is-a-failure",
        ("LC-SMS-010",),
        _SMS,
        Kind.STATUS,
        _RELATION,
        "A message while nobody is online is answered with 400.",
        wrap={"sms.answer": _unavailable},
    ),
    Fault(
        "sms.json-only",
        ("LC-SMS-011",),
        _SMS,
        Kind.VALIDATION,
        Depth.RARE_INPUT,
        "A form is refused.",
        wrap={"operation.receiveSms": _json_only},
    ),
    Fault(
        "video.token-code",
        ("LC-VIDEO-005",),
        _VIDEO,
        Kind.AUTHORISATION,
        _SHALLOW,
        "A video call with an unknown token is refused with invalid-room.",
        wrap=recoded("getVideoCall", "invalid-token", "invalid-room"),
    ),
    Fault(
        "video.unknown-token-bare",
        ("LC-VIDEO-005",),
        _VIDEO,
        Kind.AUTHORISATION,
        _SHALLOW,
        "A video call with an unknown token is refused without a code.",
        wrap=answered(
            "getVideoCall",
            lambda site, call, body: [body.pop(key, None) for key in ("error", "message", "errorType", "isClientSafe")],
            status=400,
        ),
    ),
    Fault(
        "video.other-provider",
        ("LC-VIDEO-006",),
        _VIDEO,
        _STATE,
        Depth.LIVE_ROOM,
        "A video call names another provider.",
        wrap=answered("getVideoCall", put("videoCall.provider", "webrtc")),
        options=_WORKING,
    ),
    Fault(
        "video.never-ends",
        ("LC-VIDEO-006",),
        _VIDEO,
        _LOSS,
        Depth.LIVE_ROOM,
        "A video call has no time at which it ends.",
        wrap=answered("getVideoCall", drop("videoCall.timeout")),
        options=_WORKING,
    ),
    Fault(
        "video.ended-already",
        ("LC-VIDEO-006",),
        _VIDEO,
        _STATE,
        Depth.LIVE_ROOM,
        "A video call ended in 1970.",
        wrap=after(
            "video.describe", lambda shown, site, room, timeout: {**shown, "timeout": "1970-01-01T01:00:00.000Z"}
        ),
        options=_WORKING,
    ),
    Fault(
        "video.query-form-refuses",
        ("LC-VIDEO-007",),
        _VIDEO,
        _STATE,
        Depth.RARE_INPUT,
        "The query form is routed, and refuses every token.",
        wrap={"http.unknown_route": _query_form},
        options=_WORKING,
    ),
    Fault(
        "sms.number-unknown",
        ("LC-SMS-012",),
        (*_SMS, "getHistory"),
        _STATE,
        _RELATION,
        "A number is recognised only if it has written before, not if a visitor registered with it.",
        seen_in="RocketChat/Rocket.Chat#26566",
        wrap={"sms.visitor": _only_numbers},
    ),
)
