"""Minimising: what shows a finding is made smaller as long as the same finding stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from conformance.suite.property.call import Call
from conformance.target import ABSENT

T = TypeVar("T")
_SHORT: Final = 1


def smallest_call(call: Call, same: Callable[[Call], bool], *, most: int = 40) -> Call:
    """The smallest call that was found to show the same: without parts that do not matter, and with short texts.

    Args:
        call: Shows the finding.
        same: Sends a call and says whether the same finding stays.
        most: How many calls are tried at most.
    """
    tried = 0
    best = call
    again = True
    while again:
        again = False
        for smaller in reductions(best):
            if tried >= most:
                return best
            tried += 1
            if same(smaller):
                best = smaller
                again = True
                break
    return best


def smallest_list(items: Sequence[T], same: Callable[[list[T]], bool], *, most: int = 60) -> list[T]:
    """The shortest part of a sequence, in its order, that was found to show the same: halves go first, then items.

    Args:
        items: Show the finding.
        same: Tries a shorter sequence and says whether the same finding stays.
        most: How many sequences are tried at most.
    """
    best = list(items)
    size = max(1, len(best) // 2)
    tried = 0
    while size >= 1:
        at = 0
        shrunk = False
        while at < len(best) and tried < most:
            shorter = best[:at] + best[at + size :]
            tried += 1
            if len(shorter) < len(best) and shorter and same(shorter):
                best, shrunk = shorter, True
            else:
                at += size
        if tried >= most:
            return best
        size = size if shrunk and size == 1 else size // 2
        if size == 0 and shrunk:
            size = 1
    return best


def reductions(call: Call) -> Iterator[Call]:
    """Smaller calls, one change each, the largest changes first."""
    for name in [*call.query]:
        smaller = call.copy()
        del smaller.query[name]
        yield smaller
    for index in range(len(call.pairs)):
        smaller = call.copy()
        del smaller.pairs[index]
        yield smaller
    for name in [*call.headers]:
        smaller = call.copy()
        del smaller.headers[name]
        yield smaller
    if call.content is not None:
        return
    if call.body is not ABSENT:
        for body in _smaller(call.body):
            smaller = call.copy()
            smaller.body = body
            yield smaller
    for name, value in call.query.items():
        for less in _smaller(value):
            smaller = call.copy()
            smaller.query[name] = less
            yield smaller


def _smaller(value: Any) -> Iterator[Any]:
    """Smaller values of the same kind: fewer members, fewer items, shorter texts; numbers nearer to nought."""
    if isinstance(value, dict):
        for key in value:
            yield {name: inner for name, inner in value.items() if name != key}
        for key, inner in value.items():
            for less in _smaller(inner):
                yield {**value, key: less}
    elif isinstance(value, list):
        for index in range(len(value)):
            yield value[:index] + value[index + 1 :]
        for index, inner in enumerate(value):
            for less in _smaller(inner):
                yield [*value[:index], less, *value[index + 1 :]]
    elif isinstance(value, str) and len(value) > _SHORT:
        yield value[: len(value) // 2]
        yield "a"
    elif isinstance(value, int | float) and not isinstance(value, bool) and value not in (0, 1):
        yield 0
