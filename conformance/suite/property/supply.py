"""The supply: live things of the world that many calls can share, made once a worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from conformance.contract import Contract
from conformance.contract.exchange import Exchange
from conformance.suite.property.call import Call
from conformance.target.personas import NOBODY, Persona
from conformance.world import CustomField, Department, Message, Room, Trigger, Unavailable, Visitor, World

T = TypeVar("T")

AUTO, MANUAL = "Auto_Selection", "Manual_Selection"


@dataclass(slots=True)
class Supply:
    """Shared things of one worker's world, each made when it is first asked for.

    What a call may use up (a room that it closes, a department that it deletes) is never taken from here: providers
    make that afresh.
    """

    world: World
    contract: Contract
    _made: dict[str, Any] = field(default_factory=dict)
    _routing: str | None = None

    def under(self, routing: str | None) -> None:
        """Say which routing method is in force: rooms that another one made are in another state."""
        if routing != self._routing:
            for name in ("room", "served room", "message", "inquiry"):
                self._made.pop(name, None)
        self._routing = routing

    def noticed(self, call: Call, exchange: Exchange) -> None:
        """Tell the ledger what became of a department that a call was to make: clean-up need not look for it then."""
        name = call.get("body/department/name")
        if call.operation != "createDepartment" or not isinstance(name, str) or not self.world.owns(name):
            return
        answered = exchange.json.get("department") if isinstance(exchange.json, dict) else None
        made = answered.get("_id") if isinstance(answered, dict) else None
        if exchange.status == 200 and isinstance(made, str):
            self.world.created("department", name, made)
        elif exchange.status is not None and 400 <= exchange.status < 500:
            self.world.removed("department", name)

    def _once(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._made:
            self._made[name] = make()
        made: T = self._made[name]
        return made

    def afresh(self) -> Supply:
        """A supply of the same world that has made nothing yet."""
        return Supply(self.world, self.contract, {}, self._routing)

    def forget(self) -> None:
        """Make everything afresh from now on: a call has done to a shared thing what it should not have."""
        self._made.clear()

    @property
    def visitor(self) -> Visitor:
        """A visitor without a room."""
        return self._once("visitor", self.world.visitor)

    @property
    def room(self) -> Room:
        """An open room, queued or served as the routing method has it."""
        return self._once("room", self.world.room)

    @property
    def served_room(self) -> Room:
        """An open room that an agent serves."""
        return self._once("served room", self.world.served_room)

    @property
    def message(self) -> Message:
        """A message of the visitor of ``room``."""
        return self._once("message", lambda: self.world.message(self.room, "Where is my order?"))

    @property
    def agent(self) -> Persona:
        """An online agent of our own department; without an administrator there is none.

        Raises:
            Unavailable: There are no admin credentials.
        """
        return self.world.home.agent

    @property
    def agent_id(self) -> str | None:
        """The id of ``agent``, or ``None`` where we have none."""
        return self.agent.user_id if self.world.has_admin else None

    @property
    def department(self) -> Department:
        """Our standing department, whose agents are online. Nobody may change it."""
        return self.world.home.department

    @property
    def department_id(self) -> str | None:
        """The id of our standing department, or ``None`` where we may have none."""
        return self.department.id if self.world.has_admin else None

    @property
    def other_department(self) -> Department:
        """A second department with an online agent of its own, to send chats to."""
        made = self._once(
            "other department", lambda: self.world.department(agents=(self.world.agent(name="third agent"),))
        )
        self.world.keep_online(*made.agents)
        return made

    @property
    def spare_department(self) -> Department:
        """A department that calls may change, without agents."""
        return self._once("spare department", self.world.department)

    @property
    def spare_user(self) -> Persona:
        """A user whose Livechat roles calls may give and take."""
        return self._once("spare user", lambda: self.world.plain_user(fresh=True))

    @property
    def visitor_field(self) -> CustomField:
        """A custom field of visitors."""
        return self._once("visitor field", self.world.custom_field)

    @property
    def trigger(self) -> Trigger:
        """A trigger."""
        return self._once("trigger", self.world.trigger)

    def need_turn(self) -> None:
        """Go on only where somebody is next: an agent of ours, or by what the widget says one of the server's own.

        Raises:
            Unavailable: Nobody is online, or chats are taken by hand, and without an administrator that cannot change.
        """
        if self.world.has_admin:
            return
        exchange = self.world.client.send(NOBODY, "getConfig")
        config = exchange.json.get("config") if isinstance(exchange.json, dict) else None
        shown = config if isinstance(config, dict) else {}
        settings = shown.get("settings")
        by_hand = isinstance(settings, dict) and settings.get("showConnecting") is True
        if shown.get("online") is False or by_hand:
            raise Unavailable("no agent is next on the server, and without admin credentials none can be made")

    @property
    def phone(self) -> str:
        """The telephone number of a visitor of ours: text messages from it go to our own department."""
        return str(self._once("phone", self.world.visitor).phone)

    @property
    def inquiry_id(self) -> str:
        """The id of a queued inquiry that nobody takes; under another routing method one that is taken already."""
        return self._once("inquiry", lambda: self._inquiry_of(self.room))

    def fresh_inquiry_id(self) -> str:
        """The id of an inquiry that waits in the queue."""
        return self._inquiry_of(self.world.queued_room())

    def _inquiry_of(self, room: Room) -> str:
        inquiry = self.world.inquiry(room)
        if not isinstance(inquiry, dict) or not isinstance(inquiry.get("_id"), str):
            raise Unavailable("the room has no inquiry")
        return str(inquiry["_id"])
