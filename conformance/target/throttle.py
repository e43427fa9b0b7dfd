"""The throttle: keeps to the pace that the target allows, learned from its headers and its 429 answers.

The limiter of the documented servers counts calls per address, route and method (default 10 in 60 s). It tells the
state in ``X-RateLimit-Limit``, ``-Remaining`` and ``-Reset`` (epoch milliseconds, by the server's clock) and refuses
with 429, "You must wait N seconds before trying this endpoint again", without ``Retry-After``; proxies send that one.
Administrators may bypass it on authenticated routes: then the headers are absent.
"""

from __future__ import annotations

import email.utils
import math
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from conformance.target.errors import BudgetExhausted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_WAIT_TEXT: Final = re.compile(r"must wait (\d{1,6}) second", re.ASCII)
_LONGEST_WAIT: Final = 120.0
"""Seconds; a server that asks for more is not waited for in one go."""
_MARGIN_S: Final = 0.05
"""What is waited beyond the end of a window."""


@dataclass(frozen=True, slots=True)
class Limiter:
    """A rate limiter as its headers describe it: so many calls in so many milliseconds, per route."""

    calls: int
    ms: int


@dataclass(slots=True)
class _Route:
    """What is known of one route: calls left, and until when (monotonic seconds) it is closed."""

    remaining: int | None = None
    reset_at: float = 0.0
    window_s: float = 60.0


