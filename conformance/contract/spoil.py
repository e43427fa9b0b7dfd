"""Spoils values systematically: every member dropped, made null, retyped, emptied, stretched; an unknown key added."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

UNKNOWN_KEY = "unknownKey"
_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[A-Za-z][A-Za-z_.:\-]{0,39}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_MOMENTS = ["2020-13-45T99:00:00.000Z", "2020-01-01T00:00:00Z", "2020-01-01", "2020-01-01T00:00:00.000+01:00"]
_DROP = object()
_STRANGERS: list[Any] = ["x", 5, 1.5, 10**10, -(10**10), True, None, {}]
"""What an unknown key may hold."""

_ITEMS = 40
"""How many items of an array are looked at."""


def shape(value: Any) -> Hashable:
    """Return something that is equal for values between which no schema of the contract is likely to tell.

    Words are kept (an enumeration may name them), ids, dates and free text are reduced to their pattern.
    """
    if isinstance(value, str):
        return _text_shape(value)
    if isinstance(value, dict):
        return frozenset((key, shape(child)) for key, child in value.items())
    if isinstance(value, list | tuple):
        return min(len(value), 20), frozenset(map(shape, value))
    if isinstance(value, bool) or value is None:
        return f"!{value}"
    if isinstance(value, int):
        return f"#{max(-2, min(value, 2))} {len(str(value))}"
    return f"#float{(value > 0) - (value < 0)}"


@lru_cache(maxsize=100_000)
def _text_shape(text: str) -> str:
    if _WORD.fullmatch(text) or text in _MOMENTS:
        return text
    return "~" + _DIGITS.sub("9", _LETTERS.sub("a", text))[:40]


def _others(value: Any) -> list[Any]:
    """Return what may stand in place of a value and is not what it should be."""
    if isinstance(value, str):
        others = [None, 7, True, ["x"], [7], {"$ne": None}, "", "7", "~ none of these ~"]
        others += [f"{value}~", f"~{value}", f"{value}/{value}"]
        if _MOMENT.fullmatch(value):
            others += _MOMENTS
        if len(value) > 1:
            others += [value[:1], value * 40 if len(value) < 200 else value[:1]]
        return others
    if isinstance(value, bool):
        return [None, str(value).lower(), int(value), not value, {}]
    if isinstance(value, int | float):
        return [None, str(value), -1, -1000, value + 0.5, 1000, 10**9, 0, True, [value]]
    if isinstance(value, list):
        return [None, {}, "x", [], [None], [7], ["x"], [{}], value * 2, (value or ["x"]) * 40]
    if isinstance(value, dict):
        return [None, [], "x", 7, {}, [value]]
    return [7, "x", {}, [], False]


def _places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield at, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _places(child, (*at, key))
    elif isinstance(value, list):
        seen: set[Hashable] = set()
        for index, child in enumerate(value[:_ITEMS]):
            kind = shape(child)
            if kind not in seen and len(seen) < 3:
                seen.add(kind)
                yield from _places(child, (*at, index))


def _with(value: Any, at: tuple[str | int, ...], other: Any) -> Any:
    if not at:
        return other
    head, rest = at[0], at[1:]
    if isinstance(value, list):
        changed = [_with(child, rest, other) if index == head else child for index, child in enumerate(value)]
        return [child for child in changed if child is not _DROP]
    out = {key: _with(child, rest, other) if key == head else child for key, child in value.items()}
    return {key: child for key, child in out.items() if child is not _DROP}


def placed(value: Any, at: tuple[str | int, ...], member: Any) -> Any:
    """Return a copy of a value that has a member at ``at``; what holds it exists."""
    if not at:
        return member
    head, rest = at[0], at[1:]
    if isinstance(value, list):
        return [placed(child, rest, member) if index == head else child for index, child in enumerate(value)]
    return {**value, head: placed(value.get(head), rest, member)}


def spoilt(value: Any, limit: int = 4000, names: Sequence[str] = ()) -> list[Any]:
    """Return spoilt copies of a JSON value, at most ``limit``; each differs from it in one place.

    ``names`` are keys that are added to the whole, beside one that nobody knows.
    """
    out: list[Any] = []
    for at, child in _places(value):
        if isinstance(child, list) and len(child) > 1:
            out += [_with(value, (*at, index), _DROP) for index in range(min(len(child), _ITEMS))]
            out += [_with(value, (*at, index), child[index - 1]) for index in range(min(len(child), _ITEMS))]
        if isinstance(child, list) and len(child) > 2 and isinstance(child[0], dict):
            # One item more, itself spoilt: what must be among the items still is.
            out += [_with(value, at, [*child, other]) for other in spoilt(child[0], 400)]
        if at:
            out.append(_with(value, at, _DROP))
        out += [_with(value, at, other) for other in _others(child)]
        if isinstance(child, dict):
            out += [_with(value, at, {**child, UNKNOWN_KEY: stranger}) for stranger in _STRANGERS]
            out += [_with(value, at, {**child, name: "x"}) for name in names if name not in child]
        if len(out) >= limit:
            break
    return out[:limit]
