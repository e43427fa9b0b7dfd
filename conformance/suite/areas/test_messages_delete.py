"""Messages: a visitor takes back what he wrote (docs: Livechat, message/:_id, delete)."""

from __future__ import annotations

import pytest

from conformance.suite.helpers import happened_now
from conformance.suite.judge import Judge
from conformance.suite.messages import (
    delete,
    edit,
    let_time_pass,
    read_history,
    said,
    send,
    shown,
    since,
    texts,
    with_id,
)
from conformance.target import NOBODY, RecordingClient
from conformance.world import World


@pytest.mark.clause("LC-MESSAGE-051", "LC-MESSAGE-052")
def test_a_deletion_is_answered_with_id_and_time(world: World, client: RecordingClient, judge: Judge) -> None:
    """The answer of a deletion repeats the id of the message; its ts is the moment of the deletion."""
    room = world.room()
    sending = send(client, room, "soon deleted")
    message = said(judge, sending)
    world.message(room, "stays here")
    let_time_pass()
    deleted = delete(client, room, message["_id"])
    answer = said(judge, deleted)
    judge.equal("LC-MESSAGE-051", answer.get("_id"), message["_id"], "the answer has another id", exchange=deleted)
    at = answer.get("ts")
    judge.that(
        "LC-MESSAGE-052",
        happened_now(at, deleted) and since(sending, message.get("ts"), deleted, at),
        "the ts is not the moment of the deletion",
        exchange=deleted,
        expected="the moment of the deletion",
        observed=at,
    )


@pytest.mark.clause("LC-MESSAGE-053", "LC-MESSAGE-054")
def test_a_deletion_removes_one_message(world: World, client: RecordingClient, judge: Judge) -> None:
    """A deleted message is gone from the history, and the other messages of the room stay."""
    visitor = world.visitor()
    room, other = world.room(visitor), world.room(visitor)
    messages = [world.message(room, f"line {number}") for number in range(4)]
    elsewhere = world.message(other, "in the visitor's other room")
    said(judge, delete(client, room, messages[1].id))
    entries, answer = read_history(client, judge, room)
    gone = not with_id(entries, messages[1].id) and messages[1].text not in texts(entries)
    judge.that("LC-MESSAGE-053", gone, "the history still shows the deleted message", exchange=answer)
    left = [each.get("msg") for each in entries if each.get("_id") in {one.id for one in messages}]
    judge.equal(
        "LC-MESSAGE-054",
        sorted(map(str, left)),
        sorted(each.text for each in messages if each is not messages[1]),
        "the history does not show the other messages as they were",
        exchange=answer,
    )
    entries, answer = read_history(client, judge, other)
    found = [each.get("msg") for each in with_id(entries, elsewhere.id)]
    judge.equal(
        "LC-MESSAGE-054", found, [elsewhere.text], "the deletion took a message of another room", exchange=answer
    )


@pytest.mark.clause("LC-MESSAGE-055", "LC-MESSAGE-056")
def test_a_deleted_message_is_no_message_any_more(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message that is deleted already can neither be deleted nor edited: invalid-message."""
    room = world.room()
    message = world.message(room, "deleted once")
    world.message(room, "stays here")
    said(judge, delete(client, room, message.id))
    edited = edit(client, room, message.id, "edited after its end")
    judge.refused("LC-MESSAGE-056", edited, code="invalid-message")
    judge.refused("LC-MESSAGE-055", delete(client, room, message.id), code="invalid-message")
    entries, answer = read_history(client, judge, room)
    back = "edited after its end" in texts(entries)
    judge.that("LC-MESSAGE-056", not back, "the edit brought a deleted message back", exchange=answer)


@pytest.mark.clause("LC-MESSAGE-057", "LC-MESSAGE-058", "LC-MESSAGE-059")
def test_a_deletion_needs_a_known_message_token_and_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """A deletion is refused: of no message invalid-message, unknown token invalid-token, unknown room invalid-room."""
    room = world.room()
    message = world.message(room, "stays")
    judge.refused("LC-MESSAGE-057", delete(client, room, world.new_message_id()), code="invalid-message")
    body = {"token": world.names.next("nobody"), "rid": room.id}
    unknown = client.send(NOBODY, "deleteMessage", path={"_id": message.id}, json=body)
    judge.refused("LC-MESSAGE-058", unknown, code="invalid-token")
    nowhere = delete(client, room, message.id, rid=world.new_room_id())
    judge.refused("LC-MESSAGE-059", nowhere, code="invalid-room")


@pytest.mark.exclusive
@pytest.mark.clause("LC-MESSAGE-060")
def test_deleting_can_be_switched_off(world: World, client: RecordingClient, judge: Judge) -> None:
    """While deleting is switched off, a deletion is refused with error-action-not-allowed."""
    room = world.room()
    message = world.message(room, "may not be deleted")

    def allowed() -> bool:
        return delete(client, room, world.message(room, "deleted until it is forbidden").id).status == 200

    with world.setting("Message_AllowDeleting", False):
        # A setting takes effect a moment after it is stored.
        world.eventually(allowed, until=lambda seen: not seen, deadline_s=5)
        refused = delete(client, room, message.id)
    world.eventually(allowed, deadline_s=5)
    judge.refused("LC-MESSAGE-060", refused, code="error-action-not-allowed")
    entries, answer = read_history(client, judge, room)
    found = [each.get("msg") for each in with_id(entries, message.id)]
    judge.equal("LC-MESSAGE-060", found, [message.text], "the message was deleted", exchange=answer)


@pytest.mark.clause("LC-MESSAGE-061")
def test_a_message_of_a_closed_room_can_be_deleted(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message of a closed room can still be deleted."""
    room = world.room()
    message, kept = world.message(room, "deleted after the close"), world.message(room, "kept after the close")
    closing = world.close(room)
    if closing.status != 200:
        raise judge.missing(closing, "a closed room")
    if judge.accepted("LC-MESSAGE-061", delete(client, room, message.id)):
        entries, answer = read_history(client, judge, room)
        shown(entries, kept.id, answer)
        judge.that(
            "LC-MESSAGE-061",
            not with_id(entries, message.id),
            "the history of the closed room still shows the deleted message",
            exchange=answer,
        )


@pytest.mark.clause("LC-MESSAGE-062")
def test_a_refused_deletion_leaves_the_message(world: World, client: RecordingClient, judge: Judge) -> None:
    """A refused deletion leaves the message in the history."""
    room, foreign = world.room(), world.room()
    message = world.message(room, "as it was")
    unknown = {"token": world.names.next("nobody"), "rid": room.id}
    attempts = {
        "another visitor, with his own room": delete(client, foreign, message.id),
        "another visitor, with this room": delete(client, foreign, message.id, rid=room.id),
        "an unknown token": client.send(NOBODY, "deleteMessage", path={"_id": message.id}, json=unknown),
        "an unknown room": delete(client, room, message.id, rid=world.new_room_id()),
        "an ill-formed request": delete(client, room, message.id, extra="key"),
    }
    refused = {name: each for name, each in attempts.items() if each.status is not None and each.status >= 400}
    if len(refused) < len(attempts):
        # Somebody else's clauses say that these are refused; what was not refused may well have deleted it.
        missing = ", ".join(sorted(attempts.keys() - refused.keys()))
        judge.not_reached("LC-MESSAGE-062", f"not refused: the deletion by {missing}")
        return
    entries, answer = read_history(client, judge, room)
    found = [[each.get("msg"), each.get("t")] for each in with_id(entries, message.id)]
    judge.equal(
        "LC-MESSAGE-062", found, [[message.text, None]], "a refused deletion changed the message", exchange=answer
    )
