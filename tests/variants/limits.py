"""Servers with limits: of calls, and of what a login alone may do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from conformance.reference.envelope import Answer, Refusal, Stop
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
