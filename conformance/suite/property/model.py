"""The model: visitors, rooms, messages and agents as a contract-keeping server has them; it predicts each step.

It draws nothing and sends nothing. Where a server may choose (which agent of a department gets a chat) the model holds
what is possible, and learns from what is read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from conformance.suite.property.transitions import ACCEPTED, AUTO, CLOSED, MANUAL, QUEUED, SERVED, Transition, under

AGENTS_OF: Final[dict[int, frozenset[int]]] = {0: frozenset({0, 1}), 1: frozenset({2})}
"""The agents of each of the two departments; all of them are online, and each is of one department only."""
AGENTS: Final = frozenset({0, 1, 2})
ONE_ROOM: Final = "a visitor asks for his closed room"
"""Where the contract says nothing of this (from 4.0 on), a visitor with an open room gets that one again."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a conversation, in terms of the model.

    Attributes:
        number: Unique in its conversation; rooms and messages are known by the number of the step that made them.
        transition: The name of the transition.
        visitor: Who calls, or whose room it is where staff calls.
        room: The room, or ``None``.
        message: The message, or ``None``.
        target: The agent or the department, or ``None``.
        text: What is said.
    """

    number: int
    transition: str
    visitor: int
    room: int | None = None
    message: int | None = None
    target: int | None = None
    text: str = ""


@dataclass(slots=True)
class RoomState:
    """A room: whose it is, where it may be, who may serve it, and how far it is."""

    visitor: int
    departments: frozenset[int]
    agents: frozenset[int]
    phase: str
    feedback: bool = False
    lost: bool = False


@dataclass(slots=True)
class MessageState:
    """A message: its room, whose it is, its text, and whether it was deleted."""

    room: int
    visitor: int
    text: str
    deleted: bool = False


@dataclass(slots=True)
class State:
    """All that the model knows.

    Attributes:
        routing: The routing method in force.
        visitors: How many visitors there are.
        without: Names of transitions of which the contract says nothing for this target.
        departments: In which departments each visitor may be.
        rooms: Rooms by the number of the step that opened them.
        messages: Messages by the number of the step that sent them, in the order of sending.
    """

    routing: str
    visitors: int = 3
    without: frozenset[str] = frozenset()
    departments: dict[int, frozenset[int]] = field(default_factory=dict)
    rooms: dict[int, RoomState] = field(default_factory=dict)
    messages: dict[int, MessageState] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for visitor in range(self.visitors):
            self.departments.setdefault(visitor, frozenset({0}))

    def steps(self, transition: Transition) -> Iterator[Step]:
        """Every step of a transition that the model can predict now; number and text are still to be given."""
        if transition.routing not in (None, self.routing) or transition.name in self.without:
            return
        for visitor in range(self.visitors):
            for room in self._rooms(transition, visitor):
                for message in self._messages(transition, visitor, room):
                    for target in self._targets(transition, room):
                        yield Step(0, transition.name, visitor, room, message, target)

    def allows(self, transition: Transition, step: Step) -> bool:
        """Whether the model can predict a step in this state."""
        shape = (step.visitor, step.room, step.message, step.target)
        return any((one.visitor, one.room, one.message, one.target) == shape for one in self.steps(transition))

    def available(self) -> list[tuple[Transition, list[Step]]]:
        """The transitions that are possible now, each with its steps."""
        found = ((each, list(self.steps(each))) for each in under(self.routing))
        return [(transition, steps) for transition, steps in found if steps]

    def _rooms(self, transition: Transition, visitor: int) -> Iterator[int | None]:
        if not transition.phases:
            if transition.operation != "openRoom" or ONE_ROOM not in self.without or not self._has_open_room(visitor):
                yield None
            return
        for key, room in self.rooms.items():
            if room.lost or room.phase not in transition.phases:
                continue
            if transition.operation == "getAgentInfo" and not room.agents and room.phase == CLOSED:
                continue  # it was closed while it waited
            own = room.visitor == visitor
            if own != (transition.caller == "stranger"):
                yield key

    def _has_open_room(self, visitor: int) -> bool:
        return any(room.visitor == visitor and room.phase != CLOSED for room in self.rooms.values())

    def _messages(self, transition: Transition, visitor: int, room: int | None) -> Iterator[int | None]:
        if transition.message in ("", "unknown"):
            yield None
            return
        for key, message in self.messages.items():
            if self.rooms[message.room].lost:
                continue
            if transition.message == "foreign":
                if message.visitor != visitor and not message.deleted:
                    yield key
            elif message.room == room and message.deleted == (transition.message == "deleted"):
                yield key

    def _targets(self, transition: Transition, room: int | None) -> Iterator[int | None]:
        kind = transition.target
        state = self.rooms.get(room) if room is not None else None
        if kind in ("", "unknown department"):
            yield None
        elif kind == "agent":
            yield from sorted(AGENTS - state.agents) if state and state.phase == SERVED else sorted(AGENTS)
        elif kind == "same agent":
            if state and len(state.agents) == 1:
                yield from state.agents
        elif state is None or (kind == "department" and state.phase == CLOSED):
            yield from AGENTS_OF
        else:
            yield from self._departments(kind, state)

    def _departments(self, kind: str, state: RoomState) -> Iterator[int]:
        for department, agents in AGENTS_OF.items():
            here = state.departments == frozenset({department})
            elsewhere = department not in state.departments
            # Whoever serves already may be chosen again where he is one of several: then nobody can say what happens.
            somebody_else = self.routing == MANUAL or not agents & state.agents
            fits = {
                "same department": here,
                "department": elsewhere and somebody_else,
                "department of the agent": elsewhere and agents == state.agents,
            }
            if fits.get(kind):
                yield department

    # what happens

    def apply(self, transition: Transition, step: Step) -> None:
        """Do to the state what a server that keeps the contract does."""
        if transition.outcome != ACCEPTED:
            return
        name = transition.operation
        room = self.rooms.get(step.room) if step.room is not None else None
        if name == "registerVisitor":
            self.departments[step.visitor] = frozenset({0})
        elif name == "openRoom" and (room is None or room.phase == CLOSED):
            self._open(step)
        elif name == "sendMessage" and step.room is not None:
            self.messages[step.number] = MessageState(step.room, step.visitor, step.text)
        elif name == "editMessage" and step.message is not None:
            self.messages[step.message].text = step.text
        elif name == "deleteMessage" and step.message is not None:
            self.messages[step.message].deleted = True
        elif room is not None:
            self._apply_to_room(transition, step, room)

    def _open(self, step: Step) -> None:
        departments = self.departments[step.visitor]
        if self.routing == AUTO:
            agents = frozenset(agent for department in departments for agent in AGENTS_OF[department])
            self.rooms[step.number] = RoomState(step.visitor, departments, agents, SERVED)
        else:
            self.rooms[step.number] = RoomState(step.visitor, departments, frozenset(), QUEUED)

    def _apply_to_room(self, transition: Transition, step: Step, room: RoomState) -> None:
        name, target = transition.operation, step.target
        if name == "closeRoom":
            room.phase = CLOSED
        elif name == "surveyRoom":
            room.feedback = True
        elif name == "takeInquiry" and target is not None:
            room.phase, room.agents = SERVED, frozenset({target})
        elif name == "forwardRoom" and transition.target == "agent" and target is not None:
            room.agents = frozenset({target})
        elif name in ("transferRoom", "forwardRoom") and transition.target == "department" and target is not None:
            room.departments = frozenset({target})
            if self.routing == AUTO:
                room.agents = AGENTS_OF[target]
                # The visitor's own department follows on some servers only.
                self.departments[room.visitor] |= {target}
            else:
                room.phase, room.agents = QUEUED, frozenset()

    def learn(self, room: int, agent: int | None, department: int | None) -> None:
        """Take over what was read of a room, where it was one of the possibilities."""
        state = self.rooms[room]
        if agent is not None and agent in state.agents:
            state.agents = frozenset({agent})
        if department is not None and department in state.departments:
            state.departments = frozenset({department})

    def lose(self, room: int | None) -> None:
        """Say nothing of a room any more: the server has done something else with it."""
        if room is not None and room in self.rooms:
            self.rooms[room].lost = True

    def texts(self, room: int) -> dict[int, str]:
        """The messages of a room that are there, in the order of sending: number to text."""
        return {key: each.text for key, each in self.messages.items() if each.room == room and not each.deleted}
