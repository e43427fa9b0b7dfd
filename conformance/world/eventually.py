"""Waiting for what a server finishes after it has answered: ask again with growing pauses, until a deadline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def eventually(
    ask: Callable[[], T],
    *,
    deadline_s: float = 8.0,
    until: Callable[[T], object] = bool,
    first_s: float = 0.01,
    longest_s: float = 0.5,
) -> T:
    """The first value for which ``until`` is true, or the last one before the deadline: judge it yourself.

    Args:
        ask: Asks the server.
        deadline_s: Seconds from now; ``ask`` is called at least twice.
        until: Whether a value is good enough.
        first_s: The first pause in seconds; each further one is 1.6 times longer.
        longest_s: The longest pause in seconds.
    """
    end = time.monotonic() + deadline_s
    pause = first_s
    value = ask()
    while not until(value):
        left = end - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(pause, left))
        pause = min(pause * 1.6, longest_s)
        value = ask()
    return value
