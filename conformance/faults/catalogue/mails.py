"""Faults of offline messages and of transcripts."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, instead, put, recoded, skipped
from conformance.reference.departments import online_agents
from conformance.reference.envelope import Failure, Refusal, Stop, failure, success
from conformance.reference.rooms import is_open
from conformance.reference.site import save


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


_OFFLINE, _TRANSCRIPT = ("sendOfflineMessage",), ("requestTranscript",)

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
)
