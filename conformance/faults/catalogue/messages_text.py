"""Faults of what becomes of the text of a message."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import answered, put


def _stored(change: Any) -> Any:
    """Change the text of every message before it is stored: ``change(text)``."""

    def composed(original: Any, site: Any, room: Any, person: Any, text: str, more: Any) -> Any:
        return original(site, room, person, change(text), more)

    return {"messages.compose": composed}


def _in_history(change: Any) -> Any:
    """Change the text of each message in a history: ``change(text)``."""

    def each(site: Any, call: Any, body: Any) -> None:
        for message in body["messages"]:
            message["msg"] = change(message["msg"])

    return answered("getHistory", each)


_TO_SEND, _BOTH = ("sendMessage",), ("sendMessage", "getHistory")
_LOSS, _RARE = Kind.DATA_LOSS, Depth.RARE_INPUT
_EMOJI = re.compile("[\U00010000-\U0010ffff]")

FAULTS: tuple[Fault, ...] = (
    Fault(
        "messages.answer-without-emoji",
        ("LC-MESSAGE-019",),
        _TO_SEND,
        Kind.ENCODING,
        _RARE,
        "The answer shows characters beyond the basic plane as question marks.",
        wrap=answered("sendMessage", put("message.msg", lambda text: _EMOJI.sub("?", text))),
    ),
    Fault(
        "messages.answer-composed",
        ("LC-MESSAGE-019",),
        _TO_SEND,
        Kind.ENCODING,
        _RARE,
        "The answer normalises combining marks.",
        wrap=answered("sendMessage", put("message.msg", lambda text: unicodedata.normalize("NFC", text))),
    ),
    Fault(
        "messages.history-without-emoji",
        ("LC-MESSAGE-020",),
        _BOTH,
        Kind.ENCODING,
        _RARE,
        "The history lost characters beyond the basic plane, as a three byte column does it.",
        wrap=_in_history(lambda text: _EMOJI.sub("", text)),
    ),
    Fault(
        "messages.history-composed",
        ("LC-MESSAGE-020",),
        _BOTH,
        Kind.ENCODING,
        _RARE,
        "The history normalises combining marks.",
        wrap=_in_history(lambda text: unicodedata.normalize("NFC", text)),
    ),
    Fault(
        "messages.history-latin",
        ("LC-MESSAGE-020",),
        _BOTH,
        Kind.ENCODING,
        _RARE,
        "The history shows text of other scripts as if its bytes were Latin-1.",
        wrap=_in_history(lambda text: text.encode().decode("latin-1")),
    ),
    Fault(
        "messages.trimmed",
        ("LC-MESSAGE-021",),
        _TO_SEND,
        Kind.ENCODING,
        _RARE,
        "Surrounding blanks of a message are cut off.",
        wrap=_stored(str.strip),
    ),
    Fault(
        "messages.one-line",
        ("LC-MESSAGE-021",),
        _TO_SEND,
        Kind.ENCODING,
        _RARE,
        "Line breaks become blanks.",
        wrap=_stored(lambda text: text.replace("\n", " ")),
    ),
    Fault(
        "messages.tabs-are-blanks",
        ("LC-MESSAGE-021",),
        _TO_SEND,
        Kind.ENCODING,
        _RARE,
        "Tabs become blanks.",
        wrap=_stored(lambda text: text.replace("\t", " ")),
    ),
    Fault(
        "messages.escaped",
        ("LC-MESSAGE-022",),
        _TO_SEND,
        Kind.ENCODING,
        _RARE,
        "Markup is escaped before it is stored.",
        wrap=_stored(html.escape),
    ),
    Fault(
        "messages.tags-removed",
        ("LC-MESSAGE-022",),
        _TO_SEND,
        Kind.ENCODING,
        _RARE,
        "Markup is removed before a message is stored.",
        wrap=_stored(lambda text: re.sub(r"<[^>]*>", "", text)),
    ),
    Fault(
        "messages.cut-at-4096",
        ("LC-MESSAGE-023",),
        _TO_SEND,
        _LOSS,
        _RARE,
        "A message is cut at 4096 characters.",
        wrap=_stored(lambda text: text[:4096]),
    ),
    Fault(
        "messages.cut-at-1000-in-history",
        ("LC-MESSAGE-023",),
        _BOTH,
        _LOSS,
        _RARE,
        "The history cuts messages at 1000 characters.",
        wrap=_in_history(lambda text: text[:1000]),
    ),
)
