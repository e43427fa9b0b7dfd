"""Faults of the rate limiter."""

from __future__ import annotations

import math
import re
from typing import Any

from conformance.faults.model import Depth, Fault, Kind
from conformance.faults.ways import after
from conformance.reference import limiter
from conformance.reference.auth import has_permission, user_of
from conformance.reference.envelope import Answer, Stop
from conformance.reference.operations import OPERATIONS

_CONFIG = ("getConfig",)
_STATE, _SHALLOW, _RELATION, _RARE = Kind.STATE, Depth.SHALLOW, Depth.RELATION, Depth.RARE_INPUT


def _headers(change: Any) -> Any:
    """Change the headers of a counted answer: ``change(headers)`` edits them."""

    def changed(headers: Any, site: Any, call: Any) -> Any:
        change(headers)
        return headers

    return after("limiter.count", changed)


def _one_more(original: Any, site: Any, call: Any) -> Any:
    try:
        return original(site, call)
    except Stop as stop:
        mark = (call.path, call.address, stop.answer.headers["x-ratelimit-reset"])
        extra = site.memory.setdefault("extra", set())
        if mark in extra:
            raise
        extra.add(mark)
        return dict(stop.answer.headers)


def _one_less(original: Any, site: Any, call: Any) -> Any:
    headers = original(site, call)
    if headers["x-ratelimit-remaining"] != "0":
        return headers
    wait = max(1, math.ceil((int(headers["x-ratelimit-reset"]) - limiter.clock(site)) / 1000))
    text = (
        "Error, too many requests. Please slow down. You must wait "
        f"{wait} seconds before trying this endpoint again. [error-too-many-requests]"
    )
    raise Stop(Answer(429, {"success": False, "error": text}, headers))


def _refusal(change: Any) -> Any:
    """Change the body of a refusal by the limiter: ``change(body)`` edits it."""

    def count(original: Any, site: Any, call: Any) -> Any:
        try:
            return original(site, call)
        except Stop as stop:
            change(stop.answer.body)
            raise

    return {"limiter.count": count}


def _milliseconds(body: Any) -> None:
    body["error"] = re.sub(r"(\d+) seconds", lambda found: f"{int(found[1]) * 1000} seconds", body["error"])


def _not_counted(original: Any, site: Any, call: Any, error: Any) -> Any:
    route, client = limiter.bucket(site, call)
    window = site.memory.get("limiter", {}).get(route)
    if window is not None and window.calls.get(client):
        window.calls[client] -= 1
    return original(site, call, error)


def _done_anyway(original: Any, site: Any, operation_id: Any, call: Any, answer: Any) -> Any:
    if answer.status == 429 and operation_id == "registerVisitor":
        OPERATIONS[operation_id].handler(site, call)
        site.store.commit()
    return original(site, operation_id, call, answer)


def _admins_too(original: Any, site: Any, call: Any) -> bool:
    if call.user and has_permission(site, call.user, "api-bypass-rate-limit"):
        user = call.user
        call.user = {}
        try:
            return bool(original(site, call))
        finally:
            call.user = user
    return bool(original(site, call))


def _admin_anywhere(original: Any, site: Any, call: Any) -> bool:
    user = user_of(site, call.headers)
    if user is not None and has_permission(site, user, "api-bypass-rate-limit"):
        return False
    return bool(original(site, call))


def _counts_first(original: Any, site: Any, call: Any) -> None:
    if limiter.applies(site, call) and user_of(site, call.headers) is None:
        limiter.count(site, call)
    original(site, call)


def _headers_when_off(headers: Any, site: Any, call: Any, answer: Any) -> Any:
    if call.operation.id:
        headers.setdefault("x-ratelimit-limit", "10")
        headers.setdefault("x-ratelimit-remaining", "9")
    return headers


def _stays_on(original: Any, site: Any, call: Any) -> bool:
    if original(site, call):
        site.memory["was limited"] = True
        return True
    return bool(site.memory.get("was limited")) and call.operation.limited and not call.user


def _counts_when_off(original: Any, site: Any, call: Any) -> bool:
    if original(site, call):
        return True
    if call.operation.id == "getConfig":
        limiter.count(site, call)
    return False


def _never_ends(original: Any, site: Any, call: Any) -> Any:
    blocked = site.memory.setdefault("blocked", {})
    key = limiter.bucket(site, call)
    if key in blocked:
        raise Stop(blocked[key])
    try:
        return original(site, call)
    except Stop as stop:
        blocked[key] = stop.answer
        raise


