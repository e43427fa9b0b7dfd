"""JSON as people read it: indented, with the members that differ marked."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Final

from markupsafe import Markup

from conformance.report.text import text_node

_INLINE: Final = 72
"""A list or object that fits into this many characters stays on one line."""


def json_markup(value: Any, marked: Collection[str] = (), *, indent: bool = True) -> Markup:
    """Write a JSON value as HTML; the values at the marked JSON pointers stand in ``<mark>``.

    Args:
        value: Anything that JSON can carry.
        marked: JSON pointers; ``""`` marks the whole.
        indent: Whether to use several lines where one is too long.
    """
    return Markup("").join(_pieces(value, "", frozenset(marked), 0, indent))


def differing(expected: Any, observed: Any) -> tuple[str, ...]:
    """Give the JSON pointers of members that differ, the deepest ones; ``("",)`` where the values as a whole differ."""
    return tuple(_differing(expected, observed, ""))


def _differing(expected: Any, observed: Any, pointer: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(observed, dict):
        for key in sorted(expected.keys() | observed.keys()):
            place = f"{pointer}/{escape_token(key)}"
            if key in expected and key in observed:
                yield from _differing(expected[key], observed[key], place)
            else:
                yield place
    elif isinstance(expected, list) and isinstance(observed, list) and len(expected) == len(observed):
        for number, (one, other) in enumerate(zip(expected, observed, strict=True)):
            yield from _differing(one, other, f"{pointer}/{number}")
    elif type(expected) is not type(observed) or expected != observed:
        yield pointer


def escape_token(token: str) -> str:
    """Escape one step of a JSON pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


def _pieces(value: Any, pointer: str, marked: frozenset[str], depth: int, indent: bool) -> Iterator[Markup]:
    if pointer in marked:
        yield Markup("<mark>")
        yield from _value(value, pointer, marked - {pointer}, depth, indent)
        yield Markup("</mark>")
    else:
        yield from _value(value, pointer, marked, depth, indent)


def _value(value: Any, pointer: str, marked: frozenset[str], depth: int, indent: bool) -> Iterator[Markup]:
    if not isinstance(value, dict | list) or not value:
        yield _text(value)
        return
    below = any(each.startswith(pointer + "/") for each in marked)
    if not below and (not indent or len(whole := json.dumps(value, ensure_ascii=False, default=str)) <= _INLINE):
        yield _text(value) if not indent else text_node(whole)
        return
    members = list(_members(value, pointer))
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    pad = "\n" + "  " * (depth + 1) if indent else ""
    yield Markup(opening)
    for number, (label, place, each) in enumerate(members):
        comma = "," if number + 1 < len(members) else ""
        yield Markup(pad) + label
        yield from _pieces(each, place, marked, depth + 1, indent)
        yield Markup(comma if indent else comma + " ")
    yield Markup(("\n" + "  " * depth if indent else "") + closing)


def _members(value: dict[str, Any] | list[Any], pointer: str) -> Iterator[tuple[Markup, str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield _text(str(key)) + Markup(": "), f"{pointer}/{escape_token(str(key))}", each
    else:
        for number, each in enumerate(value):
            yield Markup(""), f"{pointer}/{number}", each


def _text(value: Any) -> Markup:
    return text_node(json.dumps(value, ensure_ascii=False, default=str))
