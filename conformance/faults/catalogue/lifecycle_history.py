"""Faults of what the history of a chat tells."""

from __future__ import annotations

from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after, answered, during
from conformance.reference.site import iso, milliseconds, save

_STATE, _LIVE, _RELATION = Kind.STATE, Depth.LIVE_ROOM, Depth.RELATION


_HISTORY = ("getHistory",)


def _closing_cleans(nothing: None, site: Any, room: Any, *args: Any, **more: Any) -> None:
    for message in site.messages.find({"rid": room["_id"], "t": None}):
        if "token" not in message:
            site.messages.remove(message["_id"])


def _silent(kind: str, text: str | None = None) -> Any:
    """Leave one kind of system message out."""

    def append(original: Any, site: Any, room: Any, what: str, words: str, *args: Any, **more: Any) -> Any:
        if what == kind and text in (None, words):
            save(site, site.rooms, room)
            return {}
        return original(site, room, what, words, *args, **more)

    return append


def _wordless(original: Any, site: Any, room: Any, person: Any, text: str, more: Any = None) -> Any:
    return original(site, room, person, "" if (more or {}).get("t") == "livechat-close" else text, more)


def _by_an_agent(original: Any, site: Any, room: Any, person: Any, text: str, more: Any = None) -> Any:
    if (more or {}).get("t") == "livechat-close" and room.get("servedBy"):
        person = room["servedBy"]
    return original(site, room, person, text, more)


def _entries(change: Any, *kinds: str) -> Any:
    """Change the system entries of a history as they are read: ``change(entry)``."""

    def edit(site: Any, call: Any, body: Any) -> None:
        for entry in body["messages"]:
            if entry.get("t") in kinds or (not kinds and "t" in entry):
                change(entry)

    return answered("getHistory", edit)


def _two_hours_on(entry: Any) -> None:
    entry["ts"] = iso(milliseconds(entry["ts"]) + 7_200_000)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "lifecycle.closing-drops-answers",
        ("LC-LIFE-018",),
        ("closeRoom", "getHistory"),
        Kind.DATA_LOSS,
        _RELATION,
        "Closing a room removes what the agent wrote.",
        wrap=after("rooms.close", _closing_cleans),
    ),
    Fault(
        "lifecycle.take-untold",
        ("LC-LIFE-019",),
        ("takeInquiry", *_HISTORY),
        Kind.DATA_LOSS,
        _RELATION,
        "Taking a chat leaves nothing in its history.",
        wrap=during("takeInquiry", "messages.append_system", _silent("command", "connected")),
    ),
    Fault(
        "lifecycle.opening-untold",
        ("LC-LIFE-020",),
        ("openRoom", *_HISTORY),
        Kind.DATA_LOSS,
        _RELATION,
        "The history of a new room does not tell of its agent.",
        wrap=during("openRoom", "messages.append_system", _silent("command", "connected")),
    ),
    Fault(
        "lifecycle.joining-untold",
        ("LC-LIFE-021",),
        ("forwardRoom", *_HISTORY),
        Kind.DATA_LOSS,
        _RELATION,
        "A forward does not tell of the agent who joined.",
        wrap=during("forwardRoom", "messages.append_system", _silent("uj")),
    ),
    Fault(
        "lifecycle.leaving-untold",
        ("LC-LIFE-022",),
        ("transferRoom", *_HISTORY),
        Kind.DATA_LOSS,
        _RELATION,
        "A transfer does not tell of the agent who left.",
        wrap=during("transferRoom", "messages.append_system", _silent("ul")),
    ),
    Fault(
        "lifecycle.closing-wordless",
        ("LC-LIFE-023",),
        ("closeRoom", *_HISTORY),
        Kind.DATA_LOSS,
        _RELATION,
        "The entry of a closing has no text.",
        wrap=during("closeRoom", "messages.append", _wordless),
    ),
    Fault(
        "lifecycle.closed-by-agent",
        ("LC-LIFE-023",),
        ("closeRoom", *_HISTORY),
        _STATE,
        _RELATION,
        "The entry of a visitor's closing is by his agent.",
        wrap=during("closeRoom", "messages.append", _by_an_agent),
    ),
    Fault(
        "lifecycle.no-transcript-prompt",
        ("LC-LIFE-024",),
        ("closeRoom", *_HISTORY),
        Kind.DATA_LOSS,
        _RELATION,
        "A closing does not prompt for the transcript.",
        wrap=during("closeRoom", "messages.append_system", _silent("command", "promptTranscript")),
    ),
    Fault(
        "lifecycle.entries-groupable",
        ("LC-LIFE-025",),
        _HISTORY,
        _STATE,
        _LIVE,
        "System entries do not say that they are not groupable.",
        wrap=_entries(lambda entry: entry.pop("groupable", None)),
    ),
    Fault(
        "lifecycle.entry-without-author",
        ("LC-LIFE-026",),
        _HISTORY,
        Kind.SCHEMA,
        _LIVE,
        "The entries of commands have an author without a username.",
        wrap=_entries(lambda entry: entry["u"].pop("username", None), "command"),
    ),
    Fault(
        "lifecycle.entries-share-id",
        ("LC-LIFE-027",),
        _HISTORY,
        _STATE,
        _RELATION,
        "All entries of commands have the id of their room.",
        wrap=_entries(lambda entry: entry.update(_id=entry["rid"]), "command"),
    ),
    Fault(
        "lifecycle.entries-local-time",
        ("LC-LIFE-028",),
        _HISTORY,
        _STATE,
        _RELATION,
        "The ts of commands is the local time of a server two hours east, written as UTC.",
        wrap=_entries(_two_hours_on, "command"),
    ),
)
