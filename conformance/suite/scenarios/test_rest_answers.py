"""Answers: dates, reading without effect, and answers to requests in parallel (documentation: REST API)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import at_once
from conformance.suite.judge import Judge, describe
from conformance.suite.levels import Budget
from conformance.target import RecordingClient
from conformance.world import World

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_DATES: Final = frozenset(
    {
        "ts",
        "lm",
        "_updatedAt",
        "closedAt",
        "queuedAt",
        "editedAt",
        "createdAt",
        "jitsiTimeout",
        "fd",
        "lq",
        "lr",
        "lastMessageTs",
    }
)
"""Members that hold a moment in every recorded version; ``fd``, ``lq`` and ``lr`` are those of the metrics."""


def _dates(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every member of a JSON value that names a moment, with its pointer."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in _DATES and not isinstance(inner, dict | list):
                yield f"{path}/{name}", inner
            yield from _dates(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _dates(inner, f"{path}/{index}")


@pytest.mark.clause("LC-REST-029")
def test_dates_are_iso_in_utc(world: World, client: RecordingClient, judge: Judge) -> None:
    """Every date of an answer is ISO 8601 in UTC with milliseconds."""
    room = world.room()
    visitor = room.visitor
    ids = {"token": room.token, "rid": room.id}
    answers = [
        client.send(visitor, "sendMessage", json={**ids, "msg": "What is the time?"}),
        client.send(visitor, "openRoom", query=ids),
        client.send(visitor, "getHistory", path={"rid": room.id}, query={"token": room.token}),
    ]
    if world.has_admin:
        answers += [
            client.send(world.admin, "getInquiry", query={"roomId": room.id}),
            client.send(world.admin, "listRooms", query={"roomName": visitor.name, "count": 5}),
        ]
    for exchange in answers:
        for pointer, value in _dates(exchange.json):
            judge.that(
                "LC-REST-029",
                isinstance(value, str) and bool(_MOMENT.fullmatch(value)),
                f"a date of {exchange.operation} is not ISO 8601 in UTC with milliseconds",
                exchange=exchange,
                expected="YYYY-MM-DDTHH:MM:SS.sssZ",
                observed=value,
                pointer=pointer,
            )


@pytest.mark.clause("LC-REST-034")
def test_reading_changes_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """GET of an operation that reads changes nothing: the second answer equals the first."""
    room = world.room()
    visitor = room.visitor
    world.message(room)
    calls: list[tuple[Any, str, dict[str, Any]]] = [
        (visitor, "getVisitor", {"path": {"token": room.token}}),
        (visitor, "getHistory", {"path": {"rid": room.id}, "query": {"token": room.token}}),
    ]
    if world.has_admin:
        department = world.department()
        calls += [
            (world.admin, "getDepartment", {"path": {"_id": department.id}}),
            (world.admin, "listDepartments", {"query": {"text": department.name}}),
            (world.admin, "getAppearance", {}),
        ]
    for who, operation, how in calls:

        def both(who: Any = who, operation: str = operation, how: dict[str, Any] = how) -> list[Exchange]:
            return [client.send(who, operation, **how) for _ in range(2)]

        # What was written before may still be on its way; a server that reading changes never comes to rest.
        first, second = world.eventually(both, until=lambda pair: _same(*pair), deadline_s=4)
        judge.that(
            "LC-REST-034",
            _same(first, second),
            f"{operation} answers otherwise when it is called again",
            exchange=second,
            expected=first.json,
            observed=second.json,
        )


def _same(first: Exchange, second: Exchange) -> bool:
    return first.status == second.status and first.json == second.json


@pytest.mark.clause("LC-REST-036")
def test_parallel_answers_are_not_mixed_up(world: World, client: RecordingClient, judge: Judge, budget: Budget) -> None:
    """An answer comes for the request that was sent: answers to requests in parallel are not mixed up."""
    rooms = [world.room() for _ in range(budget.parallel)]
    texts = [world.message(room).text for room in rooms]

    def read(number: int) -> tuple[Exchange, Exchange]:
        room = rooms[number % len(rooms)]
        visitor = client.send(room.visitor, "getVisitor", path={"token": room.token})
        query = {"token": room.token, "limit": 50}
        return visitor, client.send(room.visitor, "getHistory", path={"rid": room.id}, query=query)

    for _ in range(budget.repeats):
        for number, (visitor, history) in enumerate(at_once(2 * len(rooms), read)):
            room, text = rooms[number % len(rooms)], texts[number % len(rooms)]
            found = visitor.json.get("visitor") if isinstance(visitor.json, dict) else None
            judge.equal(
                "LC-REST-036",
                found.get("token") if isinstance(found, dict) else describe(visitor),
                room.token,
                "the answer shows another visitor than was asked for",
                exchange=visitor,
                pointer="/visitor/token",
            )
            said = json.dumps(history.json, ensure_ascii=False)
            foreign = [each for each in texts if each != text and f'"{each}"' in said]
            judge.that(
                "LC-REST-036",
                f'"{text}"' in said and not foreign,
                "the answer shows the history of another room than was asked for",
                exchange=history,
                expected=text,
                observed=foreign or describe(history),
                pointer="/messages",
            )
