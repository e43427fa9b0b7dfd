"""Messages: the history of a room (docs: Livechat, messages.history)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import moment
from conformance.suite.judge import Judge
from conformance.suite.messages import Entry, read_history, shown, texts, with_id
from conformance.target import NOBODY, Persona, RecordingClient
from conformance.world import Message, Room, Unavailable, World

_DEFAULT = 20


def _ids(entries: list[Entry]) -> list[str]:
    return [str(each.get("_id")) for each in entries]


@pytest.mark.clause("LC-MESSAGE-067", "LC-MESSAGE-068", "LC-MESSAGE-084")
def test_a_history_holds_its_room_newest_first(world: World, client: RecordingClient, judge: Judge) -> None:
    """Every entry belongs to the room, the newest stands first, and messages stand in the order of their sending."""
    visitor = world.visitor()
    room, other = world.room(visitor), world.room(visitor)
    sent: list[Message] = []
    for number in (3, 0, 5, 1, 4, 2):  # no order of the texts is that of their sending
        sent.append(world.message(room, f"line {number}"))
        world.message(other, f"in the other room {number}")
    entries, answer = read_history(client, judge, room)
    for message in sent:
        shown(entries, message.id, answer)
    rooms = sorted({str(each.get("rid")) for each in entries})
    judge.equal("LC-MESSAGE-067", rooms, [room.id], "an entry belongs to another room", exchange=answer)
    times = [moment(each.get("ts")) for each in entries]
    falling = all(a is not None and b is not None and a >= b for a, b in pairwise(times))
    judge.that(
        "LC-MESSAGE-068",
        falling,
        "the entries do not run from the newest to the oldest",
        exchange=answer,
        observed=[each.get("ts") for each in entries],
    )
    wanted = [message.id for message in sent]
    found = [each for each in _ids(entries) if each in set(wanted)]
    # Which end comes first is judged above; here only whether a message changed places.
    judge.that(
        "LC-MESSAGE-084",
        found in (wanted, wanted[::-1]),
        "the messages do not stand in the order in which they were sent",
        exchange=answer,
        expected=wanted[::-1],
        observed=found,
    )
    stamps = [moment(with_id(entries, each)[0].get("ts")) for each in wanted]
    rising = all(a is not None and b is not None and a <= b for a, b in pairwise(stamps))
    judge.that("LC-MESSAGE-084", rising, "a later message has an earlier time", exchange=answer, observed=stamps)


@pytest.mark.clause("LC-MESSAGE-069", "LC-MESSAGE-070", "LC-MESSAGE-071", "LC-MESSAGE-072", "LC-MESSAGE-074")
def test_a_long_history_is_limited_and_read_page_by_page(world: World, client: RecordingClient, judge: Judge) -> None:
    """A history has the newest 20 entries, or as many as limit says; with end it is read back to its beginning."""
    room = world.room()
    wanted = [world.message(room, f"line {number}").id for number in range(_DEFAULT + 4)]
    whole, answer = read_history(client, judge, room, limit=100)
    missing = sorted(set(wanted) - set(_ids(whole)))
    judge.equal("LC-MESSAGE-071", missing, [], "a limit above the number of entries leaves some out", exchange=answer)
    doubled = len(set(_ids(whole))) != len(whole)
    judge.that("LC-MESSAGE-071", not doubled, "an entry stands twice under a high limit", exchange=answer)
    everything, answer = read_history(client, judge, room, limit=0)
    missing = sorted(set(wanted) - set(_ids(everything)))
    judge.equal("LC-MESSAGE-072", missing, [], "a limit of 0 leaves entries out", exchange=answer)
    # Notes of the server count as well: whatever another reading shows of this room has to be there.
    missing = sorted(set(_ids(everything)) - set(_ids(whole)))
    judge.equal("LC-MESSAGE-071", missing, [], "a high limit leaves out what a limit of 0 shows", exchange=answer)
    # All that was written last is ours, so the newest entries are known without any other answer; the first few of
    # ours are never asked for, because notes of the server may stand among them.
    newest = wanted[::-1]
    usual, answer = read_history(client, judge, room, limit=None)
    judge.equal("LC-MESSAGE-069", len(usual), _DEFAULT, "without a limit there are not 20 entries", exchange=answer)
    for limit in (1, 5, _DEFAULT + 1):
        some, answer = read_history(client, judge, room, limit=limit)
        judge.equal(
            "LC-MESSAGE-070", len(some), limit, f"limit {limit} does not give that many entries", exchange=answer
        )
        judge.equal(
            "LC-MESSAGE-070",
            sorted(_ids(some)),
            sorted(newest[:limit]),
            f"limit {limit} does not give the newest entries",
            exchange=answer,
        )
    met = _page_by_page(client, judge, room, limit=7)
    counts = {each: met.count(each) for each in wanted if met.count(each) != 1}
    judge.that(
        "LC-MESSAGE-074",
        not counts,
        "going back page by page does not meet every message once",
        expected="each message once",
        observed=counts,
    )


def _page_by_page(client: RecordingClient, judge: Judge, room: Room, *, limit: int) -> list[str]:
    """The ids met while going back, each page ending before the oldest entry of the one before."""
    met: list[str] = []
    end: Any = None
    for _ in range(12):
        page, _answer = read_history(client, judge, room, limit=limit, end=end)
        met += _ids(page)
        oldest = min((str(each.get("ts")) for each in page), default=None)
        if oldest is None or oldest == end:
            break
        end = oldest
    return met


@pytest.mark.clause("LC-MESSAGE-073")
def test_end_leaves_out_what_is_not_older(world: World, client: RecordingClient, judge: Judge) -> None:
    """With end the history has only entries older than that moment."""
    room = world.room()
    sent = [world.message(room, f"line {number}") for number in range(6)]
    end = sent[3].data.get("ts")
    if moment(end) is None:
        raise judge.missing(_last(judge), "the ts of the message")
    entries, answer = read_history(client, judge, room, end=end)
    late = [each.get("ts") for each in entries if (moment(each.get("ts")) or 0.0) >= (moment(end) or 0.0)]
    judge.equal("LC-MESSAGE-073", late, [], "there are entries that are not older than end", exchange=answer)
    wanted = {each.id for each in sent[:3] if each.data.get("ts") != end}
    missing = sorted(wanted - set(_ids(entries)))
    judge.equal("LC-MESSAGE-073", missing, [], "entries that are older than end are missing", exchange=answer)
    shifted, answer = read_history(client, judge, room, end="2015-01-01T00:00:00.000Z")
    judge.equal("LC-MESSAGE-073", _ids(shifted), [], "there are entries older than the room itself", exchange=answer)


def _last(judge: Judge) -> Exchange:
    assert judge.last is not None
    return judge.last


@pytest.mark.clause("LC-MESSAGE-075", "LC-MESSAGE-076")
def test_a_lower_bound_limits_or_has_no_effect(world: World, client: RecordingClient, judge: Judge) -> None:
    """A lower bound (ls, or ts) limits the history or is without effect; unread entries may be counted."""
    room = world.room()
    sent = [world.message(room, f"line {number}") for number in range(5)]
    bound = sent[2].data.get("ts")
    if moment(bound) is None:
        raise judge.missing(_last(judge), "the ts of the message")
    whole = [each.id for each in sent]
    newer = [each.id for each in sent[2:]]
    for name in ("ls", "ts"):
        entries, answer = read_history(client, judge, room, **{name: bound})
        found = [each for each in _ids(entries)[::-1] if each in set(whole)]
        if sorted(found) == sorted(whole):
            judge.way("LC-MESSAGE-075", "server", answer)
        elif sorted(found) in (sorted(newer), sorted(newer[1:])):
            judge.way("LC-MESSAGE-075", "documentation", answer)
        else:
            sentence = f"with {name} the history has neither all messages nor those after the bound"
            judge.that("LC-MESSAGE-075", False, sentence, exchange=answer, expected=whole, observed=found)
        if "unreadNotLoaded" not in answer.json:
            judge.way("LC-MESSAGE-076", "server", answer)
            continue
        count = answer.json["unreadNotLoaded"]
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            judge.way("LC-MESSAGE-076", "documentation", answer)
        else:
            judge.that("LC-MESSAGE-076", False, "unreadNotLoaded is no number", exchange=answer, observed=count)


@pytest.mark.clause("LC-MESSAGE-077", "LC-MESSAGE-078", "LC-MESSAGE-079")
def test_a_history_needs_a_known_token_and_a_livechat_room(world: World, client: RecordingClient, judge: Judge) -> None:
    """A history is refused: unknown token invalid-token; unknown room, or no Livechat room, invalid-room."""
    room = world.room()
    world.message(room, "not for everybody")
    query = {"token": world.names.next("nobody")}
    unknown = client.send(NOBODY, "getHistory", path={"rid": room.id}, query=query)
    judge.refused("LC-MESSAGE-077", unknown, code="invalid-token")
    for clause, rid in (("LC-MESSAGE-078", world.new_room_id()), ("LC-MESSAGE-079", "GENERAL")):
        nowhere = client.send(room.visitor, "getHistory", path={"rid": rid}, query={"token": room.token})
        judge.refused(clause, nowhere, code="invalid-room")


@pytest.mark.clause("LC-MESSAGE-080")
def test_the_history_of_a_closed_room_can_be_read(world: World, client: RecordingClient, judge: Judge) -> None:
    """The history of a closed room can be read."""
    room = world.room()
    sent = [world.message(room, f"before the close {number}") for number in range(2)]
    before, answer = read_history(client, judge, room)
    for message in sent:
        shown(before, message.id, answer)
    closing = world.close(room)
    if closing.status != 200:
        raise judge.missing(closing, "a closed room")
    query = {"token": room.token, "limit": 50}
    answer = client.send(room.visitor, "getHistory", path={"rid": room.id}, query=query)
    if judge.accepted("LC-MESSAGE-080", answer):
        listed = answer.json.get("messages")
        found = [each.get("msg") for each in listed or () if isinstance(each, dict) and "t" not in each]
        wanted = sorted(message.text for message in sent)
        judge.equal(
            "LC-MESSAGE-080",
            sorted(map(str, found)),
            wanted,
            "the closed room lost or gained messages",
            exchange=answer,
        )


@pytest.mark.clause("LC-MESSAGE-081", "LC-MESSAGE-082")
def test_the_agents_messages_stand_beside_the_visitors(world: World, client: RecordingClient, judge: Judge) -> None:
    """The history holds the agent's messages, which name the agent as their author and carry no token."""
    agent = world.home.agent
    room = world.served_room(agent=agent)
    question = world.message(room, "a question")
    answered = _agent_says(client, agent, room, "an answer")
    thanks = world.message(room, "thank you")
    entries, history = read_history(client, judge, room)
    shown(entries, question.id, history)
    wanted = [question.id, answered, thanks.id]
    found = [each for each in _ids(entries)[::-1] if each in set(wanted)]
    judge.equal("LC-MESSAGE-081", sorted(found), sorted(wanted), "a message is missing or doubled", exchange=history)
    for each in with_id(entries, answered):
        judge.equal("LC-MESSAGE-081", each.get("msg"), "an answer", "the agent's text is another", exchange=history)
        author = each.get("u") or {}
        judge.equal(
            "LC-MESSAGE-082",
            [author.get("_id"), author.get("username")],
            [agent.user_id, agent.username],
            "the author of the agent's message is not the agent",
            exchange=history,
        )
        judge.that(
            "LC-MESSAGE-082",
            "token" not in each,
            "the agent's message carries a token",
            exchange=history,
            observed=each.get("token"),
        )


