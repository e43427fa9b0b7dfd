"""What a room remembers about questions and answers: waiting times, response times, who answered last.

The rules are those of the real server, its oddities included: the closing message counts as an answer of whoever closes
(recordings ``room/067``, ``rooms/090``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.seam import behaviour
from conformance.reference.site import milliseconds, now

if TYPE_CHECKING:
    from conformance.reference.site import Site
    from conformance.reference.store import Document


def seconds_between(start: str, end: str) -> float:
    """The seconds from one stored time to another, never below 0."""
    return max(0, milliseconds(end) - milliseconds(start)) / 1000


def _last_question(room: Document) -> str:
    return str(room.get("metrics", {}).get("v", {}).get("lq") or room["ts"])


def _last_reply(room: Document) -> str:
    return str(room.get("metrics", {}).get("servedBy", {}).get("lr") or room["ts"])


@behaviour("metrics.note_question")
def note_question(site: Site, room: Document, message: Document) -> None:
    """A visitor wrote: the room waits for an answer, and the first question since the last answer sets the clock."""
    room["waitingResponse"] = True
    room.pop("responseBy", None)
    room["v"]["lastMessageTs"] = message["ts"]
    if _last_reply(room) >= _last_question(room):
        room.setdefault("metrics", {}).setdefault("v", {})["lq"] = message["ts"]


@behaviour("metrics.note_answer")
def note_answer(site: Site, room: Document, message: Document) -> None:
    """Somebody of the team wrote: the room waits no longer."""
    answered = room.get("responseBy")
    if answered:
        answered["lastMessageTs"] = now(site)
    else:
        person = message["u"]
        room["responseBy"] = {"_id": person["_id"], "username": person["username"], "lastMessageTs": now(site)}
        room.pop("waitingResponse", None)


@behaviour("metrics.note_response")
def note_response(site: Site, room: Document, message: Document) -> None:
    """Somebody of the team wrote: how long the visitor waited for it."""
    metrics = room.setdefault("metrics", {})
    moment = now(site)
    question, reply = _last_question(room), _last_reply(room)
    first = reply == room["ts"]
    if first or question > reply:
        wait = seconds_between(question, moment)
        joined = room.get("servedBy", {}).get("ts") or room["ts"]
        reaction_time = seconds_between(joined if first else question, moment)
        response = metrics.setdefault("response", {})
        reaction = metrics.setdefault("reaction", {})
        response["total"] = response.get("total", 0) + 1
        response["tt"] = round(response.get("tt", 0) + wait, 3)
        response["avg"] = round(response["tt"] / response["total"], 3)
        reaction["tt"] = round(reaction.get("tt", 0) + reaction_time, 3)
        if first:
            response["fd"] = reaction["fd"] = moment
            response["ft"] = wait
            reaction["ft"] = reaction_time
    if question > reply:
        metrics.setdefault("servedBy", {})["lr"] = message["ts"]


@behaviour("metrics.note_close")
def note_close(site: Site, room: Document, moment: str) -> None:
    """A room is closed: how long it lasted, and how long somebody served it."""
    metrics = room.setdefault("metrics", {})
    metrics["chatDuration"] = seconds_between(room["ts"], moment)
    served = room.get("servedBy")
    if served:
        metrics["serviceTimeDuration"] = seconds_between(served["ts"], moment)
