"""Hostile input: a visitor with a room and a message, the calls in his name, and whether all stands as it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from conformance.contract.exchange import Exchange
from conformance.suite import visitors
from conformance.suite.messages import texts
from conformance.target import RecordingClient
from conformance.world import Message, Room, Unavailable, World

SMUGGLED: Final = "smuggled"
"""What a hostile call writes where it is let in."""
OF_A_ROOM: Final = (
    "sendMessage",
    "editMessage",
    "surveyRoom",
    "requestTranscript",
    "transferRoom",
    "deleteMessage",
    "closeRoom",
)
"""Operations that take a token and a room id in the body; what would destroy most comes last."""
OF_A_VISITOR: Final = ("setCustomField", "setCustomFields", "registerVisitor", "visitPage")
"""Operations that take a token in the body, and no room id that they need."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What hostile calls are aimed at.

    Attributes:
        world: Where it was made.
        room: An open room of a visitor.
        message: His message in it.
        field: The id of a custom field of visitors; one that nobody has defined where we may not define one.
        department: The id of a department to be moved to.
    """

    world: World
    room: Room
    message: Message
    field: str
    department: str

    def send(self, operation: str, *, token: Any, rid: Any) -> Exchange:
        """Send one of the operations above with a token and a room id, whatever these are."""
        path = {"_id": self.message.id} if operation in {"editMessage", "deleteMessage"} else {}
        client = self.world.client
        return client.send(self.room.visitor, operation, path=path, json=self._body(operation, token, rid))

    def _body(self, operation: str, token: Any, rid: Any) -> dict[str, Any]:
        field = {"key": self.field, "value": SMUGGLED, "overwrite": True}
        page = {"change": "url", "title": SMUGGLED, "location": {"href": "https://example.com/smuggled"}}
        bodies: dict[str, dict[str, Any]] = {
            "sendMessage": {"token": token, "rid": rid, "msg": SMUGGLED},
            "editMessage": {"token": token, "rid": rid, "msg": SMUGGLED},
            "deleteMessage": {"token": token, "rid": rid},
            "closeRoom": {"token": token, "rid": rid},
            "transferRoom": {"token": token, "rid": rid, "department": self.department},
            "surveyRoom": {"token": token, "rid": rid, "data": [{"name": "satisfaction", "value": "1"}]},
            "requestTranscript": {"token": token, "rid": rid, "email": self.room.visitor.email or "a@example.com"},
            "setCustomField": {"token": token, **field},
            "setCustomFields": {"token": token, "customFields": [field]},
            "registerVisitor": {"visitor": {"token": token, "name": SMUGGLED}},
            "visitPage": {"token": token, "rid": rid, "pageInfo": page},
        }
        return bodies[operation]

    def state(self) -> dict[str, Any]:
        """The visitor's name and fields, his room, and the texts in it, as he reads them."""
        client, room = self.world.client, self.room
        visitor = visitors.stored(client, room.token)
        history = client.send(
            room.visitor, "getHistory", path={"rid": room.id}, query={"token": room.token, "limit": 50}
        )
        listed = history.json.get("messages") if isinstance(history.json, dict) else None
        entries = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        return {
            "visitor": {name: visitor.get(name) for name in ("_id", "token", "name", "livechatData")},
            "room": reopened(client, room),
            "texts": texts(entries),
        }


def stand(world: World, room: Room | None = None) -> Stand:
    """A visitor with a room and one message in it."""
    made = room or world.room()
    field = _field(world)
    # Another department than the room's, with another agent: a transfer that got through would be done.
    department = world.department(agents=[world.home.second_agent]).id if world.has_admin else "lcxNowhere"
    return Stand(world, made, world.message(made), field, department)


def _field(world: World) -> str:
    """The id of a custom field of visitors; one that nobody has defined where none can be defined (before 3.0)."""
    try:
        return world.custom_field().id if world.has_admin else "lcxUndefined"
    except Unavailable:
        return "lcxUndefined"


def reopened(client: RecordingClient, room: Room) -> dict[str, Any]:
    """The id, openness and department of a room that its visitor asks for again; empty where there is no answer."""
    exchange = client.send(room.visitor, "openRoom", query={"token": room.token, "rid": room.id})
    found = exchange.json.get("room") if isinstance(exchange.json, dict) else None
    return {name: found.get(name) for name in ("_id", "open", "departmentId")} if isinstance(found, dict) else {}
