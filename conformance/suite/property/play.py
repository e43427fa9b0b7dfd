"""Playing: a conversation is sent step by step; every answer, and what is read back, is compared with the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.contract import Contract, error_code
from conformance.contract.exchange import Exchange
from conformance.suite.judge import describe, is_accepted
from conformance.suite.property import reading
from conformance.suite.property.call import Call
from conformance.suite.property.cast import RATING, Cast
from conformance.suite.property.model import Step
from conformance.suite.property.reading import Check, at
from conformance.suite.property.transitions import (
    ACCEPTED,
    BY_NAME,
    CLOSED,
    MANUAL,
    QUEUED,
    REFUSED,
    SERVED,
    Transition,
)
from conformance.target import RecordingClient
from conformance.world import Room, Visitor

_MOVES: Final = frozenset({"takeInquiry", "transferRoom", "forwardRoom"})
_SPEAKS: Final = frozenset({"sendMessage", "editMessage", "deleteMessage"})


@dataclass(frozen=True, slots=True)
class Deviation:
    """One point on which the server and the model differ: the check that failed, where, and by which exchange."""

    check: Check
    transition: str
    exchange: Exchange

    @property
    def key(self) -> tuple[str, str]:
        """What stays the same when the conversation gets shorter."""
        return self.check.clause, self.transition


@dataclass(slots=True, kw_only=True)
class Player(Cast):
    """Plays one conversation with visitors of its own.

    Attributes:
        client: Sends the calls.
        contract: The contract in force.
        held: Clause to the first exchange that kept it.
        deviations: What differed, in order.
        reached: How often each transition was met.
    """

    client: RecordingClient
    contract: Contract
    held: dict[str, Exchange] = field(default_factory=dict)
    deviations: list[Deviation] = field(default_factory=list)
    reached: dict[str, int] = field(default_factory=dict)

    def play(self, steps: Iterable[Step]) -> None:
        """Send a conversation; a step that its state does not allow (any more) is left out."""
        for step in steps:
            transition = BY_NAME[step.transition]
            if self.state.allows(transition, step):
                self._step(transition, step)
        self._look_around()

    # one step

    def _step(self, transition: Transition, step: Step) -> None:
        call = self.call(transition, step)
        exchange = call.send(self.client)
        self.reached[transition.name] = self.reached.get(transition.name, 0) + 1
        clause = transition.clause or self._accepts(transition.operation)
        asked_again = transition.operation == "openRoom" and step.room is not None
        closed = step.room is not None and self.state.rooms[step.room].phase == CLOSED
        fine = self._judge(transition, exchange, self._outcome(transition, clause, exchange))
        if not fine:
            self._lose(step)
            return
        self.state.apply(transition, step)
        if transition.outcome == ACCEPTED:
            if transition.operation == "openRoom" and (not asked_again or closed):
                self._keep_room(step, exchange)
            if transition.operation == "sendMessage":
                self.messages[step.number] = str(at(exchange.json, "message", "_id"))
            fine = self._judge(transition, exchange, list(self._inside(transition, step, exchange, clause)))
        fine = self._read_back(transition, step) and fine
        if not fine:
            self._lose(step)

    def _outcome(self, transition: Transition, clause: str, exchange: Exchange) -> list[Check]:
        seen = describe(exchange)
        if transition.outcome == ACCEPTED:
            held, wanted = is_accepted(exchange), "200 with success true"
        elif transition.outcome == REFUSED:
            held, wanted = exchange.status == 400 and not is_accepted(exchange), "400"
        else:
            code = error_code(exchange.response) if exchange.response else None
            held, wanted = exchange.status == 400 and code == transition.outcome, f"400 {transition.outcome}"
        return [Check(clause, held, f"{transition.name}: expected {wanted}, but the answer was {seen}", wanted, seen)]

    def _judge(self, transition: Transition, exchange: Exchange, checks: Sequence[Check]) -> bool:
        """Keep what held and what did not; whether all of it held. Clauses of other versions say nothing here."""
        fine = True
        for check in checks:
            clause = self.contract.requirements.get(check.clause)
            if clause is None or not self.contract.applies(clause):
                continue
            if check.held:
                self.held.setdefault(check.clause, exchange)
            else:
                fine = False
                self.deviations.append(Deviation(check, transition.name, exchange))
        return fine

    def _lose(self, step: Step) -> None:
        self.state.lose(step.room)
        if step.number in self.state.rooms:
            self.state.lose(step.number)
        if step.message is not None and step.message in self.state.messages:
            self.state.lose(self.state.messages[step.message].room)

    def _accepts(self, operation: str) -> str:
        clause = self.contract.requirement_for(operation, "accepts")
        return clause.id if clause else ""

    # what came

    def _keep_room(self, step: Step, exchange: Exchange) -> None:
        data = at(exchange.json, "room")
        identifier = str(at(data, "_id"))
        visitor = self.visitor(step.visitor)
        self.rooms[step.number] = Room(identifier, visitor, None, data if isinstance(data, dict) else {}, exchange)
        self.begun[step.number] = at(data, "ts")
        self.supply.world.created("room", f"{visitor.token}/{identifier}", identifier, token=visitor.token)
        if self.state.routing == MANUAL:
            inquiry = self.supply.world.inquiry(self.rooms[step.number])
            self.inquiries[step.number] = str(inquiry.get("_id", ""))

    def _inside(self, transition: Transition, step: Step, exchange: Exchange, clause: str) -> Iterable[Check]:
        """What the answer itself must say."""
        body, operation = exchange.json, transition.operation
        visitor = self.visitor(step.visitor)
        if operation == "registerVisitor":
            return [reading.same(clause, "visitor._id", at(body, "visitor", "_id"), visitor.id, "/visitor/_id")]
        if operation == "openRoom" and step.number in self.rooms:
            others = [room.id for key, room in self.rooms.items() if key != step.number]
            return reading.opened(body, self.known(step.number), others)
        if operation == "openRoom":
            rid = self.rooms[step.room or 0].id
            again = reading.same(clause, "newRoom", at(body, "newRoom"), False, "/newRoom")
            return [reading.same(clause, "room._id", at(body, "room", "_id"), rid, "/room/_id"), again]
        if operation == "getConfig":
            return self._config(body, visitor, step.visitor)
        if operation in _SPEAKS:
            return self._message(operation, body, step, visitor)
        if operation == "getHistory":
            return self._history(step.room or 0, body, transition.after)
        if operation == "getAgentInfo":
            known = self.known(step.room or 0)
            if not known.agents:
                return []
            return [reading.one_of(clause, "agent._id", at(body, "agent", "_id"), known.agents, "/agent/_id")]
        if operation == "getInquiry":
            return self._inquiry(transition, body, clause, step)
        if step.room is None:
            return []
        rid = self.rooms[step.room].id
        if operation == "closeRoom":
            comment = at(body, "comment")
            said = Check(
                "LC-ROOM-038", isinstance(comment, str) and bool(comment), "no closing comment", "a text", comment
            )
            return [reading.same("LC-ROOM-037", "rid", at(body, "rid"), rid, "/rid"), said]
        if operation == "surveyRoom":
            pairs = {each["name"]: each["value"] for each in RATING}
            stored = reading.same("LC-SURVEY-006", "data", at(body, "data"), pairs, "/data")
            return [reading.same("LC-SURVEY-005", "rid", at(body, "rid"), rid, "/rid"), stored]
        if operation == "requestTranscript":
            text = at(body, "message")
            return [
                Check("LC-TRANSCRIPT-005", isinstance(text, str) and bool(text), "no text", "a text", text, "/message")
            ]
        if operation == "transferRoom":
            return [reading.same("LC-TRANSFER-005", "room._id", at(body, "room", "_id"), rid, "/room/_id")]
        return []

    def _config(self, body: Any, visitor: Visitor, number: int) -> list[Check]:
        config = at(body, "config")
        if at(config, "enabled") is False:
            return []
        mine = [key for key, room in self.state.rooms.items() if room.visitor == number]
        rooms = [self.rooms[key].id for key in mine if self.state.rooms[key].phase != CLOSED]
        shown = at(config, "room", "_id")
        checks = [
            reading.same("LC-CONFIG-014", "guest._id", at(config, "guest", "_id"), visitor.id, "/config/guest/_id"),
            reading.same(
                "LC-ISOLATION-023", "guest.token", at(config, "guest", "token"), visitor.token, "/config/guest"
            ),
        ]
        if any(self.state.rooms[key].lost for key in mine):
            return checks
        if rooms:
            return [*checks, reading.one_of("LC-CONFIG-017", "the room", shown, rooms, "/config/room/_id")]
        return [*checks, reading.same("LC-CONFIG-018", "the room", shown, None, "/config/room")]

    def _message(self, operation: str, body: Any, step: Step, visitor: Visitor) -> list[Check]:
        message = at(body, "message")
        if operation == "deleteMessage":
            known = self.messages[step.message or 0]
            return [reading.same("LC-MESSAGE-051", "message._id", at(message, "_id"), known, "/message/_id")]
        text = "LC-MESSAGE-005" if operation == "sendMessage" else "LC-MESSAGE-031"
        checks = [reading.same(text, "message.msg", at(message, "msg"), step.text, "/message/msg")]
        if operation == "sendMessage":
            rid = self.rooms[step.room or 0].id
            checks.append(reading.same("LC-MESSAGE-006", "message.rid", at(message, "rid"), rid, "/message/rid"))
            author = at(message, "u", "_id")
            checks.append(reading.same("LC-MESSAGE-007", "message.u._id", author, visitor.id, "/message/u/_id"))
        else:
            known = self.messages[step.message or 0]
            checks.append(reading.same("LC-MESSAGE-032", "message._id", at(message, "_id"), known, "/message/_id"))
        return checks

    def _inquiry(self, transition: Transition, body: Any, clause: str, step: Step) -> list[Check]:
        inquiry = at(body, "inquiry")
        if transition.no_room or transition.phases == (CLOSED,):
            return [reading.same(clause, "the inquiry", inquiry, None, "/inquiry")]
        status = "queued" if transition.phases == (QUEUED,) else "taken"
        rid = self.rooms[step.room or 0].id
        return [
            reading.same(clause, "the status of the inquiry", at(inquiry, "status"), status, "/inquiry/status"),
            reading.same("LC-INQUIRY-045", "the room of the inquiry", at(inquiry, "rid"), rid, "/inquiry/rid"),
        ]

    def _history(self, key: int, body: Any, clause: str) -> list[Check]:
        mine = {self.messages[number]: text for number, text in self.state.texts(key).items()}
        gone, foreign = {}, {}
        for number, message in self.state.messages.items():
            if message.room != key:
                foreign[self.messages[number]] = message.text
            elif message.deleted:
                gone[self.messages[number]] = message.text
        return list(reading.history(at(body, "messages"), self.rooms[key].id, mine, gone, foreign, clause))

    # reading back

    def _read_back(self, transition: Transition, step: Step) -> bool:
        """Read what a step was about once more, as its visitor and as a manager see it."""
        operation = transition.operation
        if operation == "openRoom" and step.number in self.rooms:
            fine = self._reread(step.number, transition, self._opening_clause(), "LC-ROOM-019")
            return (step.room is None or self._relist(step.room, transition, transition.after)) and fine
        if step.room is None or (transition.no_room and operation not in _SPEAKS) or not transition.after:
            return True
        if operation in _SPEAKS:
            owner = self.state.messages[step.message].room if step.message is not None else step.room
            return self._rehear(owner, transition)
        if operation in _MOVES and self.state.rooms[step.room].phase != CLOSED:
            return self._reread(step.room, transition, transition.after, _department_clause(transition))
        if operation == "closeRoom" and self.state.rooms[step.room].phase != CLOSED:
            return self._reread(step.room, transition, transition.after, transition.after)
        if operation == "closeRoom":
            return self._relist(step.room, transition, transition.after)
        if operation == "surveyRoom":
            return self._refeed(step.room, transition)
        return True

    def _opening_clause(self) -> str:
        return "LC-ROOM-029" if self.state.routing == MANUAL else "LC-ROOM-021"

    def _reread(self, key: int, transition: Transition, agent_clause: str, department_clause: str) -> bool:
        state, room, known = self.state.rooms[key], self.rooms[key], self.known(key)
        call = Call("openRoom", room.visitor, query={"token": room.token, "rid": room.id})
        exchange = self.supply.world.eventually(
            lambda: call.send(self.client),
            until=lambda seen: reading.room_fits(at(seen.json, "room"), state, known),
            deadline_s=3.0,
        )
        data = at(exchange.json, "room")
        fine = self._judge(
            transition, exchange, list(reading.open_room(data, state, known, agent_clause, department_clause))
        )
        if fine:
            agents = {self.agent(number): number for number in state.agents} if state.phase == SERVED else {}
            places = {self.supply.department.id: 0, self.supply.other_department.id: 1}
            self.state.learn(key, agents.get(at(data, "servedBy", "_id")), places.get(at(data, "departmentId")))
        return fine

    def _rehear(self, key: int, transition: Transition) -> bool:
        room = self.rooms[key]
        call = Call("getHistory", room.visitor, path={"rid": room.id}, query={"token": room.token, "limit": 100})
        exchange = call.send(self.client)
        return self._judge(transition, exchange, self._history(key, exchange.json, transition.after))

    def _listed(self, key: int, good: Any) -> tuple[Any, Exchange]:
        """The room as the list of rooms shows it, polled until it is as it should be, and the exchange with it."""
        room, world = self.rooms[key], self.supply.world
        call = Call("listRooms", world.both_roles(), query={"roomName": room.visitor.name, "count": 100})

        def ask() -> tuple[Any, Exchange]:
            exchange = call.send(self.client)
            rooms = at(exchange.json, "rooms")
            found = (each for each in rooms if at(each, "_id") == room.id) if isinstance(rooms, list) else iter(())
            return next(found, None), exchange

        return world.eventually(ask, until=lambda seen: good(seen[0]), deadline_s=3.0)

    def _relist(self, key: int, transition: Transition, clause: str) -> bool:
        data, exchange = self._listed(key, lambda room: room is not None and at(room, "open") is None)
        if data is None:
            return True  # an agent may not see it; whoever judges the list of rooms says so
        return self._judge(
            transition, exchange, list(reading.closed_room(data, self.state.rooms[key], self.known(key), clause))
        )

    def _refeed(self, key: int, transition: Transition) -> bool:
        pairs = {each["name"]: each["value"] for each in RATING} if self.state.rooms[key].feedback else None
        data, exchange = self._listed(key, lambda room: at(room, "surveyFeedback") == pairs)
        if data is None:
            return True
        check = reading.same(
            transition.after, "surveyFeedback", at(data, "surveyFeedback"), pairs, "/rooms/*/surveyFeedback"
        )
        return self._judge(transition, exchange, [check])

    def _look_around(self) -> None:
        """At the end every room is as it was left: what was done elsewhere has changed nothing in it."""
        ending = Transition("the conversation ends", "getHistory", after="LC-LIFE-030")
        for key, state in self.state.rooms.items():
            if state.lost:
                continue
            if state.phase != CLOSED:
                self._reread(key, ending, "LC-LIFE-030", "LC-LIFE-030")
            self._rehear(key, ending)


def _department_clause(transition: Transition) -> str:
    if transition.outcome != ACCEPTED or not transition.target:
        return transition.after
    if transition.operation == "transferRoom":
        return "LC-TRANSFER-006"
    if transition.operation == "forwardRoom":
        return "LC-TRANSFER-030" if transition.target == "agent" else "LC-TRANSFER-031"
    return transition.after
