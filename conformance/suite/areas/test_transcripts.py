"""Transcripts by mail (docs: Livechat, transcript). Whether a mail arrives, the API does not say."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract import Contract
from conformance.contract.exchange import Exchange
from conformance.suite.helpers import is_open, listed_room, served_by
from conformance.suite.judge import Judge, is_accepted
from conformance.target import RecordingClient
from conformance.world import World
from conformance.world.things import Room, Visitor


def ask(world: World, client: RecordingClient, visitor: Visitor, rid: str, *, token: str | None = None) -> Exchange:
    """POST transcript for a room, with the visitor's token unless another one is given."""
    body = {"rid": rid, "token": token or visitor.token, "email": world.new_email()}
    return client.send(visitor, "requestTranscript", json=body)


@pytest.mark.clause("LC-TRANSCRIPT-005", "LC-TRANSCRIPT-007")
def test_a_transcript_can_be_asked_for_again(world: World, client: RecordingClient, judge: Judge) -> None:
    """The answer of asking for a transcript holds a text, and a transcript can be asked for again."""
    room = world.room()
    world.message(room)
    first = ask(world, client, room.visitor, room.id)
    text = judge.pick(first, "message")
    held = isinstance(text, str) and text.strip() != ""
    sentence = "the answer of asking for a transcript holds no text"
    judge.that("LC-TRANSCRIPT-005", held, sentence, exchange=first, observed=text, pointer="/message")
    for _ in range(2):
        judge.accepted("LC-TRANSCRIPT-007", ask(world, client, room.visitor, room.id))


@pytest.mark.clause("LC-TRANSCRIPT-006")
def test_a_closed_room_has_a_transcript(world: World, client: RecordingClient, judge: Judge) -> None:
    """A transcript of a closed room can be asked for."""
    room = world.closed_room()
    judge.accepted("LC-TRANSCRIPT-006", ask(world, client, room.visitor, room.id))


@pytest.mark.clause("LC-TRANSCRIPT-008", "LC-TRANSCRIPT-009", "LC-TRANSCRIPT-010")
def test_only_ones_own_livechat_room_has_a_transcript(world: World, client: RecordingClient, judge: Judge) -> None:
    """A transcript with an unknown token, of an unknown room or of a channel is refused with error-invalid-room."""
    room = world.room()
    unknown = ask(world, client, room.visitor, room.id, token=f"{world.prefix}-nobody")
    judge.refused("LC-TRANSCRIPT-008", unknown, code="error-invalid-room")
    nowhere = ask(world, client, room.visitor, world.new_room_id())
    judge.refused("LC-TRANSCRIPT-009", nowhere, code="error-invalid-room")
    # The channel that every server has; its id is fixed.
    channel = ask(world, client, room.visitor, "GENERAL")
    judge.refused("LC-TRANSCRIPT-010", channel, code="error-invalid-room")


@pytest.mark.clause("LC-TRANSCRIPT-011")
def test_a_transcript_leaves_an_entry_in_the_history(
    world: World, client: RecordingClient, contract: Contract, judge: Judge
) -> None:
    """A transcript that was asked for leaves a livechat_transcript_history entry."""
    if not contract.applies(contract.requirements["LC-TRANSCRIPT-011"]):
        return  # older servers leave none, and waiting for it would take its time
    room, other = world.room(), world.room()
    asked = ask(world, client, room.visitor, room.id)
    if not is_accepted(asked):
        raise judge.missing(asked, "a transcript")

    def history(of_visitor: Visitor, rid: str) -> Exchange:
        query = {"token": of_visitor.token, "limit": "50"}
        return client.send(of_visitor, "getHistory", path={"rid": rid}, query=query)

    seen = world.eventually(
        lambda: history(room.visitor, room.id), until=lambda one: _entries(judge, one) > 0, deadline_s=4
    )
    sentence = "the history does not say that a transcript was asked for"
    judge.that("LC-TRANSCRIPT-011", _entries(judge, seen) > 0, sentence, exchange=seen)
    elsewhere = history(other.visitor, other.id)
    sentence = "the history of another room says that a transcript was asked for"
    judge.equal("LC-TRANSCRIPT-011", _entries(judge, elsewhere), 0, sentence, exchange=elsewhere)


def _entries(judge: Judge, history: Exchange) -> int:
    messages = judge.pick(history, "messages")
    return sum(1 for each in messages if isinstance(each, dict) and each.get("t") == "livechat_transcript_history")


@pytest.mark.clause("LC-TRANSCRIPT-012")
def test_asking_for_a_transcript_changes_no_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """Asking for a transcript neither closes the room nor changes its agent."""
    room = world.room()
    if world.gate.routing == "Auto_Selection" and not served_by(room.data):
        world.eventually(lambda: world.reread(room), until=served_by, deadline_s=3)
    before = _agent(world, room)
    asked = ask(world, client, room.visitor, room.id)
    if not is_accepted(asked):
        raise judge.missing(asked, "a transcript")
    held, seen = is_open(world, room)
    judge.that("LC-TRANSCRIPT-012", held, "asking for a transcript closed the room", exchange=seen)
    if held:
        sentence = "asking for a transcript changed the agent of the room"
        judge.equal("LC-TRANSCRIPT-012", _agent(world, room), before, sentence, exchange=seen)


def _agent(world: World, room: Room) -> dict[str, Any]:
    """Who serves an open room, as the administrator lists it, or without one as its visitor reads it."""
    return served_by(listed_room(world, room)[0] if world.has_admin else world.reread(room))
