"""Servers with limits: of calls, and of what a login alone may do."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

from conformance.reference.envelope import Answer, Refusal, Stop, success
from conformance.reference.site import Options, Site
from tests.variants.variant import Variant

Inner = Callable[..., Any]

LIMITED = Variant(
    name="limited",
    sentence="Ten calls of an operation in a while, as every new server has it, and settings that nobody may change.",
    options=Options(routing="Auto_Selection", rate_limit=True),
    settings={"API_Enable_Rate_Limiter_Limit_Time_Default": 1500},
    replace={"operation.setSetting": lambda site, call: _nobody()},
)


def _nobody() -> Answer:
    raise Stop(Answer(403, {"success": False, "error": "unauthorized"}))


def second_factor(inner: Inner, site: Site, call: Any) -> Any:
    """Change a setting only for who proves a second time that he knows the password."""
    digest = hashlib.sha256(site.options.admin_password.encode()).hexdigest()
    code = call.headers.get("x-2fa-code")
    if code != digest or call.headers.get("x-2fa-method") != "password":
        kind = "totp-invalid" if code else "totp-required"
        details = {"method": "password", "codeGenerated": False, "availableMethods": []}
        raise Refusal(kind, "TOTP Required" if kind == "totp-required" else "TOTP Invalid", details)
    return inner(site, call)


TWO_FACTOR = Variant(
    name="two_factor",
    sentence="Settings are changed with a second factor only, for which the password does.",
    wrap={"operation.setSetting": second_factor},
)


METHOD_CALLS = 2
METHOD_WINDOW_S = 0.8


def few_calls(inner: Inner, site: Site, call: Any) -> Any:
    """Let a login call a method a few times in a while; the refusal is a result, and says when the while is over."""
    windows: dict[str, list[float]] = site.memory.setdefault("method calls", {})
    window = windows.setdefault(f"{call.token} {call.params['method']}", [0.0, 0.0])
    now = time.monotonic()
    if now >= window[0]:
        window[:] = [now + METHOD_WINDOW_S, 0.0]
    window[1] += 1
    if window[1] <= METHOD_CALLS:
        return inner(site, call)
    left = round((window[0] - now) * 1000)
    reason = f"Error, too many requests. Please slow down. You must wait {round(left / 1000)} seconds"
    error = {
        "isClientSafe": True,
        "error": "too-many-requests",
        "reason": reason,
        "details": {"timeToReset": left},
        "message": f"{reason} [too-many-requests]",
        "errorType": "Meteor.Error",
    }
    return success(message=json.dumps({"msg": "result", "id": "1", "error": error}))


METHODS_LIMITED = Variant(
    name="methods_limited",
    sentence="A login may call each server method only a few times in a while, whatever the limiter of the REST API.",
    wrap={"operation.callMethod": few_calls},
)
