"""Messages: a visitor changes what he wrote (docs: Livechat, message/:_id, update)."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import happened_now
from conformance.suite.judge import Judge
from conformance.suite.messages import (
    BLANKS,
    LONG,
    UNICODE,
    Entry,
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


def _author(message: Entry, key: str = "u") -> list[object]:
    person = message.get(key)
    return [person.get("_id"), person.get("username")] if isinstance(person, dict) else [None, None]


@pytest.mark.clause("LC-MESSAGE-031", "LC-MESSAGE-032", "LC-MESSAGE-033")
def test_an_edit_changes_the_text_and_keeps_the_rest(world: World, client: RecordingClient, judge: Judge) -> None:
    """The answer of an edit carries the new text, and the id, room, author and time of the message."""
    visitor = world.visitor()
    room, other = world.room(visitor), world.room(visitor)
    original = world.message(room, "before the edit")
    world.message(other, "in the other room")
    earlier, answer = read_history(client, judge, room)
    stood = shown(earlier, original.id, answer)
    let_time_pass()
    edited = edit(client, room, original.id, "after the edit")
    message = said(judge, edited)
    judge.equal(
        "LC-MESSAGE-031", message.get("msg"), "after the edit", "the answer lacks the new text", exchange=edited
    )

    def keeps(where: str, seen: dict[str, Any], exchange: Exchange) -> None:
        judge.equal(
            "LC-MESSAGE-032",
            [seen.get("_id"), seen.get("rid"), *_author(seen)],
            [original.id, room.id, visitor.id, visitor.username],
            f"in the {where} the edited message has another id, room or author",
            exchange=exchange,
        )
        judge.equal(
            "LC-MESSAGE-033",
            seen.get("ts"),
            stood.get("ts"),
            f"in the {where} the edited message has another ts",
            exchange=exchange,
        )

    keeps("answer", message, edited)
    entries, answer = read_history(client, judge, room)
    stored = shown(entries, original.id, answer)
    keeps("history", stored, answer)


@pytest.mark.clause("LC-MESSAGE-034", "LC-MESSAGE-035")
def test_an_edit_says_when_and_by_whom(world: World, client: RecordingClient, judge: Judge) -> None:
    """An edit sets editedAt to the moment of the edit, and names the visitor in editedBy."""
    visitor = world.visitor()
    room = world.room(visitor)
    sending = send(client, room, "not edited yet")
    original = said(judge, sending)
    let_time_pass()
    edited = edit(client, room, original["_id"], "edited now")
    message = said(judge, edited)
    at = message.get("editedAt")
    judge.that(
        "LC-MESSAGE-034",
        happened_now(at, edited) and since(sending, original.get("ts"), edited, at),
        "editedAt is not the moment of the edit",
        exchange=edited,
        expected="the moment of the edit",
        observed=at,
    )
    whom = [visitor.id, visitor.username]
    judge.equal("LC-MESSAGE-035", _author(message, "editedBy"), whom, "editedBy is not the visitor", exchange=edited)
    entries, answer = read_history(client, judge, room)
    stored = shown(entries, original["_id"], answer)
    judge.equal("LC-MESSAGE-034", stored.get("editedAt"), at, "the history has another editedAt", exchange=answer)
    judge.equal(
        "LC-MESSAGE-035",
        _author(stored, "editedBy"),
        whom,
        "in the history editedBy is not the visitor",
        exchange=answer,
    )


@pytest.mark.clause("LC-MESSAGE-036", "LC-MESSAGE-037", "LC-MESSAGE-038")
def test_an_edit_shows_in_the_history(world: World, client: RecordingClient, judge: Judge) -> None:
    """After an edit the history shows the new text, the message once only, and the other messages as they were."""
    room = world.room()
    messages = [world.message(room, f"line {number}") for number in range(4)]
    before, answer = read_history(client, judge, room)
    others = [shown(before, message.id, answer) for message in messages]
    target = messages[1]
    edited = edit(client, room, target.id, "line one, edited")
    said(judge, edited)
    after, answer = read_history(client, judge, room)
    found = with_id(after, target.id)
    judge.equal(
        "LC-MESSAGE-036",
        [each.get("msg") for each in found[:1]],
        ["line one, edited"],
        "the history does not show the new text under the id of the message",
        exchange=answer,
    )
    judge.that(
        "LC-MESSAGE-036", target.text not in texts(after), "the history still shows the old text", exchange=answer
    )
    judge.equal("LC-MESSAGE-037", len(found), 1, "the edited message does not stand once", exchange=answer)
    judge.equal(
        "LC-MESSAGE-037",
        len(texts(after)),
        len(texts(before)),
        "the edit changed the number of messages",
        exchange=answer,
    )
    for was in others:
        if was.get("_id") == target.id:
            continue
        now = with_id(after, str(was.get("_id")))
        parts = [[each.get("msg"), each.get("ts"), each.get("editedAt")] for each in now]
        judge.equal(
            "LC-MESSAGE-038",
            parts,
            [[was.get("msg"), was.get("ts"), None]],
            "the edit changed another message",
            exchange=answer,
        )


@pytest.mark.clause("LC-MESSAGE-039")
def test_of_several_edits_the_last_one_stands(world: World, client: RecordingClient, judge: Judge) -> None:
    """Of several edits the last one stands, also where it brings an earlier text back."""
    room = world.room()
    message = world.message(room, "the first text")
    for text in ("a second, longer text", "third", "a second, longer text", "the first text"):
        judge.equal(
            "LC-MESSAGE-039",
            said(judge, edit(client, room, message.id, text)).get("msg"),
            text,
            "the answer does not carry the text of the last edit",
        )
        entries, answer = read_history(client, judge, room)
        found = [each.get("msg") for each in with_id(entries, message.id)]
        judge.equal("LC-MESSAGE-039", found, [text], "the history does not show the last edit", exchange=answer)


@pytest.mark.clause("LC-MESSAGE-040", "LC-MESSAGE-041", "LC-MESSAGE-042")
def test_an_edit_needs_a_known_message_token_and_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """An edit is refused: of no message invalid-message, unknown token invalid-token, unknown room invalid-room."""
    room = world.room()
    message = world.message(room, "stays")
    nothing = edit(client, room, world.new_message_id(), "of no message")
    judge.refused("LC-MESSAGE-040", nothing, code="invalid-message")
    body = {"token": world.names.next("nobody"), "rid": room.id, "msg": "by nobody"}
    unknown = client.send(NOBODY, "editMessage", path={"_id": message.id}, json=body)
    judge.refused("LC-MESSAGE-041", unknown, code="invalid-token")
    nowhere = edit(client, room, message.id, "in no room", rid=world.new_room_id())
    judge.refused("LC-MESSAGE-042", nowhere, code="invalid-room")


@pytest.mark.exclusive
@pytest.mark.clause("LC-MESSAGE-043")
def test_editing_can_be_switched_off(world: World, client: RecordingClient, judge: Judge) -> None:
    """While editing is switched off, an edit is refused with error-action-not-allowed."""
    room = world.room()
    probe, message = world.message(room, "edited until it is forbidden"), world.message(room, "may not be edited")

    def allowed() -> bool:
        return edit(client, room, probe.id, "edited once more").status == 200

    with world.setting("Message_AllowEditing", False):
        # A setting takes effect a moment after it is stored.
        world.eventually(allowed, until=lambda seen: not seen, deadline_s=5)
        refused = edit(client, room, message.id, "edited all the same")
    world.eventually(allowed, deadline_s=5)
    judge.refused("LC-MESSAGE-043", refused, code="error-action-not-allowed")
    entries, answer = read_history(client, judge, room)
    kept = shown(entries, message.id, answer)
    judge.equal("LC-MESSAGE-043", kept.get("msg"), message.text, "the message was edited", exchange=answer)


@pytest.mark.clause("LC-MESSAGE-044")
def test_a_message_of_a_closed_room_can_be_edited(world: World, client: RecordingClient, judge: Judge) -> None:
    """A message of a closed room can still be edited."""
    room = world.room()
    message = world.message(room, "before the close")
    closing = world.close(room)
    if closing.status != 200:
        raise judge.missing(closing, "a closed room")
    if judge.accepted("LC-MESSAGE-044", edit(client, room, message.id, "after the close")):
        entries, answer = read_history(client, judge, room)
        found = shown(entries, message.id, answer).get("msg")
        judge.equal("LC-MESSAGE-044", found, "after the close", "the edit is not in the history", exchange=answer)


@pytest.mark.clause("LC-MESSAGE-045")
def test_an_edit_keeps_any_text(world: World, client: RecordingClient, judge: Judge) -> None:
    """An edit keeps unicode, line breaks and long text as sent."""
    room = world.room()
    wanted = {}
    for name, text in (("unicode", UNICODE), ("line breaks", BLANKS), ("5000 characters", LONG)):
        message = world.message(room, f"to be edited: {name}")
        edited = edit(client, room, message.id, text)
        if judge.accepted("LC-MESSAGE-045", edited):
            answered = said(judge, edited).get("msg")
            judge.equal("LC-MESSAGE-045", answered, text, f"the answer does not keep {name}", exchange=edited)
            wanted[message.id] = (name, text)
    entries, answer = read_history(client, judge, room)
    for message_id, (name, text) in wanted.items():
        stored = shown(entries, message_id, answer).get("msg")
        judge.equal("LC-MESSAGE-045", stored, text, f"the history does not keep {name}", exchange=answer)


@pytest.mark.clause("LC-MESSAGE-046")
def test_a_refused_edit_leaves_the_text(world: World, client: RecordingClient, judge: Judge) -> None:
    """A refused edit leaves the text as it was."""
    room, foreign = world.room(), world.room()
    message = world.message(room, "as it was")
    unknown = {"token": world.names.next("nobody"), "rid": room.id, "msg": "edited by nobody"}
    attempts = {
        "another visitor, with his own room": edit(client, foreign, message.id, "edited by a stranger"),
        "another visitor, with this room": edit(client, foreign, message.id, "edited by a stranger", rid=room.id),
        "an unknown token": client.send(NOBODY, "editMessage", path={"_id": message.id}, json=unknown),
        "an unknown room": edit(client, room, message.id, "edited nowhere", rid=world.new_room_id()),
        "an ill-formed request": edit(client, room, message.id, "edited with more", extra="key"),
    }
    refused = {name: each for name, each in attempts.items() if each.status is not None and each.status >= 400}
    if len(refused) < len(attempts):
        # Somebody else's clauses say that these are refused; what was not refused may well have changed the text.
        missing = ", ".join(sorted(attempts.keys() - refused.keys()))
        judge.not_reached("LC-MESSAGE-046", f"not refused: the edit of {missing}")
        return
    entries, answer = read_history(client, judge, room)
    kept = shown(entries, message.id, answer)
    judge.equal(
        "LC-MESSAGE-046",
        [kept.get("msg"), kept.get("editedAt")],
        [message.text, None],
        "a refused edit changed the message",
        exchange=answer,
    )
