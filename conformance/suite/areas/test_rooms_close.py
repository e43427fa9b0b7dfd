"""Rooms: closing them, and what a closed room looks like (docs: Livechat, room.close and rooms)."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import (
    at_once,
    happened_now,
    is_open,
    listed_room,
    moment,
    room_in,
    served_by,
    server_clock,
    several_rooms,
    visitor_of,
)
from conformance.suite.judge import Judge, is_accepted
from conformance.suite.levels import Budget
from conformance.target import RecordingClient
from conformance.world import World
from conformance.world.things import Room, Visitor

ROUNDING_S = 0.002
"""Seconds that a length of time in milliseconds may be off by rounding."""


def close(client: RecordingClient, visitor: Visitor, rid: str, *, token: str | None = None) -> Exchange:
    """POST room.close in the name of a visitor, with his token unless another one is given."""
    return client.send(visitor, "closeRoom", json={"rid": rid, "token": token or visitor.token})


def once_closed(world: World, room: Room) -> tuple[dict[str, Any], Exchange]:
    """A closed room as the list shows it when all of the closing is written, or the last state before the deadline."""

    def complete(seen: tuple[dict[str, Any], Exchange]) -> bool:
        metrics = seen[0].get("metrics")
        return (
            "open" not in seen[0] and "closedAt" in seen[0] and isinstance(metrics, dict) and "chatDuration" in metrics
        )

    return world.eventually(lambda: listed_room(world, room), until=complete, deadline_s=3)


@pytest.mark.clause("LC-ROOM-037", "LC-ROOM-038", "LC-ROOM-049")
def test_closing_one_room_leaves_the_others_open(world: World, client: RecordingClient, judge: Judge) -> None:
    """Closing a room is answered with its id and a comment, and leaves the visitor's other rooms open."""
    visitor = world.visitor()
    first, second, third = several_rooms(world, visitor, 3)
    closed = close(client, visitor, second.id)
    rid = judge.pick(closed, "rid")
    judge.equal(
        "LC-ROOM-037",
        rid,
        second.id,
        "the answer of closing a room names another room",
        exchange=closed,
        pointer="/rid",
    )
    comment = judge.pick(closed, "comment")
    held = isinstance(comment, str) and comment.strip() != ""
    judge.that(
        "LC-ROOM-038",
        held,
        "the answer of closing a room has no comment",
        exchange=closed,
        observed=comment,
        pointer="/comment",
    )
    for label, other in (("opened before", first), ("opened after", third)):
        held, seen = is_open(world, other)
        sentence = f"closing a room closed another one of the same visitor, {label} it"
        judge.that("LC-ROOM-049", held, sentence, exchange=seen)


@pytest.mark.clause("LC-ROOM-039", "LC-ROOM-051", "LC-ROOM-052")
def test_a_second_closing_is_refused_and_changes_nothing(world: World, client: RecordingClient, judge: Judge) -> None:
    """A room that is closed already is refused with room-closed, and nothing of its closing changes."""
    room = world.closed_room()
    before = once_closed(world, room)[0].get("closedAt") if world.has_admin else None
    for _ in range(2):
        judge.refused("LC-ROOM-039", close(client, room.visitor, room.id), code="room-closed")

    query = {"token": room.token, "limit": "50"}

    def closing_entries() -> list[dict[str, Any]]:
        seen = client.send(room.visitor, "getHistory", path={"rid": room.id}, query=query)
        return [each for each in judge.pick(seen, "messages") if each.get("t") == "livechat-close"]

    entries = world.eventually(closing_entries, deadline_s=3)
    if entries:
        sentence = f"a room that was closed once and refused twice has {len(entries)} closing entries"
        judge.equal("LC-ROOM-052", len(entries), 1, sentence)
    if before is not None:
        after, listed = listed_room(world, room)
        sentence = "a refused closing changed the closedAt of the closed room"
        judge.equal("LC-ROOM-051", after.get("closedAt"), before, sentence, exchange=listed)


@pytest.mark.clause("LC-ROOM-040", "LC-ROOM-041")
def test_closing_for_an_unknown_room_or_token_is_refused(world: World, client: RecordingClient, judge: Judge) -> None:
    """Closing an unknown room is refused with invalid-room, closing with an unknown token with invalid-token."""
    room = world.room()
    unknown_room = close(client, room.visitor, world.new_room_id())
    judge.refused("LC-ROOM-040", unknown_room, code="invalid-room")
    held, seen = is_open(world, room)
    judge.that("LC-ROOM-040", held, "closing an unknown room closed the visitor's own one", exchange=seen)
    if not held:
        return
    unknown_token = close(client, room.visitor, room.id, token=f"{world.prefix}-nobody")
    judge.refused("LC-ROOM-041", unknown_token, code="invalid-token")
    held, seen = is_open(world, room)
    judge.that("LC-ROOM-041", held, "a token that no visitor has closed a room", exchange=seen)


def _between(first: Exchange | None, last: Exchange) -> tuple[float, float]:
    """The shortest and the longest time in seconds that can lie between what two exchanges did on the server."""
    if first is None:
        return 0.0, float("inf")
    took = [each.response.elapsed_ms / 1000 if each.response else 0.0 for each in (first, last)]
    return last.started - first.started - took[0], last.started + took[1] - first.started


