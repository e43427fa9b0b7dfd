"""Server methods over REST: a login may call each of them so often, whatever the limiter of the REST API says.

The servers count ten calls of one method by one login in ten seconds, and refuse more with a result that says how long
to wait (server source 3.1 to 3.15, settings ``DDP_Rate_Limit_*``).
"""

from __future__ import annotations

from typing import Any, Final

TRIES: Final = 4
"""How often a call is sent at most while it is refused because there were too many."""
_PAUSE_S: Final = 10.0


def pause_after(error: Any) -> float | None:
    """Seconds to wait where a method was refused because it was called too often; ``None`` for any other error.

    Args:
        error: The ``error`` of a method's result, whatever it is.
    """
    if not isinstance(error, dict) or error.get("error") != "too-many-requests":
        return None
    details = error.get("details")
    left = details.get("timeToReset") if isinstance(details, dict) else None
    if isinstance(left, bool) or not isinstance(left, int | float):
        return _PAUSE_S
    return min(max(left / 1000, 0.0) + 0.1, 2 * _PAUSE_S)