def _agent_says(client: RecordingClient, agent: Persona, room: Room, text: str) -> str:
    """The id of a message that an agent wrote in a room; the call is no part of the Livechat API.

    Raises:
        Unavailable: The server does not have it.
    """
    body = {"message": {"rid": room.id, "msg": text}}
    exchange = client.request(agent, "POST", "/api/v1/chat.sendMessage", json=body)
    message = exchange.json.get("message") if exchange.status == 200 and isinstance(exchange.json, dict) else None
    id = message.get("_id") if isinstance(message, dict) else None
    if not isinstance(id, str):
        raise Unavailable(f"the agent could not write in the room: chat.sendMessage answered {exchange.status}")
    return id


@pytest.mark.clause("LC-MESSAGE-083")
def test_a_new_visitors_room_shows_nothing_of_another(world: World, client: RecordingClient, judge: Judge) -> None:
    """A new visitor's room does not show messages of another room."""
    earlier = world.room()
    old = [world.message(earlier, f"of the earlier visitor {number}") for number in range(2)]
    fresh = world.room()
    entries, answer = read_history(client, judge, fresh)
    judge.equal("LC-MESSAGE-083", texts(entries), [], "a new room has messages before anybody wrote", exchange=answer)
    own = world.message(fresh, "of the new visitor")
    entries, answer = read_history(client, judge, fresh)
    judge.equal("LC-MESSAGE-083", texts(entries), [own.text], "the room shows other messages too", exchange=answer)
    entries, answer = read_history(client, judge, earlier)
    wanted = sorted(each.text for each in old)
    found = sorted(map(str, texts(entries)))
    judge.equal("LC-MESSAGE-083", found, wanted, "the earlier room shows other messages too", exchange=answer)
