"""Progress: a moving bar for people at a terminal, plain lines for logs."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

_PLAIN_EVERY_S = 5.0
_PLAIN_AT_LATEST_S = 60.0


def spell(seconds: float) -> str:
    """A length of time for people: seconds below two minutes, minutes above."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


class Reporter(Protocol):
    """What a run tells while it works."""

    def say(self, sentence: str) -> None:
        """Tell one sentence."""

    def advance(self, done: int, total: int, broken: int, note: str = "", of: str = "tests") -> None:
        """Tell how far the run is: done of planned, clauses found broken so far, and what it is that is counted."""


class Silent:
    """Tells nothing."""

    def say(self, sentence: str) -> None:
        """Tell nothing."""

    def advance(self, done: int, total: int, broken: int, note: str = "", of: str = "tests") -> None:
        """Tell nothing."""


class PlainReporter:
    """One line now and then, for CI logs and pipes.

    Args:
        console: Where the lines go.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next = time.monotonic() + _PLAIN_EVERY_S
        self._at_latest = self._next
        self._last = (-1, -1)

    def say(self, sentence: str) -> None:
        """Print the sentence."""
        self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def advance(self, done: int, total: int, broken: int, note: str = "", of: str = "tests") -> None:
        """Print how far the run is: every few seconds while it goes on, every minute while it waits."""
        now = time.monotonic()
        if total and now >= (self._next if (done, broken) != self._last else self._at_latest):
            self._next, self._at_latest = now + _PLAIN_EVERY_S, now + _PLAIN_AT_LATEST_S
            self._last = (done, broken)
            found = f", {broken} {'clause' if broken == 1 else 'clauses'} broken so far" if broken else ""
            self.say(f"{done} of {total} {of}{found}{f'; {note}' if note else ''}")


class LiveReporter:
    """A bar that moves, for people at a terminal; use it as a context manager.

    Args:
        console: The terminal.
        what: What goes on, in one word.
    """

    def __init__(self, console: Console, what: str = "judging") -> None:
        self._console = console
        self._what = what
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn(what),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, sentence: str) -> None:
        """Print the sentence above the bar."""
        self._bar.console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def advance(self, done: int, total: int, broken: int, note: str = "", of: str = "tests") -> None:
        """Move the bar."""
        if self._task is None:
            self._task = self._bar.add_task(self._what, total=total or None, note="")
        told = f"{broken} broken" if broken else ""
        self._bar.update(self._task, completed=done, total=total or None, note=" · ".join(filter(None, (told, note))))
