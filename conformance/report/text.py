"""The one helper through which all text of a target goes on its way into a report.

Escaping for HTML and XML is done by the renderers. What is left is text that is harmless for a parser and harmful for a
reader: control characters, escape sequences of terminals, marks that turn the direction of writing, halves of
surrogate pairs.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any, Final

from markupsafe import Markup

_LINES: Final = frozenset("\n\t")
_TURNS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HIDDEN: Final = frozenset("\u00ad\u200b\u2028\u2029\u2060\ufeff\ufffe\uffff")


def visible(value: Any) -> str:
    """Give a value as text in which every character that cannot be seen is written out, for example ``⟨U+202E⟩``.

    Line feeds and tabs stay. ``Markup`` that this package made itself passes unchanged; ``None`` is empty.
    """
    if isinstance(value, Markup):
        return value
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def text_node(value: Any) -> Markup:
    """Give a value as the text of an element: visible and escaped, but quotes stay, which are most of any JSON.

    Never for attributes.
    """
    text = visible(value)
    if isinstance(text, Markup):
        return text
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def one_line(value: Any, limit: int = 300) -> str:
    """Give a value as one visible line of at most ``limit`` characters, for summaries and terminals."""
    text = " ".join(visible(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def short_json(value: Any, limit: int = 400) -> str:
    """Give a JSON value as one visible line; a text stands as it is, without quotes."""
    if isinstance(value, str):
        return one_line(value, limit)
    return one_line(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str), limit)


def _shown(character: str) -> str:
    if character in _LINES:
        return character
    if character in _TURNS or character in _HIDDEN or unicodedata.category(character) in ("Cc", "Cs", "Co"):
        return f"⟨U+{ord(character):04X}⟩"
    return character
