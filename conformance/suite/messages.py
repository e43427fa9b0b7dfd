"""What the tests about messages share: saying, editing, deleting, reading the history, and comparing moments."""

from __future__ import annotations

import time
from typing import Any, Final

from conformance.contract.exchange import Exchange
from conformance.suite.helpers import happened_now, moment
from conformance.suite.judge import Judge
from conformance.target import RecordingClient
from conformance.world import PreconditionFailed, Room

Entry = dict[str, Any]

UNICODE: Final = "Zoë Ångström 日本語 😀👩‍👧 e\u0301 \u202eشكرا\u202c עברית Ελλάδα"
"""Other scripts, a combining mark, right-to-left text with its marks, and emoji outside of the basic plane."""
BLANKS: Final = "  two blanks\n\ttab and\r\nline break  "
"""Surrounding blanks, a tab, and both kinds of line breaks."""
MARKUP: Final = "<b>bold</b> &amp; & \"quoted\" 'single' <script>x</script> *star* \\ 100% #here :smile:"
"""Text that a careless server would strip, escape or render; without addresses, which servers fetch."""
LONG: Final = "".join(f"{number:04d}-" for number in range(1000))
"""5000 characters, of which no part repeats, so that any cut or any doubling shows."""

_GAP_S: Final = 0.25
_SLACK_S: Final = 0.15


def send(client: RecordingClient, room: Room, text: str, **more: Any) -> Exchange:
    """A message of the room's visitor; ``more`` adds keys to the body or replaces them."""
    return client.send(room.visitor, "sendMessage", json={"token": room.token, "rid": room.id, "msg": text, **more})


def edit(client: RecordingClient, room: Room, message_id: str, text: str, **more: Any) -> Exchange:
    """An edit by the room's visitor; ``more`` replaces keys of the body."""
    body = {"token": room.token, "rid": room.id, "msg": text, **more}
    return client.send(room.visitor, "editMessage", path={"_id": message_id}, json=body)


def delete(client: RecordingClient, room: Room, message_id: str, **more: Any) -> Exchange:
    """A deletion by the room's visitor; ``more`` replaces keys of the body."""
    body = {"token": room.token, "rid": room.id, **more}
    return client.send(room.visitor, "deleteMessage", path={"_id": message_id}, json=body)


def said(judge: Judge, exchange: Exchange) -> Entry:
    """The message in the answer of a sending, an edit or a deletion.

    Raises:
        PreconditionFailed: There is none with an id.
    """
    judge.pick(exchange, "message", "_id")
    message: Entry = exchange.json["message"]
    return message


def read_history(
    client: RecordingClient, judge: Judge, room: Room, *, limit: int | None = 50, **query: Any
) -> tuple[list[Entry], Exchange]:
    """The entries of a room's history as its visitor reads them, and the answer.

    Raises:
        PreconditionFailed: The history could not be read.
    """
    query = {"token": room.token, "limit": limit, **query}
    exchange = client.send(room.visitor, "getHistory", path={"rid": room.id}, query=query)
    listed = judge.pick(exchange, "messages")
    if not isinstance(listed, list):
        raise judge.missing(exchange, "an array under /messages")
    return [each for each in listed if isinstance(each, dict)], exchange


def with_id(entries: list[Entry], message_id: str) -> list[Entry]:
    """The entries with an id: one where all is well."""
    return [each for each in entries if each.get("_id") == message_id]


def shown(entries: list[Entry], message_id: str, exchange: Exchange) -> Entry:
    """The entry of a message that the test stands on.

    Raises:
        PreconditionFailed: The history does not show it, which LC-MESSAGE-009 owns.
    """
    found = with_id(entries, message_id)
    if not found:
        raise PreconditionFailed("LC-MESSAGE-009", exchange, f"the history does not show the message {message_id}")
    return found[0]


def texts(entries: list[Entry]) -> list[Any]:
    """The texts of what people wrote, in the order of the entries; notes of the server are left out."""
    return [each.get("msg") for each in entries if "t" not in each]


def let_time_pass() -> None:
    """A quarter of a second, so that two moments can be told apart on any clock."""
    time.sleep(_GAP_S)


def apart(first: Exchange, first_stamp: object, second: Exchange, second_stamp: object) -> bool:
    """Whether two times that a server wrote lie as far apart as the exchanges in which it should have written them.

    Between the exchanges ``let_time_pass`` is called, so that a time copied from the first one shows.
    """
    earlier, later = moment(first_stamp), moment(second_stamp)
    if earlier is None or later is None:
        return False
    least = second.started - first.started - _took(first)
    most = second.started - first.started + _took(second)
    return least - _SLACK_S <= later - earlier <= most + _SLACK_S


def since(sending: Exchange, sent_at: object, change: Exchange, changed_at: object) -> bool:
    """As ``apart``; a ts of the sending that is wrong itself, which LC-MESSAGE-008 owns, is not compared with."""
    return not happened_now(sent_at, sending) or apart(sending, sent_at, change, changed_at)


def _took(exchange: Exchange) -> float:
    return exchange.response.elapsed_ms / 1000 if exchange.response else 0.0