@pytest.mark.clause(
    "LC-ROOM-042", "LC-ROOM-043", "LC-ROOM-044", "LC-ROOM-045", "LC-ROOM-046", "LC-ROOM-047", "LC-ROOM-048"
)
def test_a_closed_room_says_when_and_by_whom(world: World, client: RecordingClient, judge: Judge) -> None:
    """A room that its visitor closed is listed with when, by whom, how long it lasted, agent and department."""
    room = world.room()
    world.message(room)
    if world.gate.routing == "Auto_Selection":
        world.eventually(lambda: world.reread(room), until=served_by, deadline_s=3)
    before, _ = listed_room(world, room)
    closing = close(client, room.visitor, room.id)
    if not is_accepted(closing):
        raise judge.missing(closing, "the closing of the room")
    after, listed = once_closed(world, room)

    held = "open" not in after
    sentence = f"a closed room is listed with open {after.get('open')!r}"
    judge.that("LC-ROOM-042", held, sentence, exchange=listed, expected="no key open", observed=after.get("open"))

    opened, closed = moment(after.get("ts")), moment(after.get("closedAt"))
    held = opened is not None and closed is not None and opened <= closed and happened_now(after["closedAt"], closing)
    judge.that(
        "LC-ROOM-043",
        held,
        "the closedAt of a closed room is missing, before its ts, or not the moment of the closing",
        exchange=listed,
        expected={"ts": after.get("ts"), "clock": server_clock(closing)},
        observed=after.get("closedAt"),
    )
    sentence = "a room that its visitor closed has another closer"
    judge.equal("LC-ROOM-044", after.get("closer"), "visitor", sentence, exchange=listed)

    by = after.get("closedBy")
    seen = {key: by.get(key) for key in ("_id", "username")} if isinstance(by, dict) else by
    expected = {"_id": room.visitor.id, "username": room.visitor.username}
    judge.equal("LC-ROOM-045", seen, expected, "closedBy is not the visitor who closed the room", exchange=listed)

    status = visitor_of(after).get("status")
    judge.equal("LC-ROOM-046", status, "offline", "the visitor of a closed room is not offline", exchange=listed)

    shortest, longest = _between(room.exchange, closing)
    metrics = after.get("metrics")
    lasted = metrics.get("chatDuration") if isinstance(metrics, dict) else None
    held = isinstance(lasted, int | float) and shortest - ROUNDING_S <= lasted <= longest + ROUNDING_S
    sentence = "metrics.chatDuration is not the number of seconds from the opening to the closing of the room"
    expected_s = [round(shortest, 3), round(longest, 3)]
    judge.that("LC-ROOM-047", held, sentence, exchange=listed, expected=expected_s, observed=lasted)

    then, now = ({key: each.get(key) for key in ("servedBy", "departmentId")} for each in (before, after))
    judge.equal("LC-ROOM-048", now, then, "closing changed the agent or the department of the room", exchange=listed)


@pytest.mark.clause("LC-ROOM-050")
@pytest.mark.routing("Manual_Selection")
def test_a_room_without_an_agent_can_be_closed(world: World, client: RecordingClient, judge: Judge) -> None:
    """A room that no agent serves can be closed by its visitor."""
    room = world.queued_room()
    closing = close(client, room.visitor, room.id)
    judge.accepted("LC-ROOM-050", closing)
    after, listed = listed_room(world, room)
    held = "open" not in after or after.get("open") is False
    judge.that("LC-ROOM-050", held, "a room without an agent is still open after its closing", exchange=listed)


def _closings_at_once(client: RecordingClient, room: Room, count: int) -> list[Exchange]:
    return at_once(count, lambda _: close(client, room.visitor, room.id))


@pytest.mark.clause("LC-ROOM-053")
def test_of_parallel_closings_one_succeeds(world: World, client: RecordingClient, judge: Judge, budget: Budget) -> None:
    """Of several closings of one room in parallel exactly one is answered with success."""
    for _ in range(budget.repeats):
        room = world.room()
        answers = _closings_at_once(client, room, budget.parallel)
        won = [each for each in answers if is_accepted(each)]
        sentence = f"{len(won)} of {len(answers)} closings of one room at once were answered with success"
        judge.equal("LC-ROOM-053", len(won), 1, sentence, exchange=(won or answers)[-1])


@pytest.mark.clause("LC-ROOM-054")
def test_a_closed_room_carries_its_departments_tags(world: World, client: RecordingClient, judge: Judge) -> None:
    """A room of a department with closing tags carries those tags after it is closed."""
    home = world.home
    tags = [world.names.next("tag"), world.names.next("tag")]
    tagged = world.department(agents=(home.agent,), requestTagBeforeClosingChat=True, chatClosingTags=tags)
    room = room_in(world, tagged)
    judge.accepted("LC-ROOM-054", close(client, room.visitor, room.id))
    after, listed = once_closed(world, room)
    seen = after.get("tags")
    held = isinstance(seen, list) and set(tags) <= {each for each in seen if isinstance(each, str)}
    sentence = "a closed room does not carry the closing tags of its department"
    judge.that("LC-ROOM-054", held, sentence, exchange=listed, expected=tags, observed=seen)

    plain = world.closed_room()
    after, listed = once_closed(world, plain)
    seen = after.get("tags") or []
    sentence = "a closed room carries the closing tags of another department"
    judge.that("LC-ROOM-054", not set(tags) & set(seen), sentence, exchange=listed, observed=seen)
