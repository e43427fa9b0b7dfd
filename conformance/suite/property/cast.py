"""The cast: who and what the numbers of a conversation stand for on the target, and the calls that its steps are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from conformance.suite.property.call import Call
from conformance.suite.property.model import State, Step
from conformance.suite.property.reading import Known
from conformance.suite.property.supply import Supply
from conformance.suite.property.transitions import Transition
from conformance.target import NOBODY
from conformance.world import Room, Visitor

RATING: Final = [{"name": "satisfaction", "value": "4"}]
"""The answer to the survey that conversations give."""


@dataclass(slots=True, kw_only=True)
class Cast:
    """The visitors, rooms, inquiries and messages of one conversation, by the numbers of the model.

    Attributes:
        supply: Departments and agents; visitors are made afresh.
        state: The model.
        visitors: Visitors, each registered when he first appears.
        rooms: Rooms by the number of the step that opened them.
        begun: The ``ts`` of those rooms.
        inquiries: The ids of their inquiries, where chats wait for somebody to take them.
        messages: The ids of messages by the number of the step that sent them.
    """

    supply: Supply
    state: State
    visitors: dict[int, Visitor] = field(default_factory=dict)
    rooms: dict[int, Room] = field(default_factory=dict)
    begun: dict[int, Any] = field(default_factory=dict)
    inquiries: dict[int, str] = field(default_factory=dict)
    messages: dict[int, str] = field(default_factory=dict)

    def visitor(self, number: int) -> Visitor:
        """A visitor of the model, registered when he first appears."""
        if number not in self.visitors:
            self.visitors[number] = self.supply.world.visitor(department=self.supply.department)
        return self.visitors[number]

    def call(self, transition: Transition, step: Step) -> Call:
        """The call that a step stands for; the agents are told again that they are online, if that was long ago."""
        world, operation = self.supply.world, transition.operation
        if world.has_admin:
            _ = self.supply.department, self.supply.other_department
        unknown = f"{world.prefix}-nobody"
        visitor = self.visitor(step.visitor)
        token = unknown if transition.caller == "unknown" else visitor.token
        rid = self.rooms[step.room].id if step.room is not None and not transition.no_room else unknown
        who = NOBODY if transition.caller == "unknown" else visitor
        pair = {"token": token, "rid": rid}
        message = self.messages.get(step.message or 0, unknown)
        if operation == "registerVisitor":
            body = {"visitor": {"token": token, "name": visitor.name, "department": self.supply.department_id}}
            return Call(operation, who, body=body)
        if operation == "openRoom":
            return Call(operation, who, query={"token": token} if step.room is None else pair)
        if operation == "getConfig":
            return Call(operation, who, query={"token": token})
        if operation == "sendMessage":
            return Call(operation, who, body={**pair, "msg": step.text})
        if operation == "editMessage":
            return Call(operation, who, path={"_id": message}, body={**pair, "msg": step.text})
        if operation == "deleteMessage":
            return Call(operation, who, path={"_id": message}, body=pair)
        if operation == "getHistory":
            return Call(operation, who, path={"rid": rid}, query={"token": token, "limit": 100})
        if operation == "getAgentInfo":
            return Call(operation, who, path={"rid": rid, "token": token})
        if operation == "transferRoom":
            return Call(operation, who, body={**pair, "department": self.department(step, unknown)})
        if operation == "surveyRoom":
            return Call(operation, who, body={**pair, "data": [dict(each) for each in RATING]})
        if operation == "requestTranscript":
            return Call(operation, who, body={**pair, "email": visitor.email or ""})
        return self._staff_call(transition, step, rid) or Call(operation, who, body=pair)

    def _staff_call(self, transition: Transition, step: Step, rid: str) -> Call | None:
        world, operation = self.supply.world, transition.operation
        if operation == "getInquiry":
            return Call(operation, self.supply.agent, query={"roomId": rid})
        if operation == "takeInquiry":
            inquiry = self.inquiries.get(step.room or 0, f"{world.prefix}-nobody")
            body = {"inquiryId": inquiry, "userId": self.agent(step.target or 0)}
            return Call(operation, world.manager(), body=body)
        if operation == "forwardRoom":
            body = {"roomId": rid}
            if transition.target in ("agent", "same agent"):
                body["userId"] = self.agent(step.target or 0)
            elif transition.target:
                body["departmentId"] = self.department(step, "")
            return Call(operation, world.manager(), body=body)
        return None

    def agent(self, number: int) -> str:
        """The id of an agent of the model."""
        home = self.supply.world.home
        persona = (home.agent, home.second_agent, *self.supply.other_department.agents)[number]
        return str(persona.user_id)

    def department(self, step: Step, unknown: str) -> str:
        """The id of the department that a step is about."""
        if step.target is None:
            return unknown
        return (self.supply.department.id, self.supply.other_department.id)[step.target]

    def known(self, key: int) -> Known:
        """What the conversation knows of a room."""
        state, room = self.state.rooms[key], self.rooms[key]
        agents = [self.agent(each) for each in sorted(state.agents)]
        departments = [
            (self.supply.department.id, self.supply.other_department.id)[e] for e in sorted(state.departments)
        ]
        return Known(room.id, room.visitor.id, room.token, self.begun.get(key), agents, departments)
