"""Signals: Ctrl-C, SIGTERM and SIGHUP end a run in such a way that it cleans up, whenever they come."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Turns each of them into ``KeyboardInterrupt``; while a run cleans up, only the second one.

    SIGINT as well: a shell starts background jobs with it ignored, and what we start would inherit that. Outside of
    the main thread nothing is changed: whoever started us handles signals.
    """

    def __init__(self) -> None:
        self._before: dict[signal.Signals, Any] = {}
        self._told: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        for number in _ENDING:
            try:
                self._before[number] = signal.signal(number, self._arrived)
            except ValueError:
                break
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def spare(self, told: Callable[[], None]) -> None:
        """Let the next one pass: it is told, and what goes on just now is not interrupted."""
        self._told = told

    def _arrived(self, number: int, frame: object) -> None:
        told, self._told = self._told, None
        if told is None:
            raise KeyboardInterrupt
        told()
