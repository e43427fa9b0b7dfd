"""What the tests about the queue share: transferring, forwarding, taking, and reading where a chat is."""

from __future__ import annotations

from typing import Any

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import served_by
from conformance.suite.judge import Judge, is_accepted
from conformance.target import Persona, RecordingClient
from conformance.world import Department, Room, World
from conformance.world.things import MOST_PAGES

SETTLE_S = 3.0
"""Seconds that a server may take to write what it has already answered."""


def transfer(client: RecordingClient, room: Room, department_id: str, **other: Any) -> Exchange:
    """A transfer by the room's visitor; ``other`` replaces keys of the body."""
    body = {"rid": room.id, "token": room.token, "department": department_id, **other}
    return client.send(room.visitor, "transferRoom", json=body)


def forward(client: RecordingClient, who: Persona, room: Room, **target: Any) -> Exchange:
    """A forward to ``userId``, to ``departmentId``, or to what else ``target`` says."""
    return client.send(who, "forwardRoom", json={"roomId": room.id, **target})


def take(client: RecordingClient, who: Persona, inquiry_id: str, agent: Persona | None = None) -> Exchange:
    """A take of an inquiry, for an agent where one is given."""
    body = {"inquiryId": inquiry_id} | ({"userId": agent.user_id} if agent is not None else {})
    return client.send(who, "takeInquiry", json=body)


def place(document: dict[str, Any]) -> tuple[Any, Any]:
    """Where a chat is by its room's document: the ``_id`` of the agent who serves it, and its ``departmentId``."""
    return served_by(document).get("_id"), document.get("departmentId")


def spot(agent: Persona | None, department: Department | None) -> tuple[Any, Any]:
    """Where a chat should be, as ``place`` says it."""
    return agent.user_id if agent else None, department.id if department else None


def seen(world: World, judge: Judge, room: Room, keeps: str | None = None) -> dict[str, Any]:
    """An open room as its visitor reads it now.

    Args:
        world: The world.
        judge: Judges ``keeps``.
        room: The room.
        keeps: The clause that another room in its place breaks; without one the test could not go on, no more.

    Raises:
        PreconditionFailed: It could not be read, or another room was answered.
    """
    document = world.reread(room)
    if document.get("_id") != room.id:
        assert judge.last is not None
        if keeps is not None:
            world.created("room", f"{room.token}/{document.get('_id')}", str(document.get("_id")), token=room.token)
            judge.equal(
                keeps, document.get("_id"), room.id, "the room is not found again under its id", pointer="/room"
            )
        raise judge.missing(judge.last, f"the open room {room.id} that was asked for")
    return document


def settled(
    world: World, judge: Judge, room: Room, wanted: tuple[Any, Any], keeps: str | None = None
) -> dict[str, Any]:
    """The room's document as soon as it is at the wanted place, or the last one before the deadline.

    ``keeps`` is as in ``seen``.
    """
    return world.eventually(
        lambda: seen(world, judge, room, keeps), until=lambda document: place(document) == wanted, deadline_s=SETTLE_S
    )


def read_inquiry(world: World, judge: Judge, room: Room, who: Persona | None = None) -> dict[str, Any]:
    """The inquiry of a room as the administrator, or somebody else, reads it; empty where there is none.

    Raises:
        PreconditionFailed: It could not be read.
    """
    exchange = world.client.send(who or world.admin, "getInquiry", query={"roomId": room.id})
    if not is_accepted(exchange):
        raise judge.missing(exchange, "an inquiry or the news that there is none")
    found = exchange.json.get("inquiry")
    return found if isinstance(found, dict) else {}


def queued_inquiry(world: World, judge: Judge, room: Room) -> dict[str, Any]:
    """The inquiry of a room as soon as it waits in the queue, or the last one before the deadline."""
    return world.eventually(
        lambda: read_inquiry(world, judge, room),
        until=lambda inquiry: inquiry.get("status") == "queued",
        deadline_s=SETTLE_S,
    )


def waiting(client: RecordingClient, judge: Judge, who: Persona, **query: Any) -> tuple[list[dict[str, Any]], Exchange]:
    """All inquiries that wait, page by page in the default order, and the last answer.

    Raises:
        PreconditionFailed: They could not be listed.
    """
    found: list[dict[str, Any]] = []
    for _ in range(MOST_PAGES):
        exchange = client.send(who, "listInquiries", query={**query, "count": 100, "offset": len(found)})
        page = judge.pick(exchange, "inquiries")
        if not isinstance(page, list):
            raise judge.missing(exchange, "an array under /inquiries")
        found += [each for each in page if isinstance(each, dict)]
        if len(page) < 100:
            break
    return found, exchange


def of_room(entries: list[dict[str, Any]], room: Room) -> list[dict[str, Any]]:
    """The entries that belong to a room."""
    return [each for each in entries if each.get("rid") == room.id]


def transfers(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of a history that tell of a transfer or a forward, in their order."""
    return [each for each in entries if each.get("t") == "livechat_transfer_history"]


def author(entry: dict[str, Any]) -> Any:
    """The ``_id`` of who wrote an entry of a history."""
    user = entry.get("u")
    return user.get("_id") if isinstance(user, dict) else None


def told(entry: dict[str, Any], *path: str) -> Any:
    """A value of an entry's ``transferData``; ``None`` where it is not there."""
    value: Any = entry.get("transferData")
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value
