"""The vigil: notices that a target has stopped answering, so that no run waits for it request by request."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from conformance.target.errors import TargetGone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GONE: Final = "the target stopped answering"
_MOST: Final = 10
"""Requests in a row without an answer before the target is asked whether it is still there."""
_PATIENCE_S: Final = 10.0
"""Seconds for which it is asked again: a server that restarts needs a few."""


class Vigil:
    """Counts requests in a row that got no answer; safe for use by several threads.

    Args:
        on_gone: Told once, when the target is taken for gone: the ids of the requests in a row without an answer.
        most: Requests in a row without an answer before the target is asked whether it is still there.
        patience_s: Seconds for which it is asked again and again.
        pause_s: Seconds between two times of asking.

    Attributes:
        gone: Whether the target has stopped answering.
    """

    def __init__(
        self,
        on_gone: Callable[[Sequence[str]], None] | None = None,
        *,
        most: int = _MOST,
        patience_s: float = _PATIENCE_S,
        pause_s: float = 1.0,
    ) -> None:
        self.gone = False
        self._on_gone = on_gone
        self._most = most
        self._patience_s = patience_s
        self._pause_s = pause_s
        self._unanswered: list[str] = []
        self._lock = threading.Lock()

    def before(self) -> None:
        """Let a request pass while the target is there.

        Raises:
            TargetGone: It has stopped answering, so nothing more is sent.
        """
        if self.gone:
            raise TargetGone(f"{GONE}: no further call is sent.")

    def answered(self) -> None:
        """A request was answered, in whatever way."""
        with self._lock:
            self._unanswered.clear()

    def unanswered(self, id: str, ask: Callable[[float], bool]) -> None:
        """A request was not answered; after too many in a row, find out whether the target is still there.

        Args:
            id: Of its exchange.
            ask: Sends a plain request that may take so many seconds; says whether it was answered.
        """
        # Threads that wait here for the one that asks find its answer, and need not ask themselves.
        with self._lock:
            self._unanswered.append(id)
            if self.gone or len(self._unanswered) < self._most:
                return
            if not self._is_there(ask):
                self.gone = True
                if self._on_gone:
                    self._on_gone(self._unanswered)
            self._unanswered.clear()

    def _is_there(self, ask: Callable[[float], bool]) -> bool:
        give_up = time.monotonic() + self._patience_s
        while (left := give_up - time.monotonic()) > 0:
            if ask(left):
                return True
            time.sleep(min(self._pause_s, max(0.0, give_up - time.monotonic())))
        return False