class Throttle:
    """Delays calls so that the target's limit is kept; one per process, safe for use by several threads.

    Args:
        max_rate: Requests a second at most for this process, or ``None``.
        deadline: Seconds since the epoch after which no call is made any more, or ``None``.
        on_wait: Told before each wait of half a second and more: seconds, and why in a sentence.
        max_wait_s: Seconds that all waits for one call may take together.
        attempts: How often one call is sent at most while it is answered with 429.
    """

    def __init__(
        self,
        *,
        max_rate: float | None = None,
        deadline: float | None = None,
        on_wait: Callable[[float, str], None] | None = None,
        max_wait_s: float = 180.0,
        attempts: int = 5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.max_wait_s = max_wait_s
        self.attempts = attempts
        self.deadline = deadline
        self.waited_s = 0.0
        self.refusals = 0
        self.limiter: Limiter | None = None
        self._on_wait = on_wait
        self._sleep = sleep
        self._interval = 1 / max_rate if max_rate else 0.0
        self._next_slot = 0.0
        self._routes: dict[str, _Route] = {}
        self._exempt: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def before(self, route: str, caller: str) -> None:
        """Wait until a call may be sent.

        Args:
            route: Method and path template; calls of one route share a limit.
            caller: The persona's name; those who may bypass the limit do not wait for it.

        Raises:
            BudgetExhausted: The run's time is over, or would be over by the end of the wait.
        """
        while True:
            with self._lock:
                now = time.monotonic()
                state = self._routes.get(route)
                wait, reason = 0.0, ""
                if state and (caller, route) not in self._exempt and state.remaining is not None:
                    if now >= state.reset_at:
                        state.remaining = None
                    elif state.remaining <= 0:
                        wait, reason = state.reset_at - now, f"the rate limit of {route} is used up"
                    else:
                        state.remaining -= 1
                if not wait and self._interval:
                    slot = max(now, self._next_slot)
                    self._next_slot = slot + self._interval
                    wait, reason = slot - now, ""
                    if wait:
                        self._count(wait)
                if not wait:
                    self._check_deadline(0.0)
                    return
                if not reason:
                    self._check_deadline(wait)
            if reason:
                self.wait(min(wait, _LONGEST_WAIT), reason)
                continue
            self._sleep(wait)
            return

    def after(self, route: str, caller: str, status: int, headers: Mapping[str, str], *, authenticated: bool) -> None:
        """Learn from an answer: how many calls are left on this route, and for how long."""
        limit, remaining = _number(headers, "x-ratelimit-limit"), _number(headers, "x-ratelimit-remaining")
        with self._lock:
            if limit is None or remaining is None:
                if authenticated and status not in {401, 429}:
                    self._exempt.add((caller, route))
                return
            self._exempt.discard((caller, route))
            state = self._routes.setdefault(route, _Route())
            now = time.monotonic()
            until_reset = self._until_reset(headers)
            if until_reset is not None:
                state.reset_at = now + until_reset
                state.window_s = max(state.window_s if state.remaining is not None else 0.0, until_reset)
                if self.limiter is None or remaining == limit - 1:
                    # By a Date of whole seconds the window seems up to one second longer than it is.
                    seconds = math.floor(until_reset - _MARGIN_S / 2) if headers.get("date") else round(until_reset)
                    self.limiter = Limiter(int(limit), max(seconds, 1) * 1000)
            elif state.remaining is None:
                state.reset_at = now + state.window_s
            state.remaining = int(remaining)

    def refused(self, route: str, attempt: int, headers: Mapping[str, str], json: Any) -> float:
        """How many seconds to wait after a 429 before the call is tried again.

        Args:
            route: Method and path template.
            attempt: How many times the call was refused so far, from 1.
            headers: Of the answer, names in lower case.
            json: The parsed body, whatever it is.
        """
        asked = _retry_after(headers)
        if asked is None and isinstance(json, dict) and (found := _WAIT_TEXT.search(str(json.get("error", ""))[:500])):
            asked = float(found[1])
        if asked is None and _number(headers, "x-ratelimit-remaining") == 0:
            asked = self._until_reset(headers)
        wait = min(_LONGEST_WAIT, max(0.05, asked if asked is not None else 0.5 * 2**attempt))
        with self._lock:
            self.refusals += 1
            state = self._routes.setdefault(route, _Route())
            state.remaining, state.reset_at = 0, time.monotonic() + wait
        return wait

    def spare(self, route: str) -> bool:
        """Whether a call of a route would not have to wait, and would leave one for whoever comes next."""
        with self._lock:
            state = self._routes.get(route)
            if state is None or state.remaining is None or time.monotonic() >= state.reset_at:
                return True
            return state.remaining > 1

    def wait(self, seconds: float, reason: str) -> None:
        """Sleep, telling whoever asked to be told.

        Raises:
            BudgetExhausted: The run's time would be over by then.
        """
        self._check_deadline(seconds)
        if self._on_wait and seconds >= 0.5:
            self._on_wait(seconds, reason)
        self._count(seconds)
        self._sleep(seconds)

    def _count(self, seconds: float) -> None:
        self.waited_s += seconds

    def _check_deadline(self, seconds: float) -> None:
        if self.deadline is not None and time.time() + seconds > self.deadline:
            raise BudgetExhausted("The time of the run is used up (--max-time): no further call is sent.")

    @staticmethod
    def _until_reset(headers: Mapping[str, str]) -> float | None:
        """Seconds until the window ends, by the server's own clock where its ``Date`` tells it."""
        reset = _number(headers, "x-ratelimit-reset")
        if reset is None:
            return None
        if reset < 1e7:
            seconds = reset
        else:
            clock = _date(headers.get("date"))
            # ``Date`` has whole seconds, so the answer may be up to one second younger than it says.
            seconds = reset / 1000 - (clock if clock is not None else time.time())
        return min(max(seconds, 0.0) + _MARGIN_S, 2 * _LONGEST_WAIT)


def _number(headers: Mapping[str, str], name: str) -> float | None:
    text = headers.get(name, "").strip()
    return float(text) if re.fullmatch(r"-?\d{1,16}(\.\d{1,6})?", text, re.ASCII) else None


def _date(text: str | None) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    seconds = _number(headers, "retry-after")
    if seconds is not None:
        return max(seconds, 0.0)
    when = _date(headers.get("retry-after"))
    if when is None:
        return None
    now = _date(headers.get("date"))
    return max(when - (now if now is not None else time.time()), 0.0)
