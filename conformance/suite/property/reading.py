"""Reading: what an answer, a room or a history says, compared with the model; each difference has its clause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.suite.property.model import RoomState
from conformance.suite.property.transitions import SERVED


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: the clause, whether it held, and what was expected and seen where it did not."""

    clause: str
    held: bool
    sentence: str
    expected: Any = None
    observed: Any = None
    pointer: str = ""


def at(value: Any, *path: str) -> Any:
    """What stands at a path of members, or ``None``; never raises, whatever a server sent."""
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def same(clause: str, what: str, observed: Any, expected: Any, pointer: str) -> Check:
    """A check that a value is the expected one."""
    held = observed == expected and isinstance(observed, bool) == isinstance(expected, bool)
    return Check(clause, held, f"{what} is not what it should be", expected, observed, pointer)


def one_of(clause: str, what: str, observed: Any, possible: Sequence[Any], pointer: str) -> Check:
    """A check that a value is one of several."""
    return Check(
        clause, observed in possible, f"{what} is none of the possible ones", list(possible), observed, pointer
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What a conversation knows of a room beside the model: its id, its visitor's id and token, its beginning."""

    id: str
    visitor_id: str
    token: str
    ts: Any
    agents: Sequence[str]
    departments: Sequence[str]


def opened(body: Any, known: Known, others: Sequence[str]) -> Iterator[Check]:
    """The answer to the opening of a room."""
    room = at(body, "room")
    yield same("LC-ROOM-005", "newRoom", at(body, "newRoom"), True, "/newRoom")
    fresh = at(room, "_id") not in others
    yield Check(
        "LC-ROOM-006", fresh, "the new room has the id of another room", "a new id", at(room, "_id"), "/room/_id"
    )
    yield same("LC-ROOM-014", "v._id", at(room, "v", "_id"), known.visitor_id, "/room/v/_id")
    yield same("LC-ROOM-014", "v.token", at(room, "v", "token"), known.token, "/room/v/token")
    yield same("LC-ROOM-017", "t", at(room, "t"), "l", "/room/t")
    yield same("LC-ROOM-017", "open", at(room, "open"), True, "/room/open")


def room_fits(room: Any, state: RoomState, known: Known) -> bool:
    """Whether agent and department of a room are possible: what is polled for, before it is judged."""
    agent, department = at(room, "servedBy", "_id"), at(room, "departmentId")
    return (agent in known.agents if state.phase == SERVED else agent is None) and department in known.departments


def open_room(room: Any, state: RoomState, known: Known, agent_clause: str, department_clause: str) -> Iterator[Check]:
    """An open room that was read back."""
    yield same("LC-LIFE-001", "the id of the room", at(room, "_id"), known.id, "/room/_id")
    yield same("LC-LIFE-002", "v._id", at(room, "v", "_id"), known.visitor_id, "/room/v/_id")
    yield same("LC-LIFE-002", "v.token", at(room, "v", "token"), known.token, "/room/v/token")
    if known.ts is not None:
        yield same("LC-LIFE-003", "the ts of the room", at(room, "ts"), known.ts, "/room/ts")
    yield same("LC-LIFE-012", "open", at(room, "open"), True, "/room/open")
    agent = at(room, "servedBy", "_id")
    if state.phase == SERVED:
        yield one_of(agent_clause, "the agent of the room", agent, known.agents, "/room/servedBy/_id")
    else:
        yield same(agent_clause, "the agent of the room", agent, None, "/room/servedBy")
    department = at(room, "departmentId")
    yield one_of(department_clause, "the department of the room", department, known.departments, "/room/departmentId")


def closed_room(room: Any, state: RoomState, known: Known, clause: str) -> Iterator[Check]:
    """A closed room as the list of rooms shows it."""
    yield Check(
        clause, at(room, "open") is None, "the closed room is open", "no open", at(room, "open"), "/rooms/*/open"
    )
    agent = at(room, "servedBy", "_id")
    if state.agents:
        yield one_of("LC-ROOM-048", "the agent of the closed room", agent, known.agents, "/rooms/*/servedBy/_id")


def history(
    entries: Any,
    room: str,
    expected: Mapping[str, str],
    gone: Mapping[str, str],
    foreign: Mapping[str, str],
    clause: str,
) -> Iterator[Check]:
    """A history: the visitor's messages stand in it, once, with their text, in their order, and no others.

    Args:
        entries: The ``messages`` of the answer, newest first.
        room: The id of the room.
        expected: Id to text of the visitor's messages that are there, in the order of sending.
        gone: Id to text of deleted messages.
        foreign: Id to text of messages of other rooms.
        clause: The clause about what was done last.
    """
    listed = [each for each in entries if isinstance(each, Mapping)] if isinstance(entries, list) else []
    said = [each for each in listed if at(each, "t") is None and at(each, "token") is not None]
    texts = {str(at(each, "_id")): at(each, "msg") for each in said}
    for identifier, text in expected.items():
        yield same(clause, "the text of a message in the history", texts.get(identifier), text, "/messages/*/msg")
    twice = len(said) - len(texts)
    yield Check("LC-MESSAGE-037", twice == 0, "a message stands in the history more than once", 0, twice, "/messages")
    for identifier in sorted(set(texts) - set(expected)):
        owner = "LC-MESSAGE-053" if identifier in gone else "LC-MESSAGE-026" if identifier in foreign else clause
        yield Check(
            owner, False, "the history has a message that it should not have", None, texts[identifier], "/messages"
        )
    if not set(texts) & set(gone):
        yield Check("LC-MESSAGE-053", True, "")
    order = [str(at(each, "_id")) for each in reversed(said) if str(at(each, "_id")) in expected]
    wanted = [each for each in expected if each in texts]
    yield Check("LC-MESSAGE-068", order == wanted, "the messages stand in another order", wanted, order, "/messages")
    rooms = sorted({str(at(each, "rid")) for each in listed})
    yield Check(
        "LC-MESSAGE-067", rooms in ([room], []), "the history has entries of another room", [room], rooms, "/messages"
    )
