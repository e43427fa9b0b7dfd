"""Messages: a visitor says something in his room (docs: Livechat, message)."""

from __future__ import annotations

from functools import partial

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import at_once, happened_now
from conformance.suite.judge import Judge
from conformance.suite.levels import Budget
from conformance.suite.messages import (
    BLANKS,
    LONG,
    MARKUP,
    UNICODE,
    apart,
    let_time_pass,
    read_history,
    said,
    send,
    shown,
    texts,
    with_id,
)
from conformance.target import NOBODY, RecordingClient
from conformance.world import World


@pytest.mark.clause("LC-MESSAGE-005", "LC-MESSAGE-006", "LC-MESSAGE-007")
def test_a_message_is_answered_with_its_text_room_and_author(
    world: World, client: RecordingClient, judge: Judge
) -> None:
    """The answer repeats the text, names the room, and names the visitor as the author."""
    visitor = world.visitor()
    room, other = world.room(visitor), world.room(visitor)
    stranger = world.room()
    world.message(stranger, "somebody else's message")
    for place, text in ((room, "into the first room"), (other, "into the second room")):
        answer = send(client, place, text)
        message = said(judge, answer)
        judge.equal("LC-MESSAGE-005", message.get("msg"), text, "the answer has another text", exchange=answer)
        judge.equal("LC-MESSAGE-006", message.get("rid"), place.id, "the answer names another room", exchange=answer)
        author = message.get("u") or {}
        seen = {"_id": author.get("_id"), "username": author.get("username")}
        expected = {"_id": visitor.id, "username": visitor.username}
        judge.equal(
            "LC-MESSAGE-007", seen, expected, "the author is not the visitor", exchange=answer, pointer="/message/u"
        )


@pytest.mark.clause("LC-MESSAGE-008")
def test_the_time_of_a_message_is_the_moment_of_its_sending(
    world: World, client: RecordingClient, judge: Judge
) -> None:
    """The ts of a message is the moment of its sending."""
    room = world.room()
    first = send(client, room, "the first moment")
    early = said(judge, first).get("ts")
    let_time_pass()
    second = send(client, room, "a later moment")
    late = said(judge, second).get("ts")
    judge.that(
        "LC-MESSAGE-008",
        happened_now(early, first) and happened_now(late, second),
        "the ts is not the server's time of the sending",
        exchange=second,
        observed=[early, late],
    )
    judge.that(
        "LC-MESSAGE-008",
        apart(first, early, second, late),
        "the times of two messages are not as far apart as their sending",
        exchange=second,
        observed=[early, late],
    )


@pytest.mark.clause("LC-MESSAGE-009")
def test_a_sent_message_stands_once_in_the_history(world: World, client: RecordingClient, judge: Judge) -> None:
    """A sent message stands once in the history of its room, under its id."""
    room = world.room()
    sent = [world.message(room, f"kept message {number}") for number in range(3)]
    entries, answer = read_history(client, judge, room)
    for message in sent:
        found = with_id(entries, message.id)
        judge.equal(
            "LC-MESSAGE-009",
            [each.get("msg") for each in found],
            [message.text],
            "the history does not show the message once with its text under its id",
            exchange=answer,
        )
        judge.equal(
            "LC-MESSAGE-009", texts(entries).count(message.text), 1, "the text does not stand once", exchange=answer
        )


