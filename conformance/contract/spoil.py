"""Spoils values systematically: every member dropped, made null, retyped, emptied, stretched; an unknown key added."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN_KEY = "unknownKey"
_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"[A-Za-z][A-Za-z_.:\-]{0,39}")
_DROP = object()


def shape(value: Any) -> str:
    """Return a text that is the same for values between which no schema of the contract is likely to tell.

    Words are kept (an enumeration may name them), ids, dates and free text are reduced to their pattern.
    """
    return json.dumps(_shape(value), sort_keys=True)


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key if len(key) < 40 else _pattern(key): _shape(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        seen = {json.dumps(_shape(child), sort_keys=True) for child in value}
        return [len(value) > 1, sorted(seen)]
    if isinstance(value, str):
        return value if _WORD.fullmatch(value) else "~" + _pattern(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return f"#{max(-2, min(value, 2))} {len(str(value))}"
    return f"#float{(value > 0) - (value < 0)}"


def _pattern(text: str) -> str:
    return _DIGITS.sub("9", _LETTERS.sub("a", text))[:40]


def _others(value: Any) -> list[Any]:
    """Return what may stand in place of a value and is not what it should be."""
    if isinstance(value, str):
        others = [None, 7, True, ["x"], {"$ne": None}, "", f"{value}~", "~ none of these ~", f"{value}/{value}", "7"]
        if len(value) > 1:
            others += [value[:1], value * 40 if len(value) < 200 else value[:1]]
        return others
    if isinstance(value, bool):
        return [None, str(value).lower(), int(value), not value, {}]
    if isinstance(value, int | float):
        return [None, str(value), -1, -1000, value + 0.5, 1000, 10**9, 0, True, [value]]
    if isinstance(value, list):
        return [None, {}, "x", [], [None], [7], ["x"], [{}], [*value, *value]]
    if isinstance(value, dict):
        return [None, [], "x", 7, {}, [value]]
    return [7, "x", {}, [], False]


def _places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield at, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _places(child, (*at, key))
    elif isinstance(value, list):
        seen: set[str] = set()
        for index, child in enumerate(value):
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


def spoilt(value: Any, limit: int = 4000) -> list[Any]:
    """Return spoilt copies of a JSON value, at most ``limit``; each differs from it in one place."""
    out: list[Any] = []
    for at, child in _places(value):
        if at:
            out.append(_with(value, at, _DROP))
        out += [_with(value, at, other) for other in _others(child)]
        if isinstance(child, dict):
            out.append(_with(value, at, {**child, UNKNOWN_KEY: "x"}))
        if len(out) >= limit:
            break
    return out[:limit]
