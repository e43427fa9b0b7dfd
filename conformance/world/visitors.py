"""Visitors: they register, open rooms, write, visit pages. Nothing of this needs credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.target.login import text_of
from conformance.world.errors import PreconditionFailed, Unavailable
from conformance.world.eventually import eventually
from conformance.world.staff import Staff
from conformance.world.things import Department, Message, Room, Visitor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.contract.exchange import Exchange
    from conformance.target.personas import Persona

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class _Home:
    def __repr__(self) -> str:
        return "HOME"


HOME: Final[Any] = _Home()
"""Our own department, with our own agents; nothing where we may not make one."""
GIVEN: Final[Any] = object()
"""A name of ours."""


class Visitors(Staff):
    """Builders for visitors and what they do."""

    def visitor(
        self,
        *,
        department: Department | str | None = HOME,
        name: str | None = GIVEN,
        email: str | None = GIVEN,
        phone: str | None = GIVEN,
        username: str | None = None,
        token: str | None = None,
        custom_fields: Sequence[dict[str, Any]] | None = None,
    ) -> Visitor:
        """A registered visitor.

        Args:
            department: Ours by default, so that nobody else's agents get his rooms; ``None`` sends none.
            name: One with our prefix by default; ``None`` sends none. The same for ``email`` and ``phone``.
            username: Sent where given.
            token: Must come from ``new_token``.
            custom_fields: ``[{"key", "value", "overwrite"}]``, sent where given.
        """
        self._writable()
        token = token or self.new_token()
        if department is HOME:
            department = self.home.department if self.has_admin else None
        department_id = department.id if isinstance(department, Department) else department
        name = token if name is GIVEN else name
        email = self.new_email() if email is GIVEN else email
        phone = self.names.phone() if phone is GIVEN else phone
        sent = {
            "token": token,
            "name": name,
            "email": email,
            "phone": phone,
            "username": username,
            "department": department_id,
            "customFields": list(custom_fields) if custom_fields is not None else None,
        }
        sent = {key: value for key, value in sent.items() if value is not None}
        label = f"visitor {_LETTERS[next(self._labels) % len(_LETTERS)]}"
        visitor = Visitor("", token, "", name, email, phone, department_id, label)
        exchange = self._write(visitor, "registerVisitor", json={"visitor": sent})
        data = self._object(exchange, "visitor")
        if not data and (entry := self.ledger.find("visitor", token)):
            self._give_up(entry, exchange)
        self._need(isinstance(data.get("_id"), str), exchange, "registerVisitor", "no visitor could be registered")
        self.created("visitor", token, data["_id"])
        return Visitor(
            data["_id"],
            token,
            str(data.get("username", "")),
            visitor.name,
            visitor.email,
            visitor.phone,
            department_id,
            label,
            data,
        )

    # rooms

    def room(self, visitor: Visitor | None = None, *, agent: Persona | None = None) -> Room:
        """An open room, queued or served as the routing method has it; with ``agent`` it is served by him.

        Raises:
            Unavailable: Nobody is online, and without admin credentials nobody can be made.
            PreconditionFailed: The room could not be opened.
        """
        if agent is not None:
            return self.served_room(visitor, agent=agent)
        visitor = visitor or self.visitor()
        return self._open(visitor)

    def _open(self, visitor: Visitor, agent: Persona | None = None) -> Room:
        entry = self.ledger.intend("room", visitor.token)
        query = {"token": visitor.token, "agentId": agent.user_id if agent else None}
        exchange = self._write(visitor, "openRoom", query=query)
        if _nobody_online(exchange):
            if not self.has_admin:
                self.ledger.gone(entry)
                raise Unavailable(
                    "no agent is online on the server, and without admin credentials none can be made: put an "
                    "agent online, "
                    "or give --admin-user"
                )
            # A server that was restarted, or that forgot our agents: say it again, and give it a moment.
            self._online_since.clear()
            _ = self.home
            if agent is not None:
                self.keep_online(agent)
            exchange = eventually(
                lambda: self._write(visitor, "openRoom", query=query),
                until=lambda seen: not _nobody_online(seen),
                deadline_s=4,
            )
        data = self._object(exchange, "room")
        if not data:
            self._give_up(entry, exchange)
        self._need(isinstance(data.get("_id"), str), exchange, "openRoom", "no room could be opened")
        self.ledger.done(entry, data["_id"], token=visitor.token)
        if self.ledger.find("page", visitor.token):
            self.removed("page", visitor.token)
        return Room(data["_id"], visitor, agent, data, exchange)

    def queued_room(self, visitor: Visitor | None = None) -> Room:
        """A room that waits in the queue, seen by everybody there.

        Raises:
            Unavailable: Another routing method than ``Manual_Selection`` is in force.
        """
        if self.gate.routing != "Manual_Selection":
            raise Unavailable("a queued room needs the routing method Manual_Selection")
        room = self.room(visitor)
        inquiry = self.eventually(
            lambda: self.inquiry(room), until=lambda seen: bool(seen) and seen.get("status") == "queued"
        )
        if not inquiry or inquiry.get("status") != "queued":
            self._blame(room, "openRoom", "the room did not come into the queue")
        return room

    def served_room(self, visitor: Visitor | None = None, *, agent: Persona | None = None) -> Room:
        """A room that an agent serves, by default the first one of our own department.

        Raises:
            Unavailable: No admin credentials, and no agent of the server took the room.
            PreconditionFailed: The room did not come to the agent.
        """
        visitor = visitor or self.visitor()
        if agent is None and self.has_admin:
            agent = self.home.agent
        if agent is not None:
            self.keep_online(agent)
        if self.gate.routing == "Manual_Selection":
            return self._taken(self._open(visitor), agent)
        room = self._open(visitor, agent)
        data = eventually(lambda: self.reread(room), until=lambda seen: bool(_served_by(seen)), deadline_s=5)
        server = _served_by(data)
        if not server and not self.has_admin:
            raise Unavailable("the server gives new rooms to nobody, and without admin credentials none can be taken")
        if not server:
            return self._taken(room, agent)
        if agent is not None and server != agent.user_id:
            self._blame(
                room, "openRoom", f"the room went to {server}, not to the agent {agent.username} it was opened for"
            )
        return Room(room.id, visitor, agent, data, room.exchange)

    def _taken(self, room: Room, agent: Persona | None) -> Room:
        """The room after an agent took it out of the queue; the administrator takes it in his name."""
        if agent is None:
            raise Unavailable("the room waits in the queue, and taking it out needs admin credentials")
        inquiry = self.eventually(lambda: self.inquiry(room), until=bool)
        if not inquiry:
            self._blame(room, "openRoom", "the room has no inquiry that could be taken")
        exchange = self._write(self.admin, "takeInquiry", json={"inquiryId": inquiry["_id"], "userId": agent.user_id})
        self._need(
            exchange.status == 200, exchange, "takeInquiry", f"the agent {agent.username} could not take the room"
        )
        data = eventually(lambda: self.reread(room), until=lambda seen: _served_by(seen) == agent.user_id, deadline_s=5)
        self._need(
            _served_by(data) == agent.user_id, exchange, "takeInquiry", "the room does not name the agent who took it"
        )
        return Room(room.id, room.visitor, agent, data, room.exchange)

    def closed_room(self, visitor: Visitor | None = None, *, agent: Persona | None = None) -> Room:
        """A room that was closed by its visitor; served before if ``agent`` is given."""
        room = self.room(visitor, agent=agent)
        exchange = self.close(room)
        self._need(exchange.status == 200, exchange, "closeRoom", "the room could not be closed")
        return room

    def close(self, room: Room) -> Exchange:
        """Close a room as its visitor; what the server answers is for the caller to judge."""
        exchange = self._write(room.visitor, "closeRoom", json={"rid": room.id, "token": room.token})
        if exchange.status == 200:
            entry = self.ledger.find_id("room", room.id)
            if entry is not None:
                self.ledger.gone(entry)
        return exchange

    def reread(self, room: Room) -> dict[str, Any]:
        """The room as its visitor sees it now; only for open rooms, because asking for a closed one opens another."""
        exchange = self._write(room.visitor, "openRoom", query={"token": room.token, "rid": room.id})
        data = self._object(exchange, "room")
        if data.get("_id") not in {None, room.id}:
            self.created("room", f"{room.token}/{data['_id']}", str(data["_id"]), token=room.token)
        return data

    def room_now(self, room: Room) -> dict[str, Any] | None:
        """The room's document as the administrator sees it, open or closed; ``None`` where the list does not show it.

        Raises:
            Unavailable: There are no admin credentials.
        """
        name = room.visitor.name or room.visitor.username
        query = {"roomName": name, "count": 100}
        exchange = self.client.send(self.admin, "listRooms", query=query)
        listed = exchange.json.get("rooms") if exchange.status == 200 and isinstance(exchange.json, dict) else None
        rooms = listed if isinstance(listed, list) else []
        return next((each for each in rooms if isinstance(each, dict) and each.get("_id") == room.id), None)

    def inquiry(self, room: Room) -> dict[str, Any]:
        """The room's inquiry as the administrator sees it; empty where there is none.

        Raises:
            Unavailable: There are no admin credentials.
        """
        return self._object(self.client.send(self.admin, "getInquiry", query={"roomId": room.id}), "inquiry")

    def _blame(self, room: Room, operation_id: str, sentence: str) -> None:
        assert room.exchange is not None
        owner = self.contract.requirement_for(operation_id, "accepts") if self.contract is not None else None
        raise PreconditionFailed(owner.id if owner else "", room.exchange, sentence)

    # what visitors do

    def message(self, room: Room, text: str | None = None) -> Message:
        """A message that the room's visitor sent."""
        text = text if text is not None else f"message {self.names.next('txt')}"
        exchange = self._write(room.visitor, "sendMessage", json={"token": room.token, "rid": room.id, "msg": text})
        data = self._object(exchange, "message")
        self._need(isinstance(data.get("_id"), str), exchange, "sendMessage", "no message could be sent")
        return Message(data["_id"], room, text, data)

    def page(
        self, visitor: Visitor, room: Room, *, title: str | None = None, href: str | None = None
    ) -> dict[str, Any]:
        """A page that a visitor has visited during a chat; returns the ``pageInfo`` that was sent."""
        name = self.names.next("page")
        info = {
            "change": "url",
            "title": title if title is not None else name,
            "location": {"href": href if href is not None else f"https://example.com/{name}"},
        }
        body = {"token": visitor.token, "pageInfo": info, "rid": room.id}
        exchange = self._write(visitor, "visitPage", json=body)
        self._need(exchange.status == 200, exchange, "visitPage", "no page visit could be sent")
        return info


def _served_by(data: dict[str, Any]) -> str | None:
    served = data.get("servedBy")
    id = served.get("_id") if isinstance(served, dict) else None
    return id if isinstance(id, str) else None


def _nobody_online(exchange: Exchange) -> bool:
    if exchange.status != 400:
        return False
    said = text_of(exchange)
    body = exchange.json if isinstance(exchange.json, dict) else {}
    codes = {body.get("error"), body.get("errorType")}
    return (
        bool({"no-agent-online", "no-agent-available"} & {c for c in codes if isinstance(c, str)})
        or "no-agent-" in said
    )