@pytest.mark.clause("LC-MESSAGE-010", "LC-MESSAGE-011", "LC-MESSAGE-012")
def test_messages_have_ids_of_their_own(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message keeps the id of its sender; without one, or with an empty one, it gets an id that no other has."""
    room = world.room()
    own = world.new_message_id()
    answer = send(client, room, "with an id of its own", _id=own)
    judge.equal("LC-MESSAGE-010", said(judge, answer).get("_id"), own, "the message has another id", exchange=answer)
    nameless = [world.message(room, f"without an id {number}").id for number in range(3)]
    judge.that(
        "LC-MESSAGE-011",
        len(set(nameless)) == len(nameless) and all(nameless) and own not in nameless,
        "two messages have the same id",
        observed=nameless,
    )
    empty = send(client, room, "with an empty id", _id="")
    if judge.accepted("LC-MESSAGE-012", empty):
        given = said(judge, empty).get("_id")
        judge.that(
            "LC-MESSAGE-012",
            isinstance(given, str) and given != "" and given not in (own, *nameless),
            "the message with an empty id did not get an id of its own",
            exchange=empty,
            observed=given,
        )
    entries, history = read_history(client, judge, room)
    found = [each.get("msg") for each in with_id(entries, own)]
    judge.equal(
        "LC-MESSAGE-010",
        found,
        ["with an id of its own"],
        "the history does not show the sender's id",
        exchange=history,
    )


@pytest.mark.clause("LC-MESSAGE-013", "LC-MESSAGE-014")
def test_the_id_of_an_existing_message_is_refused(world: World, client: RecordingClient, judge: Judge) -> None:
    """The id of an existing message is refused with 400, and nothing changes."""
    room, foreign = world.room(), world.room()
    first = world.message(room, "the first with this id")
    world.message(room, "another message")
    world.message(foreign, "in another room")
    earlier, answer = read_history(client, judge, room)
    stood = shown(earlier, first.id, answer)
    before = [texts(earlier), texts(read_history(client, judge, foreign)[0])]
    refused = [
        judge.refused("LC-MESSAGE-013", send(client, place, f"the second, {where}", _id=first.id))
        for place, where in ((room, "same room"), (foreign, "other room"))
    ]
    if not all(refused):
        judge.not_reached("LC-MESSAGE-014", "the second message with the same id was not refused")
        return
    after = [texts(read_history(client, judge, place)[0]) for place in (room, foreign)]
    judge.equal("LC-MESSAGE-014", after, before, "a refused message changed a history")
    entries, answer = read_history(client, judge, room)
    kept = shown(entries, first.id, answer)
    seen = [kept.get("rid"), (kept.get("u") or {}).get("_id"), kept.get("ts")]
    expected = [room.id, room.visitor.id, stood.get("ts")]
    judge.equal(
        "LC-MESSAGE-014", seen, expected, "the existing message has another room, author or time", exchange=answer
    )


@pytest.mark.clause("LC-MESSAGE-015", "LC-MESSAGE-016")
def test_a_message_needs_a_known_token_and_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message with an unknown token is refused with invalid-token, to an unknown room with invalid-room."""
    room = world.room()
    unknown = send_as_nobody(client, room.id, world.names.next("nobody"))
    judge.refused("LC-MESSAGE-015", unknown, code="invalid-token")
    nowhere = send(client, room, "to no room", rid=world.new_room_id())
    judge.refused("LC-MESSAGE-016", nowhere, code="invalid-room")


def send_as_nobody(client: RecordingClient, rid: str, token: str) -> Exchange:
    """A message with a token that no visitor has."""
    return client.send(NOBODY, "sendMessage", json={"token": token, "rid": rid, "msg": "from nobody"})


@pytest.mark.clause("LC-MESSAGE-017", "LC-MESSAGE-018")
def test_a_closed_room_refuses_messages(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message to a closed room is refused with room-closed and does not appear in its history."""
    visitor = world.visitor()
    room, still_open = world.room(visitor), world.room(visitor)
    kept = world.message(room, "while the room is open")
    closing = world.close(room)
    if closing.status != 200:
        raise judge.missing(closing, "a closed room")
    late = send(client, room, "too late")
    if not judge.refused("LC-MESSAGE-017", late, code="room-closed"):
        judge.not_reached("LC-MESSAGE-018", "the message to the closed room was not refused", late)
        return
    entries, answer = read_history(client, judge, room)
    shown(entries, kept.id, answer)
    judge.that(
        "LC-MESSAGE-018", "too late" not in texts(entries), "the refused message is in the history", exchange=answer
    )
    elsewhere, other = read_history(client, judge, still_open)
    judge.that(
        "LC-MESSAGE-018",
        "too late" not in texts(elsewhere),
        "the refused message is in the history of the visitor's open room",
        exchange=other,
    )


@pytest.mark.clause("LC-MESSAGE-019", "LC-MESSAGE-020")
def test_unicode_comes_back_unchanged(world: World, client: RecordingClient, judge: Judge) -> None:
    """Text of all scripts, with combining marks, right-to-left text and emoji, comes back unchanged."""
    _round_trip(world, client, judge, UNICODE, "LC-MESSAGE-020", answered="LC-MESSAGE-019")


@pytest.mark.clause("LC-MESSAGE-021")
def test_blanks_and_line_breaks_are_kept(world: World, client: RecordingClient, judge: Judge) -> None:
    """Line breaks, tabs and surrounding blanks of a message are stored as sent."""
    _round_trip(world, client, judge, BLANKS, "LC-MESSAGE-021")


@pytest.mark.clause("LC-MESSAGE-022")
def test_markup_is_kept_as_text(world: World, client: RecordingClient, judge: Judge) -> None:
    """Markup in a message is stored as text, neither removed nor escaped."""
    _round_trip(world, client, judge, MARKUP, "LC-MESSAGE-022")


@pytest.mark.clause("LC-MESSAGE-023")
def test_a_message_of_5000_characters_is_stored_whole(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message of 5000 characters is stored whole."""
    _round_trip(world, client, judge, LONG, "LC-MESSAGE-023")


def _round_trip(
    world: World, client: RecordingClient, judge: Judge, text: str, stored: str, *, answered: str | None = None
) -> None:
    """Send a text beside a plain one, and judge how the history (and the answer) give it back."""
    room = world.room()
    plain = world.message(room, "plain text")
    sent = send(client, room, text)
    if not judge.accepted(answered or stored, sent):
        if answered:
            judge.not_reached(stored, "the message was not accepted", sent)
        return
    message = said(judge, sent)
    if answered:
        judge.equal(answered, message.get("msg"), text, "the answer has another text than was sent", exchange=sent)
    entries, answer = read_history(client, judge, room)
    shown(entries, plain.id, answer)
    found = [each.get("msg") for each in with_id(entries, message["_id"])]
    judge.equal(stored, found, [text], "the history has another text than was sent", exchange=answer)


@pytest.mark.clause("LC-MESSAGE-024")
def test_the_same_text_twice_makes_two_messages(world: World, client: RecordingClient, judge: Judge) -> None:
    """The same text sent twice makes two messages."""
    room = world.room()
    first, second = world.message(room, "once more"), world.message(room, "once more")
    entries, answer = read_history(client, judge, room)
    shown(entries, first.id, answer)
    judge.that("LC-MESSAGE-024", first.id != second.id, "both messages have the same id", observed=second.id)
    judge.equal("LC-MESSAGE-024", texts(entries).count("once more"), 2, "there are not two messages", exchange=answer)


@pytest.mark.clause("LC-MESSAGE-025")
def test_parallel_messages_are_all_stored(world: World, client: RecordingClient, judge: Judge, budget: Budget) -> None:
    """Messages that a visitor sends in parallel are all stored, each exactly once."""
    room = world.room()
    expected: dict[str, str] = {}

    def say(text: str, number: int) -> Exchange:
        return send(client, room, f"{text}.{number}")

    for turn in range(budget.repeats):
        text = f"at once {turn}"
        for number, answer in enumerate(at_once(budget.parallel, partial(say, text))):
            if judge.accepted("LC-MESSAGE-025", answer):
                expected[str(said(judge, answer)["_id"])] = f"{text}.{number}"
    judge.equal(
        "LC-MESSAGE-025",
        len(expected),
        budget.repeats * budget.parallel,
        "parallel messages did not get ids of their own",
    )
    entries, answer = read_history(client, judge, room, limit=100)
    found = sorted((str(each.get("_id")), str(each.get("msg"))) for each in entries if "t" not in each)
    judge.equal(
        "LC-MESSAGE-025",
        [list(each) for each in found],
        [list(each) for each in sorted(expected.items())],
        "the history does not hold each parallel message once, with its own text",
        exchange=answer,
    )


@pytest.mark.clause("LC-MESSAGE-026")
def test_a_message_goes_only_to_its_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message goes only to the room that was named, also when the visitor has several rooms."""
    visitor = world.visitor()
    rooms = [world.room(visitor) for _ in range(3)]
    if len({room.id for room in rooms}) != len(rooms):
        judge.not_reached("LC-MESSAGE-026", "the visitor did not get several rooms")
        return
    for number, room in enumerate(rooms):
        world.message(room, f"for room {number}")
    world.message(rooms[0], "for room 0 again")
    wanted = [["for room 0", "for room 0 again"], ["for room 1"], ["for room 2"]]
    for room, expected in zip(rooms, wanted, strict=True):
        entries, answer = read_history(client, judge, room)
        judge.equal(
            "LC-MESSAGE-026",
            sorted(map(str, texts(entries))),
            expected,
            "the room does not hold exactly the messages that were sent to it",
            exchange=answer,
        )