FAULTS: tuple[Fault, ...] = (
    Fault(
        "limits.no-reset",
        ("LC-LIMIT-001",),
        _CONFIG,
        Kind.SCHEMA,
        _SHALLOW,
        "The limiter does not say until when it counts.",
        wrap=_headers(lambda headers: headers.pop("x-ratelimit-reset")),
    ),
    Fault(
        "limits.remaining-stands",
        ("LC-LIMIT-002",),
        _CONFIG,
        _STATE,
        _RELATION,
        "The remaining calls are always as many as the limit.",
        wrap=_headers(lambda headers: headers.update({"x-ratelimit-remaining": headers["x-ratelimit-limit"]})),
    ),
    Fault(
        "limits.one-more",
        ("LC-LIMIT-003",),
        _CONFIG,
        _STATE,
        _RELATION,
        "One call more than the limit is answered.",
        wrap={"limiter.count": _one_more},
    ),
    Fault(
        "limits.one-less",
        ("LC-LIMIT-004",),
        _CONFIG,
        _STATE,
        _RELATION,
        "The last call within the limit is refused.",
        wrap={"limiter.count": _one_less},
    ),
    Fault(
        "limits.other-text",
        ("LC-LIMIT-005",),
        _CONFIG,
        Kind.SCHEMA,
        _RELATION,
        "A refusal does not name its code.",
        wrap=_refusal(lambda body: body.update(error="Too many requests, please try again later.")),
    ),
    Fault(
        "limits.waits-milliseconds",
        ("LC-LIMIT-006",),
        _CONFIG,
        _STATE,
        _RELATION,
        "A refusal gives milliseconds and calls them seconds.",
        wrap=_refusal(_milliseconds),
    ),
    Fault(
        "limits.reset-in-seconds",
        ("LC-LIMIT-007",),
        _CONFIG,
        _STATE,
        _SHALLOW,
        "The reset of the limiter is given in seconds.",
        wrap=_headers(
            lambda headers: headers.update({"x-ratelimit-reset": str(int(headers["x-ratelimit-reset"]) // 1000)})
        ),
    ),
    Fault(
        "limits.one-count-for-all",
        ("LC-LIMIT-008",),
        ("getConfig", "getVisitor"),
        _STATE,
        _RELATION,
        "All operations share one count.",
        wrap=after("limiter.bucket", lambda bucket, site, call: ("all", bucket[1])),
    ),
    Fault(
        "limits.one-count-for-all-clients",
        ("LC-LIMIT-009",),
        _CONFIG,
        _STATE,
        _RELATION,
        "All addresses share one count.",
        wrap=after("limiter.bucket", lambda bucket, site, call: (bucket[0], "all")),
    ),
    Fault(
        "limits.refused-not-counted",
        ("LC-LIMIT-010",),
        ("registerVisitor",),
        _STATE,
        _RELATION,
        "A call that is refused for its parameters is not counted.",
        wrap={"http.refuse": _not_counted},
    ),
    Fault(
        "limits.refused-is-done",
        ("LC-LIMIT-011",),
        ("registerVisitor",),
        _STATE,
        _RELATION,
        "A registration that is refused with 429 is done.",
        wrap={"http.answer": _done_anyway},
    ),
    Fault(
        "limits.administrator-limited",
        ("LC-LIMIT-012",),
        ("listRooms",),
        _STATE,
        _RELATION,
        "An administrator is limited like everybody.",
        wrap={"limiter.applies": _admins_too},
    ),
    Fault(
        "limits.administrator-free",
        ("LC-LIMIT-013",),
        _CONFIG,
        _STATE,
        _RELATION,
        "An administrator's credentials lift the limit of a visitor's operation.",
        wrap={"limiter.applies": _admin_anywhere},
    ),
    Fault(
        "limits.counts-before-login",
        ("LC-LIMIT-014",),
        ("listRooms",),
        _STATE,
        _RELATION,
        "A call is counted before its credentials are asked for.",
        wrap={"auth.require_login": _counts_first},
    ),
    Fault(
        "limits.headers-when-off",
        ("LC-LIMIT-015",),
        _CONFIG,
        Kind.SCHEMA,
        _SHALLOW,
        "The limiter shows its headers although it is off.",
        wrap=after("http.headers", _headers_when_off),
    ),
    Fault(
        "limits.refuses-when-off",
        ("LC-LIMIT-016",),
        _CONFIG,
        _STATE,
        _RARE,
        "The limiter counts configurations, and refuses them, although it is off.",
        wrap={"limiter.applies": _counts_when_off},
    ),
    Fault(
        "limits.stays-on",
        ("LC-LIMIT-015", "LC-LIMIT-016"),
        _CONFIG,
        _STATE,
        _RELATION,
        "A limiter that is switched off goes on until the next start.",
        wrap={"limiter.applies": _stays_on},
    ),
    Fault(
        "limits.never-ends",
        ("LC-LIMIT-017",),
        _CONFIG,
        _STATE,
        _RELATION,
        "Whoever was refused once is refused for ever.",
        wrap={"limiter.count": _never_ends},
    ),
)
