"""The rate limiter: so many calls in so much time, per route with its method, and per client address.

The window belongs to the route, not to the client: it starts with the first call after the last one ended, and ends
for all clients at once (recording ``limiter/013``). A changed setting of the limiter begins all windows anew, as the
real server makes its limiters afresh then.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.reference.auth import has_permission
from conformance.reference.envelope import Answer, Stop
from conformance.reference.seam import behaviour
from conformance.reference.site import setting

if TYPE_CHECKING:
    from conformance.reference.request import Call
    from conformance.reference.site import Site


@dataclass(slots=True)
class Window:
    """The running window of one route: its end in milliseconds since the epoch, and the calls of each client."""

    end: int
    calls: dict[str, int] = field(default_factory=dict)


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else default


@behaviour("limiter.applies")
def applies(site: Site, call: Call) -> bool:
    """Whether a call is counted: the limiter is on, the route takes part, and the caller may not bypass it.

    The permission to bypass only helps where the route knows who asks.
    """
    if setting(site, "API_Enable_Rate_Limiter") is not True or not call.operation.limited:
        return False
    return not (call.user and has_permission(site, call.user, "api-bypass-rate-limit"))


@behaviour("limiter.clock")
def clock(site: Site) -> int:
    """The limiter's own time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@behaviour("limiter.bucket")
def bucket(site: Site, call: Call) -> tuple[str, str]:
    """What a call counts for: its route with its method, and its client."""
    return f"{call.operation.method} {call.operation.path}", call.address


@behaviour("limiter.count")
def count(site: Site, call: Call) -> dict[str, str]:
    """Count a call and return the headers that tell about it.

    Raises:
        Stop: 429 where the client had all its calls of this window; the refused call is not counted.
    """
    limit = _number(setting(site, "API_Enable_Rate_Limiter_Limit_Calls_Default"), 10)
    length = _number(setting(site, "API_Enable_Rate_Limiter_Limit_Time_Default"), 60_000)
    if site.memory.get("limiter settings") != (limit, length):
        site.memory["limiter settings"] = (limit, length)
        site.memory.pop("limiter", None)
    windows: dict[str, Window] = site.memory.setdefault("limiter", {})
    route, client = bucket(site, call)
    moment = clock(site)
    window = windows.get(route)
    if window is None or moment >= window.end:
        window = windows[route] = Window(moment + length)
    used = window.calls.get(client, 0)
    headers = {"x-ratelimit-limit": str(limit), "x-ratelimit-reset": str(window.end)}
    if used >= limit:
        seconds = math.ceil((window.end - moment) / 1000)
        text = (
            "Error, too many requests. Please slow down. You must wait "
            f"{seconds} seconds before trying this endpoint again. [error-too-many-requests]"
        )
        raise Stop(Answer(429, {"success": False, "error": text}, {**headers, "x-ratelimit-remaining": "0"}))
    window.calls[client] = used + 1
    headers["x-ratelimit-remaining"] = str(limit - used - 1)
    return headers
